"""A stretch of sound as an MP3 in memory, as reports hold it; and where it comes from in its recording."""

import base64
import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from modellab.evaluation.report.clips import CLIP_S, clip
from modellab.inputs.store import InputStore
from modellab.settings import Lab


def decoded(file: bytes) -> tuple[np.ndarray, int]:
    with av.open(io.BytesIO(file)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(frames), container.streams.audio[0].rate


def pitch(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


@pytest.fixture
def steps_of_pitch(tmp_path: Path) -> Path:
    """Forty seconds in stereo at 48 kHz; second n sounds at 300 + 50 n Hz, on the left only."""
    seconds = [0.3 * np.sin(2 * np.pi * (300 + 50 * n) * np.arange(48_000) / 48_000) for n in range(40)]
    left = np.concatenate(seconds)
    soundfile.write(tmp_path / "steps.wav", np.stack([left, np.zeros_like(left)], axis=1), 48_000)
    return tmp_path / "steps.wav"


@pytest.mark.parametrize(("around_s", "start_s"), [(None, 0.0), (2.0, 0.0), (25.0, 15.0), (39.0, 20.0)])
def test_a_clip_is_that_stretch_and_no_more(
    lab: Lab, steps_of_pitch: Path, around_s: float | None, start_s: float
) -> None:
    found = clip(InputStore(lab).register(steps_of_pitch), around_s)
    assert (found.start_s, found.end_s) == (start_s, start_s + CLIP_S)
    kind, _, data = found.source.partition(",")
    assert kind == "data:audio/mpeg;base64"
    file = base64.b64decode(data)
    assert len(file) < 125_000
    samples, rate_hz = decoded(file)
    assert rate_hz == 24_000
    assert len(samples) / rate_hz == pytest.approx(CLIP_S, abs=0.1)
    for second in (1, 10, 18):
        middle = samples[int((second + 0.2) * rate_hz) : int((second + 0.8) * rate_hz)]
        assert pitch(middle, rate_hz) == pytest.approx(300 + 50 * (start_s + second), abs=5)
        assert np.abs(middle).max() == pytest.approx(0.3, rel=0.1)


def test_a_short_recording_is_there_whole(lab: Lab, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", 0.1 * np.ones(12_000), 8_000)
    found = clip(InputStore(lab).register(tmp_path / "short.wav"), 1.0)
    assert (found.start_s, found.end_s) == (0.0, 1.5)
    samples, rate_hz = decoded(base64.b64decode(found.source.partition(",")[2]))
    assert rate_hz == 16_000 and len(samples) / rate_hz == pytest.approx(1.5, abs=0.1)
