"""A dataset's manifest as typed, validated data: what it is for, its cases, and where their files and references are.

`datasets.loading` reads it from YAML and writes it. Field names are the manifest's own keys.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from modellab.datasets.places import FileSource, Source, Strict, TextPlace
from modellab.files import canonical_json

Task = Literal[
    "asr",
    "diarization",
    "meeting",
    "vad",
    "enhance",
    "separate",
    "tts",
    "classify",
    "embed",
    "music_transcription",
    "end_of_turn",
    "voice_to_voice",
    "translate",
    "hallucination",
    "chapters",
    "summary",
    "action_items",
]
TASKS: tuple[Task, ...] = get_args(Task)
"""What a dataset can be for."""

T = TypeVar("T")


def _on_one_line(value: str) -> str:
    if not value.strip() or value != value.strip() or not value.isprintable():
        raise ValueError("a text on one line without white space around it")
    return value


def _day(value: Any) -> Any:
    """A day as ISO 8601 has it; YAML makes a date of one already."""
    text = value.isoformat() if isinstance(value, date) else value
    try:
        if isinstance(text, str) and date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise ValueError("a day such as 2026-10-03")


DatasetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
CaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""ISO 639 code, a script or region may follow: en, yue, pt-BR."""
Name = Annotated[str, AfterValidator(_on_one_line)]
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0.0)]


class Stretch(Strict):
    """A stretch of a recording: `[1.5, 4]`, or with both names."""

    start_s: Seconds
    end_s: Seconds

    @model_validator(mode="before")
    @classmethod
    def _of_pair(cls, value: Any) -> Any:
        is_pair = isinstance(value, list | tuple) and len(value) == 2
        return {"start_s": value[0], "end_s": value[1]} if is_pair else value


class ChapterGiven(Strict):
    """A topic and where it begins."""

    start_s: Seconds
    title: str | None = None


class ActionGiven(Strict):
    """An action item as a person marked it."""

    task: str = Field(min_length=1)
    assignee: str | None = None
    due_date: Annotated[str, BeforeValidator(_day)] | None = None
    start_s: Seconds | None = None
    end_s: Seconds | None = None


def _given_as(value: Any) -> str | None:
    if isinstance(value, str):
        return "<text>"
    if isinstance(value, list | tuple):
        return "<list>"
    return "<place>" if isinstance(value, dict | BaseModel) else None


_TextOrFile = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[FileSource, Tag("<place>")],
    Discriminator(
        _given_as, custom_error_type="given", custom_error_message="a text, or a mapping that names a file of it"
    ),
]
_ListOrFile = Annotated[
    Annotated[list[T], Tag("<list>")] | Annotated[FileSource, Tag("<place>")],
    Discriminator(
        _given_as, custom_error_type="given", custom_error_message="a list, or a mapping that names a file of it"
    ),
]


class ReferenceGiven(Strict):
    """What is known of a case, as the manifest gives it: written there, or in files. What is left out is not known."""

    text: _TextOrFile | None = Field(None, description="all words; empty: nothing is said")
    names: _ListOrFile[Name] | None = Field(None, description="names that the text says; in a file one a line")
    stm: _TextOrFile | None = Field(
        None, description="who said what, when: STM, or SegLST in a file that ends in .json"
    )
    rttm: _TextOrFile | None = Field(None, description="who speaks when")
    uem: _TextOrFile | None = Field(None, description="what of the recording is scored")
    ctm: _TextOrFile | None = Field(None, description="words with their times")
    textgrid: FileSource | None = Field(None, description="Praat's tiers: words, or what speakers say")
    speech: _ListOrFile[Stretch] | None = Field(
        None, description="where there is speech: [start, end] pairs, Audacity's labels, or RTTM in a file .rttm"
    )
    labels: _ListOrFile[Name] | None = Field(None, description="classes of the recording; in a file one a line")
    midi: FileSource | None = Field(None, description="notes")
    clean: FileSource | None = Field(None, description="the speech without the noise, as long as the recording")
    stems: dict[Name, FileSource] = Field(default_factory=dict, description="name of a source -> it alone")
    prompt: _TextOrFile | None = Field(None, description="what a voice is to say; a source with `text` says it itself")
    translations: dict[Language, _TextOrFile] = Field(
        default_factory=dict, description="code of a language -> all that is said, in that language"
    )
    chapters: _ListOrFile[ChapterGiven] | None = None
    summary: _TextOrFile | None = None
    actions: _ListOrFile[ActionGiven] | None = None
    planted: list[FileSource] | None = Field(
        None, description="transcripts in which words are planted that nobody said, a JSON file each"
    )

    @field_validator("translations")
    @classmethod
    def _one_into_each(cls, translations: dict[str, Any]) -> dict[str, Any]:
        if twice := sorted(_twice(language.partition("-")[0] for language in translations)):
            raise ValueError(f"there are two translations into {', '.join(twice)}: a case has one reference for each")
        return translations

    def sounds(self) -> dict[str, FileSource]:
        """Key, such as `clean` or `stems.drums` -> place of a sound."""
        found = {f"stems.{name}": place for name, place in self.stems.items()}
        return {"clean": self.clean, **found} if self.clean is not None else found


