"""What models say of sound itself: classes, vectors, notes. Results like those of `results.py`, with the same times."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from modellab.media.audio import TimeMap

FrameScores = npt.NDArray[np.float32]
"""Shape `(frames, classes)`, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """What a classifying model gives: how much each moment is of each class it knows."""

    classes: list[str]
    """Their names, each once, in the order of the columns."""
    scores: FrameScores
    window_s: float
    """How much sound a frame is about; frame `n` begins at `n * hop_s`."""
    hop_s: float


def read_labels(text: str) -> tuple[str, ...]:
    """Labels in a text such as `dog barking, rain` or `dog barking/rain`, each once, in the text's order."""
    return tuple(dict.fromkeys(label for part in re.split("[,/]", text) if (label := " ".join(part.split()))))


@dataclass(frozen=True, slots=True)
class LabelSpan:
    """A stretch of time in which a class was heard."""

    label: str
    start_s: float
    end_s: float
    score: float
    """Mean of the model's scores in it, 0 to 1: not a probability unless the model's maker says so."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Classification:
    """What is heard in a recording: when, and in the whole of it."""

    FILE: ClassVar[str] = "labels.json"

    spans: list[LabelSpan]
    """In order of start; those of one class are apart, those of several may overlap."""
    scores: Mapping[str, float]
    """Class -> mean of its scores over the recording, of every class that the model knows, the highest first."""
    duration_s: float

    @property
    def labels(self) -> list[str]:
        """Classes by the recording's score, the highest first."""
        return list(self.scores)

    def in_original_time(self, time_map: TimeMap) -> Self:
        """As `SpeechSegments.in_original_time`."""
        spans = []
        for span in self.spans:
            start_s, end_s = time_map.span_to_original(span.start_s, span.end_s)
            spans.append(replace(span, start_s=start_s, end_s=end_s))
        return replace(self, spans=spans, duration_s=time_map.original_duration_s)


@dataclass(frozen=True, slots=True)
class SoundVector:
    """What a sound is like, as a direction: the cosine of two says how alike they are."""

    vector: list[float]
    """Of length 1."""
    heard_s: float
    """Seconds of sound that it rests on."""
    speaker: str | None = None
    """Whose voice it is, by the label of the turns; None: of the recording."""


@dataclass(frozen=True, slots=True)
class SoundVectors:
    """The vector of a recording, and of each of its speakers where turns tell them apart."""

    FILE: ClassVar[str] = "vectors.json"

    recording: SoundVector | None
    """None where there is too little to hear."""
    speakers: list[SoundVector]
    """In order of first turn; those who are too short alone to be heard are left out."""
    duration_s: float

    @property
    def all(self) -> list[SoundVector]:
        """The recording's first, where it has one."""
        return [*([self.recording] if self.recording else []), *self.speakers]


@dataclass(frozen=True, slots=True)
class Note:
    """One note of music."""

    start_s: float
    end_s: float
    pitch: int
    """MIDI's, 0 to 127; 60 is middle C."""
    velocity: float
    """How hard it is played, above 0, up to 1."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Notes:
    """What is played, in order of start and pitch; notes may overlap."""

    FILE: ClassVar[str] = "notes.json"

    notes: list[Note]
    duration_s: float

    def in_original_time(self, time_map: TimeMap) -> Self:
        """As `SpeechSegments.in_original_time`; a note of which nothing is left is left out."""
        notes = []
        for note in self.notes:
            start_s, end_s = time_map.span_to_original(note.start_s, note.end_s)
            if end_s > start_s:
                notes.append(replace(note, start_s=start_s, end_s=end_s))
        notes.sort(key=lambda note: (note.start_s, note.pitch, note.end_s))
        return replace(self, notes=notes, duration_s=time_map.original_duration_s)
