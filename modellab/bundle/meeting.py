"""Everything the pack says about a meeting, worked out once from the results; the formats only lay it out."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from modellab.bundle.cited import Cited
from modellab.bundle.naming import clean, day, safe_name, title_of
from modellab.bundle.paragraphs import Paragraph, paragraphs
from modellab.bundle.pieces import Piece, parted
from modellab.inputs.registered import RegisteredInput
from modellab.speech.hallucinations.flags import Flag, Hallucinations, Strength
from modellab.surfaces.results import Diarization, LanguageCandidate, Segment, SpeechSegments, Transcript, Turn
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, SpeakerSummary, Summary

UNKNOWN_SPEAKER = "Unknown speaker"
"""Shown for words that no speaker could be given to, in a transcript that has speakers."""
_FIRST_SENTENCE = re.compile(r"(?:“[^”]*”|(?!\. ).)*")
"""Full stops inside quotation marks end no sentence."""
_DIARIZED_LABEL = re.compile(r"^SPEAKER_(\d+)$")


@dataclass(frozen=True, slots=True)
class Participant:
    """One speaker of the meeting."""

    id: str
    """As the diarization names them: `SPEAKER_00`."""
    name: str
    """As people read it: `Speaker 1`."""
    talk_s: float
    """Seconds during which they talk; overlap with others counts for each."""
    share: float
    """Their part of everyone's talk, 0 to 1."""
    turns: tuple[Segment, ...]
    """When they talk: disjoint, in order."""
    words: int


@dataclass(frozen=True, slots=True)
class RecordingDay:
    """The day of the recording, as far as it is known."""

    day: date
    source: str
    """Where it comes from: `parameter`, `file` (its tags) or `registered` (when the lab got the file)."""

    @property
    def text(self) -> str:
        """`21 November 2026`, or `added 21 November 2026` when that is all that is known."""
        return f"added {day(self.day)}" if self.source == "registered" else day(self.day)


@dataclass(frozen=True, slots=True)
class Absence:
    """Something a pack can hold and this one does not."""

    what: str
    why: str
    expected: bool
    """Whether the pipeline has a step for it: then it failed, or was not run, and the pack's readers are told."""

    @property
    def brief(self) -> str:
        """The reason's first sentence: what to do about it is for whoever runs the lab, and the manifest has it all."""
        return self.why.partition(". ")[0].rstrip(".") + "."


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a result that the pack rests on warns of."""

    step: str
    """The step whose result it is; `input` for the recording itself."""
    text: str

    @property
    def brief(self) -> str:
        """What readers of the pack are told: the first sentence. What to do about it is for whoever runs the lab, and
        the manifest has it all."""
        first = str(_FIRST_SENTENCE.match(self.text)[0]).rstrip(".")  # type: ignore[index]
        return f"{first[:1].upper()}{first[1:]}."


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter with its paragraphs; or all of them, where there are no chapters."""

    chapter: Chapter | None
    number: int
    """Of the chapter, from 1."""
    first: int
    """Number of its first paragraph, from 0."""
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A recorded meeting. Times are seconds in the original recording."""

    title: str
    slug: str
    """The recording's name fit for file names and for formats whose fields are separated by spaces."""
    duration_s: float
    language: str | None
    language_probability: float | None
    participants: tuple[Participant, ...]
    """In order of first turn; empty when nobody told the speakers apart."""
    paragraphs: tuple[Paragraph, ...]
    turns: tuple[Turn, ...] | None
    """What the diarization gave, in order of start; None where there was none."""
    speech: tuple[Segment, ...]
    """Where there is speech, whoever talks."""
    names: Mapping[str, str]
    """Speaker's label -> the name that people gave them, else that of the known voice they were taken for."""
    recorded: RecordingDay | None
    chapters: tuple[Chapter, ...] | None
    """In order of time; like the summary and the action items, None where nothing looked for them. The words that they
    rest on are numbered like `Paragraph.first_word`."""
    summary: Summary | None
    action_items: ActionItems | None
    absent: tuple[Absence, ...]
    doubts: tuple[Doubt, ...]
    """In the order of the pipeline."""
    language_candidates: tuple[LanguageCandidate, ...]
    """What was detected, the likeliest first."""
    uncovered: tuple[Segment, ...]
    """Stretches in which there is speech and no word was written down."""
    flags: tuple[Flag, ...] | None
    """Words that were probably never said, numbered like `Paragraph.first_word`; None where nothing looked for them."""

    @property
    def divided(self) -> bool:
        """Whether its chapters are worth showing: one that is all of the recording divides nothing."""
        return self.chapters is not None and len(self.chapters) > 1

    @property
    def parts(self) -> list[Part]:
        """The transcript by chapters."""
        starts = [self.line_of(chapter.first_word) for chapter in self.chapters or ()]
        if not self.divided:
            return [Part(None, 0, 0, self.paragraphs)]
        return [
            Part(chapter, number, start, self.paragraphs[start:end])
            for number, (chapter, start, end) in enumerate(
                zip(self.chapters or (), starts, [*starts[1:], len(self.paragraphs)], strict=True), start=1
            )
        ]

    @property
    def said_by(self) -> list[SpeakerSummary]:
        """The speakers' paragraphs that tell more than the summary's lines do."""
        if self.summary is None:
            return []
        told = [line.evidence for line in self.summary.lines]
        return [one for one in self.summary.speakers if any(line.evidence not in told for line in one.lines)]

    @property
    def missing(self) -> list[Absence]:
        """What the pack was to hold and does not."""
        return [absence for absence in self.absent if absence.expected]

    @property
    def due_note(self) -> str | None:
        """What readers of due dates must know; None where there is nothing."""
        found = self.action_items
        if found is None or found.recorded_on is None or not any(item.due_date for item in found.items):
            return None
        since = f"Dates are reckoned from {day(found.recorded_on)}"
        return f"{since}, when this recording was added." if found.recorded_on_source == "registered" else f"{since}."

    @property
    def words(self) -> int:
        return sum(len(paragraph.words) for paragraph in self.paragraphs)

    @property
    def has_speakers(self) -> bool:
        """Whether words carry speakers."""
        return any(paragraph.speaker is not None for paragraph in self.paragraphs)

    @property
    def flags_told(self) -> list[Flag]:
        """Those that readers are told of."""
        return [flag for flag in self.flags or () if flag.strength is Strength.STRONG]

    def pieces(self, paragraph: Paragraph) -> list[Piece]:
        """A paragraph's words, parted where what is said against them changes."""
        return parted(paragraph, self.flags_told)

    def name(self, speaker: str | None) -> str | None:
        """What to call the speaker of some words; None where nobody told the speakers apart."""
        if speaker is None:
            return UNKNOWN_SPEAKER if self.has_speakers else None
        return display_name(speaker, self.names)

    def line_of(self, word: int) -> int:
        """Number of the paragraph that a word is in, from 0."""
        return bisect_right(self.paragraphs, word, key=lambda paragraph: paragraph.first_word) - 1

    def assignee(self, item: ActionItem) -> str | None:
        """Who is to do something: the name they were given, else the name they were called by with the speaker it is
        taken to mean, else the speaker; None when it was left open."""
        speaker = item.assignee_speaker
        if speaker is None:
            return item.assignee
        name = display_name(speaker, self.names)
        called = item.assignee not in (None, speaker) and not self.names.get(speaker)
        return f"{item.assignee} ({name})" if called else name


