import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from modellab import memory
from modellab.errors import InputRefused
from modellab.media.audio import Samples
from modellab.media.decode import MediaReader, probe
from modellab.media.opening import MediaFile, read_tags
from modellab.text.recorded import tagged_date

Tone = Callable[..., Samples]
Encode = Callable[..., Path]


def everything(path: Path) -> tuple[int, list[str]]:
    with MediaReader(path) as reader:
        for _ in reader.blocks():
            pass
        return reader.report.samples, reader.warnings()


def test_a_seek_to_nowhere_is_no_traceback(tmp_path: Path, tone: Tone, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.caf"
    soundfile.write(path, tone(1.0), 16_000, format="CAF", subtype="PCM_16")
    path.write_bytes(path.read_bytes() + b"junk" + struct.pack(">q", 1 << 62))
    with path.open("rb") as file, pytest.raises(OSError, match="Invalid argument"):
        for _ in av.open(file).demux():
            pass
    capfd.readouterr()
    assert everything(path)[0] == 16_000
    assert capfd.readouterr() == ("", "")


def test_more_channels_than_can_be_converted_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.au"
    path.write_bytes(struct.pack(">4s5I", b".snd", 24, 65 * 2 * 100, 3, 16_000, 65) + bytes(65 * 2 * 100))
    with pytest.raises(InputRefused, match=r"a number of channels .*; found 65 channels; allowed: 1 to 64"):
        probe(path)


def test_a_stream_that_appears_late_does_not_end_the_first(encode: Encode, tone: Tone) -> None:
    path = encode("a.flv", [tone(40.0, 22_050)[np.newaxis]], codec="libmp3lame", rate_hz=22_050)
    whole, _ = everything(path)
    content = bytearray(path.read_bytes())
    content[flv_tags(content)[-20] + 11] = 0x7C  # G.711 A-law, in a file of MP3
    path.write_bytes(content)
    with av.open(path) as container, pytest.raises(IndexError):
        list(container.demux(container.streams.audio[0]))
    samples, warnings = everything(path)
    assert whole - 3 * 576 <= samples <= whole
    assert not [warning for warning in warnings if "only be read up to" in warning]


def flv_tags(content: bytes) -> list[int]:
    """Where the audio tags of an FLV file begin."""
    found, position = [], 13
    while position + 11 < len(content):
        if content[position] == 8:
            found.append(position)
        position += 15 + int.from_bytes(content[position + 1 : position + 4], "big")
    return found


def test_an_mp4_that_was_cut_off_before_its_index_is_called_that(encode: Encode, tone: Tone) -> None:
    path = encode("a.m4a", [tone(2.0)[np.newaxis]], codec="aac")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])
    with pytest.raises(InputRefused, match=r"a\.m4a was cut off before its index; found an MP4 or QuickTime file with"):
        probe(path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"fLaC", "a FLAC file"),
        (b"\x1aE\xdf\xa3\xff", "a Matroska or WebM file"),
        (b"ID3\x04\x00\x00", "an MP3 file"),
        (b"0&\xb2u\x8ef\xcf\x11", r"a Windows Media \(ASF\) file"),
    ],
)
def test_what_is_cut_off_is_not_called_unknown(tmp_path: Path, head: bytes, kind: str) -> None:
    (tmp_path / "a.bin").write_bytes(head + bytes(8))
    with pytest.raises(InputRefused, match=f"found {kind} that is damaged or cut off"):
        probe(tmp_path / "a.bin")


def wav_with_title(path: Path, samples: Samples, title: bytes, date: bytes) -> Path:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    soundfile.write(path, samples, 16_000, subtype="PCM_16")
    info = chunk(b"LIST", b"INFO" + chunk(b"INAM", title) + chunk(b"ICRD", date))
    content = path.read_bytes() + info
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    return path


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Gespräch über Köln".encode("cp1252"), "Gespräch über Köln"),
        ("Gespräch – “Köln”".encode("cp1252"), "Gespräch – “Köln”"),
        ("Gespräch über Köln".encode(), "Gespräch über Köln"),
        (b"\x81\xff", "\x81ÿ"),
    ],
)
def test_tags_in_other_encodings_are_read(tmp_path: Path, tone: Tone, title: bytes, read: str) -> None:
    path = wav_with_title(tmp_path / "a.wav", tone(0.5), title, b"2026-03-04")
    assert read_tags(path) == {"title": read, "date": "2026-03-04"}
    assert str(tagged_date(path, "UTC")) == "2026-03-04"


def test_tags_of_the_audio_stream_count_where_the_container_has_none(encode: Encode, tone: Tone) -> None:
    path = encode("a.ogg", [tone(1.0)[np.newaxis]], codec="libopus", rate_hz=48_000, tags={"date": "2026-03-04"})
    assert read_tags(path)["date"] == "2026-03-04"


def test_any_error_becomes_a_refusal_by_name(tmp_path: Path, tone: Tone) -> None:
    soundfile.write(tmp_path / "a.wav", tone(0.1), 16_000)
    with MediaFile(tmp_path / "a.wav", name="call.wav") as media:
        with pytest.raises(InputRefused, match=r"call\.wav can't be decoded; found index out of range\."):  # noqa: SIM117
            with media.refusing("can't be decoded"):
                raise IndexError("index out of range")
        with pytest.raises(InputRefused, match="found more than fits into memory"):  # noqa: SIM117
            with media.refusing("can't be decoded"):
                raise MemoryError
        with pytest.raises(KeyboardInterrupt), media.refusing("can't be decoded"):
            raise KeyboardInterrupt


def test_a_disk_that_fails_is_not_the_end_of_the_file(tmp_path: Path, tone: Tone) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(120.0), 16_000, subtype="FLOAT")
    with MediaReader(path) as reader:
        source = reader._media._bytes

        def fail(size: int) -> bytes:
            raise OSError(5, "Input/output error")

        source.file = type(
            "Failing", (), {"read": staticmethod(fail), "seek": source.file.seek, "close": source.file.close}
        )()
        with pytest.raises(InputRefused, match=r"a\.wav can't be read; found Input/output error"):
            list(reader.blocks())


def test_a_size_that_is_only_stated_takes_no_memory(tmp_path: Path, tone: Tone) -> None:
    path = wav_with_title(tmp_path / "a.wav", tone(0.5), b"title", b"2026-03-04")
    content = path.read_bytes()
    title, listed = content.index(b"INAM") + 4, content.index(b"LIST") + 4
    path.write_bytes(
        content[:listed] + b"\0\0\0\x70" + content[listed + 4 : title] + b"\0\0\0\x60" + content[title + 4 :]
    )
    memory.reset_peak()
    before = memory.peak_mib()
    with MediaFile(path) as media:
        assert media.container.streams.audio
    assert memory.peak_mib() - before < 200
