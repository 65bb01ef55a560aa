"""Models that are services: each asks as its protocol has it, and its answers become the lab's results. A server on
loopback plays the service; nothing goes further."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import KeyMissing, ServiceFailed, ServiceOffline, ServiceRefused, UsageError
from modellab.media.audio import Waveform
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.services.calls import ServiceCall, metered
from modellab.settings import Lab, Settings
from modellab.surfaces.contracts import CONTRACTS
from modellab.surfaces.results import Segment, Transcript, Turn, Word
from tests.services.played import Played, Reply, playing

RATE = 16_000
SERVICES = {
    "deepgram": ("MODELLAB_DEEPGRAM_URL", "DEEPGRAM_API_KEY", "/v1/listen"),
    "assemblyai": ("MODELLAB_ASSEMBLYAI_URL", "ASSEMBLYAI_API_KEY", "/v2/upload"),
    "openai_transcription": (
        *("MODELLAB_OPENAI_TRANSCRIPTION_URL", "MODELLAB_OPENAI_TRANSCRIPTION_KEY", "/audio/transcriptions"),
    ),
    "voxtral_api": ("MODELLAB_VOXTRAL_URL", "MISTRAL_API_KEY", "/v1/audio/transcriptions"),
}
KEYS = {name: f"s3cret-k3y-of-{name}" for name in SERVICES}
AUDIO = Waveform(np.sin(np.arange(10 * RATE, dtype=np.float32) / 20) / 2, RATE)
SPEECH = [Segment(2.0, 5.0), Segment(7.0, 9.0)]
"""Of it two seconds and three are no speech: what is sent has 5 s, with the same pieces of 0.2 s around each."""
SENT_S = 5.8


@pytest.fixture
def service() -> Iterator[Played]:
    with playing() as played:
        yield played


@pytest.fixture
def load(service: Played, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Gives a loaded model, which asks the played service, and is not patient."""
    monkeypatch.setenv("MODELLAB_SERVICE_TIMEOUT_S", "20")
    for name, (url, key, _) in SERVICES.items():
        monkeypatch.setenv(url, service.url)
        monkeypatch.setenv(key, KEYS[name])
    monkeypatch.setattr("modellab.speech.by_service._LOOK_S", 0.01)
    registry = ModelRegistry()
    models = Models(Lab(Settings(_env_file=None, home=tmp_path)), registry)

    def get(name: str) -> Any:
        return models.acquire(registry.resolve(name)[1]).model

    yield get
    models.close()


def heard(model: Any, progress: Callable[[float], None] = lambda fraction: None, **asked: Any) -> Transcript:
    transcript = model.transcribe(AUDIO, SPEECH, asked, progress)
    assert isinstance(transcript, Transcript)
    return transcript


def calls_of(model: Any, **asked: Any) -> tuple[Transcript, list[ServiceCall]]:
    calls: list[ServiceCall] = []
    with metered(calls):
        return heard(model, **asked), calls