def display_name(speaker: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The name a speaker was given, else `SPEAKER_00` as `Speaker 1`, else the label as it is.

    Args:
        names: speaker's label -> name.
    """
    if name := clean(names.get(speaker, "")):
        return name
    match = _DIARIZED_LABEL.match(speaker)
    return f"Speaker {int(match[1]) + 1}" if match else clean(speaker)


def describe(
    source: RegisteredInput,
    duration_s: float,
    transcript: Transcript,
    speech: SpeechSegments | None,
    diarization: Diarization | None,
    *,
    chapters: Chapters | None = None,
    summary: Summary | None = None,
    action_items: ActionItems | None = None,
    recorded: RecordingDay | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    absent: Sequence[Absence] = (),
    doubts: Sequence[Doubt] = (),
    flagged: Hallucinations | None = None,
) -> Meeting:
    """Work out the meeting from its results.

    Args:
        source: its recording, whose file name gives the title.
        duration_s: length of the original recording.
        chapters: like the summary and the action items, made from this transcript.
        names: speaker's label -> name, for those who were given one. Labels stay the ids.
        absent: what it can't tell of, and why.
        doubts: what the results warn of.
        flagged: words of this transcript that were probably never said.
    """
    cited = Cited(transcript)
    divided = cited.chapters(chapters) if chapters else None
    spoken = tuple(paragraphs(transcript, {chapter.first_word for chapter in divided or ()}))
    turns = tuple(diarization.turns) if diarization else None
    return Meeting(
        title=title_of(source.name),
        slug=safe_name(source.name, f"meeting-{source.digits}"),
        duration_s=duration_s,
        language=transcript.language,
        language_probability=transcript.language_probability,
        participants=_participants(spoken, turns or (), names),
        paragraphs=spoken,
        turns=turns,
        speech=tuple(speech.segments if speech else merge(Segment(t.start_s, t.end_s) for t in turns or ())),
        names=names,
        recorded=recorded,
        chapters=divided,
        summary=cited.summary(summary) if summary else None,
        action_items=cited.action_items(action_items) if action_items else None,
        absent=tuple(absent),
        doubts=tuple(replace(doubt, text=clean(doubt.text)) for doubt in doubts),
        language_candidates=tuple(transcript.language_candidates),
        uncovered=tuple(transcript.uncovered),
        flags=cited.flags(flagged) if flagged else None,
    )


def merge(segments: Iterable[Segment]) -> list[Segment]:
    """The union of segments: disjoint, in order."""
    merged: list[Segment] = []
    for segment in sorted(segments, key=lambda s: (s.start_s, s.end_s)):
        if merged and segment.start_s <= merged[-1].end_s:
            merged[-1] = Segment(merged[-1].start_s, max(merged[-1].end_s, segment.end_s))
        else:
            merged.append(segment)
    return merged


def _participants(
    spoken: Sequence[Paragraph], turns: Sequence[Turn], names: Mapping[str, str]
) -> tuple[Participant, ...]:
    """Speakers of the diarization, or of the words where there is none."""
    heard = turns or [Turn(p.start_s, p.end_s, p.speaker) for p in spoken if p.speaker is not None]
    by_speaker: dict[str, list[Segment]] = {}
    for turn in heard:
        by_speaker.setdefault(turn.speaker, []).append(Segment(turn.start_s, turn.end_s))
    words = dict.fromkeys(by_speaker, 0)
    for paragraph in spoken:
        if paragraph.speaker is not None:
            words[paragraph.speaker] = words.get(paragraph.speaker, 0) + len(paragraph.words)
            by_speaker.setdefault(paragraph.speaker, [])
    merged = {speaker: merge(segments) for speaker, segments in by_speaker.items()}
    talk_s = {speaker: sum(s.duration_s for s in segments) for speaker, segments in merged.items()}
    total_s = sum(talk_s.values())
    return tuple(
        Participant(
            speaker,
            display_name(speaker, names),
            talk_s[speaker],
            talk_s[speaker] / total_s if total_s else 0.0,
            tuple(segments),
            words[speaker],
        )
        for speaker, segments in merged.items()
    )
