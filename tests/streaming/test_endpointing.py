"""Where segments end, over real speech: against the pauses that are known, and those found in the whole recording."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from modellab.media.audio import Audio, Samples, Waveform
from modellab.media.decode import decode
from modellab.media.resampling import resample
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab, Settings
from modellab.streaming.detection import EnergyDetector, VadDetector
from modellab.streaming.endpointing import SILENCE_S, Endpointer, PauseEndpointer, TurnEndpointer
from modellab.surfaces.contracts import VadModel, untold

RATE = 16_000
FRAME = RATE // 50
SPOKEN = PROJECT_ROOT / "datasets" / "media" / "asr"


@pytest.fixture(scope="module")
def silero(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VadModel]:
    registry = ModelRegistry()
    home = tmp_path_factory.mktemp("home")
    with Models(Lab(Settings(_env_file=None, home=home, offline=True)), registry) as models:
        yield models.acquire(registry.resolve("silero_vad")[1]).model


@pytest.fixture(scope="module")
def spoken() -> tuple[Samples, list[float]]:
    """Three voices, each a sentence and two seconds of almost nothing; and where their speech ends."""
    noise = np.random.default_rng(1)
    parts, ends, length = [], [], 0
    for name in ("alpha-names", "slt-dates", "joe-meeting"):
        speech = decode(SPOKEN / f"{name}.flac", sample_rate_hz=RATE).mono
        last = int(np.flatnonzero(np.abs(speech) > 0.02)[-1])
        ends.append((length + last) / RATE)
        parts += [speech, noise.normal(0, 3e-4, 2 * RATE).astype(np.float32)]
        length += len(speech) + 2 * RATE
    return np.concatenate(parts), ends


def ends_of(endpointer: Endpointer, samples: Samples, frame: int = FRAME) -> list[tuple[float, float]]:
    """Each time that a segment is over: when, and where its speech is said to have ended."""
    found = []
    for start in range(0, len(samples) - frame + 1, frame):
        if endpointer.push(samples[start : start + frame]):
            assert endpointer.spoken_until_s is not None
            found.append(((start + frame) / (frame * 50), endpointer.spoken_until_s))
            endpointer.begin()
            assert endpointer.spoken_until_s is None
    return found


def test_loudness_finds_the_pauses(spoken: tuple[Samples, list[float]]) -> None:
    samples, ends = spoken
    found = ends_of(PauseEndpointer(EnergyDetector(RATE), "energy"), samples)
    assert [said for _, said in found] == pytest.approx(ends, abs=0.15)
    assert [over - said for over, said in found] == pytest.approx([SILENCE_S] * 3, abs=0.021)


@pytest.mark.parametrize("rate_hz", [RATE, 8_000])
def test_a_model_finds_the_pauses_at_any_rate(
    silero: VadModel, spoken: tuple[Samples, list[float]], rate_hz: int
) -> None:
    samples, ends = spoken
    heard = resample(Audio(samples[None], RATE), rate_hz).mono
    found = ends_of(PauseEndpointer(VadDetector(silero, RATE, rate_hz), "silero"), heard, rate_hz // 50)
    assert [said for _, said in found] == pytest.approx(ends, abs=0.3)
    assert all(SILENCE_S <= over - said < SILENCE_S + 0.021 for over, said in found)


def test_live_pauses_are_those_of_the_whole_recording(silero: VadModel, spoken: tuple[Samples, list[float]]) -> None:
    samples, _ = spoken
    parameters = {"threshold": 0.5, "min_speech_ms": 100, "min_silence_ms": 100, "speech_pad_ms": 0}
    segments = silero.detect(Waveform(samples, RATE), parameters, untold).segments
    pauses = [
        one.end_s
        for one, after in zip(segments, [*(s.start_s for s in segments[1:]), len(samples) / RATE], strict=True)
        if after - one.end_s >= 0.4  # shorter ones are too near to the limit
    ]
    endpointer = PauseEndpointer(VadDetector(silero, RATE, RATE), "silero", silence_s=0.25)
    found = [said for _, said in ends_of(endpointer, samples)]
    assert len(pauses) >= 3
    for pause in pauses:
        assert min(abs(pause - said) for said in found) < 0.1


@pytest.mark.parametrize("loud", [0.0, 1e-4])
def test_nobody_speaks_in_silence(silero: VadModel, loud: float) -> None:
    quiet = np.random.default_rng(2).normal(0, 1, 10 * RATE).astype(np.float32) * np.float32(loud)
    for detector in (EnergyDetector(RATE), VadDetector(silero, RATE, RATE)):
        endpointer = PauseEndpointer(detector, "energy")
        assert ends_of(endpointer, quiet) == []
        assert (endpointer.spoken_until_s, detector.heard_s) == (None, 10.0)


def test_steady_noise_is_taken_for_silence_after_a_while(spoken: tuple[Samples, list[float]]) -> None:
    samples, ends = spoken
    noisy = samples + np.random.default_rng(3).normal(0, 0.006, len(samples)).astype(np.float32)  # -44 dBFS
    found = ends_of(PauseEndpointer(EnergyDetector(RATE), "energy"), noisy)
    assert [said for _, said in found] == pytest.approx(ends, abs=0.6)


class _Listening:
    """Says how much it was given, and whether the turn is over as it is told to."""

    window_s = 1.0

    def __init__(self, *says: float) -> None:
        self._says, self.given = list(says), list[float]()

    def end_of_turn(self, heard: Waveform) -> float:
        self.given.append(heard.duration_s)
        return self._says.pop(0)


def _burst(seconds: float) -> Samples:
    return np.random.default_rng(4).normal(0, 0.2, round(seconds * RATE)).astype(np.float32)


def _quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def test_a_turn_is_over_when_the_model_says_so_at_a_pause_or_after_a_long_silence() -> None:
    model = _Listening(0.2, 0.5, 0.1)
    endpointer = TurnEndpointer(EnergyDetector(RATE), model, RATE)
    samples = np.concatenate([_burst(0.4), _quiet(1.0), _burst(0.4), _quiet(1.0), _burst(0.4), _quiet(3.0)])
    found = ends_of(endpointer, samples)
    assert [over for over, _ in found] == pytest.approx([2.0, 5.2], abs=0.021)
    assert [said for _, said in found] == pytest.approx([1.8, 3.2])
    # Asked once at each pause, of no more than the window, and of the last segment from its beginning.
    assert model.given == pytest.approx([0.6, 1.0, 1.0], abs=0.021)


def test_smart_turn_hears_that_a_sentence_is_over(silero: VadModel, tmp_path: Path) -> None:
    if find_spec("pipecat") is None:
        pytest.skip("pip install --no-deps pipecat-ai==1.14.0")
    registry = ModelRegistry()
    speech = decode(SPOKEN / "alpha-names.flac", sample_rate_hz=RATE).mono
    with Models(Lab(Settings(_env_file=None, home=tmp_path, offline=True)), registry) as models:
        model = models.acquire(registry.resolve("smart_turn")[1]).model
        endpointer = TurnEndpointer(VadDetector(silero, RATE, RATE), model, RATE)
        found = ends_of(endpointer, np.concatenate([speech, _quiet(3.0)]))
    over, said = found[-1]
    assert over - said < SILENCE_S  # sooner than by a pause alone
