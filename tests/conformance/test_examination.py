"""Models that break one promise each, and what is said of them."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from modellab.conformance.asked import Given
from modellab.conformance.examination import SURFACES, _Examiner, same
from modellab.errors import UsageError
from modellab.media.audio import Audio, Waveform
from modellab.registry.loaded import ExecutionFacts, LoadedModel
from modellab.surfaces.contracts import CONTRACTS, untold
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript, Turn, Utterance, Word
from modellab.surfaces.sounds import ClassScores, Note, Notes

RATE = 16_000
SOUND = Given("speech", Waveform(np.full(RATE, 0.1, dtype=np.float32), RATE), 1.0)
SPEECH = SpeechSegments([Segment(0.1, 0.4), Segment(0.5, 1.0)], 1.0)
WORDS = [Word("Good", 0.1, 0.3, 0.9), Word("morning.", 0.3, 0.9, 0.8)]
TRANSCRIPT = Transcript([Utterance(0.1, 0.9, "Good morning.", WORDS)], 1.0, "en")
TURNS = Diarization([Turn(0.1, 0.6, "A"), Turn(0.5, 1.0, "B")], 1.0)
SCORES = ClassScores(["speech", "music"], np.array([[0.9, 0.1]], dtype=np.float32), 0.96, 0.48)
NOTES = Notes([Note(0.1, 0.6, 60, 0.8)], 1.0)
NOTHING = np.zeros(RATE, dtype=np.float32)


def problems(surface: str, result: Any, given: Given = SOUND, **of_model: Any) -> list[str]:
    return list(SURFACES[surface].problems(SimpleNamespace(**of_model), given, result))


def test_every_surface_with_a_contract_is_asked() -> None:
    assert set(SURFACES) == set(CONTRACTS)


@pytest.mark.parametrize(
    ("surface", "result", "of_model"),
    [
        ("vad", SPEECH, {}),
        ("asr", TRANSCRIPT, {}),
        ("diarization", TURNS, {}),
        ("align", None, {"languages": ["en"]}),
        ("align", [Segment(0.1, 0.4)], {"languages": ["en"], "knows": lambda word: word == "yes"}),
        ("enhance", NOTHING, {}),
        ("classify", SCORES, {}),
        ("embed_sound", np.eye(2, 4, dtype=np.float32), {"shortest_s": 0.5}),
        ("music_transcription", NOTES, {}),
        ("tts", Waveform(NOTHING, RATE), {"voices": ["heart"]}),
        ("end_of_turn", 0.25, {"window_s": 8.0}),
        ("chat", "White.", {"name": "small"}),
    ],
)
def test_what_a_contract_promises_is_no_problem(surface: str, result: Any, of_model: dict[str, Any]) -> None:
    assert problems(surface, result, **of_model) == []


@pytest.mark.parametrize(
    ("surface", "result", "said"),
    [
        ("vad", [], "it gave a list, not SpeechSegments"),
        ("vad", replace(SPEECH, duration_s=2.0), "it says that 1.000 s are 2.000 s long"),
        ("vad", replace(SPEECH, segments=[Segment(0.5, 1.1)]), "1 of 1 segments have no length or lie outside"),
        ("vad", replace(SPEECH, segments=SPEECH.segments[::-1]), "segments overlap, or are not in order of time"),
        ("vad", replace(SPEECH, segments=[]), "no speech was found in speech"),
        ("asr", replace(TRANSCRIPT, utterances=[]), "no words were found in speech"),
        ("asr", replace(TRANSCRIPT, utterances=[Utterance(0.1, 1.2, "Hm.", WORDS)]), "lies outside the audio"),
        ("asr", replace(TRANSCRIPT, utterances=[Utterance(0.1, 0.9, "Hm.", WORDS[::-1])]), "words are not in order"),
        ("asr", replace(TRANSCRIPT, utterances=[Utterance(0.1, 0.9, " ", WORDS)]), "has no text"),
        (
            "asr",
            replace(TRANSCRIPT, utterances=[Utterance(0.1, 0.9, "Hm.", [replace(WORDS[0], probability=1.5)])]),
            "a word's probability is not from 0 to 1",
        ),
        (
            "asr",
            replace(TRANSCRIPT, utterances=[Utterance(0.5, 0.9, "b", WORDS), Utterance(0.1, 0.3, "a", WORDS)]),
            "utterances are not in order of time",
        ),
        ("diarization", replace(TURNS, turns=TURNS.turns[::-1]), "turns are not in order of time"),
        ("diarization", replace(TURNS, turns=[Turn(0.1, 0.6, "")]), "a turn names no speaker"),
        ("diarization", replace(TURNS, turns=[]), "nobody was found in speech"),
        ("enhance", NOTHING[1:], "of 16000 samples it made (15999,)"),
        ("enhance", NOTHING.astype(np.float64), "samples are float64, not float32"),
        ("enhance", np.where(np.arange(RATE) < 2, np.nan, NOTHING).astype(np.float32), "2 samples are no numbers"),
        ("classify", replace(SCORES, classes=["a", "a"]), "a class is there twice"),
        ("classify", replace(SCORES, scores=SCORES.scores[:0]), "scores have the shape (0, 2), not (frames, 2)"),
        ("classify", replace(SCORES, scores=SCORES.scores * 2), "a score is not from 0 to 1"),
        ("classify", replace(SCORES, hop_s=0.0), "frames of 0.96 s every 0.0 s"),
        ("music_transcription", Notes([Note(0.5, 1.5, 60, 0.8)], 1.0), "a note has no length or lies outside"),
        ("music_transcription", Notes([Note(0.1, 0.5, 128, 0.8)], 1.0), "MIDI has no such note"),
    ],
)
def test_what_breaks_a_contract_is_said(surface: str, result: Any, said: str) -> None:
    [problem] = problems(surface, result)
    assert said in problem


class _Classifies:
    """A model with two classes of its own."""

    def __init__(self, refuses: bool) -> None:
        self._refuses = refuses

    def classify(self, audio: Waveform, labels: Any, progress: Any) -> ClassScores:
        if labels is not None and self._refuses:
            raise UsageError("it has classes of its own")
        return SCORES


def test_a_classifier_gives_the_labels_asked_for_or_refuses_them() -> None:
    surface = SURFACES["classify"]
    asked = replace(SOUND, parameters={"labels": ("rain", "wind")})
    refused = surface.call(_Classifies(True), asked, untold)
    assert problems("classify", refused, asked) == []
    ignored = surface.call(_Classifies(False), asked, untold)
    assert problems("classify", ignored, asked) == ["asked for rain, wind it tells of speech, music"]
    assert problems("classify", replace(SCORES, classes=["rain", "wind"]), asked) == []
    assert problems("classify", refused) == ["it gave a UsageError, not ClassScores"]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (1, "it gave a int, not float"),
        (1.25, "a probability is not from 0 to 1: 1.25"),
        (float("nan"), "a probability is not from 0 to 1: nan"),
    ],
)
def test_an_end_of_turn_is_a_probability(result: Any, said: str) -> None:
    assert problems("end_of_turn", result, window_s=8.0) == [said]
    assert problems("end_of_turn", 0.5, window_s=0.0) == ["it goes by 0.0 s of sound"]


def test_models_of_texts_and_vectors_are_asked_too() -> None:
    embed = SURFACES["embed"]
    sentences, word, nothing = embed.given(None, None)  # type: ignore[arg-type]
    near, far = np.eye(3, 4, dtype=np.float32), np.eye(3, 4, dtype=np.float32)
    near[1] = near[0]
    far[2] = far[0]
    assert problems("embed", near, sentences) == []
    assert "as near to its paraphrase (0.00) as to something else (1.00)" in problems("embed", far, sentences)[0]
    assert problems("embed", near[:2], sentences) == ["it gave an array of shape (2, 4), not a row for each of 3"]
    assert problems("embed", near[:1] * 2, word) == ["a vector's length is not 1"]
    assert problems("embed", near[:0], nothing) == []
    assert problems("tts", Waveform(NOTHING[:0], RATE), voices=["a", "a"]) == [
        "its voices have no names of their own: ['a', 'a']",
        "it says nothing of a sentence",
    ]
    assert problems("embed_sound", np.eye(1, 4, dtype=np.float32), shortest_s=0.0) == [
        "the shortest sound is 0.0 s",
        "it gave an array of shape (1, 4), not a row for each of 2",
    ]
    assert problems("chat", b"White.", name="") == ["it has no name", "it gave a bytes, not str"]


def test_stems_have_names_and_the_mixtures_length() -> None:
    mixture = Given("speech", Audio(np.zeros((2, 10), dtype=np.float32), RATE), 10 / RATE)
    whole = np.zeros((2, 2, 10), dtype=np.float32)
    assert problems("separate", whole, mixture, stems=["voice", "rest"]) == []
    assert problems("separate", whole[..., 1:], mixture, stems=["voice", "voice"]) == [
        "its stems have no names of their own: ['voice', 'voice']",
        "it made an array of shape (2, 2, 9), not (stems, channels, samples) = (2, 2, 10)",
    ]


@dataclass
class Toy:
    """A model of voice activity that can be spoilt."""

    spoil: Callable[["Toy", Waveform, Callable[[float], None]], SpeechSegments | None] = lambda *_: None
    calls: int = 0
    threads: set[str] = field(default_factory=set)

    def detect(self, audio: Waveform, parameters: Any, progress: Callable[[float], None]) -> SpeechSegments:
        self.calls += 1
        if (spoilt := self.spoil(self, audio, progress)) is not None:
            return spoilt
        progress(0.5)
        progress(1.0)
        return SPEECH


def _other_each_time(toy: Toy, *_: Any) -> SpeechSegments:
    return replace(SPEECH, segments=[Segment(0.1, 0.4 + 0.001 * toy.calls)])


def _writes(toy: Toy, audio: Waveform, progress: Any) -> None:
    audio.samples[0] += 0.1


def _falls(toy: Toy, audio: Waveform, progress: Callable[[float], None]) -> None:
    progress(0.9)


def _beyond(toy: Toy, audio: Waveform, progress: Callable[[float], None]) -> None:
    progress(-0.1)


def _goes_on(toy: Toy, audio: Waveform, progress: Callable[[float], None]) -> SpeechSegments:
    with suppress(Exception):
        progress(0.5)
    return SPEECH


def _raises(toy: Toy, *_: Any) -> None:
    raise ZeroDivisionError("nobody thought of it")


def _stumbles(toy: Toy, audio: Waveform, progress: Callable[[float], None]) -> SpeechSegments | None:
    """After it was stopped it gives nothing more."""
    try:
        progress(0.1)
    except Exception:
        toy.threads.add("stopped")
        raise
    return replace(SPEECH, segments=[]) if toy.threads else None


def answers(toy: Toy) -> Iterator[tuple[str, list[str]]]:
    loaded = LoadedModel(toy, 0.0, ExecutionFacts("cpu", "float32", 1), RATE)
    return _Examiner(SURFACES["vad"], lambda: nullcontext(loaded), [SOUND]).questions()


def test_a_model_that_keeps_its_promises_answers_right() -> None:
    asked = dict(answers(Toy()))
    assert list(asked) == [
        "gives what it should: speech",
        "gives the same again",
        "leaves what it is given as it was",
        "tells progress that never falls",
        "stops when it is stopped, and works on",
        "works in another thread than loaded it",
    ]
    assert not any(asked.values())


@pytest.mark.parametrize(
    ("spoil", "question", "said"),
    [
        (_other_each_time, "gives the same again", "another result of the same"),
        (_other_each_time, "works in another thread than loaded it", "another result in another thread"),
        (_writes, "leaves what it is given as it was", "the samples that it was given are others afterwards"),
        (_falls, "tells progress that never falls", "progress falls"),
        (_beyond, "tells progress that never falls", "progress from -0.1 to 1.0"),
        (_goes_on, "stops when it is stopped, and works on", "it went on after what it told progress raised"),
        (_stumbles, "stops when it is stopped, and works on", "another result after it was stopped"),
        (_raises, "gives what it should: speech", "ZeroDivisionError: nobody thought of it"),
        (_raises, "works in another thread than loaded it", "ZeroDivisionError: nobody thought of it"),
    ],
)
def test_a_model_that_breaks_a_promise_is_found_out(spoil: Any, question: str, said: str) -> None:
    assert dict(answers(Toy(spoil)))[question] == [said]


def test_it_is_called_with_its_own_number_of_threads_as_a_step_calls_it() -> None:
    """Torch's sums depend on it; other models of the process may have set it."""
    seen: set[int] = set()

    def look(toy: Toy, *_: Any) -> None:
        seen.add(torch.get_num_threads())

    torch.set_num_threads(2)
    assert not any(dict(answers(Toy(look))).values())
    assert (seen, torch.get_num_threads()) == ({1}, 2)


def test_results_are_the_same_number_by_number() -> None:
    other = SCORES.scores + np.float32(1e-7)
    assert same(SCORES, replace(SCORES, scores=SCORES.scores.copy()))
    assert not same(SCORES, replace(SCORES, scores=other))
    assert same(TRANSCRIPT, replace(TRANSCRIPT)) and not same(TRANSCRIPT, replace(TRANSCRIPT, language="de"))
    assert not same([1], [1, 2]) and not same((1,), [1])
