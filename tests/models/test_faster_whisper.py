"""faster-whisper: placing words, and real transcriptions."""

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jiwer
import numpy as np
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from modellab.errors import UnknownName, UsageError
from modellab.media.audio import Waveform
from modellab.media.decode import decode
from modellab.speech.pieces import Piece
from modellab.surfaces.contracts import AsrModel
from modellab.surfaces.results import Segment, SpeechSegments, Transcript, Word
from models._whisper.languages import SpokenLanguages
from models._whisper.words import utterances_of
from models.faster_whisper import adapter
from models.faster_whisper.adapter import FasterWhisper

RATE = 16_000
VAD = {"threshold": 0.5, "min_speech_ms": 250, "min_silence_ms": 100, "speech_pad_ms": 30}
Load = Callable[[str], Any]


def speech_of(load_model: Load, audio: Waveform) -> SpeechSegments:
    found: SpeechSegments = load_model("silero_vad").detect(audio, VAD, lambda fraction: None)
    return found


def transcribe(load_model: Load, name: str, audio: Waveform, **parameters: Any) -> Transcript:
    model: AsrModel = load_model(f"faster_whisper:{name}")
    return model.transcribe(audio, speech_of(load_model, audio).segments, parameters, lambda fraction: None)


def wer(reference: str, hypothesis: str) -> float:
    normalize = EnglishTextNormalizer()
    return float(jiwer.wer(normalize(reference), normalize(hypothesis)))


def assert_times_are_sound(transcript: Transcript) -> None:
    words = transcript.words
    assert all(0 <= word.start_s <= word.end_s <= transcript.duration_s for word in words)
    assert all(before.end_s <= after.start_s for before, after in pairwise(words))
    for utterance in transcript.utterances:
        assert (utterance.start_s, utterance.end_s) == (utterance.words[0].start_s, utterance.words[-1].end_s)
    assert all(0 <= word.probability <= 1 for word in words if word.probability is not None)


# --- placing words ---------------------------------------------------------------------------------------------------

CHUNK = Piece(((100, 200), (500, 600)), 100)
"""Speech at 1-2 s and at 5-6 s, heard as two seconds in one go."""


def heard(text: str, start: float, end: float, probability: float = 0.9) -> SimpleNamespace:
    return SimpleNamespace(word=text, start=start, end=end, probability=probability)


