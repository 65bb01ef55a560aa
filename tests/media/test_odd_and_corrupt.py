"""Every row of the collection of odd and corrupt files, and the formats around it."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from modellab.errors import InputRefused
from modellab.media.decode import MediaReader, decode
from modellab.media.mixing import ChannelPowers, choose_mix

pytestmark = pytest.mark.realdata


@dataclass(frozen=True, slots=True)
class Decodes:
    """What a file has to give: samples per channel at its own rate, channels, and beginnings of its warnings."""

    samples: int
    channels: int = 1
    warnings: tuple[str, ...] = ()


REFUSED = {
    "zero_length.wav": "is empty; found 0 bytes",
    "mono.empty.wav": "is empty; found 0 bytes",
    "header_only.wav": "holds no audio that can be decoded; found 0 samples",
    "mono.zero.wav": "holds no audio that can be decoded; found 0 samples",
    "null.wav": "holds no audio that can be decoded; found 0 samples",
    "truncated_header.wav": "found a broken WAV header",
    "mono.invalid.wav": "found a broken WAV header",
    "bad.wav": "found a broken WAV header",
    "evil.wav": "found a broken WAV header",
    "text_renamed.wav": "not audio or video in a format that can be decoded; found text",
    "png_renamed.mp3": "has no audio stream; found png_pipe with video",
    "random_bytes.flac": "not audio or video in a format that can be decoded; found unknown bytes",
}
CUT, SHORT, GAP, DAMAGED = "the file is cut off", "the file states a length", "1 gap, ", "damaged packet"
DECODED = {
    "truncated_data.wav": Decodes(26_145, warnings=(CUT,)),
    "wav_size_zero_stream.wav": Decodes(78_480),
    "mp3_named.wav": Decodes(397_487, 2),
    "truncated.mp3": Decodes(198_191, 2, (SHORT,)),
    "corrupt_middle.mp3": Decodes(375_599, 2, (DAMAGED, SHORT, GAP)),
    "truncated.flac": Decodes(32_768, 1, (DAMAGED, SHORT)),
    "flac_bad_middle.flac": Decodes(78_480, 1, (GAP,)),
    "nan_inf_float.wav": Decodes(78_480, 1, ("32 samples were not numbers",)),
    "float_over_full_scale.wav": Decodes(78_480),
    "clipped.wav": Decodes(78_480),
    "dc_offset.wav": Decodes(78_480),
    "very_quiet.wav": Decodes(78_480),
    "one_sample.wav": Decodes(1),
    "ten_ms.wav": Decodes(160),
    "stereo_opposite_phase.wav": Decodes(78_480, 2),
    "stereo_one_silent.wav": Decodes(78_480, 2),
    "six_channels.wav": Decodes(40_000, 6),
    "u8.wav": Decodes(78_480),
    "float64.wav": Decodes(30_000),
    "odd_rate_11025.wav": Decodes(20_000),
    "awful.wav": Decodes(441),
}


def test_every_row_is_covered(data: Path) -> None:
    with (data / "odd-and-corrupt" / "expected.tsv").open() as rows:
        assert {row["file"] for row in csv.DictReader(rows, delimiter="\t")} == {*REFUSED, *DECODED}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(data: Path, name: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        decode(data / "odd-and-corrupt" / name)
    assert str(refusal.value).startswith(name) and REFUSED[name] in str(refusal.value)


@pytest.mark.parametrize("name", DECODED)
def test_decoded(data: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    expected = DECODED[name]
    with MediaReader(data / "odd-and-corrupt" / name) as reader:
        samples = np.concatenate(list(reader.blocks()), axis=1)
    assert samples.shape == (expected.channels, expected.samples)
    assert np.isfinite(samples).all()
    assert len(reader.warnings()) == len(expected.warnings)
    assert all(part in warning for part, warning in zip(expected.warnings, reader.warnings(), strict=True))
    assert capfd.readouterr() == ("", "")


def test_a_gap_does_not_move_what_follows(data: Path) -> None:
    """flac_bad_middle and u8 are the same sentence, whole in one of them."""
    damaged = decode(data / "odd-and-corrupt" / "flac_bad_middle.flac").samples[0]
    whole = decode(data / "odd-and-corrupt" / "u8.wav").samples[0]
    assert np.abs(damaged[40_000:] - whole[40_000:]).max() < 0.02


@pytest.mark.parametrize(
    ("name", "weights"), [("stereo_opposite_phase.wav", (1.0, 0.0)), ("stereo_one_silent.wav", (1.0, 0.0))]
)
def test_the_mix_of_odd_stereo(data: Path, name: str, weights: tuple[float, float]) -> None:
    with MediaReader(data / "odd-and-corrupt" / name) as reader:
        mix = choose_mix(ChannelPowers.of(reader.blocks(), 2), reader.info.layout)
    assert mix.weights == weights and mix.note


@pytest.mark.parametrize("name", ["jfk.mp4", "jfk.mkv", "jfk.webm", "two_tracks.mkv"])
def test_video_sounds_like_its_source(data: Path, name: str) -> None:
    """Lossy codecs change the samples, but the words stay in their places: the envelopes correlate."""
    source = decode(data / "en-jfk" / "jfk.flac", sample_rate_hz=16_000)
    decoded = decode(data / "video" / name, sample_rate_hz=16_000)
    assert decoded.duration_s == pytest.approx(source.duration_s, abs=0.05)
    powers = [
        np.square(audio.samples.mean(axis=0)[:172_800]).reshape(-1, 160).mean(axis=1) for audio in (source, decoded)
    ]
    assert np.corrcoef(*powers)[0, 1] > 0.97


@pytest.mark.parametrize(
    ("name", "stream", "beginnings"),
    [
        ("jfk.mkv", 0, []),
        ("two_tracks.mkv", 0, ["the file has 2 audio streams, of which number 0 is used"]),
        ("two_tracks.mkv", 1, ["the file has 2 audio streams, of which number 1 is used"]),
    ],
)
def test_a_second_track_is_said(data: Path, name: str, stream: int, beginnings: list[str]) -> None:
    with MediaReader(data / "video" / name, audio_stream=stream) as reader:
        for _ in reader.blocks():
            pass
    assert [warning.partition(";")[0] for warning in reader.warnings()] == beginnings


def test_video_without_sound_and_the_second_track(data: Path) -> None:
    with pytest.raises(InputRefused, match=r"jfk_noaudio\.mp4 has no audio stream; found mov.* with video"):
        decode(data / "video" / "jfk_noaudio.mp4")
    first, second = (decode(data / "video" / "two_tracks.mkv", audio_stream=k).samples for k in (0, 1))
    assert not np.array_equal(first[:, :100_000], second[:, :100_000])


@pytest.mark.parametrize("name", ["p001.aac", "p001.flac", "p001.mp3", "p001.mp4", "p001.ogg", "p001.webm"])
def test_one_recording_in_six_formats(data: Path, name: str) -> None:
    audio = decode(data / "en-sonnet-formats" / name, sample_rate_hz=16_000)
    assert audio.channels == 2 and audio.duration_s == pytest.approx(9.0, abs=0.03)


@pytest.mark.parametrize("name", ["goforward.raw", "something.raw"])
def test_headerless_audio_is_refused_with_advice(data: Path, name: str) -> None:
    with pytest.raises(InputRefused, match=r"Headerless \(raw\) audio must be given a header"):
        decode(data / "en-short" / name)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name",
    [
        "video/big_buck_bunny_small.mp4",
        "en-sonnet-formats/p001.mp3",
        "en-sonnet-formats/p001.flac",
        "en-sonnet-formats/p001.webm",
        "odd-and-corrupt/float64.wav",
    ],
)
def test_damage_of_any_kind_is_decoded_in_part_or_refused(data: Path, tmp_path: Path, name: str) -> None:
    """Decoders make NaN of damage, or 58 channels of six: neither may come out, nor an error of libav's."""
    whole = (data / name).read_bytes()
    rng = random.Random(name)
    path = tmp_path / "damaged"
    outcomes = set()
    for _ in range(40):
        damaged = bytearray(whole)
        reach = rng.choice([400, len(whole), len(whole)])
        for _ in range(rng.choice([3, 100, 200])):
            damaged[rng.randrange(reach)] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice([len(whole), len(whole), rng.randrange(1, len(whole))])])
        try:
            with MediaReader(path) as reader:
                for block in reader.blocks():
                    assert block.shape[0] == reader.info.channels and np.isfinite(block).all()
            outcomes.add("decoded")
        except InputRefused:
            outcomes.add("refused")
    assert outcomes == {"decoded", "refused"}