DEEPGRAM = {
    "metadata": {
        "transaction_key": "deprecated",
        "request_id": "a847f427-4ad5-4d67-9b95-db801e58251c",
        "sha256": "154e291ecfa8be6ab8343560bcc109008fa7853eb5372533e8efdefc9b504c33",
        "created": "2026-05-12T18:57:13.426Z",
        "duration": 5.8,
        "channels": 1,
        "models": ["30089e05-99d1-4376-b32e-c263170674af"],
        "model_info": {
            "30089e05-99d1-4376-b32e-c263170674af": {
                "name": "general-nova-3",
                "version": "2026-01-09.29447",
                "arch": "nova-3",
            }
        },
    },
    "results": {
        "channels": [
            {
                "detected_language": "en",
                "language_confidence": 0.98,
                "alternatives": [
                    {
                        "transcript": "Yeah, as much. It's worth celebrating.",
                        "confidence": 0.99,
                        "words": [
                            {"word": "yeah", "start": 0.3, "end": 0.6, "confidence": 0.97, "punctuated_word": "Yeah,"},
                            {"word": "as", "start": 0.7, "end": 0.9, "confidence": 0.99, "punctuated_word": "as"},
                            {"word": "much", "start": 1.0, "end": 1.5, "confidence": 0.9, "punctuated_word": "much."},
                            {"word": "it's", "start": 3.7, "end": 3.9, "confidence": 0.8, "punctuated_word": "It's"},
                            {"word": "worth", "start": 4.0, "end": 4.4, "confidence": 1, "punctuated_word": "worth"},
                            {
                                **{"word": "celebrating", "start": 4.5, "end": 5.5, "confidence": 0.97},
                                "punctuated_word": "celebrating.",
                            },
                        ],
                    }
                ],
            }
        ],
        "utterances": [
            {"start": 0.3, "end": 1.5, "confidence": 0.9, "channel": 0, "transcript": "Yeah, as much.", "speaker": 3},
            {"start": 3.7, "end": 5.5, "confidence": 0.9, "channel": 0, "transcript": "It's ...", "speaker": 0},
            {"start": 5.6, "end": 5.7, "confidence": 0.9, "channel": 0, "transcript": "mm", "speaker": None},
        ],
    },
}
WORDS = [
    ("Yeah,", 2.1, 2.4, 0.97),
    ("as", 2.5, 2.7, 0.99),
    ("much.", 2.8, 3.3, 0.9),
    ("It's", 7.1, 7.3, 0.8),
    ("worth", 7.4, 7.8, 1.0),
    ("celebrating.", 7.9, 8.9, 0.97),
]
"""Those of the answers below, in the recording: the first speech is sent from 1.8 s on, the second from 6.8 s on."""


def listed(words: list[Word]) -> list[tuple[str, float, float, float | None]]:
    return [(word.text, round(word.start_s, 3), round(word.end_s, 3), word.probability) for word in words]


def test_deepgram_is_asked_as_it_documents_and_its_words_are_put_into_the_recording(
    load: Callable[[str], Any], service: Played
) -> None:
    service.say(DEEPGRAM)
    told: list[float] = []
    model = load("deepgram")
    assert isinstance(model, CONTRACTS["asr"]) and isinstance(model, CONTRACTS["diarization"])
    transcript = heard(model, told.append)
    [request] = service.requests
    assert (request.method, request.path) == ("POST", "/v1/listen")
    assert sorted(request.query) == [("detect_language", "true"), ("model", "nova-3"), ("punctuate", "true")]
    assert (request.headers["content-type"], request.headers["authorization"]) == (
        "audio/flac",
        f"Token {KEYS['deepgram']}",
    )
    samples, rate = request.sound
    speech = np.concatenate([AUDIO.samples[int(1.8 * RATE) : int(5.2 * RATE)], AUDIO.samples[int(6.8 * RATE) :]])
    assert rate == RATE and len(samples) / RATE == pytest.approx(SENT_S, abs=0.001)
    assert np.abs(samples - speech[: len(samples)]).max() < 1e-4
    assert listed(transcript.words) == WORDS
    assert [utterance.text for utterance in transcript.utterances] == ["Yeah, as much.", "It's worth celebrating."]
    assert (transcript.language, transcript.duration_s) == ("en", 10.0)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 2


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ({"language": "de"}, [("language", "de")]),
        ({"languages": ("de", "en")}, [("detect_language", "de"), ("detect_language", "en")]),
        ({"multilingual": True}, [("language", "multi")]),
        (
            {"language": "en", "hotwords": "Anna Smith, Köln"},
            [("keyterm", "Anna Smith"), ("keyterm", "Köln"), ("language", "en")],
        ),
    ],
)
def test_deepgram_is_told_languages_and_words_to_expect(
    load: Callable[[str], Any], service: Played, asked: dict[str, Any], query: list[tuple[str, str]]
) -> None:
    service.say(DEEPGRAM)
    heard(load("deepgram"), **asked)
    assert sorted(service.requests[0].query) == sorted([*query, ("model", "nova-3"), ("punctuate", "true")])
    with pytest.raises(UsageError, match="takes no hotwords"):
        heard(load("deepgram:nova-2"), hotwords="Anna")
    with pytest.raises(UsageError, match=r"can't be asked for that: beam_size: Extra inputs.*allowed: language"):
        heard(load("deepgram"), beam_size=5)
    assert len(service.requests) == 1


