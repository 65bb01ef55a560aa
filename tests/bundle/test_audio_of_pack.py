from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.bundle.audio import write_audio
from modellab.media.decode import MediaReader, decode


def encode(source: Path, target: Path, weights: list[float]) -> None:
    with MediaReader(source) as reader:
        write_audio(target, reader, weights)


def test_the_recording_keeps_its_length_and_its_timing(sample_wav: Path, tmp_path: Path) -> None:
    encode(sample_wav, tmp_path / "audio.mp3", [1.0])
    original, packed = decode(sample_wav).mono, decode(tmp_path / "audio.mp3").mono
    assert abs(len(packed) - len(original)) <= 1152  # one MP3 frame, for players that do not read the gapless tag
    length = min(len(packed), len(original))
    spectrum = np.fft.rfft(original[:length], 2 * length) * np.conj(np.fft.rfft(packed[:length], 2 * length))
    delay = int(np.argmax(np.fft.irfft(spectrum)))
    assert min(delay, 2 * length - delay) <= 16  # 1 ms
    assert np.corrcoef(original[:length], packed[:length])[0, 1] > 0.97
    assert (tmp_path / "audio.mp3").stat().st_size < 30.5 * 5_000


def test_the_same_recording_gives_the_same_bytes(sample_wav: Path, tmp_path: Path) -> None:
    encode(sample_wav, tmp_path / "one.mp3", [1.0])
    encode(sample_wav, tmp_path / "two.mp3", [1.0])
    assert (tmp_path / "one.mp3").read_bytes() == (tmp_path / "two.mp3").read_bytes()


def test_channels_are_mixed_with_their_weights_and_never_wrap_around(tmp_path: Path) -> None:
    time_s = np.arange(48_000) / 48_000
    left, right = 0.9 * np.sin(2 * np.pi * 440 * time_s), 0.5 * np.sin(2 * np.pi * 1000 * time_s)
    soundfile.write(tmp_path / "in.wav", np.stack([left, right], 1), 48_000, subtype="FLOAT")
    encode(tmp_path / "in.wav", tmp_path / "left.mp3", [1.0, 0.0])
    packed = decode(tmp_path / "left.mp3")
    heard = packed.mono[2400:-2400]
    loudest = np.argmax(np.abs(np.fft.rfft(heard))) * packed.sample_rate_hz / len(heard)
    assert abs(loudest - 440) < 2
    encode(tmp_path / "in.wav", tmp_path / "loud.mp3", [4.0, 0.0])
    loud = decode(tmp_path / "loud.mp3").mono[2400:-2400]
    assert np.abs(np.diff(loud)).max() < 0.6  # a sample that wraps around jumps by 2


def test_ten_milliseconds(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros(160), 16_000)
    encode(tmp_path / "in.wav", tmp_path / "out.mp3", [1.0])
    assert decode(tmp_path / "out.mp3").duration_s < 0.2


@pytest.mark.parametrize(
    ("source_hz", "packed_hz"), [(8_000, 16_000), (16_000, 16_000), (22_050, 24_000), (44_100, 24_000)]
)
def test_the_rate_follows_what_the_recording_holds(source_hz: int, packed_hz: int, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros(source_hz), source_hz)
    encode(tmp_path / "in.wav", tmp_path / "out.mp3", [1.0])
    packed = decode(tmp_path / "out.mp3")
    assert (packed.sample_rate_hz, packed.channels) == (packed_hz, 1)
    assert packed.duration_s == pytest.approx(1.0, abs=0.08)
