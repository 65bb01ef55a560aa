"""What the text steps give back. Every line that is shown carries the words it rests on.

Times are seconds in the original recording; word numbers count `Transcript.words` of the transcript that was read.
`modellab.documents` turns any of these into JSON and back.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Evidence:
    """Consecutive words of one speaker."""

    start_s: float
    end_s: float
    speaker: str | None
    """None where no speaker is known."""
    first_word: int
    """Number of the first word, from 0."""
    end_word: int
    """Number of the word after the last."""
    text: str
    """The words themselves."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence that is shown, and what it rests on (never empty)."""

    text: str
    evidence: list[Evidence]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something a language model wrote that is not shown, because its evidence does not hold."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the recording about one thing; chapters touch and cover every word."""

    title: str
    """Made of words said in the chapter."""
    start_s: float
    end_s: float
    first_word: int
    end_word: int
    evidence: Evidence
    """The sentence whose words the title takes."""


@dataclass(frozen=True, slots=True)
class Chapters:
    """The recording's chapters, in order of time; none when nothing was said."""

    FILE: ClassVar[str] = "chapters.json"

    chapters: list[Chapter]
    backend: str
    """What made them: `extractive`."""


@dataclass(frozen=True, slots=True)
class SpeakerSummary:
    """One paragraph: what a speaker said."""

    speaker: str | None
    lines: list[Line]
    words: int
    """How many words the speaker said in all."""
    talk_s: float
    """How long the speaker's sentences last together."""

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Summary:
    """The meeting in a few lines, and a paragraph for each speaker, in order of talk time."""

    FILE: ClassVar[str] = "summary.json"

    lines: list[Line]
    speakers: list[SpeakerSummary]
    backend: str
    rejected: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Who does what by when."""

    task: str
    assignee: str | None
    """The name that was called, else the speaker's label; None when nobody in particular is to do it."""
    assignee_speaker: str | None
    """The label of the speaker who is the assignee, where that can be told."""
    due_text: str | None
    """The words that name the time."""
    due_date: date | None
    """The last day they allow, resolved against the day of the recording."""
    evidence: list[Evidence]
    """The sentence that assigns it, then the ones that take it on or say more."""


@dataclass(frozen=True, slots=True)
class ActionItems:
    """The action items, in order of time."""

    FILE: ClassVar[str] = "action_items.json"

    items: list[ActionItem]
    backend: str
    """`rules`, or the language model."""
    recorded_on: date | None = None
    """The day that due dates were reckoned from."""
    recorded_on_source: str | None = None
    """Where that day comes from: `parameter`, `file` (its tags) or `registered` (when the lab got the file)."""
    note: str | None = None
    """Why there are none, when the reason is not that nothing was agreed."""
    rejected: list[Rejection] = field(default_factory=list)


def evidence_row(evidence: Sequence[Evidence]) -> dict[str, Any]:
    """Evidence as columns: when its first words begin and end, and all of it."""
    first = evidence[0] if evidence else None
    return {
        "start_s": first.start_s if first else None,
        "end_s": first.end_s if first else None,
        "evidence": [asdict(one) for one in evidence],
    }
