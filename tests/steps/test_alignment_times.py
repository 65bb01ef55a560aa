"""Better word times: which words are aligned together, what keeps its times, and the step on real recordings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab.artifacts.store import Artifact
from modellab.errors import UsageError
from modellab.media.audio import TimeMap, Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.pipeline.record import StepRecord
from modellab.speech.forced_alignment import MARGIN_S, realign
from modellab.surfaces.results import Segment, Transcript, Word

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
STEPS = ("ingest", "vad", "asr", "diarization", "alignment")
WITHOUT = {"vad": "silero_vad", "asr": "faster_whisper:tiny.en", "diarization": "heuristic_diarization"}
WITH = {**WITHOUT, "alignment": "pocketsphinx_aligner"}
DURATION_S = 1000.0


class EvenAligner:
    """Knows all words but `?`, spreads them evenly over the audio, and can't align a stretch with `!` in it."""

    languages: Sequence[str] = ("en",)

    def __init__(self) -> None:
        self.asked: list[tuple[float, list[str]]] = []

    def knows(self, word: str) -> bool:
        return word != "?"

    def align(self, audio: Waveform, words: Sequence[str]) -> Sequence[Segment] | None:
        self.asked.append((audio.duration_s, list(words)))
        if "!" in words:
            return None
        share_s = audio.duration_s / len(words)
        return [Segment(i * share_s, (i + 1) * share_s) for i in range(len(words))]


def silence(start_s: float, end_s: float) -> Waveform:
    assert 0.0 <= start_s <= end_s <= DURATION_S
    return Waveform(np.zeros(round((end_s - start_s) * 1000), dtype=np.float32), 1000)


def realigned(words: list[Word], model: EvenAligner, time_map: TimeMap | None = None) -> list[Word]:
    shown: list[float] = []
    found = realign(
        words, "en", model, cut=silence, time_map=time_map or TimeMap.identity(DURATION_S), progress=shown.append
    )
    assert shown == sorted(shown)
    assert found.aligned + found.unfitting + sum(word.text == "?" for word in words) == len(words)
    return found.words


def test_words_without_a_long_silence_are_aligned_together() -> None:
    model = EvenAligner()
    words = realigned([Word("a", 10.0, 10.4), Word("b", 10.5, 11.0), Word("c", 13.0, 13.4)], model)
    assert [texts for _, texts in model.asked] == [["a", "b"], ["c"]]
    assert [seconds for seconds, _ in model.asked] == pytest.approx([1.0 + 2 * MARGIN_S, 0.4 + 2 * MARGIN_S])
    assert (words[0].start_s, words[1].end_s) == pytest.approx((10.0 - MARGIN_S, 11.0 + MARGIN_S))


def test_long_stretches_end_with_a_sentence_or_in_the_end_anywhere() -> None:
    model = EvenAligner()
    realigned([Word("end." if i == 24 else "word", i * 0.5, i * 0.5 + 0.5) for i in range(120)], model)
    assert [len(texts) for _, texts in model.asked] == [25, 40, 40, 15]


def test_unknown_words_and_stretches_that_do_not_fit_keep_their_times() -> None:
    model = EvenAligner()
    before = [Word(text, i * 1.0, i + 0.8) for i, text in enumerate(["a", "?", "b", "c"])]
    before += [Word("!", 10.0, 10.5), Word("d", 10.5, 11.0)]
    after = realigned(before, model)
    assert [texts for _, texts in model.asked] == [["a"], ["b", "c"], ["!", "d"]]
    # The word before it was found to end at 1.1 s: half a neighbour is heard, and no more.
    assert (after[1].start_s, after[1].end_s) == pytest.approx((1.1, 1.8))
    assert after[4:] == before[4:]
    assert [seconds for seconds, _ in model.asked] == pytest.approx([0.0 + 0.8 + MARGIN_S, 1.8 + 2 * MARGIN_S, 1.6])


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(0, 2), st.sampled_from(["a", "b.", "?", "!"])), min_size=1, max_size=40
    )
)
def test_text_and_order_never_change(drawn: list[tuple[float, float, str]]) -> None:
    words: list[Word] = []
    for pause_s, length_s, text in drawn:
        start_s = (words[-1].end_s if words else 0.0) + pause_s
        words.append(Word(text, start_s, start_s + length_s))
    after = realigned(words, EvenAligner())
    assert [word.text for word in after] == [word.text for word in words]
    assert all(word.start_s <= word.end_s for word in after)
    assert all(one.end_s <= other.start_s for one, other in pairwise(after))


def test_times_are_found_in_the_processed_audio_and_given_in_the_recordings() -> None:
    cut = TimeMap.identity(DURATION_S).keep([(0.0, 10.0), (30.0, 60.0)])
    model = EvenAligner()
    (word,) = realigned([Word("a", 35.0, 36.0)], model, cut)
    assert (word.start_s, word.end_s) == pytest.approx((35.0 - MARGIN_S, 36.0 + MARGIN_S))


def test_another_language_is_refused() -> None:
    with pytest.raises(UsageError, match=r"found de; allowed: en\. Leave the model of the step alignment out"):
        realign(
            [Word("a", 0, 1)],
            "de",
            EvenAligner(),
            cut=silence,
            time_map=TimeMap.identity(DURATION_S),
            progress=lambda fraction: None,
        )