def test_deepgram_says_who_speaks(load: Callable[[str], Any], service: Played) -> None:
    service.say(DEEPGRAM)
    model = load("deepgram")
    found = model.diarize(AUDIO, {}, lambda fraction: None)
    assert found.turns == [Turn(0.3, 1.5, "SPEAKER_00"), Turn(3.7, 5.5, "SPEAKER_01")]
    assert dict(service.requests[0].query) | {"diarize_model": "latest"} == dict(service.requests[0].query)
    assert len(service.requests[0].sound[0]) == len(AUDIO.samples)
    with pytest.raises(UsageError, match="takes no parameter num_speakers"):
        model.diarize(AUDIO, {"num_speakers": 2}, lambda fraction: None)


def test_what_deepgram_answered_with_is_kept(load: Callable[[str], Any], service: Played) -> None:
    service.fail(503)
    service.say(DEEPGRAM)
    _, [call] = calls_of(load("deepgram"))
    assert call == ServiceCall(
        service=service.url,
        asked="nova-3",
        answered="general-nova-3 2026-01-09.29447",
        request="a847f427-4ad5-4d67-9b95-db801e58251c",
        audio_s=5.8,
        attempts=2,
    )


JOB = "9ea68fd3-f953-42c1-9742-976c447fb463"
ASSEMBLYAI = {
    "id": JOB,
    "status": "completed",
    "audio_url": "u",
    "text": "Yeah, as much. It's worth celebrating.",
    "words": [
        {"text": "Yeah,", "start": 300, "end": 600, "confidence": 0.97, "speaker": "A"},
        {"text": "as", "start": 700, "end": 900, "confidence": 0.99, "speaker": "A"},
        {"text": "much.", "start": 1000, "end": 1500, "confidence": 0.9, "speaker": "A"},
        {"text": "It's", "start": 3700, "end": 3900, "confidence": 0.8, "speaker": "B"},
        {"text": "worth", "start": 4000, "end": 4400, "confidence": 1.0, "speaker": "B"},
        {"text": "celebrating.", "start": 4500, "end": 5500, "confidence": 0.97, "speaker": "B"},
    ],
    "utterances": [
        {"text": "Yeah, as much.", "start": 300, "end": 1500, "confidence": 0.9, "speaker": "A", "words": []},
        {"text": "It's worth celebrating.", "start": 3700, "end": 5500, "confidence": 0.9, "speaker": "B", "words": []},
    ],
    "audio_duration": 6,
    "language_code": "en_us",
    "language_confidence": 0.99,
    "speech_model": None,
    "speech_model_used": "universal-2",
}


@pytest.fixture
def assemblyai(service: Played, monkeypatch: pytest.MonkeyPatch) -> Played:
    """It takes an upload, an order, and is done when it is looked after the third time."""
    real = Models.request

    def request(models: Models, ref: Any) -> Any:
        from dataclasses import replace

        wanted = real(models, ref)
        assert wanted.service is not None
        return replace(wanted, service=replace(wanted.service, patience=replace(wanted.service.patience, poll_s=0.01)))

    monkeypatch.setattr(Models, "request", request)
    service.say({"upload_url": "https://cdn.assemblyai.com/upload/f756988d"})
    service.say({"id": JOB, "status": "queued"})
    service.say({"id": JOB, "status": "processing"})
    return service