def segment(*words: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(words=list(words), avg_logprob=-0.5, no_speech_prob=0.25, compression_ratio=1.5)


def test_utterances_part_where_speech_pauses() -> None:
    words = (heard(" Good", 10.0, 10.5), heard(" day.", 10.5, 11), heard(" Yes", 11.25, 12))
    found = utterances_of(CHUNK, [segment(*words)], 10)
    assert [(u.text, u.start_s, u.end_s) for u in found] == [("Good day.", 1.0, 2.0), ("Yes", 5.25, 6.0)]
    assert found[0].words[1] == Word("day.", 1.5, 2.0, 0.9)
    assert (found[1].average_log_probability, found[1].no_speech_probability, found[1].compression_ratio) == (
        -0.5,
        0.25,
        1.5,
    )


def test_words_without_spaces_keep_together_only_where_others_have_them() -> None:
    english = utterances_of(CHUNK, [segment(heard(" version", 0, 1), heard("2b", 1, 2))], 0)
    assert [u.text for u in english] == ["version2b"]
    assert [word.space_before for word in english[0].words] == [True, False]
    japanese = utterances_of(CHUNK, [segment(heard("音声", 0, 1), heard("認識", 1, 2))], 0)
    assert [u.text for u in japanese] == ["音声", "認識"]
    spoken_on = utterances_of(CHUNK, [segment(heard("音声", 0, 0.4), heard("認識", 0.4, 1))], 0)
    assert [u.text for u in spoken_on] == ["音声認識"]


def test_what_is_written_as_one_word_is_one() -> None:
    words = (
        heard(" so", 0, 0.1),
        heard(" cold", 0.1, 0.4, 0.8),
        heard("-hearted,", 0.4, 0.8, 0.6),
        heard(" sir", 0.8, 1),
    )
    (utterance,) = utterances_of(CHUNK, [segment(*words)], 0)
    assert utterance.text == "so cold-hearted, sir"
    assert utterance.words[1] == Word("cold-hearted,", 1.1, 1.8, 0.6)
    assert [word.text for word in utterance.words] == ["so", "cold-hearted,", "sir"]


def test_words_out_of_order_empty_or_too_sure_are_set_right() -> None:
    segments = [
        segment(heard(" one", 0.2, 0.9, 1.0000001), heard(" ", 0.9, 0.9), heard(" two", 0.7, 0.8)),
        segment(heard(" three", 0.85, 0.95)),
        segment(),
    ]
    words = [word for utterance in utterances_of(CHUNK, segments, 0) for word in utterance.words]
    assert [(word.text, word.probability) for word in words] == [("one", 1.0), ("two", 0.9), ("three", 0.9)]
    assert [time for word in words for time in (word.start_s, word.end_s)] == pytest.approx(
        [1.2, 1.9, 1.9, 1.9, 1.9, 1.95]
    )


# --- real speech -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(sample_wav: Path) -> str:
    lines = sample_wav.with_suffix(".stm").read_text().splitlines()
    return " ".join(" ".join(line.split()[5:]) for line in lines)


@pytest.mark.parametrize("name", ["tiny.en", "base"])
def test_the_sample_is_understood(load_model: Load, sample: Waveform, reference: str, name: str) -> None:
    found = transcribe(load_model, name, sample)
    assert wer(reference, found.text) <= 0.20
    assert found.language == "en"
    assert found.duration_s == 30.0
    assert_times_are_sound(found)
    hello = found.words[0]
    assert hello.text.lower().startswith("hello")
    assert hello.start_s == pytest.approx(6.69, abs=0.3)
    assert all(-1 < u.average_log_probability < 0 for u in found.utterances if u.average_log_probability)
    assert all(u.compression_ratio and 0.5 < u.compression_ratio < 2.4 for u in found.utterances)


def test_no_word_lies_in_a_long_silence_and_times_come_out_the_same_on_both_sides(
    load_model: Load, sample: Waveform, reference: str
) -> None:
    gap_s = 45.0
    silence = np.random.default_rng(0).normal(0, 1e-4, int(gap_s * RATE)).astype(np.float32)
    doubled = Waveform(np.concatenate([sample.samples, silence, sample.samples]), RATE)
    found = transcribe(load_model, "tiny.en", doubled)
    assert_times_are_sound(found)
    assert not [word for word in found.words if word.end_s > 30.3 and word.start_s < 30 + gap_s + 6]
    assert wer(f"{reference} {reference}", found.text) <= 0.20
    speech = speech_of(load_model, doubled).segments
    pad_s = 0.2 + 0.001
    for word in found.words:
        assert any(s.start_s - pad_s <= word.start_s and word.end_s <= s.end_s + pad_s for s in _joined(speech, pad_s))
    first = [word for word in found.words if word.start_s < 30.3]
    second = [word for word in found.words if word.start_s > 70]
    assert second[0].start_s - first[0].start_s == pytest.approx(30 + gap_s, abs=0.3)
    assert second[-1].end_s - first[-1].end_s == pytest.approx(30 + gap_s, abs=0.3)


def _joined(segments: list[Segment], pad_s: float) -> list[Segment]:
    """Segments whose padding touches, as one."""
    joined = [segments[0]]
    for segment in segments[1:]:
        if segment.start_s - pad_s <= joined[-1].end_s + pad_s:
            joined[-1] = Segment(joined[-1].start_s, segment.end_s)
        else:
            joined.append(segment)
    return joined


def test_batches_change_neither_words_nor_times(load_model: Load, sample: Waveform) -> None:
    long = Waveform(np.concatenate([sample.samples, sample.samples[6 * RATE :]]), RATE)
    one = transcribe(load_model, "tiny.en", long, batch_size=1)
    many = transcribe(load_model, "tiny.en", long, batch_size=4)
    assert [word.text for word in one.words] == [word.text for word in many.words]
    assert [w.start_s for w in one.words] == pytest.approx([w.start_s for w in many.words], abs=0.3)


def test_progress_rises_to_one(load_model: Load, sample: Waveform) -> None:
    seen: list[float] = []
    speech = speech_of(load_model, sample).segments
    load_model("faster_whisper:tiny.en").transcribe(sample, speech, {"batch_size": 1}, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_speech_that_went_wrong_is_decoded_again_and_the_same_way_each_time(
    load_model: Load, sample: Waveform, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = transcribe(load_model, "tiny.en", sample)
    assert plain == transcribe(load_model, "tiny.en", sample, retry=False)
    monkeypatch.setattr(adapter, "_LEAST_LOG_PROBABILITY", -0.05)  # nothing is ever that sure: every chunk goes wrong
    first = transcribe(load_model, "tiny.en", sample)
    assert first == transcribe(load_model, "tiny.en", sample)
    assert_times_are_sound(first)
    assert wer(reference, first.text) <= 0.20
    assert mean_log_probability(first) >= mean_log_probability(plain)


def mean_log_probability(transcript: Transcript) -> float:
    return float(np.mean([utterance.average_log_probability for utterance in transcript.utterances]))


def decoded(
    *log_probabilities: float, compression: float = 1.5, text: str = "all is well"
) -> tuple[list[SimpleNamespace], float]:
    words = [SimpleNamespace(word=f" {word}") for word in text.split()]
    segments = [
        SimpleNamespace(avg_logprob=value, compression_ratio=compression, no_speech_prob=0.1, words=words)
        for value in log_probabilities
    ]
    return segments, 0.0


def test_of_several_decodings_one_without_a_loop_wins_then_the_likeliest() -> None:
    loop, poor, better = decoded(-0.1, compression=9.0), decoded(-0.2, -1.4), decoded(-0.6, -1.1)
    assert max([loop, poor, better], key=adapter._quality) is better
    assert max([loop, poor], key=adapter._quality) is poor
    nothing: tuple[list[SimpleNamespace], float] = ([], 0.0)
    assert max([loop, nothing], key=adapter._quality) is nothing
    assert max([poor, nothing], key=adapter._quality) is nothing


def test_a_sentence_over_and_over_went_wrong_however_little_the_window_compresses() -> None:
    sentence = "It was not an ill-disposed young man. "
    looped, _ = decoded(-0.14, compression=2.32, text=f"He began a confused complaint. {sentence * 6}")
    assert adapter._went_wrong(looped)
    twice = decoded(-0.14, compression=2.32, text=f"He began a confused complaint. {sentence * 2}")
    assert not adapter._went_wrong(twice[0])
    over_segments, _ = decoded(-0.14, -0.14, -0.14, text=sentence)
    assert adapter._went_wrong(over_segments)
    assert max([(looped, 0.0), twice], key=adapter._quality) is twice


def test_every_way_looping_the_one_that_loops_least_is_kept() -> None:
    less, more = decoded(-0.3, text="so we go home now then " * 3), decoded(-0.1, text="so we go home now then " * 6)
    assert max([more, less], key=adapter._quality) is less


def test_an_english_model_detects_nothing_and_says_so(load_model: Load, sample: Waveform) -> None:
    found = transcribe(load_model, "tiny.en", sample)
    assert (found.language, found.language_probability, found.language_candidates) == ("en", None, [])


def chunk(number: int, seconds: int = 10) -> Piece:
    return Piece(((number * 100, number * 100 + seconds),), 1)


class Heard:
    """A model that hears in each piece what its first sample says."""

    def __init__(self, *found: list[tuple[str, float]]) -> None:
        self.found = found
        self.asked: list[int] = []

    def detect_language(self, piece: np.ndarray) -> tuple[str, float, list[tuple[str, float]]]:
        self.asked.append(int(piece[0]))
        found = self.found[int(piece[0])]
        return *found[0], found


def spoken(model: Heard, allowed: tuple[str, ...] = ("cy", "de", "en")) -> SpokenLanguages:
    audio = np.repeat(np.arange(len(model.found), dtype=np.float32), 100)
    return SpokenLanguages(model, audio, allowed)


def test_the_language_is_that_of_most_speech_not_of_the_first() -> None:
    model = Heard([("cy", 0.59), ("en", 0.38)], [("en", 0.9), ("cy", 0.05)], [("en", 0.8), ("cy", 0.15)])
    languages = spoken(model)
    chunks = [chunk(0), chunk(1, 30), chunk(2, 30)]
    found = languages.candidates(chunks)
    assert [each.language for each in found] == ["en", "cy"]
    assert found[0].probability == pytest.approx((10 * 38 / 97 + 30 * 90 / 95 + 30 * 80 / 95) / 70, abs=1e-3)
    assert languages.of_each(chunks, "en", None) == ["en"] * 3
    assert model.asked == [0, 1, 2]


def test_languages_that_do_not_occur_are_not_detected() -> None:
    model = Heard([("cy", 0.59), ("en", 0.3), ("de", 0.1)])
    assert [(c.language, c.probability) for c in spoken(model, ("en", "de")).candidates([chunk(0)])] == [
        ("en", 0.75),
        ("de", 0.25),
    ]


def test_five_windows_all_over_a_long_recording_are_asked() -> None:
    model = Heard(*[[("en", 0.9), ("de", 0.1)]] * 50)
    spoken(model).candidates([chunk(number) for number in range(50)])
    assert model.asked == [5, 15, 25, 35, 45]


def test_a_window_surely_in_another_language_makes_every_chunk_be_asked() -> None:
    german, english = [("de", 0.95), ("en", 0.05)], [("en", 0.97), ("de", 0.03)]
    model = Heard(*[english] * 7, german, *[english] * 4)
    languages, chunks = spoken(model), [chunk(number) for number in range(12)]
    assert languages.candidates(chunks)[0].language == "en"
    assert languages.of_each(chunks, "en", False) == ["en"] * 12
    assert languages.of_each(chunks, "en", True)[6:9] == ["en", "de", "en"]
    assert languages.of_each(chunks, "en", None)[6:9] == ["en", "de", "en"]


def test_a_language_it_does_not_know_is_refused(load_model: Load, sample: Waveform) -> None:
    with pytest.raises(UsageError, match=r"faster_whisper:tiny.en can't transcribe the language 'de'; allowed: en\."):
        transcribe(load_model, "tiny.en", sample, language="de")
    with pytest.raises(UnknownName, match="there is no language 'xx'"):
        transcribe(load_model, "base", sample, language="xx")
    with pytest.raises(UnknownName, match="there is no language 'xx'"):
        transcribe(load_model, "base", sample, languages=("en", "xx"))
    with pytest.raises(UsageError, match=r"faster_whisper:tiny.en can't transcribe the language 'de'"):
        transcribe(load_model, "tiny.en", sample, languages=("de", "fr"))
    assert transcribe(load_model, "tiny.en", sample, languages=("de", "en")).language == "en"


def test_parameters_it_does_not_have_are_refused(load_model: Load, sample: Waveform) -> None:
    with pytest.raises(UsageError, match=r"can't be asked for that: colour: Extra inputs.*allowed: language"):
        transcribe(load_model, "tiny.en", sample, colour="red")
    with pytest.raises(UsageError, match="beam_size: Input should be greater than or equal to 1"):
        transcribe(load_model, "tiny.en", sample, beam_size=0)


def test_a_prompt_and_hotwords_reach_the_decoder(load_model: Load, sample: Waveform) -> None:
    plain = transcribe(load_model, "tiny.en", sample)
    shouted = transcribe(load_model, "tiny.en", sample, initial_prompt="HELLO. I AM DIANE IN NEW JERSEY. AND YOU?")
    assert shouted.text != plain.text
    assert_times_are_sound(shouted)


def test_it_loads_what_it_was_asked_for(load_model: Load) -> None:
    model = load_model("faster_whisper:tiny.en")
    assert isinstance(model, FasterWhisper)
    assert isinstance(model, AsrModel)
    assert model._model.model.compute_type.startswith("int8")
    assert not model._model.model.is_multilingual


# --- real recordings -------------------------------------------------------------------------------------------------


def real(path: Path) -> Waveform:
    return Waveform(decode(path, sample_rate_hz=RATE).mono, RATE)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "language"), [("ja-JP_audio.flac", "ja"), ("zh-CN_audio.flac", "zh")])
def test_languages_without_spaces(load_model: Load, data: Path, name: str, language: str) -> None:
    folder = data / "xx-azure-custom-speech"
    found = transcribe(load_model, "base", real(folder / name))
    assert found.language == language
    assert_times_are_sound(found)
    joined = [word for word in found.words if not word.space_before]
    assert len(joined) > 0.8 * len(found.words)
    with (folder / "transcripts.tsv").open() as handle:
        rows = {row["file"]: row["text"] for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)}
    assert jiwer.cer(rows[name].replace(" ", ""), found.text.replace(" ", "")) < 0.45


