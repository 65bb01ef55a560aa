"""`transcript.json`: the transcript as the pack publishes it, for other programs.

Its JSON Schema is `docs/transcript.schema.json`. A change that breaks a reader needs a new `format`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from modellab.bundle.meeting import Meeting

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
        paragraphs=[
            PublishedParagraph(
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
                    )
                    for word in paragraph.words
                ],
            )
            for paragraph in meeting.paragraphs
        ],
    )


def _ms(seconds: float) -> float:
    return round(seconds, _DECIMALS)
