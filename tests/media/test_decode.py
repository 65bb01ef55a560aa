import os
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from modellab.errors import InputRefused
from modellab.media.audio import Samples
from modellab.media.decode import MediaReader, decode, probe, resampled

Tone = Callable[..., Samples]
Encode = Callable[..., Path]


def read(path: Path) -> tuple[Samples, MediaReader]:
    with MediaReader(path) as reader:
        return np.concatenate(list(reader.blocks()), axis=1), reader


@pytest.mark.parametrize(
    ("suffix", "subtype", "step"),
    [
        ("wav", "PCM_U8", 1 / 127),
        ("wav", "PCM_16", 1 / 32767),
        ("wav", "PCM_24", 1e-6),
        ("wav", "PCM_32", 1e-7),
        ("wav", "FLOAT", 0.0),
        ("wav", "DOUBLE", 0.0),
        ("flac", "PCM_16", 1 / 32767),
        ("aiff", "PCM_24", 1e-6),
    ],
)
def test_lossless_formats_give_the_samples(tmp_path: Path, tone: Tone, suffix: str, subtype: str, step: float) -> None:
    samples = np.stack([tone(5.0), tone(5.0, hz=300.0, amplitude=0.25)])
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, samples.T, 16_000, subtype=subtype)
    audio = decode(path)
    assert audio.sample_rate_hz == 16_000 and audio.samples.dtype == np.float32
    assert audio.samples.shape == samples.shape
    assert np.abs(audio.samples - samples).max() <= step


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW"])
def test_telephone_codecs(tmp_path: Path, tone: Tone, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0, 8_000), 8_000, subtype=subtype)
    audio = decode(path, sample_rate_hz=16_000)
    assert audio.samples.shape == (1, 16_000)
    assert np.abs(audio.samples[0, 100:-100] - tone(1.0)[100:-100]).max() < 0.03


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mp3", "libmp3lame"), ("a.mkv", "flac")])
def test_lossy_and_container_formats(encode: Encode, tone: Tone, name: str, codec: str) -> None:
    audio = decode(encode(name, [tone(2.0)[np.newaxis]], codec=codec))
    assert audio.duration_s == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(audio.samples[0, :16_000]))
    assert int(spectrum.argmax()) == 440
    assert audio.samples[0, 8_000:24_000].std() == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_probe_says_what_a_file_is(encode: Encode, tone: Tone) -> None:
    info = probe(encode("a.mka", [tone(1.0)[np.newaxis], tone(1.0)[np.newaxis]], codec="flac"))
    assert (info.format, info.sample_rate_hz, info.channels) == ("matroska/flac", 16_000, 1)
    assert (info.audio_streams, info.has_video, info.layout) == (2, False, ("FC",))
    assert info.stated_duration_s == pytest.approx(1.0, abs=0.01)


def test_the_content_counts_and_not_the_name(tmp_path: Path, encode: Encode, tone: Tone) -> None:
    path = encode("a.mp3", [tone(1.0)[np.newaxis]], codec="libmp3lame").rename(tmp_path / "a.wav")
    assert probe(path).container == "mp3"


def test_the_asked_stream_is_decoded(encode: Encode, tone: Tone) -> None:
    path = encode("a.mka", [tone(1.0)[np.newaxis], tone(1.0, hz=1_000.0)[np.newaxis]], codec="flac")
    peaks = [int(np.abs(np.fft.rfft(decode(path, audio_stream=k).samples[0])).argmax()) for k in (0, 1)]
    assert peaks == [440, 1_000]
    with pytest.raises(InputRefused, match=r"no audio stream 2; found 2 audio streams; allowed: 0 to 1"):
        decode(path, audio_stream=2)


def test_missing_packets_become_silence_of_their_length(encode: Encode, tone: Tone) -> None:
    whole = tone(10.0)
    path = encode("a.mka", [whole[np.newaxis]], codec="pcm_s16le", cut=(48_000, 80_000))
    samples, reader = read(path)
    assert reader.report.filled_gaps == 1
    assert reader.report.filled_s == pytest.approx(2.0, abs=0.2)
    assert samples.shape == (1, 160_000)
    assert np.abs(samples[0, 90_000:] - whole[90_000:]).max() < 1e-3
    assert not samples[0, 54_000:74_000].any()
    assert reader.warnings() == [f"1 gap, {reader.report.filled_s:.2f} s in all, was filled with silence"]


def test_a_stream_that_begins_later_than_the_recording_keeps_its_time(encode: Encode, tone: Tone) -> None:
    both = [tone(3.0)[np.newaxis], tone(1.0)[np.newaxis]]
    path = encode("a.mka", both, codec="pcm_s16le", first_pts=(0, 24_000))
    late = decode(path, audio_stream=1)
    assert late.samples.shape == (1, 40_000)
    assert not late.samples[0, :24_000].any()
    assert np.abs(late.samples[0, 24_000:] - tone(1.0)).max() < 1e-3


def test_a_recording_does_not_begin_with_its_container_clock(encode: Encode, tone: Tone) -> None:
    path = encode("a.mka", [tone(1.0)[np.newaxis]], codec="pcm_s16le", first_pts=(160_000,))
    assert decode(path).samples.shape == (1, 16_000)


