"""Decoding audio from any file that libav knows, block by block.

The file is recognised by its content: libav gets a stream of bytes and never the name, so an MP3 called `.wav` is an
MP3, and a text is nothing. It may open nothing but these bytes: playlists and `ffconcat` scripts that point to other
files or addresses are refused.
"""

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import av
import numpy as np

from modellab.errors import InputRefused
from modellab.media.audio import Audio, Samples
from modellab.media.resampling import StreamResampler

_BLOCK_SAMPLES = 1 << 16
_READ_BYTES = 1 << 20
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1_000, 2_000_000
"""A header that states another rate is wrong, and would blow a small file up to hours."""
_SHORTEST_GAP_S = 0.05
"""Container times of some formats are whole milliseconds, and jitter; a jump of this size is missing audio."""
_LONGEST_GAP_S = 600.0
"""A jump beyond this is taken for a wrong time stamp."""
_FULL_SCALE = 0.999
_SAMPLED_TEXT_BYTES = 512
UNNAMED_CHANNEL = "NONE"
"""libav's name for a channel of which the file does not say what it is."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file is, as far as its first decoded audio shows."""

    container: str
    """libav's name of the container, such as `wav`, `mp3`, `mov,mp4,m4a,3gp,3g2,mj2`."""
    codec: str
    sample_rate_hz: int
    channels: int
    layout: tuple[str, ...]
    """Name of each channel (`FL`, `FR`, `FC`, `LFE`, ...), `UNNAMED_CHANNEL` where the file does not say."""
    stated_duration_s: float | None
    """What the container states or lets estimate; the decoded length may differ."""
    audio_streams: int
    has_video: bool

    @property
    def format(self) -> str:
        """Container and codec, such as `wav/pcm_s16le`."""
        return f"{self.container.partition(',')[0]}/{self.codec}"


@dataclass(slots=True)
class DecodeReport:
    """What was met while decoding. Complete once all blocks were read."""

    samples: int = 0
    """Samples per channel at the source's rate, filled gaps included."""
    undecodable_packets: int = 0
    ended_by_error: bool = False
    """The container could not be read to its end."""
    filled_gaps: int = 0
    filled_s: float = 0.0
    """Silence put where the container's times jump, so that what follows keeps its time."""
    non_finite_samples: int = 0
    """NaN and infinite samples, replaced by 0; counted over all channels, like the following."""
    full_scale_samples: int = 0
    """Samples at or beyond 0.999 of full scale."""


