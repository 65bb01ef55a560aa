"""Decoding audio from any file that libav knows, block by block."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import av
import numpy as np

from modellab.errors import InputRefused, LabError
from modellab.media.audio import Audio, Samples
from modellab.media.opening import MediaFile
from modellab.media.resampling import StreamResampler
from modellab.media.timeline import TimeJump, Timeline
from modellab.units import clock, plural

_BLOCK_SAMPLES = 1 << 16
_BLOCK_VALUES = 1 << 19
"""Of all channels: a block of many channels has fewer samples."""
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1_000, 2_000_000
"""A header that states another rate is wrong, and would blow a small file up to hours."""
_MOST_CHANNELS = 64
"""Beyond which libav's converter gives up."""
_TRIED_STREAMS = 16
_FULL_SCALE = 0.999
_LATE_CLOCK_S = 2.0
"""A file whose clock begins later says so; MPEG streams begin at 1.4 s as a rule."""
_LENGTH_IS_AN_END = ("matroska,webm", "nut")
"""Containers whose stated length is the time of their end, from their clock's 0; others count from their start."""
_LARGEST_SAMPLE = 1e10
"""Integers that were stored as floating point reach 2^31; what goes beyond this is damage, and its square no number."""
UNNAMED_CHANNEL = "NONE"
"""libav's name for a channel of which the file does not say what it is."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An audio stream that would have come first, and why it was not taken."""

    audio_stream: int
    why: str


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
    """What the container states or lets estimate, from its start; the decoded length may differ."""
    audio_stream: int
    """The one that is decoded, from 0."""
    audio_streams: int
    has_video: bool
    passed_over: tuple[PassedOver, ...] = ()
    is_default: bool = False
    """Whether the file marks the stream as the default, and an earlier one not."""
    clock_start_s: float = 0.0
    """The container's time at its start, which is the recording's 0."""

    @property
    def format(self) -> str:
        """Container and codec, such as `wav/pcm_s16le`."""
        return f"{self.container.partition(',')[0]}/{self.codec}"


@dataclass(frozen=True, slots=True)
class Losses:
    """What of a file's sound could not be had; equal to `Losses()` when it decoded whole."""

    undecodable_packets: int = 0
    unreadable_from_s: float | None = None
    """Where the container could not be read any further."""
    stated_s: float | None = None
    """Length that the file states, where it holds less than that."""
    held_s: float | None = None
    """What it holds then."""
    missing_bytes: int = 0
    """By which the file is shorter than its header promises, where it states no length that would say so."""

    def sentences(self) -> list[str]:
        """What a user should know of it, a sentence each."""
        found: list[str] = []
        if self.undecodable_packets:
            found.append(f"{plural(self.undecodable_packets, 'damaged packet')} could not be decoded")
        if self.unreadable_from_s is not None:
            found.append(f"the file is damaged and could only be read up to {self.unreadable_from_s:.2f} s")
        if self.stated_s is not None:
            found.append(f"the file states a length of {self.stated_s:.2f} s, but holds {self.held_s:.2f} s")
        if self.missing_bytes:
            found.append(f"the file is cut off: {plural(self.missing_bytes, 'byte')} fewer than its header promises")
        return found


def no_numbers(samples: int) -> str:
    """What is said of samples that were NaN or infinite."""
    return plural(samples, "sample was not a number and was set to 0", "samples were not numbers and were set to 0")


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
    doubted_jumps: list[TimeJump] = field(default_factory=list)
    """Jumps of the container's times that were not believed, the first 20."""
    non_finite_samples: int = 0
    """NaN and infinite samples, and those beyond 1e10, replaced by 0; counted over all channels, like the following."""
    full_scale_samples: int = 0
    """Samples at or beyond 0.999 of full scale."""