@pytest.mark.realdata
def test_two_languages_in_one_recording(load_model: Load, data: Path) -> None:
    audio = real(data / "stereo-mp3-whisper" / "multilingual.mp3")
    found = transcribe(load_model, "base", audio)
    assert "permission" in found.text.lower()
    assert "software" in found.text.lower()
    assert {u.language for u in found.utterances if u.start_s > 30} == {"de"}
    assert {"und", "der", "die"} <= set(found.text.lower().split())
    assert_times_are_sound(found)


@pytest.mark.realdata
def test_a_hotword_is_spelled_as_given(load_model: Load, data: Path) -> None:
    audio = real(data / "stereo-mp3-whisper" / "hotwords.mp3")
    assert "ComfyUI" in transcribe(load_model, "base", audio, hotwords="ComfyUI").text


@pytest.mark.realdata
def test_a_loop_is_broken(load_model: Load, data: Path) -> None:
    audio = real(data / "xx-read" / "de.mp3")  # German, which the English model can only stammer at
    looping = transcribe(load_model, "tiny.en", audio, retry=False)
    assert max(utterance.compression_ratio or 0 for utterance in looping.utterances) > 2.4
    broken = transcribe(load_model, "tiny.en", audio)
    assert max(utterance.compression_ratio or 0 for utterance in broken.utterances) < 2.4


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["silence2sec.wav", "almost_silent.wav"])
def test_silence_holds_no_speech_to_transcribe(load_model: Load, data: Path, name: str) -> None:
    audio = real(data / "silence" / name)
    assert speech_of(load_model, audio).segments == []