class Case(Strict):
    """One input with what is known of it."""

    id: CaseName
    source: Source
    recording: Name | None = Field(
        None, description="its name in reference files that hold several recordings; else the case's id or file's name"
    )
    language: Language | None = Field(None, description="None: the dataset's")
    speakers: list[Name] = Field(default_factory=list, description="the unit that a comparison resamples")
    tags: dict[Name, Name] = Field(default_factory=dict, description="slices: {noise: street, accent: us}")
    reference: ReferenceGiven = Field(default_factory=ReferenceGiven)

    @property
    def is_text(self) -> bool:
        """Whether it is a text to be spoken, not a recording."""
        return isinstance(self.source, TextPlace)

    @model_validator(mode="after")
    def _media_have_digests(self) -> "Case":
        media = {f"reference.{key}": place for key, place in self.reference.sounds().items()}
        if not isinstance(self.source, TextPlace):
            media["source"] = self.source
        if without := [key for key, place in media.items() if place.sha256 is None]:
            raise ValueError(f"sha256 is missing of {', '.join(sorted(without))}: media are known by their bytes")
        return self

    @field_validator("speakers")
    @classmethod
    def _each_once(cls, speakers: list[str]) -> list[str]:
        if len(set(speakers)) < len(speakers):
            raise ValueError("a speaker is there twice")
        return speakers


class Manifest(Strict):
    """A dataset."""

    id: DatasetName
    version: Version
    description: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    tasks: list[Task] = Field(min_length=1)
    language: Language | None = Field(None, description="of the cases that say no other")
    cases: list[Case] = Field(min_length=1)

    @model_validator(mode="after")
    def _case_ids_are_unique(self) -> "Manifest":
        if twice := sorted(_twice(case.id for case in self.cases)):
            raise ValueError(f"case ids are there twice: {', '.join(twice)}")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says, however it is written down."""
        return hashlib.sha256(canonical_json(self.document()).encode()).hexdigest()

    @property
    def languages(self) -> list[str]:
        """Of its cases, in order of the alphabet."""
        return sorted({language for case in self.cases if (language := self.language_of(case))})

    def language_of(self, case: Case) -> str | None:
        """The language of one of its cases."""
        return case.language or self.language

    def given_of(self, case: Case) -> str:
        """SHA-256 of all that the reference of one of its cases follows from, but for what stands in files."""
        said = case.model_dump(mode="json", exclude_defaults=True, include={"source", "recording", "reference"})
        return hashlib.sha256(canonical_json({**said, "language": self.language_of(case)}).encode()).hexdigest()

    def case(self, case_id: str) -> Case:
        """The case of an id.

        Raises:
            KeyError: there is none.
        """
        return next(case for case in self.cases if case.id == case_id)

    def document(self) -> dict[str, Any]:
        """As plain data, without what says nothing."""
        return self.model_dump(mode="json", exclude_defaults=True)


def _twice(names: Iterator[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