def test_assemblyai_is_sent_a_file_then_an_order_and_looked_after(
    load: Callable[[str], Any], assemblyai: Played
) -> None:
    assemblyai.say(ASSEMBLYAI)
    transcript, [call] = calls_of(load("assemblyai"))
    upload, order, *looks = assemblyai.requests
    assert (upload.method, upload.path) == ("POST", "/v2/upload")
    assert upload.headers["content-type"] == "application/octet-stream"
    assert len(upload.sound[0]) / RATE == pytest.approx(SENT_S, abs=0.001)
    assert (order.method, order.path) == ("POST", "/v2/transcript")
    assert order.document == {
        "audio_url": "https://cdn.assemblyai.com/upload/f756988d",
        "speech_models": ["universal-2"],
        "language_detection": True,
    }
    assert [(look.method, look.path) for look in looks] == [("GET", f"/v2/transcript/{JOB}")] * 2
    assert {request.headers["authorization"] for request in assemblyai.requests} == {KEYS["assemblyai"]}
    assert listed(transcript.words) == WORDS
    assert transcript.language == "en"
    assert (call.asked, call.answered, call.request, call.audio_s) == ("universal-2", "universal-2", JOB, 6.0)


@pytest.mark.parametrize(
    ("model", "asked", "told"),
    [
        ("assemblyai", {"language": "de"}, {"language_code": "de"}),
        (
            "assemblyai",
            {"languages": ("de", "en")},
            {"language_detection": True, "language_detection_options": {"expected_languages": ["de", "en"]}},
        ),
        (
            "assemblyai:universal-3-pro",
            {"language": "en", "hotwords": "Anna Smith/Köln"},
            {"language_code": "en", "keyterms_prompt": ["Anna Smith", "Köln"], "speech_models": ["universal-3-pro"]},
        ),
    ],
)
def test_assemblyai_is_told_languages_and_words_to_expect(
    load: Callable[[str], Any], assemblyai: Played, model: str, asked: dict[str, Any], told: dict[str, Any]
) -> None:
    assemblyai.say(ASSEMBLYAI)
    heard(load(model), **asked)
    wanted = {"audio_url": "https://cdn.assemblyai.com/upload/f756988d", "speech_models": ["universal-2"], **told}
    assert assemblyai.requests[1].document == wanted


def test_assemblyai_says_who_speaks_and_takes_their_number(load: Callable[[str], Any], assemblyai: Played) -> None:
    assemblyai.say(ASSEMBLYAI)
    found = load("assemblyai").diarize(AUDIO, {"num_speakers": 2}, lambda fraction: None)
    assert found.turns == [Turn(0.3, 1.5, "SPEAKER_00"), Turn(3.7, 5.5, "SPEAKER_01")]
    order = assemblyai.requests[1].document
    assert (order["speaker_labels"], order["speakers_expected"]) == (True, 2)


def test_a_job_of_assemblyai_that_fails_says_why_and_silence_is_no_failure(
    load: Callable[[str], Any], assemblyai: Played
) -> None:
    assemblyai.replies = assemblyai.replies[:2]
    said = "language_detection cannot be performed on files with no spoken audio."
    assemblyai.say({"id": JOB, "status": "error", "error": said, "audio_duration": 6})
    assert heard(load("assemblyai")).utterances == []
    assemblyai.requests.clear()
    assemblyai.replies[2] = Reply(
        body=json.dumps({"id": JOB, "status": "error", "error": "Transcoding failed"}).encode()
    )
    with pytest.raises(ServiceRefused, match="could not transcribe; found Transcoding failed"):
        heard(load("assemblyai"))


def test_looking_after_a_job_is_stopped_by_whoever_follows_it(load: Callable[[str], Any], assemblyai: Played) -> None:
    class Stopped(Exception):
        pass

    def stop(fraction: float) -> None:
        if len(assemblyai.requests) > 1:
            raise Stopped

    with pytest.raises(Stopped):
        heard(load("assemblyai"), stop)
    assert [request.path for request in assemblyai.requests] == ["/v2/upload", "/v2/transcript"]


VERBOSE = {
    "task": "transcribe",
    "language": "english",
    "duration": 5.8,
    "text": "Yeah, as much. It's worth celebrating.",
    "words": [
        {"word": "Yeah", "start": 0.3, "end": 0.6},
        {"word": "as", "start": 0.7, "end": 0.9},
        {"word": "much", "start": 1.0, "end": 1.5},
        {"word": "It's", "start": 3.7, "end": 3.9},
        {"word": "worth", "start": 4.0, "end": 4.4},
        {"word": "celebrating", "start": 4.5, "end": 5.5},
    ],
    "segments": [{"id": 0, "text": " Yeah, as much.", "start": 0.3, "end": 1.5, "seek": 0, "tokens": [1]}],
    "usage": {"type": "duration", "seconds": 6},
}


