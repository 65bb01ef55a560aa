"""Canonical audio: what ingest makes of an input, and everything later steps read in its place.

Steps that make other audio of it (enhance, separate) write the same files, so that what reads audio reads theirs too.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import soundfile

from modellab.artifacts.store import Artifact
from modellab.documents import load
from modellab.errors import ArtifactCorrupt
from modellab.media.audio import Audio, KeptPiece, TimeMap, Waveform
from modellab.media.decode import Losses, PassedOver
from modellab.media.envelope import Envelope
from modellab.media.levels import Levels
from modellab.media.resampling import resample
from modellab.media.timeline import TimeJump

AUDIO_FILE = "audio.flac"
INFO_FILE = "ingest.json"
ENVELOPE_FILE = "peaks.npz"


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The media that was decoded."""

    format: str
    """Container and codec, such as `mp3/mp3float`."""
    audio_stream: int
    audio_streams: int
    has_video: bool
    sample_rate_hz: int
    channels: int
    layout: list[str]
    duration_s: float
    """Length of what was decoded."""
    full_scale_fraction: float
    """Share of the samples at or beyond 0.999 of full scale: more than a few in a million mean clipping."""
    non_finite_samples: int
    passed_over_streams: list[PassedOver] = field(default_factory=list)
    """Audio streams that would have come before the one that was taken, and why they were not."""
    filled_gaps: int = 0
    filled_s: float = 0.0
    """Silence put where the file's time stamps jump, so that what follows keeps its time."""
    doubted_jumps: list[TimeJump] = field(default_factory=list)
    """Jumps of the file's time stamps that were not believed, the first 20."""
    losses: Losses = field(default_factory=Losses)
    """What of its sound could not be had."""
    clock_start_s: float = 0.0
    """The file's own time at its start, which is the recording's 0."""


@dataclass(frozen=True, slots=True)
class AppliedOperator:
    """One preprocessing operator, as it was applied."""

    name: str
    parameters: dict[str, Any]
    facts: dict[str, int | float | str]


@dataclass(frozen=True, slots=True)
class IngestInfo:
    """What ingest found and did: the content of `ingest.json`."""

    sample_rate_hz: int
    channels: int
    duration_s: float
    """Length of the processed audio."""
    original_duration_s: float
    """Length of the recording; all results state times in it."""
    source: SourceFacts
    mix: list[float]
    """Weight of each source channel in a mono mix."""
    pieces: list[KeptPiece]
    """What of the recording was kept, and where it lies in the processed audio."""
    levels: Levels
    """Of the processed audio."""
    attenuation_db: float = 0.0
    """By how much the whole was turned down because it went beyond full scale."""
    operators: list[AppliedOperator] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    audio_file: str = AUDIO_FILE
    """Name of the file with the samples."""

    @property
    def time_map(self) -> TimeMap:
        return TimeMap(tuple(self.pieces), self.original_duration_s)


class CanonicalAudio:
    """Reads an artifact's audio. Opening reads the description only; samples are read when asked for, and not kept."""

    def __init__(self, artifact: Artifact, info: IngestInfo) -> None:
        self._artifact = artifact
        self.info = info

    @classmethod
    def open(cls, artifact: Artifact) -> "CanonicalAudio":
        """The canonical audio in an artifact.

        Raises:
            ArtifactMissing: it holds no canonical audio.
            ArtifactCorrupt: its description can't be read.
        """
        return cls(artifact, load(IngestInfo, artifact.file(INFO_FILE)))

    @cached_property
    def time_map(self) -> TimeMap:
        """From the samples' times to the original recording's."""
        return self.info.time_map

    @property
    def duration_s(self) -> float:
        """Length of the processed audio, which models get."""
        return self.info.duration_s

    @property
    def original_duration_s(self) -> float:
        """Length of the original recording."""
        return self.info.original_duration_s

    def waveform(
        self, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None, *, channel: int | None = None
    ) -> Waveform:
        """One channel at a rate, resampled once if need be; of kept channels the mono mix that ingest chose.

        Args:
            start_s: processed time from which to read.
            end_s: processed time up to which to read; None for the end. Only what is asked for is held in memory.
            channel: of kept channels this one alone, from 0.

        Raises:
            ArtifactCorrupt: the audio can't be read.
        """
        audio = self._read(start_s, end_s)
        if channel is not None:
            audio = Audio(audio.samples[channel : channel + 1], audio.sample_rate_hz)
        elif audio.channels > 1:
            weights = np.array(self.info.mix, dtype=np.float32)
            audio = Audio((weights @ audio.samples)[np.newaxis], audio.sample_rate_hz)
        return Waveform(resample(audio, sample_rate_hz).samples[0], sample_rate_hz)

    def channels_at(self, sample_rate_hz: int) -> Audio:
        """All channels at a rate, resampled once if need be.

        Raises:
            ArtifactCorrupt: the audio can't be read.
        """
        return resample(self._read(), sample_rate_hz)

    def envelope(self) -> Envelope:
        """The waveform's outline over the original recording."""
        return Envelope.load(self._artifact.file(ENVELOPE_FILE))

    def _read(self, start_s: float = 0.0, end_s: float | None = None) -> Audio:
        path = self._artifact.file(self.info.audio_file)
        rate_hz = self.info.sample_rate_hz
        first, stop = round(start_s * rate_hz), None if end_s is None else round(end_s * rate_hz)
        try:
            samples, sample_rate_hz = soundfile.read(path, start=first, stop=stop, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise ArtifactCorrupt(f"{path} can't be read", found=str(error)) from error
        return Audio(samples.T, sample_rate_hz)