class MediaReader:
    """One audio stream of a file, decoded as it is read. A context manager.

    Args:
        path: the file.
        audio_stream: which of its audio streams, from 0; None takes the first that decodes, those first that the file
            marks as its default.
        name: what errors call the file; its own name by default.
        longest_s: decoding stops with a refusal when the recording turns out to be longer.

    Raises:
        InputRefused: not a media file, no such audio stream, or nothing in it decodes.
    """

    info: MediaInfo
    report: DecodeReport

    def __init__(
        self,
        path: Path,
        *,
        audio_stream: int | None = None,
        name: str | None = None,
        longest_s: float | None = None,
    ) -> None:
        self._path, self._name = path, name
        self._asked, self._longest_s = audio_stream, longest_s
        self._media = MediaFile(path, name=name)
        try:
            self._begin()
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
        self._media.close()

    @property
    def duration_s(self) -> float:
        """Length of what was read so far."""
        return self.report.samples / self.info.sample_rate_hz

    def blocks(self) -> Iterator[Samples]:
        """The audio from its beginning, once: float32, shape `(channels, samples)`, at most 65,536 samples each.

        Nominally in [-1, 1]; float and lossy formats may go beyond, up to 1e10. All samples are finite. Channels and
        rate stay those of `info`, even if the stream changes them.

        Raises:
            InputRefused: nothing could be converted, the disk failed, or it is longer than it may be.
        """
        heard = False
        for segment, frames in groupby(self._placed_frames(), key=itemgetter(0)):
            self._check_length(segment.silence_samples)
            yield from self._silence(segment.silence_samples)
            conversion = _Conversion(self.info, self._first.layout)
            for block in conversion.blocks(frame for _, frame in frames):
                heard = True
                self._clean(block)
                self.report.samples += block.shape[1]
                self._check_length(0)
                yield block
            if conversion.lost_samples:
                self.report.undecodable_packets += 1
                yield from self._silence(conversion.lost_samples)
        self.report.filled_gaps, self.report.filled_s = self._timeline.gaps, self._timeline.filled_s
        self.report.doubted_jumps = self._timeline.doubted
        if not heard:
            raise self._media.refusal("holds no audio that can be decoded", found="only damaged packets")

    def warnings(self) -> list[str]:
        """What a user should know about the file, once all blocks were read."""
        found: list[str] = []
        if self.info.audio_streams > 1:
            found.append(self._which_stream())
        if self.info.clock_start_s >= _LATE_CLOCK_S:
            first = "the first sound or picture" if self.info.has_video else "the first sound"
            found.append(
                f"the file's clock begins at {clock(self.info.clock_start_s, 3, hours=True)}; "
                f"times here count from {first}, as 0:00"
            )
        if self._is_short and self._others_go_on:
            found.append(f"the sound ends at {self.duration_s:.2f} s, before the file's other streams do")
        found += [*self.losses().sentences(), *self._timeline.warnings()]
        if self.report.non_finite_samples:
            found.append(no_numbers(self.report.non_finite_samples))
        return found

    def losses(self) -> Losses:
        """What could not be had, once all blocks were read."""
        held_s, short = self.duration_s, self._is_short and not self._others_go_on
        return Losses(
            undecodable_packets=self.report.undecodable_packets,
            unreadable_from_s=held_s if self.report.ended_by_error else None,
            stated_s=self.info.stated_duration_s if short else None,
            held_s=held_s if short else None,
            missing_bytes=0 if short else self._missing_bytes,
        )

    @property
    def _is_short(self) -> bool:
        """Whether there is less sound than the length that the file states."""
        return self.duration_s < self._about_whole_s

    @property
    def _others_go_on(self) -> bool:
        """Whether the file's other streams last as long as it states: then it is whole, and its sound ends earlier."""
        return self._others_end_s >= self._about_whole_s

    @property
    def _about_whole_s(self) -> float:
        """The length from which a recording has what its file states."""
        stated_s = self.info.stated_duration_s or 0.0
        return stated_s - max(0.5, 0.05 * stated_s)

    def _which_stream(self) -> str:
        info = self.info
        reasons = [f"number {each.audio_stream} {each.why}" for each in info.passed_over]
        if info.is_default:
            reasons.append("it is marked as the default")
        why = f" ({'; '.join(reasons)})" if reasons else ""
        return (
            f"the file has {info.audio_streams} audio streams, of which number {info.audio_stream} is used{why}; "
            "ingest.audio_stream chooses another"
        )

    def _begin(self) -> None:
        """Find the stream to decode, and its first audio.

        Raises:
            InputRefused: there is none.
        """
        self._missing_bytes = self._missing_riff_bytes()
        candidates = self._candidates()
        passed_over: list[PassedOver] = []
        refusals: list[InputRefused] = []
        for number in candidates:
            try:
                self._start(number)
            except InputRefused as refusal:
                refusals.append(refusal)
                passed_over.append(PassedOver(number, _passed_over_because(refusal)))
                if len(candidates) > 1:
                    self._media.close()
                    self._media = MediaFile(self._path, name=self._name)
                continue
            with self._media.refusing("can't be decoded"):
                self.info = self._describe(number, candidates, tuple(passed_over))
            return
        if len(refusals) == 1:
            raise refusals[0]
        raise self._media.refusal(
            "has no audio stream that can be decoded",
            found="; ".join(f"number {each.audio_stream} {each.why}" for each in passed_over),
        )

    def _candidates(self) -> list[int]:
        """Numbers of the audio streams to try, in this order."""
        with self._media.refusing("can't be decoded"):
            streams = self._media.container.streams.audio
            defaults = [bool(stream.disposition & av.stream.Disposition.default) for stream in streams]
            others = ", ".join(sorted({stream.type for stream in self._media.container.streams})) or "no streams at all"
            container = self._media.container.format.name
        if not streams:
            raise self._media.refusal("has no audio stream", found=f"{container} with {others}")
        if self._asked is None:
            return sorted(range(len(streams)), key=lambda number: not defaults[number])[:_TRIED_STREAMS]
        if self._asked >= len(streams):
            raise self._media.refusal(
                f"has no audio stream {self._asked}",
                found=f"{len(streams)} audio streams",
                allowed=f"0 to {len(streams) - 1}",
            )
        return [self._asked]

    def _start(self, number: int) -> None:
        """Decode the first audio of a stream.

        Raises:
            InputRefused: there is none, or what its header states can't be right.
        """
        self.report = DecodeReport()
        self._others_end_s = 0.0
        with self._media.refusing("can't be decoded"):
            container = self._media.container
            self._stream = container.streams.audio[number]
            if self._stream.codec_context is None:
                raise self._media.refusal(f"has an audio stream {number} in a codec that can't be decoded")
            self._tick_s = float(self._stream.time_base or 0)
            start = container.start_time
            from_stamps = bool(container.format.flags & av.format.Flags.ts_discont.value)
            self._timeline = Timeline(
                origin_s=None if start is None else start / av.time_base,
                stated_s=None if from_stamps else self._stated_s(),
            )
        self._frames = self._decoded_frames()
        frame = next(self._frames, None)
        if frame is None:
            damaged = self.report.undecodable_packets
            raise self._media.refusal(
                "holds no audio that can be decoded", found=f"{damaged} damaged packets" if damaged else "0 samples"
            )
        if not _LOWEST_RATE_HZ <= frame.sample_rate <= _HIGHEST_RATE_HZ:
            raise self._media.refusal(
                "states a sample rate that can't be right",
                found=f"{frame.sample_rate} Hz",
                allowed=f"{_LOWEST_RATE_HZ} to {_HIGHEST_RATE_HZ} Hz",
            )
        if not 1 <= frame.layout.nb_channels <= _MOST_CHANNELS:
            raise self._media.refusal(
                "states a number of channels that can't be handled",
                found=f"{frame.layout.nb_channels} channels",
                allowed=f"1 to {_MOST_CHANNELS}",
            )
        self._first = frame

    def _decoded_frames(self) -> Iterator[Any]:
        """Every frame of the stream. Libav and PyAV raise anything on damage: that is a packet lost, or the end."""
        packets = self._media.container.demux()
        flushed = False
        while True:
            try:
                packet = next(packets)
            except (StopIteration, IndexError):
                # An IndexError is PyAV at the end, flushing streams that appeared too late for it to hold them.
                break
            except Exception:
                self.report.ended_by_error = True
                break
            if packet.stream_index != self._stream.index:
                self._see_other(packet)
                continue
            flushed = packet.size == 0 and packet.pts is None
            try:
                frames = packet.decode()
            except Exception:
                self.report.undecodable_packets += 1
                continue
            yield from (frame for frame in frames if frame.samples)
        self._media.check_read()
        if not flushed:
            try:
                frames = self._stream.codec_context.decode(None)
            except Exception:
                return
            yield from (frame for frame in frames if frame.samples)

    def _see_other(self, packet: Any) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.time_base:
            time_s = float(stamp * packet.time_base)
            self._timeline.see_other(time_s)
            start_s = (self._media.container.start_time or 0) / av.time_base
            length_s = float((packet.duration or 0) * packet.time_base)
            self._others_end_s = max(self._others_end_s, time_s + length_s - start_s)

    def _describe(self, number: int, candidates: list[int], passed_over: tuple[PassedOver, ...]) -> MediaInfo:
        container = self._media.container
        streams = container.streams
        return MediaInfo(
            container=container.format.name,
            codec=self._stream.codec_context.name,
            sample_rate_hz=self._first.sample_rate,
            channels=self._first.layout.nb_channels,
            layout=tuple(channel.name for channel in self._first.layout.channels),
            stated_duration_s=self._stated_s(),
            audio_stream=number,
            audio_streams=len(streams.audio),
            has_video=bool(streams.video),
            passed_over=passed_over,
            is_default=self._asked is None and number == candidates[0] != min(candidates),
            clock_start_s=(container.start_time or 0) / av.time_base,
        )

    def _stated_s(self) -> float | None:
        """The length that the container states, from its start."""
        container = self._media.container
        if container.duration is None:
            return None
        before = container.start_time or 0 if container.format.name in _LENGTH_IS_AN_END else 0
        return float(max(0, container.duration - before) / av.time_base)

    def _placed_frames(self) -> Iterator[tuple["_Segment", Any]]:
        """Every frame with the segment it belongs to; a gap or a change of the stream's format begins a new one."""
        segment, previous = _Segment(0, 0), None
        for frame in chain([self._first], self._frames):
            try:
                convertible, parameters = self._convertible(frame), _parameters(frame)
            except Exception:
                convertible = False
            if not convertible:
                self.report.undecodable_packets += 1
                continue
            # After a change of rate, formats that count samples give times that mean nothing.
            stamped = frame.pts is not None and frame.sample_rate == self.info.sample_rate_hz
            gap_s = self._timeline.place(
                float(frame.pts * self._tick_s) if stamped else None, frame.samples / frame.sample_rate
            )
            if gap_s or parameters != previous:
                segment = _Segment(segment.number + 1, round(gap_s * self.info.sample_rate_hz))
                previous = parameters
            yield segment, frame

    def _convertible(self, frame: Any) -> bool:
        """Whether a frame's channels can become the first frame's. Damage makes decoders invent channels."""
        if not _LOWEST_RATE_HZ <= frame.sample_rate <= _HIGHEST_RATE_HZ:
            return False
        if frame.layout.name == self._first.layout.name:
            return True
        return frame.layout.nb_channels <= _MOST_CHANNELS and not any(
            layout.channels[0].name == UNNAMED_CHANNEL for layout in (frame.layout, self._first.layout)
        )

    def _silence(self, samples: int) -> Iterator[Samples]:
        most = _block_samples(self.info.channels)
        while samples > 0:
            block = np.zeros((self.info.channels, min(samples, most)), dtype=np.float32)
            samples -= block.shape[1]
            self.report.samples += block.shape[1]
            yield block

    def _check_length(self, further_samples: int) -> None:
        """Refuse the file once it is plain that it is too long."""
        if self._longest_s is None:
            return
        length_s = (self.report.samples + further_samples) / self.info.sample_rate_hz
        if length_s > self._longest_s:
            raise self._media.refusal(
                "is longer than a recording may be",
                found=f"more than {self._longest_s / 3600:g} h of sound",
                allowed=f"{self._longest_s / 3600:g} h",
                hint="Set MODELLAB_LONGEST_RECORDING_H higher, or take the file apart.",
            )

    def _clean(self, block: Samples) -> None:
        """Set what is no sensible number to 0, in place, and count it and what is at full scale."""
        highest, lowest = block.max(), block.min()
        if not (highest <= _LARGEST_SAMPLE and lowest >= -_LARGEST_SAMPLE):
            bad = ~(np.abs(block) <= _LARGEST_SAMPLE)
            self.report.non_finite_samples += int(bad.sum())
            block[bad] = 0.0
            highest, lowest = block.max(), block.min()
        if highest >= _FULL_SCALE or lowest <= -_FULL_SCALE:
            self.report.full_scale_samples += int(np.count_nonzero(np.abs(block) >= _FULL_SCALE))

    def _missing_riff_bytes(self) -> int:
        """How many bytes a WAV header promises beyond the file's end; 0 where a streaming writer left the size open."""
        with self._media.refusing("can't be read"), self._path.open("rb") as file:
            head = file.read(8)
            length = self._path.stat().st_size
        size = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or size >= 0xFFFFFF00:
            return 0
        return max(0, size + 8 - length)