def test_the_step_changes_times_and_nothing_else(run_steps: RunSteps, sample_wav: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")
    without, better = (run_steps(sample_wav, *STEPS, models=models)["alignment"] for models in (WITHOUT, WITH))
    before, after = (made.read(Transcript).words for made in (without, better))
    assert [word.text for word in before] == [word.text for word in after]
    assert all(one.end_s <= other.start_s for one, other in pairwise(after))
    assert "aligned_words" not in without.summary
    counts = [better.summary[f"{kind}_words"] for kind in ("aligned", "unfitting", "unknown")]
    assert counts == [len(after), 0, 0]
    moved = sorted(abs(one.start_s - other.start_s) for one, other in zip(before, after, strict=True))
    assert moved[len(moved) // 2] == pytest.approx(better.summary["median_shift_s"], abs=0.03)
    assert better.summary["median_shift_s"] == pytest.approx(0.15, abs=0.05)
    # The reference has Sheila's "And I'm Sheila in Texas, originally from Chicago" from 14.444 to 17.769 s.
    (name,) = (word for word in after if word.text == "Sheila")
    assert (name.start_s, name.end_s) == pytest.approx((14.70, 15.27), abs=0.05)


def test_better_times_after_silence_was_trimmed_are_the_recordings(
    run_steps: RunSteps, tmp_path: Path, sample_wav: Path
) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(10 * rate, dtype=np.float32), samples[6 * rate : 16 * rate]]), rate)
    trim = {"ingest": {"operators": [{"name": "trim_silence"}]}}
    as_is, trimmed = (
        run_steps(path, *STEPS, models=WITH, parameters=asked)["alignment"].read(Transcript) for asked in ({}, trim)
    )
    assert as_is.words[0].start_s > 10.0
    assert [word.text for word in as_is.words][:5] == [word.text for word in trimmed.words][:5]
    for one, other in list(zip(as_is.words, trimmed.words, strict=False))[:5]:
        # The recogniser hears another beginning and may cut utterances elsewhere: on AVX kernels a word moved 86 ms.
        # Times that were not mapped back would be off by the ten seconds that were trimmed.
        assert one.start_s == pytest.approx(other.start_s, abs=0.15)


def test_german_fails_the_step_and_says_what_to_do(attempt_steps: AttemptSteps, data: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")
    models = {**WITH, "asr": "faster_whisper:base"}
    made = attempt_steps(data / "xx-picovoice" / "test_de.wav", *STEPS, models=models)
    assert [record.status for record in made.values()] == ["completed"] * 4 + ["failed"]
    error = made["alignment"].error or ""
    assert "found de; allowed: en. Leave the model of the step alignment out" in error


def test_silence_asks_no_model_for_times(run_steps: RunSteps, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    assert run_steps(path, *STEPS, models=WITH)["alignment"].summary["words"] == 0


def test_the_words_of_a_spontaneous_speaker_are_nearer_to_the_reference(run_steps: RunSteps, data: Path) -> None:
    """Against the Montreal aligner's times, by another model of another toolkit."""
    pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")
    folder = data / "en-mfa-spontaneous"
    lines = (folder / "acoustic_corpus.TextGrid").read_text().splitlines()
    tier = lines.index('"words"') + 4
    intervals = [lines[i : i + 3] for i in range(tier, tier + 3 * int(lines[tier - 1]), 3)]
    starts = {text.strip('"'): float(start) for start, _, text in intervals}
    once = {text for text in starts if text != '""' and sum(t == f'"{text}"' for _, _, t in intervals) == 1}
    off: dict[str, list[float]] = {}
    for kind, models in (("whisper", WITHOUT), ("forced", WITH)):
        made = run_steps(folder / "acoustic_corpus.flac", *STEPS, models=models)["alignment"]
        words = [(w.text.lower().strip(".,?!"), w.start_s) for w in made.read(Transcript).words]
        said = [text for text, _ in words]
        off[kind] = sorted(abs(at - starts[text]) for text, at in words if text in once and said.count(text) == 1)
    assert len(off["forced"]) == len(off["whisper"]) >= 20
    middle = len(off["forced"]) // 2
    assert off["forced"][middle] <= 0.03 < off["whisper"][middle]


def test_a_stretch_of_the_audio_is_that_of_the_whole(run_steps: RunSteps, sample_wav: Path) -> None:
    audio = CanonicalAudio.open(run_steps(sample_wav, "ingest")["ingest"])
    whole = audio.waveform(16_000).samples
    np.testing.assert_array_equal(audio.waveform(16_000, 6.5, 8.25).samples, whole[104_000:132_000])
    np.testing.assert_array_equal(audio.waveform(16_000, 29.0).samples, whole[464_000:])
    assert len(audio.waveform(16_000, audio.duration_s, audio.duration_s).samples) == 0
    assert audio.waveform(8_000, 6.5, 8.25).duration_s == 1.75


def test_pauses_between_estimated_words_end_no_stretch_for_nobody_knows_where_they_are() -> None:
    times = [(1.0, 1.4), (3.0, 3.4), (20.0, 20.4), (29.0, 29.4), (40.0, 40.4)]
    words = [Word(text, *span) for text, span in zip(("a", "b", "c.", "d.", "e"), times, strict=True)]
    guessed = [replace(word, estimated=True) for word in words]
    for told, stretches in (
        (words, [["a"], ["b"], ["c."], ["d."], ["e"]]),
        (guessed, [["a", "b", "c.", "d."], ["e"]]),
    ):
        model = EvenAligner()
        realigned(told, model)
        assert [asked for _, asked in model.asked] == stretches
    model = EvenAligner()
    realigned([replace(word, text="x", estimated=True) for word in words], model)
    assert [asked for _, asked in model.asked] == [["x"] * 5], "without sentences up to 45 s"


def test_a_word_that_is_aligned_has_a_measured_time_and_no_other() -> None:
    words = [Word("a", 1.0, 1.4, estimated=True), Word("?", 1.5, 1.9, estimated=True), Word("b", 2.0, 2.4)]
    assert [word.estimated for word in realigned(words, EvenAligner())] == [False, True, False]
