"""What the surfaces give back. All times are seconds in the ORIGINAL recording, whatever was trimmed or resampled.

Frozen dataclasses with units in their names; `modellab.documents` turns any of them into JSON and back.
"""

from dataclasses import dataclass, field

MIN_WORD_S = 0.02
"""Words last at least 20 ms, the step of Whisper's time stamps: a model that gives one no length does not know it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of time that holds speech."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class SpeechSegments:
    """Voice activity: disjoint segments in order of time."""

    segments: list[Segment]
    duration_s: float
    """Length of the recording."""
    level_lufs: float | None = None
    """How loud the audio was where it is loudest; None where it was not measured, and for silence."""
    raised_db: float = 0.0
    """How much louder than it is the model heard it, because it is very quiet."""

    @property
    def speech_s(self) -> float:
        return sum(segment.duration_s for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the model wrote it, without surrounding white space."""

    text: str
    start_s: float
    end_s: float
    probability: float | None = None
    space_before: bool = True
    """Whether a space separates it from the word before (false in Chinese or Japanese, say)."""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of words the model gave as one piece, or one speaker's uninterrupted words."""

    start_s: float
    end_s: float
    text: str
    words: list[Word] = field(default_factory=list)
    speaker: str | None = None
    average_log_probability: float | None = None
    no_speech_probability: float | None = None
    compression_ratio: float | None = None
    """Length of the text over its zlib length; above about 2.4 a sign of repetition (Whisper's own heuristic)."""
    language: str | None = None
    """ISO 639-1 code where it is another than the transcript's."""


@dataclass(frozen=True, slots=True)
class LanguageCandidate:
    """A language that speech may be in."""

    language: str
    """ISO 639-1 code."""
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said, in order of time."""

    utterances: list[Utterance]
    duration_s: float
    language: str | None = None
    """ISO 639-1 code, detected or given; None when nothing was said."""
    language_probability: float | None = None
    """None where the language was given, or is the only one that the model knows."""
    language_candidates: list[LanguageCandidate] = field(default_factory=list)
    """What was detected, the likeliest first; empty where nothing was."""
    uncovered: list[Segment] = field(default_factory=list)
    """Stretches in which there is speech and no word was written down."""

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def words(self) -> list[Word]:
        return [word for utterance in self.utterances for word in utterance.words]


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker talking; turns of different speakers may overlap."""

    start_s: float
    end_s: float
    speaker: str

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who spoke when, in order of start; speakers are `SPEAKER_00`, `SPEAKER_01`, ... in order of first turn."""

    turns: list[Turn]
    duration_s: float

    @property
    def speakers(self) -> list[str]:
        return list(dict.fromkeys(turn.speaker for turn in self.turns))