def test_openai_is_asked_for_words_in_a_form(load: Callable[[str], Any], service: Played) -> None:
    service.say(VERBOSE, x_request_id="req_4711")
    transcript, [call] = calls_of(load("openai_transcription:whisper-1"), initial_prompt="A party.")
    [request] = service.requests
    assert (request.path, request.headers["authorization"]) == (
        "/audio/transcriptions",
        f"Bearer {KEYS['openai_transcription']}",
    )
    assert sorted(request.fields) == [
        ("model", "whisper-1"),
        ("prompt", "A party."),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "segment"),
        ("timestamp_granularities[]", "word"),
    ]
    name, file, samples, rate = request.file
    assert (name, file, rate) == ("file", "speech.flac audio/flac", RATE)
    assert len(samples) / RATE == pytest.approx(SENT_S, abs=0.001)
    assert listed(transcript.words) == [(*word[:3], None) for word in WORDS]
    assert not any(word.estimated for word in transcript.words)
    assert transcript.language == "en"
    assert (call.asked, call.answered, call.request, call.audio_s) == ("whisper-1", None, "req_4711", 6.0)


def test_a_model_of_openai_without_times_gets_guessed_ones_which_say_so(
    load: Callable[[str], Any], service: Played
) -> None:
    service.say({"text": "Yeah, as much. It's worth it.", "languages": [{"code": "en"}]})
    transcript = heard(load("openai_transcription"), languages=("de", "en"), hotwords="Anna/Köln")
    assert sorted(service.requests[0].fields) == [
        *(("keywords[]", "Anna"), ("keywords[]", "Köln"), ("languages[]", "de"), ("languages[]", "en")),
        *(("model", "gpt-transcribe"), ("response_format", "json")),
    ]
    assert " ".join(word.text for word in transcript.words) == "Yeah, as much. It's worth it."
    assert all(word.estimated for word in transcript.words)
    assert all(2.0 <= word.start_s < word.end_s <= 9.0 for word in transcript.words)
    assert transcript.language == "en"


def test_segments_with_times_and_no_words_are_shared_out(load: Callable[[str], Any], service: Played) -> None:
    service.say({**VERBOSE, "words": None, "segments": [{"text": " Yeah, as.", "start": 0.3, "end": 1.5}]})
    transcript = heard(load("openai_transcription:whisper-1"))
    assert [(w.text, round(w.start_s, 2), round(w.end_s, 2), w.estimated) for w in transcript.words] == [
        ("Yeah,", 2.1, 2.9, True),
        ("as.", 2.9, 3.3, True),
    ]


def test_what_a_model_of_openai_can_t_be_told_is_refused_before_anything_is_sent(
    load: Callable[[str], Any], service: Played
) -> None:
    model = load("openai_transcription:whisper-1")
    for asked in ({"languages": ("de", "en")}, {"hotwords": "Anna"}):
        with pytest.raises(UsageError, match="takes no"):
            heard(model, **asked)
    assert service.requests == []
    service.say(VERBOSE)
    heard(model, languages=("de",))
    assert ("language", "de") in service.requests[0].fields


