"""What is known to be true of one recording: the reference that results are held against.

A reference says only what somebody knows: what is None is not known, and no metric that needs it is computed; an empty
list is knowledge (nobody speaks, nothing is said).
"""

from dataclasses import dataclass, field

from modellab.surfaces.results import Segment, Transcript, Turn, Word


@dataclass(frozen=True, slots=True)
class CaseId:
    """Which case of a dataset."""

    dataset: str
    version: str
    case_id: str


@dataclass(frozen=True, slots=True)
class ReferenceUtterance:
    """What one speaker said in one stretch, as an STM line has it."""

    start_s: float
    end_s: float
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class ReferenceNote:
    """One note of music: MIDI pitch 0 to 127, velocity 0 to 1 where it is known."""

    start_s: float
    end_s: float
    pitch: int
    velocity: float | None = None


@dataclass(frozen=True, slots=True)
class ReferenceSound:
    """Sound that a result should equal: the clean speech beneath a noisy recording, a stem of a mix."""

    sha256: str
    """Of the file's bytes, by which the lab keeps it (`References.sound`)."""
    name: str
    """The file's name, for people."""


@dataclass(frozen=True, slots=True)
class ReferenceChapter:
    """A topic and where it begins."""

    start_s: float
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ReferenceAction:
    """An action item as a person marked it."""

    task: str
    assignee: str | None = None
    due_date: str | None = None
    """ISO 8601 day."""
    start_s: float | None = None
    """The words that assign it or take it on."""
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class PlantedTranscript:
    """A transcript as a model could have written it, of which it is known which words nobody said."""

    transcript: Transcript
    made_up: list[int]
    """Numbers of those words among `transcript.words`, in order; none of a right transcript."""


@dataclass(frozen=True, slots=True)
class Reference:
    """All that is known of one recording. Times are seconds in the original recording."""

    language: str | None = None
    """ISO 639-1 code, a region may follow."""
    text: str | None = None
    """All words in order of time, whoever says them; empty: nothing is said."""
    names: list[str] | None = None
    """Names that `text` says (people, products, places), each once: whether they are heard is a figure of its own."""
    utterances: list[ReferenceUtterance] | None = None
    """Who said what, when, in order of start."""
    words: list[Word] | None = None
    """Words with their times, in order of start."""
    turns: list[Turn] | None = None
    """Who speaks when; turns of different speakers may overlap."""
    speech: list[Segment] | None = None
    """Where there is speech: disjoint, in order."""
    evaluated: list[Segment] | None = None
    """What of the recording is scored (UEM); None: all of it."""
    labels: list[str] | None = None
    """Classes of the whole recording."""
    voices: list[str] | None = None
    """Who is heard, by names that are the same in all recordings of a dataset; in turns one may be another's there."""
    notes: list[ReferenceNote] | None = None
    clean: ReferenceSound | None = None
    """The speech without the noise, as long as the recording."""
    stems: dict[str, ReferenceSound] = field(default_factory=dict)
    """Name of a source (vocals, drums) -> it alone."""
    prompt: str | None = None
    """What a voice is to say, of a case for speech synthesis."""
    translations: dict[str, str] | None = None
    """Code of a language -> all that is said, in that language."""
    chapters: list[ReferenceChapter] | None = None
    summary: str | None = None
    actions: list[ReferenceAction] | None = None
    planted: list[PlantedTranscript] | None = None
    """Transcripts by which those are judged who look for words that nobody said."""

    @property
    def speakers(self) -> list[str]:
        """Labels of everybody who is known to speak, in order of first turn."""
        spoken = self.turns if self.turns is not None else self.utterances or []
        return list(dict.fromkeys(one.speaker for one in spoken))
