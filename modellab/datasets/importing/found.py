"""What a layout's reader finds in a folder: cases, and what can't be taken and why. One shape for all layouts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from modellab.datasets.importing.folder import Folder, NotThere
from modellab.formats.spoken import SpokenText
from modellab.surfaces.results import Segment, Turn, Word

_LOCAL = re.compile(r"(?:speaker|spkr?|s|channel|ch)?[ _-]?\d+|[a-z]|left|right|unknown|<?na>?", re.IGNORECASE)
"""What programs and annotators call speakers of whom they know no more than that they differ."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said: a file below the folder, and its line, counted from 1, where it has lines."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that can't be taken as it is."""

    place: Place
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(slots=True)
class FoundCase:
    """One recording and all that the folder knows of it. Times are seconds in the recording."""

    name: str
    """What the layout calls it; the manifest's case id is made of it."""
    media: str
    """The recording, below the folder of media."""
    place: Place
    """Where it is said, for problems."""
    language: str | None = None
    speakers: list[str] = field(default_factory=list)
    """Who is known to speak; what a reference tells need not be said again."""
    tags: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    spoken: list[SpokenText] | None = None
    turns: list[Turn] | None = None
    words: list[Word] | None = None
    evaluated: list[Segment] | None = None
    speech: list[Segment] | None = None
    labels: list[str] | None = None
    textgrid: str | None = None
    """A file below the folder."""
    midi: str | None = None
    """As `textgrid`."""
    translations: dict[str, str] = field(default_factory=dict)
    """Code of a language -> what is said, in that language."""
    clean: str | None = None
    """The same without noise, below the folder of media."""
    stems: dict[str, str] = field(default_factory=dict)
    """Name of a source -> its file, below the folder of media."""

    @property
    def is_judged(self) -> bool:
        """Whether any file or table says something by which a result could be judged."""
        known = (self.text, self.spoken, self.turns, self.words, self.speech, self.labels, self.textgrid, self.midi)
        return any(part is not None for part in known) or bool(self.translations)

    @property
    def sounds(self) -> dict[str, str]:
        """Key in a manifest's reference -> file of a sound, below the folder of media."""
        clean = {"clean": self.clean} if self.clean else {}
        return clean | {f"stems.{name}": file for name, file in self.stems.items()}

    @property
    def all_speakers(self) -> list[str]:
        """Everybody who is known to speak, each once: as the layout says, else as the first reference that says it.

        Labels of references such as `speaker1` or `A` are left out: in the next recording they are somebody else.
        """
        parts = (part for part in (self.turns, self.spoken, self.words) if part)
        told = (one.speaker for one in next(parts, ()) if one.speaker and not _LOCAL.fullmatch(one.speaker))
        return list(dict.fromkeys(self.speakers or told))


@dataclass(slots=True)
class Account:
    """What could not be taken, and what is worth knowing, gathered while a folder is read."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences: what was left out on purpose, what was taken for what."""

    def problem(self, place: Place, what: str) -> None:
        self.problems.append(Problem(place, what))

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True, slots=True)
class Given:
    """A folder to be read, and what its user said of it."""

    folder: Folder
    """With the tables and references."""
    media: Folder
    """With the recordings; mostly the same."""
    account: Account
    split: str | None = None
    """Which of several tables."""

    def find_media(self, named: str, place: Place) -> str | None:
        """The recording that a table names, below the folder of media; None, and a problem, where it is not there."""
        return self._found(self.media, named, place, "/".join(place.file.split("/")[:-1]))

    def find_file(self, named: str, place: Place) -> str | None:
        """As `find_media`, of any other file that a table names."""
        return self._found(self.folder, named, place, "/".join(place.file.split("/")[:-1]))

    def _found(self, folder: Folder, named: str, place: Place, beside: str) -> str | None:
        try:
            return folder.find(named, beside if folder is self.folder else "")
        except NotThere as error:
            self.account.problem(place, str(error))
            return None


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which people keep recordings and references."""

    name: str
    """As `--format` has it."""
    title: str
    looks_like: str
    """What it is, for people who must choose."""
    detects: Callable[[Folder], bool]
    """Whether a folder is one, by names of files and first lines."""
    cases: Callable[[Given], Iterator[FoundCase]]
    """What is in it, in an order that does not depend on the disk."""
    is_general: bool = False
    """Whether it goes by names of files alone: where a list names the recordings, the list counts."""
    has_splits: bool = False
    """Whether it may hold several lists, of which `Given.split` chooses one."""