def test_a_server_that_speaks_openai_s_protocol_is_asked_for_its_own_model_with_its_own_key(
    load: Callable[[str], Any], service: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-real-one-of-openai")
    with pytest.raises(UsageError, match="Set MODELLAB_OPENAI_TRANSCRIPTION_MODEL"):
        load("openai_transcription:compatible")
    monkeypatch.setenv("MODELLAB_OPENAI_TRANSCRIPTION_MODEL", "Systran/faster-whisper-small")
    service.say({**VERBOSE, "language": "en", "words": [{"word": " Yeah,", "start": 0.3, "end": 0.6}], "text": "Yeah,"})
    transcript = heard(load("openai_transcription:compatible"))
    assert transcript.text == "Yeah,"
    assert ("model", "Systran/faster-whisper-small") in service.requests[0].fields
    monkeypatch.delenv("MODELLAB_OPENAI_TRANSCRIPTION_KEY")
    service.say({"text": "Yeah."})
    heard(load("openai_transcription:compatible-text"))
    assert "authorization" not in service.requests[1].headers, "the key of OpenAI goes to OpenAI alone"
    assert ("response_format", "json") in service.requests[1].fields


VOXTRAL = {
    "model": "voxtral-mini-2602",
    "text": "Yeah, as much. It's worth celebrating.",
    "language": "en",
    "segments": [
        {"text": " Yeah,", "start": 0.3, "end": 0.6, "type": "transcription_segment"},
        {"text": " as", "start": 0.7, "end": 0.9, "type": "transcription_segment"},
        {"text": " much.", "start": 1.0, "end": 1.5, "type": "transcription_segment"},
        {"text": " It's", "start": 3.7, "end": 3.9, "type": "transcription_segment"},
        {"text": " worth", "start": 4.0, "end": 4.4, "type": "transcription_segment"},
        {"text": " celebrating.", "start": 4.5, "end": 5.5, "type": "transcription_segment"},
    ],
    "usage": {"prompt_audio_seconds": 6, "prompt_tokens": 4, "total_tokens": 635, "completion_tokens": 70},
}


def test_voxtral_is_asked_for_words_in_a_form(load: Callable[[str], Any], service: Played) -> None:
    service.say(VOXTRAL, mistral_correlation_id="0199")
    transcript, [call] = calls_of(load("voxtral_api"), hotwords="Anna Smith, Köln")
    [request] = service.requests
    assert (request.path, request.headers["authorization"]) == (
        "/v1/audio/transcriptions",
        f"Bearer {KEYS['voxtral_api']}",
    )
    assert sorted(request.fields) == [
        *(("context_bias", "Anna_Smith"), ("context_bias", "Köln"), ("model", "voxtral-mini-2602")),
        ("timestamp_granularities", "word"),
    ]
    assert request.file[:2] == ("file", "speech.flac audio/flac")
    assert listed(transcript.words) == [(*word[:3], None) for word in WORDS]
    assert not any(word.estimated for word in transcript.words)
    assert (call.asked, call.answered, call.request, call.audio_s) == (
        *("voxtral-mini-2602", "voxtral-mini-2602", "0199", 6.0),
    )


def test_voxtral_takes_a_language_or_gives_times(load: Callable[[str], Any], service: Played) -> None:
    service.say({**VOXTRAL, "segments": [], "language": None})
    transcript = heard(load("voxtral_api"), language="fr")
    assert sorted(service.requests[0].fields) == [("language", "fr"), ("model", "voxtral-mini-2602")]
    assert transcript.language == "fr" and all(word.estimated for word in transcript.words)
    with pytest.raises(UsageError, match="several languages"):
        heard(load("voxtral_api"), languages=("de", "en"))


def test_voxtral_says_who_speaks(load: Callable[[str], Any], service: Played) -> None:
    spoken = [
        {"text": " Yeah.", "start": 0.3, "end": 1.5, "speaker_id": "speaker_2"},
        {"text": " It's.", "start": 3.7, "end": 5.5, "speaker_id": "speaker_1"},
        {"text": " Mm.", "start": None, "end": None, "speaker_id": "speaker_1"},
    ]
    service.say({**VOXTRAL, "segments": spoken})
    found = load("voxtral_api").diarize(AUDIO, {}, lambda fraction: None)
    assert found.turns == [Turn(0.3, 1.5, "SPEAKER_00"), Turn(3.7, 5.5, "SPEAKER_01")]
    assert {("diarize", "true"), ("timestamp_granularities", "segment")} <= set(service.requests[0].fields)


@pytest.mark.parametrize("name", SERVICES)
def test_what_goes_wrong_is_said_with_a_remedy_and_without_the_key(
    load: Callable[[str], Any], service: Played, name: str
) -> None:
    model = load(name)
    key_variable = SERVICES[name][1]
    for status, kind, words in (
        (401, ServiceRefused, f"does not accept the key; found status 401.*Correct {key_variable} in the environment"),
        (402, ServiceRefused, "refuses the request; found status 402.*no money left"),
        (404, ServiceRefused, "refuses the request; found status 404.*has the model"),
        (413, ServiceRefused, "takes less sound at once; found status 413"),
        (400, ServiceRefused, "refuses the request; found status 400"),
    ):
        service.requests.clear()
        service.replies = [Reply(status, f"no: {KEYS[name]}".encode())]
        with pytest.raises(kind, match=words) as caught:
            heard(model)
        assert KEYS[name] not in str(caught.value) and f"[{key_variable}]" in str(caught.value)
        assert len(service.requests) == 1
    service.replies = [Reply(429, b"slow down", {"Retry-After": "3600"})]
    with pytest.raises(ServiceFailed, match=r"status 429: slow down.*asked again after 3600 s"):
        heard(model)


@pytest.mark.parametrize("name", SERVICES)
def test_an_answer_that_is_something_else_is_an_error_and_is_not_paid_for_again(
    load: Callable[[str], Any], service: Played, name: str
) -> None:
    model = load(name)
    for body in (b"<html>hello</html>", b"[]", b"{}", b'{"text": 7}', b"\xff", b'{"a": NaN}'):
        service.requests.clear()
        service.replies = [Reply(body=body)]
        calls: list[ServiceCall] = []
        with metered(calls), pytest.raises(ServiceFailed, match="answered something else than a transcript"):
            heard(model)
        assert len(service.requests) == 1 and calls == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_says_nothing_is_not_asked_again(
    load: Callable[[str], Any], service: Played, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELLAB_SERVICE_TIMEOUT_S", "0.1")
    registry = ModelRegistry()
    silent = threading.Event()
    service.replies = [Reply(after=silent)]
    with Models(Lab(Settings(_env_file=None, home=tmp_path)), registry) as models:
        model = models.acquire(registry.resolve(name)[1]).model
        with pytest.raises(ServiceFailed, match=r"no answer within 0\.1 s.*Raise MODELLAB_SERVICE_TIMEOUT_S"):
            heard(model)
    assert len(service.requests) == 1
    silent.set()


@pytest.mark.parametrize("name", SERVICES)
def test_who_follows_an_upload_can_stop_it(load: Callable[[str], Any], service: Played, name: str) -> None:
    class Stopped(Exception):
        pass

    def stop(fraction: float) -> None:
        raise Stopped

    service.say({})
    with pytest.raises(Stopped):
        heard(load(name), stop)


@pytest.mark.parametrize("name", SERVICES)
def test_without_a_key_or_offline_nothing_is_asked_and_the_remedy_is_named(
    load: Callable[[str], Any], service: Played, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, _, _ = SERVICES[name]
    registry = ModelRegistry()
    config, ref = registry.resolve(name)
    assert config.service is not None
    monkeypatch.setenv(url, "https://service.example.org")
    with Models(Lab(Settings(_env_file=None, home=tmp_path)), registry) as models:
        with pytest.raises(ServiceOffline, match="MODELLAB_OFFLINE is set: it is not called"):
            models.acquire(ref)
        offline = models.availability(ref)
        assert (offline.ok, offline.missing, offline.service) == (False, "offline", "https://service.example.org")
        monkeypatch.setenv(url, service.url)  # on this machine: nothing leaves it
        assert models.availability(ref).ok
    monkeypatch.delenv(url)
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    monkeypatch.delenv(config.service.key_variable, raising=False)
    with Models(Lab(Settings(_env_file=None, home=tmp_path)), registry) as models:
        found = models.availability(ref)
        assert (found.ok, found.missing) == (False, f"key missing: set {config.service.key_variable}")
        assert "audio leaves this machine" in found.leaves and found.device == "service"
        with pytest.raises(KeyMissing, match=rf"Set {config.service.key_variable} in the environment or in \.env"):
            models.acquire(ref)
    assert service.requests == []