class _Segment(NamedTuple):
    """A run of frames without a gap or a change of format, and the silence that comes before it."""

    number: int
    silence_samples: int


class _Conversion:
    """Frames of one format as blocks of float32, in the channels and at the rate of the first frame.

    Interleaved until here: PyAV reads beyond its memory when more than eight channels lie apart.
    """

    def __init__(self, info: MediaInfo, layout: Any) -> None:
        self.lost_samples = 0
        """Of what libav could not convert, once all blocks were read."""
        self._channels, self._rate_hz, self._layout = info.channels, info.sample_rate_hz, layout
        self._most = _block_samples(info.channels)

    def blocks(self, frames: Iterator[Any]) -> Iterator[Samples]:
        taken_s, given = 0.0, 0

        def measured() -> Iterator[Any]:
            nonlocal taken_s
            for frame in frames:
                taken_s += frame.samples / frame.sample_rate
                yield frame

        coming = measured()
        try:
            for block in self._converted(coming):
                for start in range(0, block.shape[1], self._most):
                    part = block[:, start : start + self._most]
                    given += part.shape[1]
                    yield part
        except LabError:
            raise
        except Exception:  # whatever libav raises; the frames are lost, their time is not
            for _ in coming:
                pass
            self.lost_samples = max(0, round(taken_s * self._rate_hz) - given)

    def _converted(self, frames: Iterator[Any]) -> Iterator[Samples]:
        fifo = av.AudioFifo()
        converter = av.AudioResampler(format="flt", layout=self._layout, rate=self._rate_hz)

        def convert(frame: Any) -> Iterator[Samples]:
            converted = (out for out in converter.resample(frame) if out is not None)
            return (out.to_ndarray().reshape(-1, self._channels).T for out in converted)

        for frame in frames:
            frame.pts = None
            fifo.write(frame)
            if fifo.samples >= self._most:
                yield from convert(fifo.read())
        if rest := fifo.read():
            yield from convert(rest)
        yield from convert(None)


