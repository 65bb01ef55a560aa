"""`transcript.json`: the transcript as the pack publishes it, for other programs.

Its JSON Schema is `docs/transcript.schema.json`. A change that breaks a reader needs a new `format`.
"""

from collections.abc import Sequence
from datetime import date
from operator import not_
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from modellab.bundle.meeting import Meeting
from modellab.bundle.paragraphs import Paragraph
from modellab.text.results import Evidence, Line

FORMAT: Literal["modellab.transcript/1"] = "modellab.transcript/1"
_DECIMALS = 3
"""Times are given in whole milliseconds."""


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PublishedWord(_Published):
    """One word."""

    text: str
    start_s: float
    end_s: float
    space_before: bool
    """Whether a space separates it from the word before."""
    probability: float | None
    """The model's own confidence, 0 to 1."""
    estimated: bool = Field(default=False, exclude_if=not_)
    """Whether its times are a guess, from where speech is and how long the words are; left out where they are none."""


class PublishedParagraph(_Published):
    """Words of one speaker in a row."""

    start_s: float
    end_s: float
    speaker: str | None
    """Id of a speaker, or null when no speaker is known."""
    text: str
    words: list[PublishedWord]


class PublishedTurn(_Published):
    """A stretch of one speaker's talk."""

    start_s: float
    end_s: float


class PublishedSpeaker(_Published):
    """One participant."""

    id: str
    name: str
    talk_s: float
    """Seconds during which they talk; overlap with others counts for each."""
    share: float
    """Their part of everyone's talk, 0 to 1."""
    words: int
    turns: list[PublishedTurn]


class PublishedEvidence(_Published):
    """Words of one speaker in a row that something rests on."""

    start_s: float
    end_s: float
    speaker: str | None
    """Id of a speaker, or null when no speaker is known."""
    text: str
    first_word: int
    """Number of the first word, counting the words of all paragraphs from 0."""
    end_word: int
    """Number of the word after the last."""


class PublishedChapter(_Published):
    """A stretch of the recording about one thing; each begins a paragraph."""

    title: str
    start_s: float
    end_s: float
    first_word: int
    end_word: int


class PublishedLine(_Published):
    """A line of the summary, and what it rests on."""

    text: str
    evidence: list[PublishedEvidence]


class PublishedSpeakerSummary(_Published):
    """What one speaker said, in short."""

    speaker: str | None
    """Id of a speaker."""
    lines: list[PublishedLine]


class PublishedSummary(_Published):
    """The meeting in a few lines, and a paragraph for each speaker who has one."""

    backend: str
    """What made it: `extractive`, or a language model."""
    lines: list[PublishedLine]
    speakers: list[PublishedSpeakerSummary]


class PublishedActionItem(_Published):
    """Who does what by when."""

    task: str
    assignee: str | None
    """Who is to do it, as people read it; null when that was left open."""
    assignee_speaker: str | None
    """Id of the speaker who is to do it, where that can be told."""
    due_text: str | None
    """The words that name the time."""
    due_date: date | None
    """The last day they allow, reckoned from the day of the recording."""
    evidence: list[PublishedEvidence]


class PublishedActionItems(_Published):
    """The action items, in order of time."""

    backend: str
    """What found them: `rules`, or a language model."""
    note: str | None
    """Why there are none, when the reason is not that nothing was agreed."""
    items: list[PublishedActionItem]


class PublishedLanguage(_Published):
    """A language that the speech may be in."""

    language: str
    """ISO 639-1 code."""
    probability: float


class PublishedFlag(_Published):
    """Words that were probably never said. `first_word` to `end_word` (exclusive) count the words of all paragraphs."""

    kind: str
    """What speaks against them: outside_speech, noise_only, loop, compression, word_rate, improbable, language,
    known_phrase or unfitting."""
    strength: Literal["strong", "weak"]
    """Weak: true words look like it too often, and nothing else says the same."""
    start_s: float
    end_s: float
    first_word: int
    end_word: int
    text: str
    why: str
    """In a sentence or two."""
    figures: dict[str, float]
    """What was measured and what is allowed, each in the unit that its name ends with."""


class PublishedTranscript(_Published):
    """What was said, by whom and when. Times are seconds from the start of the recording."""

    format: Literal["modellab.transcript/1"]
    title: str
    duration_s: float
    language: str | None
    """ISO 639-1 code; null when nothing was said."""
    language_probability: float | None
    speakers: list[PublishedSpeaker]
    """In order of first turn; empty when speakers were not told apart."""
    paragraphs: list[PublishedParagraph]
    """In order of time."""
    recorded_on: date | None = None
    """The day of the recording, as far as it is known."""
    recorded_on_source: str | None = None
    """Where that day comes from: `parameter`, `file` (its tags) or `registered` (when the lab got the file)."""
    chapters: list[PublishedChapter] | None = None
    """In order of time; null when nothing looked for them, as with the two below."""
    summary: PublishedSummary | None = None
    action_items: PublishedActionItems | None = None
    warnings: list[str] = []
    """What the results that this rests on warn of, in sentences."""
    language_candidates: list[PublishedLanguage] = []
    """What was detected, the likeliest first; empty where the language was given."""
    uncovered: list[PublishedTurn] = []
    """Stretches in which there is speech and no word was written down."""
    flags: list[PublishedFlag] | None = None
    """Words that were probably never said, in order of time; null when nothing looked for them."""


