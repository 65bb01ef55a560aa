"""Everything the pack says about a meeting, worked out once from the results; the formats only lay it out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from modellab.bundle.naming import clean, safe_name, title_of
from modellab.bundle.paragraphs import Paragraph, paragraphs
from modellab.media.inputs import RegisteredInput
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript, Turn

UNKNOWN_SPEAKER = "Unknown speaker"
"""Shown for words that no speaker could be given to, in a transcript that has speakers."""
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
    """Speaker's label -> the name that people gave them."""

    @property
    def words(self) -> int:
        return sum(len(paragraph.words) for paragraph in self.paragraphs)

    @property
    def has_speakers(self) -> bool:
        """Whether words carry speakers."""
        return any(paragraph.speaker is not None for paragraph in self.paragraphs)

    def name(self, speaker: str | None) -> str | None:
        """What to call the speaker of some words; None where nobody told the speakers apart."""
        if speaker is None:
            return UNKNOWN_SPEAKER if self.has_speakers else None
        return display_name(speaker, self.names)


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
    names: Mapping[str, str] = MappingProxyType({}),
) -> Meeting:
    """Work out the meeting from its results.

    Args:
        source: its recording, whose file name gives the title.
        duration_s: length of the original recording.
        names: speaker's label -> name, for those who were given one. Labels stay the ids.
    """
    spoken = tuple(paragraphs(transcript))
    turns = tuple(diarization.turns) if diarization else None
    return Meeting(
        title=title_of(source.name),
        slug=safe_name(source.name, f"meeting-{source.key}"),
        duration_s=duration_s,
        language=transcript.language,
        language_probability=transcript.language_probability,
        participants=_participants(spoken, turns or (), names),
        paragraphs=spoken,
        turns=turns,
        speech=tuple(speech.segments if speech else merge(Segment(t.start_s, t.end_s) for t in turns or ())),
        names=names,
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
