import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from modellab.bundle.audio import copy_mp3, is_small_mp3, write_audio
from modellab.media.decode import MediaReader, decode


def write_mp3(path: Path, bit_rate: int, quality: str | None = None, **tags: str) -> Path:
    """Two seconds of noise and a tone as MP3, as others write it."""
    generator = np.random.default_rng(0)
    samples = 0.2 * np.sin(np.arange(48_000) / 9) + generator.normal(0, 0.1, 48_000) * (np.arange(48_000) > 24_000)
    with av.open(str(path), "w", format="mp3", options={"write_id3v1": "1"}) as container:
        container.metadata.update(tags)
        stream = container.add_stream("libmp3lame", rate=24_000, options={"flags": "+qscale"} if quality else {})
        stream.layout = "mono"
        if quality:
            stream.codec_context.global_quality = int(quality) * 118
        else:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = 24_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_an_mp3_is_copied_sample_for_sample_without_its_tags(tmp_path: Path) -> None:
    source = write_mp3(tmp_path / "in.mp3", 48_000, title="Dismissals", comment="not for the others " * 40)
    content = source.read_bytes()
    assert content.startswith(b"ID3") and b"Dismissals" in content[-128:]
    assert is_small_mp3(source)
    copy_mp3(source, tmp_path / "out.mp3")
    copied = (tmp_path / "out.mp3").read_bytes()
    assert b"Dismissals" not in copied and b"not for" not in copied and b"ID3" not in copied and b"TAG" not in copied
    assert np.array_equal(decode(tmp_path / "out.mp3").samples, decode(source).samples)


def test_an_mp3_without_tags_is_copied_byte_for_byte(tmp_path: Path) -> None:
    copy_mp3(write_mp3(tmp_path / "in.mp3", 48_000, title="x"), tmp_path / "once.mp3")
    assert is_small_mp3(tmp_path / "once.mp3")
    copy_mp3(tmp_path / "once.mp3", tmp_path / "twice.mp3")
    assert (tmp_path / "once.mp3").read_bytes() == (tmp_path / "twice.mp3").read_bytes()


def test_a_high_or_changing_bit_rate_is_not_small(tmp_path: Path) -> None:
    assert is_small_mp3(write_mp3(tmp_path / "64.mp3", 64_000))
    assert not is_small_mp3(write_mp3(tmp_path / "96.mp3", 96_000))
    assert not is_small_mp3(write_mp3(tmp_path / "changing.mp3", 0, quality="9"))


def test_a_picture_in_the_tags_is_not_sound(tmp_path: Path) -> None:
    sound = write_mp3(tmp_path / "in.mp3", 48_000)
    copy_mp3(sound, tmp_path / "bare.mp3")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    content = b"\0image/png\0\x03\0" + picture.getvalue()
    frame = b"APIC" + len(content).to_bytes(4, "big") + b"\0\0" + content
    assert len(frame) < 128, "one byte of size, of seven bits"
    header = b"ID3\x03\0\0\0\0\0" + bytes([len(frame)])
    (tmp_path / "cover.mp3").write_bytes(header + frame + (tmp_path / "bare.mp3").read_bytes())
    assert not is_small_mp3(tmp_path / "cover.mp3")
    copy_mp3(tmp_path / "cover.mp3", tmp_path / "again.mp3")
    assert (tmp_path / "again.mp3").read_bytes() == (tmp_path / "bare.mp3").read_bytes()


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
