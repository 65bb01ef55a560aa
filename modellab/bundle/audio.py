"""The pack's recording: MP3, which every browser plays without a plug-in, at a constant bit rate, so that seeking lands
where it should without an index. A recording that is one already is taken as it is: encoding it again only costs."""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np

from modellab.errors import InputRefused
from modellab.media.audio import Audio, Samples
from modellab.media.decode import MediaReader, resampled
from modellab.media.opening import MediaFile
from modellab.media.resampling import resample

FILE_NAME = "audio.mp3"
MEDIA_TYPE = "audio/mpeg"
_WIDE_HZ, _NARROW_HZ = 24_000, 16_000
"""Up to 12 kHz is all that matters of speech; a recording with nothing above 8 kHz needs no more than 16 kHz."""
_BIT_RATES = {_WIDE_HZ: 48_000, _NARROW_HZ: 40_000}
"""Bits per second by sample rate: 6 or 5 kB a second; one channel of speech is then hard to tell from the original."""
_LAME_EFFORT = "7"
"""libmp3lame's `compression_level`: 40 % less work than its default of 5, and speech does not show it."""
_FULL_SCALE = 32767.0
_COPIED_UP_TO_BIT_RATE = 64_000
"""An MP3 above this would make the pack larger than encoding it again does, for nothing that is heard of speech."""
_PADDING_BYTES = 1
"""By which frames of one constant bit rate differ."""
_ID3_HEADER_BYTES, _ID3_FOOTER_FLAG, _ID3V1_BYTES = 10, 0x10, 128
_COPY_BYTES = 1 << 20


def is_small_mp3(path: Path) -> bool:
    """Whether an MP3 file holds nothing but sound, at a low and constant bit rate. Reads it without decoding.

    One that can't be read to its end is none: what decodes of it is better encoded again.
    """
    try:
        with MediaFile(path, container_format="mp3") as media, media.refusing("can't be read as MP3"):
            streams = media.container.streams
            if len(streams) != 1 or not streams.audio:
                return False
            [stream] = streams.audio
            sizes = [packet.size for packet in media.container.demux(stream) if packet.size]
            constant = bool(sizes) and max(sizes) - min(sizes) <= _PADDING_BYTES
            return bool(constant and stream.bit_rate <= _COPIED_UP_TO_BIT_RATE)
    except InputRefused:
        return False


def copy_mp3(source: Path, target: Path) -> None:
    """Copy an MP3's frames. Its ID3 tags are left out: they may tell more than the people in a meeting are to know."""
    with source.open("rb") as file, target.open("wb") as copy:
        end = file.seek(-min(_ID3V1_BYTES, source.stat().st_size), os.SEEK_END)
        if file.read(3) != b"TAG":
            end = file.seek(0, os.SEEK_END)
        start = file.seek(_after_id3(file))
        remaining = max(0, end - start)
        while block := file.read(min(_COPY_BYTES, remaining)):
            copy.write(block)
            remaining -= len(block)


def _after_id3(file: BinaryIO) -> int:
    """Where the frames begin: behind ID3v2 tags, whose size has seven bits a byte (id3.org, ID3v2.4 section 3.1)."""
    start = 0
    while True:
        file.seek(start)
        header = file.read(_ID3_HEADER_BYTES)
        if header[:3] != b"ID3":
            return start
        size = 0
        for byte in header[6:]:
            size = size << 7 | byte
        start += _ID3_HEADER_BYTES + size + (_ID3_HEADER_BYTES if header[5] & _ID3_FOOTER_FLAG else 0)


def write_audio(
    target: Path,
    reader: MediaReader,
    weights: Sequence[float],
    progress: Callable[[float], None] = lambda seconds: None,
) -> None:
    """Encode a recording as it is decoded, its channels mixed to one; memory holds seconds of it, however long it is.

    Args:
        reader: nothing read from it yet.
        weights: of each channel in the mix.
        progress: called with the seconds decoded so far.
    """
    rate_hz = _rate_for(reader.info.sample_rate_hz)

    def blocks() -> Iterator[Samples]:
        for [block] in _ahead(resampled(reader, rate_hz, np.array(weights, dtype=np.float32))):
            yield block
            progress(reader.duration_s)

    _encode(str(target), blocks(), rate_hz)


def as_mp3(audio: Audio) -> bytes:
    """A short stretch of sound, of one channel, as a file in memory."""
    rate_hz = _rate_for(audio.sample_rate_hz)
    file = io.BytesIO()
    _encode(file, [resample(audio, rate_hz).samples[0]], rate_hz)
    return file.getvalue()


def _rate_for(sample_rate_hz: int) -> int:
    return _NARROW_HZ if sample_rate_hz <= _NARROW_HZ else _WIDE_HZ


def _encode(target: str | io.BytesIO, blocks: Iterable[Samples], rate_hz: int) -> None:
    """Encode blocks of shape `(samples,)`."""
    with av.open(target, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate_hz, options={"compression_level": _LAME_EFFORT})
        stream.layout = "mono"
        stream.bit_rate = _BIT_RATES[rate_hz]
        position = 0
        for block in blocks:
            if not len(block):
                continue
            pcm = np.round(np.clip(block, -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16p", layout="mono")
            frame.sample_rate = rate_hz
            frame.pts = position
            position += len(block)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _ahead(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """The same blocks, each decoded while the one before is encoded."""
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = beside.submit(next, blocks, None)
            yield block
