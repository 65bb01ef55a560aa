"""What counts as inference: the model alone. A clock of our own goes on only where somebody says so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.media.audio import KeptPiece, Samples, TimeMap
from modellab.pipeline.record import StepRecord
from modellab.speech.forced_alignment import realign
from modellab.steps.timed import Stopwatch, TimedModel
from modellab.surfaces.contracts import Waveform
from modellab.surfaces.results import Segment, Word

from .conftest import Clock

ATTEMPT = Callable[..., dict[str, StepRecord]]


class Enhancer:
    """Two seconds for each push and three for the end."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def stream(self) -> "Enhancer":
        return self

    def push(self, samples: Samples) -> Samples:
        self.clock.work(2.0)
        return samples

    def finish(self) -> Samples:
        self.clock.work(3.0)
        return np.zeros(0, np.float32)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (16_000, 1)), 16_000)
    return path


def test_enhancing_counts_what_goes_through_the_model_and_no_resampling(
    clock: Clock, attempt_steps: ATTEMPT, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.rnnoise.adapter.load", lambda request: Enhancer(clock))
    records = attempt_steps(song, "ingest", "enhance", models={"enhance": "rnnoise"})
    # One block of a second, and the resampler's rest; then the stream's end.
    assert (records["enhance"].status, records["enhance"].inference_s) == ("completed", 2.0 + 2.0 + 3.0)
    assert (records["ingest"].inference_s, records["ingest"].first_inference) == (0.0, None)


def test_aligning_counts_the_model_and_no_reading(clock: Clock) -> None:
    class Aligner:
        languages = ("en",)

        def knows(self, word: str) -> bool:
            clock.work(0.5)
            return True

        def align(self, audio: Waveform, words: list[str]) -> list[Segment]:
            clock.work(4.0)
            return [Segment(0.1, 0.2) for _ in words]

    def cut(start_s: float, end_s: float) -> Waveform:
        clock.work(100.0)
        return Waveform(np.zeros(160, np.float32), 16_000)

    spent: list[float] = []
    words = [Word("yes", 0.0, 0.5), Word("no", 5.0, 5.5)]
    realign(
        words,
        "en",
        TimedModel(Aligner(), Stopwatch(spent.append)),
        cut=cut,
        time_map=TimeMap((KeptPiece(0.0, 0.0, 10.0),), 10.0),
        progress=lambda share: clock.work(100.0),
    )
    assert sum(spent) == 2 * 0.5 + 2 * 4.0


def test_a_call_within_a_call_counts_once_and_one_that_fails_counts(clock: Clock) -> None:
    spent: list[float] = []
    watch = Stopwatch(spent.append)
    with pytest.raises(RuntimeError), watch:
        clock.work(1.0)
        with watch:
            clock.work(2.0)
        clock.work(4.0)
        raise RuntimeError
    assert spent == [7.0]
