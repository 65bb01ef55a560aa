"""What the surfaces give back. All times are seconds in the ORIGINAL recording, whatever was trimmed or resampled.

Frozen dataclasses with units in their names; `modellab.documents` turns any of them into JSON and back. Each knows the
file it is kept in, and how its times go from processed time, in which models work, to original time.
"""

from dataclasses import dataclass, field, replace
from operator import not_
from typing import Annotated, ClassVar, Self, TypeVar

from pydantic import Field

from modellab.media.audio import TimeMap

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
class FittedWord(Segment):
    """When a word of known text was said, by a model that can tell how well the word fits what is heard there."""

    score: float
    """0 for a word that fits as well as any could, less the worse it does; the model says in which unit."""


@dataclass(frozen=True, slots=True)
class SpeechSegments:
    """Voice activity: disjoint segments in order of time."""

    FILE: ClassVar[str] = "speech.json"

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

    def in_original_time(self, time_map: TimeMap) -> Self:
        """A model's result with its times in the original recording, and `duration_s` the original's.

        A segment that goes over a cut stays one, from its original start to its original end; times beyond the
        audio's ends are brought back to them. So it is with turns, words and utterances.
        """
        segments = [_in_original_time(segment, time_map) for segment in self.segments]
        return replace(self, segments=segments, duration_s=time_map.original_duration_s)

    def in_processed_time(self, time_map: TimeMap) -> list[Segment]:
        """For a model that gets the processed audio; segments that were cut entirely are left out."""
        found = (Segment(time_map.to_processed(s.start_s), time_map.to_processed(s.end_s)) for s in self.segments)
        return [segment for segment in found if segment.duration_s > 0.0]


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
    estimated: Annotated[bool, Field(exclude_if=not_)] = False
    """Whether its times are a guess, from where speech is and how long the words are, since the model gave none. Left
    out of JSON where they are none, so that results from before there were any stay the same to the byte."""


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

    FILE: ClassVar[str] = "transcript.json"

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
    cut_short: Annotated[list[Segment], Field(exclude_if=not_)] = field(default_factory=list)
    """Stretches of which the model wrote on and on until it was stopped. Left out of JSON where there are none, as
    `Word.estimated` is."""

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def words(self) -> list[Word]:
        return [word for utterance in self.utterances for word in utterance.words]

    def in_original_time(self, time_map: TimeMap) -> Self:
        """As `SpeechSegments.in_original_time`. Words and utterances last at least `MIN_WORD_S`: models give some no
        length."""
        duration_s = time_map.original_duration_s
        utterances = [
            _around(
                _in_original_time(utterance, time_map),
                [lasting(_in_original_time(word, time_map), duration_s) for word in utterance.words],
                duration_s,
            )
            for utterance in self.utterances
        ]
        uncovered = [_in_original_time(segment, time_map) for segment in self.uncovered]
        cut_short = [_in_original_time(segment, time_map) for segment in self.cut_short]
        return replace(self, utterances=utterances, uncovered=uncovered, cut_short=cut_short, duration_s=duration_s)


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

    FILE: ClassVar[str] = "diarization.json"

    turns: list[Turn]
    duration_s: float

    @property
    def speakers(self) -> list[str]:
        return list(dict.fromkeys(turn.speaker for turn in self.turns))

    def in_original_time(self, time_map: TimeMap) -> Self:
        """As `SpeechSegments.in_original_time`."""
        turns = [_in_original_time(turn, time_map) for turn in self.turns]
        return replace(self, turns=turns, duration_s=time_map.original_duration_s)


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """A few sentences of a text, and where a voice says them."""

    text: str
    start_s: float
    end_s: float
    level_dbfs: float | None = None
    """RMS of its loudest 20 ms, 0 for full scale; None where all of it is 0."""
    end_db: float | None = None
    """RMS of its last 20 ms over that of its loudest: what is cut off in the middle of a word ends near 0."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class SpokenText:
    """What a voice made of a text. The sound it made is the recording: its times are those of the samples."""

    FILE: ClassVar[str] = "spoken.json"

    pieces: list[SpokenPiece]
    """In order, without overlap; all of the text that has something to say."""
    duration_s: float
    sample_rate_hz: int
    """The voice's own."""
    voice: str
    language: str
    """ISO 639-1 code."""
    speed: float
    """1.0: the voice's own pace."""
    seed: int

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)


_Span = TypeVar("_Span", Segment, Turn, Word, Utterance)


def _in_original_time(span: _Span, time_map: TimeMap) -> _Span:
    start_s, end_s = time_map.span_to_original(span.start_s, span.end_s)
    return replace(span, start_s=start_s, end_s=end_s)


def _around(utterance: Utterance, words: list[Word], duration_s: float) -> Utterance:
    """An utterance with its words, none of which ends after it."""
    whole = lasting(utterance, duration_s)
    return replace(whole, end_s=max([whole.end_s, *(word.end_s for word in words)]), words=words)


def lasting(span: _Span, duration_s: float) -> _Span:
    """A word or utterance inside the recording that lasts at least `MIN_WORD_S`; at its end it begins earlier for it.

    What is in order of start stays so.
    """
    if span.start_s >= 0.0 and span.end_s <= duration_s and span.end_s - span.start_s >= MIN_WORD_S:
        return span
    start_s = min(max(span.start_s, 0.0), max(0.0, duration_s - MIN_WORD_S))
    end_s = min(max(span.end_s, start_s + MIN_WORD_S), duration_s)
    return replace(span, start_s=start_s, end_s=end_s)