def publish(meeting: Meeting) -> PublishedTranscript:
    """The published form of a meeting's transcript."""
    return PublishedTranscript(
        format=FORMAT,
        title=meeting.title,
        duration_s=_ms(meeting.duration_s),
        language=meeting.language,
        language_probability=meeting.language_probability,
        speakers=[
            PublishedSpeaker(
                id=person.id,
                name=person.name,
                talk_s=_ms(person.talk_s),
                share=round(person.share, 4),
                words=person.words,
                turns=[PublishedTurn(start_s=_ms(turn.start_s), end_s=_ms(turn.end_s)) for turn in person.turns],
            )
            for person in meeting.participants
        ],
        paragraphs=[_paragraph(paragraph) for paragraph in meeting.paragraphs],
        recorded_on=meeting.recorded.day if meeting.recorded else None,
        recorded_on_source=meeting.recorded.source if meeting.recorded else None,
        chapters=_chapters(meeting),
        summary=_summary(meeting),
        action_items=_action_items(meeting),
        warnings=[doubt.text for doubt in meeting.doubts],
        language_candidates=[
            PublishedLanguage(language=each.language, probability=each.probability)
            for each in meeting.language_candidates
        ],
        uncovered=[PublishedTurn(start_s=_ms(each.start_s), end_s=_ms(each.end_s)) for each in meeting.uncovered],
        flags=_flags(meeting),
    )


def _paragraph(paragraph: Paragraph) -> PublishedParagraph:
    return PublishedParagraph(
        start_s=_ms(paragraph.start_s),
        end_s=_ms(paragraph.end_s),
        speaker=paragraph.speaker,
        text=paragraph.text,
        words=[
            PublishedWord(
                text=word.text,
                start_s=_ms(word.start_s),
                end_s=_ms(word.end_s),
                space_before=word.space_before,
                probability=word.probability,
                estimated=word.estimated,
            )
            for word in paragraph.words
        ],
    )


def _flags(meeting: Meeting) -> list[PublishedFlag] | None:
    if meeting.flags is None:
        return None
    return [
        PublishedFlag(
            kind=flag.kind.value,
            strength=flag.strength.value,
            start_s=_ms(flag.start_s),
            end_s=_ms(flag.end_s),
            first_word=flag.first_word,
            end_word=flag.end_word,
            text=flag.text,
            why=flag.why,
            figures=dict(flag.figures),
        )
        for flag in meeting.flags
    ]


def _chapters(meeting: Meeting) -> list[PublishedChapter] | None:
    if meeting.chapters is None:
        return None
    return [
        PublishedChapter(
            title=chapter.title,
            start_s=_ms(chapter.start_s),
            end_s=_ms(chapter.end_s),
            first_word=chapter.first_word,
            end_word=chapter.end_word,
        )
        for chapter in meeting.chapters
    ]


def _summary(meeting: Meeting) -> PublishedSummary | None:
    found = meeting.summary
    if found is None:
        return None
    people = [PublishedSpeakerSummary(speaker=one.speaker, lines=_lines(one.lines)) for one in found.speakers]
    return PublishedSummary(backend=found.backend, lines=_lines(found.lines), speakers=people)


def _action_items(meeting: Meeting) -> PublishedActionItems | None:
    found = meeting.action_items
    if found is None:
        return None
    return PublishedActionItems(
        backend=found.backend,
        note=found.note,
        items=[
            PublishedActionItem(
                task=item.task,
                assignee=meeting.assignee(item),
                assignee_speaker=item.assignee_speaker,
                due_text=item.due_text,
                due_date=item.due_date,
                evidence=_evidence(item.evidence),
            )
            for item in found.items
        ],
    )


def _lines(lines: Sequence[Line]) -> list[PublishedLine]:
    return [PublishedLine(text=line.text, evidence=_evidence(line.evidence)) for line in lines]


def _evidence(evidence: Sequence[Evidence]) -> list[PublishedEvidence]:
    return [
        PublishedEvidence(
            start_s=_ms(each.start_s),
            end_s=_ms(each.end_s),
            speaker=each.speaker,
            text=each.text,
            first_word=each.first_word,
            end_word=each.end_word,
        )
        for each in evidence
    ]


def _ms(seconds: float) -> float:
    return round(seconds, _DECIMALS)
