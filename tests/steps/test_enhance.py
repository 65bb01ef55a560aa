"""The enhance step on real recordings, through the engine."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate

from modellab.artifacts.store import Artifact
from modellab.documents import load
from modellab.media.audio import Audio, Samples
from modellab.media.canonical import CanonicalAudio
from modellab.steps.enhance import enhance_in_place, noise_floor_dbfs
from modellab.surfaces.results import SpeechSegments

RunSteps = Callable[..., dict[str, Artifact]]
MODELS = {"enhance": "rnnoise", "vad": "silero_vad"}


class Louder:
    """A model that makes everything twice as loud, at once."""

    def stream(self) -> "Louder":
        return self

    def push(self, samples: Samples) -> Samples:
        return 2 * samples

    def finish(self) -> Samples:
        return np.zeros(0, dtype=np.float32)


@pytest.fixture
def noisy(sample_wav: Path, tmp_path: Path) -> Path:
    """4 s of speech in noise, stereo at 44.1 kHz: the right channel is the left one, half as loud and later."""
    import soxr

    samples, rate = soundfile.read(sample_wav, dtype="float32", start=7 * 16_000, stop=11 * 16_000)
    left = soxr.resample(samples, rate, 44_100) * 0.5
    left += np.random.default_rng(0).normal(0, 0.02, len(left))
    path = tmp_path / "noisy.wav"
    soundfile.write(path, np.stack([left, np.roll(left, 4_410) / 2], axis=1), 44_100)
    return path


def read(artifact: Artifact) -> Audio:
    audio = CanonicalAudio.open(artifact)
    return audio.channels_at(audio.info.sample_rate_hz)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000, None])
def test_length_rate_and_place_in_time_are_kept(run_steps: RunSteps, noisy: Path, rate_hz: int | None) -> None:
    done = run_steps(noisy, "ingest", "enhance", models=MODELS, parameters={"ingest": {"sample_rate_hz": rate_hz}})
    before, after = read(done["ingest"]), read(done["enhance"])
    assert after.sample_rate_hz == before.sample_rate_hz == (rate_hz or 44_100)
    assert after.samples.shape == before.samples.shape
    correlation = correlate(after.samples[0], before.samples[0], mode="full", method="fft")
    assert int(correlation.argmax()) - (before.samples.shape[1] - 1) == 0
    summary = done["enhance"].summary
    assert summary["noise_floor_after_dbfs"] < summary["noise_floor_before_dbfs"] - 10
    assert summary["noise_floor_before_dbfs"] == pytest.approx(noise_floor_dbfs(before), abs=0.01)


def test_every_channel_is_enhanced_by_itself(run_steps: RunSteps, noisy: Path) -> None:
    kept = {"ingest": {"channels": "keep", "sample_rate_hz": 48_000}}
    done = run_steps(noisy, "ingest", "enhance", models=MODELS, parameters=kept)
    before, after = read(done["ingest"]), read(done["enhance"])
    for channel in range(2):
        alone = Audio(before.samples[channel : channel + 1].copy(), 48_000)
        enhance_in_place(alone, rnnoise(), 48_000)
        # What the file adds is its rounding to 16 bits.
        assert np.abs(after.samples[channel] - alone.samples[0]).max() < 2**-15


def rnnoise() -> Any:
    from models.rnnoise.adapter import RNNoise

    return RNNoise()


def test_vad_reads_the_enhanced_audio_and_times_stay_the_recordings(
    run_steps: RunSteps, noisy: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(noisy, dtype="float32", always_2d=True)
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros((10 * rate, 2), np.float32), samples]), rate)
    trimmed = {"ingest": {"operators": [{"name": "trim_silence"}]}}
    done = run_steps(path, "ingest", "enhance", "vad", models=MODELS, parameters=trimmed)
    assert done["vad"].manifest["identity"]["reads"] == {"audio": done["enhance"].fingerprint}
    audio = CanonicalAudio.open(done["enhance"])
    assert audio.duration_s == pytest.approx(5.0, abs=0.1)
    assert audio.original_duration_s == pytest.approx(14.0)
    assert [operator.name for operator in audio.info.operators] == ["trim_silence", "enhance"]
    speech = load(SpeechSegments, done["vad"].file("speech.json"))
    assert 10 <= speech.segments[0].start_s < 12


def test_a_limit_keeps_that_much_of_the_noise() -> None:
    noise = np.random.default_rng(2).normal(0, 0.05, 96_000).astype(np.float32)
    audio = Audio(noise[np.newaxis].copy(), 48_000)
    enhance_in_place(audio, rnnoise(), 48_000, max_attenuation_db=12)
    later = slice(48_000, None)
    change_db = 20 * np.log10(audio.samples[0, later].std() / noise[later].std())
    assert change_db == pytest.approx(-12, abs=1)


def test_what_goes_beyond_full_scale_is_turned_down_not_clipped(
    run_steps: RunSteps, sample_wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.rnnoise.adapter.RNNoise.stream", lambda self: Louder())
    parameters = {"ingest": {"sample_rate_hz": 48_000, "normalize_loudness": True}}
    done = run_steps(sample_wav, "ingest", "enhance", models=MODELS, parameters=parameters)
    before, after = read(done["ingest"]), read(done["enhance"])
    info = CanonicalAudio.open(done["enhance"]).info
    assert np.abs(before.samples).max() > 0.5
    assert np.abs(after.samples).max() == pytest.approx(1.0, abs=1e-4)
    assert info.attenuation_db == pytest.approx(20 * np.log10(2 * np.abs(before.samples).max()), abs=0.01)
    np.testing.assert_allclose(after.samples * 10 ** (info.attenuation_db / 20), 2 * before.samples, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 96_000, 176_400])
@pytest.mark.parametrize("length", [1, 2, 1_001, 70_003])
def test_any_rate_and_length_come_back_whole(rate_hz: int, length: int) -> None:
    times = np.arange(length) / rate_hz
    samples = (0.25 * np.sin(2 * np.pi * 200 * times)).astype(np.float32)
    audio = Audio(samples[np.newaxis].copy(), rate_hz)
    seen: list[float] = []
    enhance_in_place(audio, Louder(), 48_000, progress=seen.append)
    assert audio.samples.shape == (1, length)
    assert seen == sorted(seen) and 0.99 < seen[-1] <= 1.0
    if length > 2_000:
        inside = slice(500, -500)
        np.testing.assert_allclose(audio.samples[0, inside], 2 * samples[inside], atol=1e-3)


def test_memory_holds_the_recording_once() -> None:
    audio = Audio(np.zeros((1, 44_100 * 120), np.float32), 44_100)
    tracemalloc.start()
    try:
        enhance_in_place(audio, Louder(), 48_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.2 * audio.samples.nbytes


def test_the_noise_floor_is_that_of_the_quietest_tenth() -> None:
    loud = np.full(45, 0.5, dtype=np.float32)
    quiet = np.full(15, 0.01, dtype=np.float32)
    samples = np.repeat(np.concatenate([loud, quiet]), 320)
    assert noise_floor_dbfs(Audio(samples[np.newaxis], 16_000)) == -40.0
    assert noise_floor_dbfs(Audio(np.zeros((1, 320), np.float32), 16_000)) == pytest.approx(-86.79)