def test_a_stream_that_changes_channels_and_rate_keeps_those_it_began_with(tmp_path: Path, tone: Tone) -> None:
    joined = b""
    for rate_hz, layout in ((16_000, "mono"), (32_000, "stereo")):
        part = tmp_path / f"{layout}.aac"
        samples = np.tile(tone(1.0, rate_hz), (1 if layout == "mono" else 2, 1))
        with av.open(part, "w", format="adts") as container:
            stream = container.add_stream("aac", rate=rate_hz, layout=layout)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
        joined += part.read_bytes()
    path = tmp_path / "joined.aac"
    path.write_bytes(joined)
    audio = decode(path)
    assert (audio.sample_rate_hz, audio.channels) == (16_000, 1)
    assert audio.duration_s == pytest.approx(2.0, abs=0.2)
    assert int(np.abs(np.fft.rfft(audio.samples[0, -16_000:])).argmax()) in range(436, 445)


def test_what_is_no_number_becomes_zero_and_is_counted(tmp_path: Path, tone: Tone) -> None:
    samples = tone(1.0)
    samples[[9, 10, 11, 12]] = [-1e30, np.nan, np.inf, -np.inf]
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    decoded, reader = read(path)
    assert reader.report.non_finite_samples == 4
    assert not decoded[0, 9:13].any() and np.isfinite(decoded).all()
    assert np.array_equal(decoded[0, 13:], samples[13:])
    assert reader.warnings() == ["4 samples were not numbers and were set to 0"]


def test_full_scale_is_counted(tmp_path: Path) -> None:
    samples = np.array([0.0, 0.998, 1.0, -1.0, 1.7], dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    decoded, reader = read(tmp_path / "a.wav")
    assert np.array_equal(decoded[0], samples)
    assert reader.report.full_scale_samples == 3


def test_a_wav_that_was_cut_off_gives_what_is_there(tmp_path: Path, tone: Tone) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(2.0), 16_000, subtype="PCM_16")
    os.truncate(path, 44 + 32_000)
    samples, reader = read(path)
    assert samples.shape == (1, 16_000)
    assert reader.warnings() == ["the file is cut off: 32,000 bytes fewer than its header promises"]


def test_resampling_and_mixing_on_the_way(tmp_path: Path, tone: Tone) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone(4.0, 48_000), np.zeros(192_000)], axis=1), 48_000, subtype="FLOAT")
    with MediaReader(path) as reader:
        weights = np.array([1.0, 0.0], dtype=np.float32)
        samples = np.concatenate(list(resampled(reader, 16_000, weights)), axis=1)
    assert samples.shape == (1, 64_000)
    assert np.abs(samples[0, 200:-200] - tone(4.0)[200:-200]).max() < 1e-4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"is empty; found 0 bytes"),
        (b"Just some words.\n" * 20, r"not audio or video .*; found text"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", r"found a broken WAV header"),
        (bytes(range(256)) * 40, r"found unknown bytes"),
    ],
)
def test_what_is_no_media_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputRefused, match=rf"^a\.wav .*{reason}"):
        probe(path)


def test_missing_folder_device_and_headerless_audio_are_refused(tmp_path: Path, tone: Tone) -> None:
    with pytest.raises(InputRefused, match=r"gone\.wav does not exist"):
        probe(tmp_path / "gone.wav")
    with pytest.raises(InputRefused, match=r"is a folder; allowed: a file"):
        probe(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(InputRefused, match=r"pipe\.wav is not a regular file"):
        probe(tmp_path / "pipe.wav")
    (tmp_path / "a.raw").write_bytes((tone(1.0) * 32767).astype("<i2").tobytes())
    with pytest.raises(InputRefused, match=r"Headerless \(raw\) audio must be given a header"):
        probe(tmp_path / "a.raw")


def test_a_header_without_samples_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16_000)
    with pytest.raises(InputRefused, match=r"holds no audio that can be decoded; found 0 samples"):
        probe(tmp_path / "a.wav")


def test_an_impossible_rate_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 1)
    with pytest.raises(InputRefused, match=r"found 1 Hz; allowed: 1000 to 2000000 Hz"):
        probe(tmp_path / "a.wav")


def test_a_script_that_names_other_files_can_not_read_them(tmp_path: Path, tone: Tone) -> None:
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, tone(1.0), 16_000)
    script = tmp_path / "innocent.wav"
    script.write_text("ffconcat version 1.0\nfile secret.wav\n")
    with av.open(script) as opened:
        assert opened.format.name == "concat", "libav left alone does follow the script"
    with pytest.raises(InputRefused, match="found text"):
        probe(script)


def test_libav_keeps_quiet(tmp_path: Path, encode: Encode, tone: Tone, capfd: pytest.CaptureFixture[str]) -> None:
    path = encode("a.mp3", [tone(2.0)[np.newaxis]], codec="libmp3lame")
    damaged = bytearray(path.read_bytes())
    damaged[3_000:4_500] = bytes(1_500)
    path.write_bytes(damaged)
    _, reader = read(path)
    assert reader.warnings()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("channels", [2, 9, 16])
def test_many_channels_stay_in_order(tmp_path: Path, channels: int) -> None:
    samples = np.arange(channels, dtype=np.float32)[:, np.newaxis] / 100 + np.zeros((1, 100_000), np.float32)
    soundfile.write(tmp_path / "a.wav", samples.T, 16_000, subtype="FLOAT")
    assert np.array_equal(decode(tmp_path / "a.wav").samples, samples)