class MediaReader:
    """One audio stream of a file, decoded as it is read. A context manager.

    Args:
        path: the file.
        audio_stream: which of its audio streams, from 0.
        name: what errors call the file; its own name by default.

    Raises:
        InputRefused: not a media file, no such audio stream, or nothing in it decodes.
    """

    info: MediaInfo
    report: DecodeReport

    def __init__(self, path: Path, *, audio_stream: int = 0, name: str | None = None) -> None:
        self._name = name or path.name
        self._path = path
        self.report = DecodeReport()
        self._file = self._open_file()
        try:
            self._container = self._open_container()
        except BaseException:
            self._file.close()
            raise
        try:
            self._missing_bytes = self._missing_riff_bytes()
            self._audio_stream = audio_stream
            self._stream = self._choose(audio_stream)
            self._tick_s = float(self._stream.time_base)
            self._frames = self._decoded_frames()
            self._first = self._first_frame()
            self.info = self._describe()
            start = self._container.start_time
            self._origin_s: float | None = None if start is None else start / av.time_base
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "MediaReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._container.close()
        self._file.close()

    @property
    def duration_s(self) -> float:
        """Length of what was read so far."""
        return self.report.samples / self.info.sample_rate_hz

    def blocks(self) -> Iterator[Samples]:
        """The audio from its beginning, once: float32, shape `(channels, samples)`, some 65,536 samples each.

        Nominally in [-1, 1]; float and lossy formats may go beyond. All samples are finite. Channels and rate stay
        those of `info`, even if the stream changes them.
        """
        for segment, frames in groupby(self._placed_frames(), key=itemgetter(0)):
            yield from self._silence(segment.silence_samples)
            for block in self._converted(frame for _, frame in frames):
                self._clean(block)
                self.report.samples += block.shape[1]
                yield block

    def warnings(self) -> list[str]:
        """What a user should know about the file, once all blocks were read."""
        report, stated_s = self.report, self.info.stated_duration_s
        found: list[str] = []
        if self.info.audio_streams > 1:
            found.append(
                f"the file has {self.info.audio_streams} audio streams, of which number {self._audio_stream} is used; "
                "ingest.audio_stream chooses another"
            )
        if report.undecodable_packets:
            found.append(f"{report.undecodable_packets} damaged packets could not be decoded")
        if report.ended_by_error:
            found.append(f"the file is damaged and could only be read up to {self.duration_s:.2f} s")
        if report.filled_gaps:
            found.append(f"{report.filled_gaps} gaps, {report.filled_s:.2f} s in all, were filled with silence")
        if stated_s is not None and self.duration_s < stated_s - max(0.5, 0.05 * stated_s):
            found.append(f"the file states a length of {stated_s:.2f} s, but holds {self.duration_s:.2f} s")
        elif self._missing_bytes:
            found.append(f"the file is cut off: {self._missing_bytes} bytes fewer than its header promises")
        if report.non_finite_samples:
            found.append(f"{report.non_finite_samples} samples were not numbers and were set to 0")
        return found

    def _refuse(
        self, why: str, *, found: str | None = None, allowed: str | None = None, hint: str | None = None
    ) -> InputRefused:
        return InputRefused(f"{self._name} {why}", found=found, allowed=allowed, hint=hint)

    def _open_file(self) -> Any:
        try:
            facts = self._path.stat()
            if stat.S_ISDIR(facts.st_mode):
                raise self._refuse("is a folder", allowed="a file")
            if not stat.S_ISREG(facts.st_mode):
                raise self._refuse("is not a regular file", found="a device, pipe or socket")
            if facts.st_size == 0:
                raise self._refuse("is empty", found="0 bytes")
            return self._path.open("rb")
        except FileNotFoundError as error:
            raise self._refuse("does not exist", found=f"nothing at {self._path}") from error
        except OSError as error:
            raise self._refuse("can't be read", found=error.strerror) from error

    def _open_container(self) -> Any:
        try:
            return av.open(
                _Unnamed(self._file),
                options={"protocol_whitelist": "none"},
                metadata_errors="replace",
                buffer_size=_READ_BYTES,
            )
        except av.FFmpegError as error:
            self._file.seek(0)
            head = self._file.read(_SAMPLED_TEXT_BYTES)
            raise self._refuse(
                "is not audio or video in a format that can be decoded",
                found=_kind_of_bytes(head),
                hint="Headerless (raw) audio must be given a header first, such as WAV."
                if self._path.suffix.lower() in {".raw", ".pcm"}
                else None,
            ) from error

    def _choose(self, audio_stream: int) -> Any:
        streams = self._container.streams.audio
        if not streams:
            others = ", ".join(sorted({stream.type for stream in self._container.streams})) or "no streams at all"
            raise self._refuse("has no audio stream", found=f"{self._container.format.name} with {others}")
        if audio_stream >= len(streams):
            raise self._refuse(
                f"has no audio stream {audio_stream}",
                found=f"{len(streams)} audio streams",
                allowed=f"0 to {len(streams) - 1}",
            )
        stream = streams[audio_stream]
        if stream.codec_context is None:
            raise self._refuse(f"has an audio stream {audio_stream} in a codec that can't be decoded")
        return stream

    def _decoded_frames(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                self.report.ended_by_error = True
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.report.undecodable_packets += 1
                continue
            for frame in frames:
                if frame.samples:
                    yield frame

    def _first_frame(self) -> Any:
        frame = next(self._frames, None)
        if frame is None:
            damaged = self.report.undecodable_packets
            raise self._refuse(
                "holds no audio that can be decoded", found=f"{damaged} damaged packets" if damaged else "0 samples"
            )
        if not _LOWEST_RATE_HZ <= frame.sample_rate <= _HIGHEST_RATE_HZ:
            raise self._refuse(
                "states a sample rate that can't be right",
                found=f"{frame.sample_rate} Hz",
                allowed=f"{_LOWEST_RATE_HZ} to {_HIGHEST_RATE_HZ} Hz",
            )
        return frame

    def _describe(self) -> MediaInfo:
        streams, duration = self._container.streams, self._container.duration
        return MediaInfo(
            container=self._container.format.name,
            codec=self._stream.codec_context.name,
            sample_rate_hz=self._first.sample_rate,
            channels=self._first.layout.nb_channels,
            layout=tuple(channel.name for channel in self._first.layout.channels),
            stated_duration_s=None if duration is None else duration / av.time_base,
            audio_streams=len(streams.audio),
            has_video=bool(streams.video),
        )

    def _placed_frames(self) -> Iterator[tuple["_Segment", Any]]:
        """Every frame with the segment it belongs to; a gap or a change of the stream's format begins a new one."""
        segment, previous = _Segment(0, 0), None
        position_s = 0.0
        for frame in chain([self._first], self._frames):
            if not self._convertible(frame):
                self.report.undecodable_packets += 1
                continue
            gap_s = self._gap_before(frame, position_s)
            parameters = (frame.format.name, frame.layout.name, frame.sample_rate)
            if gap_s or parameters != previous:
                segment = _Segment(segment.number + 1, round(gap_s * self.info.sample_rate_hz))
                previous = parameters
            position_s += gap_s + frame.samples / frame.sample_rate
            yield segment, frame

    def _convertible(self, frame: Any) -> bool:
        """Whether a frame's channels can become the first frame's. Damage makes decoders invent channels."""
        if frame.layout.name == self._first.layout.name:
            return True
        return not any(layout.channels[0].name == UNNAMED_CHANNEL for layout in (frame.layout, self._first.layout))

    def _gap_before(self, frame: Any, position_s: float) -> float:
        """Seconds missing between what was decoded and the time that the container gives a frame.

        After a change of rate, formats that count samples give times that mean nothing.
        """
        if frame.pts is None or frame.sample_rate != self.info.sample_rate_hz:
            return 0.0
        time_s = float(frame.pts * self._tick_s)
        if self._origin_s is None:
            self._origin_s = time_s
        gap_s = time_s - self._origin_s - position_s
        if not _SHORTEST_GAP_S <= gap_s <= _LONGEST_GAP_S:
            return 0.0
        self.report.filled_gaps += 1
        self.report.filled_s += gap_s
        return gap_s

    def _silence(self, samples: int) -> Iterator[Samples]:
        while samples > 0:
            block = np.zeros((self.info.channels, min(samples, _BLOCK_SAMPLES)), dtype=np.float32)
            samples -= block.shape[1]
            self.report.samples += block.shape[1]
            yield block

    def _converted(self, frames: Iterator[Any]) -> Iterator[Samples]:
        """Frames of one format as blocks of float32, in the channels and at the rate of the first frame.

        Interleaved until here: PyAV reads beyond its memory when more than eight channels lie apart.
        """
        fifo = av.AudioFifo()
        converter = av.AudioResampler(format="flt", layout=self._first.layout, rate=self.info.sample_rate_hz)

        def convert(frame: Any) -> Iterator[Samples]:
            frames = (out for out in converter.resample(frame) if out is not None)
            return (out.to_ndarray().reshape(-1, self.info.channels).T for out in frames)

        for frame in frames:
            frame.pts = None
            fifo.write(frame)
            if fifo.samples >= _BLOCK_SAMPLES:
                yield from convert(fifo.read())
        if rest := fifo.read():
            yield from convert(rest)
        yield from convert(None)

    def _clean(self, block: Samples) -> None:
        """Set what is not a number to 0, in place, and count it and what is at full scale."""
        with np.errstate(invalid="ignore", over="ignore"):
            clean = np.isfinite(block.sum())
        if not clean:
            bad = ~np.isfinite(block)
            self.report.non_finite_samples += int(bad.sum())
            block[bad] = 0.0
        if block.max() >= _FULL_SCALE or block.min() <= -_FULL_SCALE:
            self.report.full_scale_samples += int(np.count_nonzero(np.abs(block) >= _FULL_SCALE))

    def _missing_riff_bytes(self) -> int:
        """How many bytes a WAV header promises beyond the file's end; 0 where a streaming writer left the size open."""
        with self._path.open("rb") as file:
            head = file.read(8)
        size = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or size >= 0xFFFFFF00:
            return 0
        return max(0, size + 8 - self._path.stat().st_size)


class _Segment(NamedTuple):
    """A run of frames without a gap or a change of format, and the silence that comes before it."""

    number: int
    silence_samples: int


class _Unnamed:
    """A file without a name: libav takes the name's extension as a hint, which the content has to outdo."""

    def __init__(self, file: Any) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _kind_of_bytes(head: bytes) -> str:
    if head.startswith(b"RIFF"):
        return "a broken WAV header"
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return "unknown bytes"
    return "text" if all(c.isprintable() or c.isspace() for c in text) else "unknown bytes"


def probe(path: Path, *, audio_stream: int = 0) -> MediaInfo:
    """What a file is; decodes its first audio only.

    Raises:
        InputRefused: as `MediaReader`.
    """
    with MediaReader(path, audio_stream=audio_stream) as reader:
        return reader.info


def decode(path: Path, *, sample_rate_hz: int | None = None, audio_stream: int = 0) -> Audio:
    """A whole audio stream with all its channels.

    Args:
        path: any audio or video file.
        sample_rate_hz: resampled to this rate; None keeps the source's.
        audio_stream: which of its audio streams, from 0.

    Raises:
        InputRefused: as `MediaReader`.
    """
    with MediaReader(path, audio_stream=audio_stream) as reader:
        return read_audio(reader, sample_rate_hz=sample_rate_hz)


def read_audio(
    reader: MediaReader,
    *,
    sample_rate_hz: int | None = None,
    weights: Samples | None = None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Audio:
    """All that a reader decodes, mixed and resampled on the way: memory holds the result once, and little else.

    Args:
        reader: nothing read from it yet.
        sample_rate_hz: the result's rate; None keeps the source's.
        weights: shape `(channels,)`, one channel is made with them; None keeps all.
        progress: called with the seconds decoded so far.
    """
    info = reader.info
    rate_hz = sample_rate_hz or info.sample_rate_hz
    resampler = StreamResampler(1 if weights is not None else info.channels, info.sample_rate_hz, rate_hz)
    collected = _Growing(resampler.channels, round((info.stated_duration_s or 0.0) * rate_hz))
    for block in reader.blocks():
        collected.append(resampler.push(block if weights is None else (weights @ block)[np.newaxis]))
        progress(reader.duration_s)
    collected.append(resampler.finish())
    return Audio(collected.samples, rate_hz)


class _Growing:
    """An array that blocks are appended to; memory of the expected size is only taken as it fills."""

    _MARGIN_SAMPLES = 1 << 17
    _MOST_EXPECTED_SAMPLES = 1 << 31
    """About 37 hours at 16 kHz: a larger figure is a wrong header."""

    def __init__(self, channels: int, expected_samples: int) -> None:
        capacity = min(expected_samples, self._MOST_EXPECTED_SAMPLES) + self._MARGIN_SAMPLES
        self._array = np.empty((channels, capacity), dtype=np.float32)
        self._length = 0

    def append(self, block: Samples) -> None:
        end = self._length + block.shape[1]
        if end > self._array.shape[1]:
            larger = np.empty((self._array.shape[0], end + end // 2), dtype=np.float32)
            larger[:, : self._length] = self._array[:, : self._length]
            self._array = larger
        self._array[:, self._length : end] = block
        self._length = end

    @property
    def samples(self) -> Samples:
        return self._array[:, : self._length]