def _block_samples(channels: int) -> int:
    return min(_BLOCK_SAMPLES, _BLOCK_VALUES // channels)


def _parameters(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _passed_over_because(refusal: InputRefused) -> str:
    if refusal.found is None:
        return "can't be decoded: there is no decoder for its codec"
    return f"can't be decoded: {refusal.found}"


def probe(path: Path, *, audio_stream: int | None = None) -> MediaInfo:
    """What a file is; decodes its first audio only.

    Raises:
        InputRefused: as `MediaReader`.
    """
    with MediaReader(path, audio_stream=audio_stream) as reader:
        return reader.info


def decode(path: Path, *, sample_rate_hz: int | None = None, audio_stream: int | None = None) -> Audio:
    """A whole audio stream with all its channels, held in memory.

    Args:
        path: any audio or video file.
        sample_rate_hz: resampled to this rate; None keeps the source's.
        audio_stream: which of its audio streams, from 0; None as in `MediaReader`.

    Raises:
        InputRefused: as `MediaReader`.
    """
    with MediaReader(path, audio_stream=audio_stream) as reader:
        rate_hz = sample_rate_hz or reader.info.sample_rate_hz
        return Audio(np.concatenate(list(resampled(reader, rate_hz)), axis=1), rate_hz)


def resampled(reader: MediaReader, sample_rate_hz: int, weights: Samples | None = None) -> Iterator[Samples]:
    """Blocks of all that a reader decodes, mixed and resampled on the way.

    Args:
        reader: nothing read from it yet.
        sample_rate_hz: the result's rate.
        weights: shape `(channels,)`, one channel is made with them; None keeps all.
    """
    info = reader.info
    resampler = StreamResampler(1 if weights is not None else info.channels, info.sample_rate_hz, sample_rate_hz)
    for block in reader.blocks():
        yield resampler.push(block if weights is None else (weights @ block)[np.newaxis])
    yield resampler.finish()
