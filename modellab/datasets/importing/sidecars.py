"""References in files of the field's formats, put to the recordings they are of."""

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from modellab.datasets.importing.found import FoundCase, Given, Place
from modellab.datasets.reading import joined
from modellab.errors import LabError, TextRefused
from modellab.formats.ctm import read_ctm
from modellab.formats.labels import read_labels
from modellab.formats.lines import REFERENCE
from modellab.formats.rttm import read_rttm
from modellab.formats.spoken import SpokenText, read_seglst, read_stm
from modellab.formats.textgrid import read_textgrid
from modellab.formats.uem import read_uem
from modellab.outside import read_marked_text
from modellab.surfaces.results import Segment

T = TypeVar("T")

SEGLST = ".seglst.json"
SHARED_ENDINGS = (".rttm", ".stm", ".ctm", ".uem", SEGLST)
"""Formats whose files name the recordings they are of, so that one may hold many."""
ENDINGS = (*SHARED_ENDINGS, ".txt", ".lab", ".textgrid", ".mid", ".midi")
_LINE_OF = re.compile(r"line (\d+) of ")
_TIMED = re.compile(r"\s*\d+(\.\d+)?\s+\d+(\.\d+)?(\s.*)?")
_SHOWN = 5


def split_ending(file: str) -> tuple[str, str]:
    """A path without its ending, and the ending in small letters."""
    if file.lower().endswith(SEGLST):
        return file[: -len(SEGLST)], SEGLST
    stem, ending = posixpath.splitext(file)
    return stem, ending.lower()


class Sidecars:
    """Puts references to cases. A file that holds many recordings is read once."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._read: dict[str, Mapping[str, list[Any]] | None] = {}

    def add(self, case: FoundCase, file: str, ending: str, *names: str) -> None:
        """Put what a file says to a case.

        Args:
            file: below the folder.
            ending: what it is, one of `ENDINGS`.
            names: what the recording may be called in the file, besides its own name and the case's.
        """
        if ending in SHARED_ENDINGS:
            self._add_shared(case, file, ending, names)
        elif ending in (".mid", ".midi"):
            case.midi = file
        elif ending == ".textgrid":
            if self._tried(file, read_textgrid) is not None:
                case.textgrid = file
        elif (text := self.text(file)) is not None:
            self._add_text(case, file, ending, text)

    def recordings(self, file: str, ending: str) -> Mapping[str, list[Any]] | None:
        """What a file says by recording; None, and a problem, where it can't be read."""
        if file not in self._read:
            self._read[file] = self._tried(file, _BY_RECORDING[ending])
        return self._read[file]

    def _add_shared(self, case: FoundCase, file: str, ending: str, names: tuple[str, ...]) -> None:
        by_recording = self.recordings(file, ending)
        if by_recording is None:
            return
        known_as = (*names, posixpath.splitext(posixpath.basename(case.media))[0], case.name)
        found = next((by_recording[name] for name in known_as if name in by_recording), None)
        if found is None and len(by_recording) > 1:
            shown = ", ".join(list(by_recording)[:_SHOWN])
            what = f"holds {len(by_recording)} recordings ({shown}), none called {known_as[0]}"
            self._given.account.problem(Place(file), what)
            return
        # A file of its own that calls the recording something else is of it all the same; an empty one says: nothing.
        put(case, ending, found if found is not None else next(iter(by_recording.values()), []))

    def _add_text(self, case: FoundCase, file: str, ending: str, text: str) -> None:
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines or not all(_TIMED.fullmatch(line.rstrip("\r")) or line.startswith("\\") for line in lines):
            case.text = " ".join(text.split())
        elif ending == ".lab":
            self._given.account.problem(
                Place(file), "holds times: HTK's labels are not read, only a transcript; give TextGrid or CTM"
            )
        elif (labels := self._tried(file, read_labels)) is not None:
            case.speech = joined(Segment(label.start_s, label.end_s) for label in labels)

    def text(self, file: str) -> str | None:
        """A file's text; None, and a problem, where it can't be read."""
        try:
            return read_marked_text(self._given.folder.path(file), REFERENCE)
        except (OSError, TextRefused) as error:
            self._given.account.problem(Place(file), str(error))
            return None

    def _tried(self, file: str, read: Callable[..., T]) -> T | None:
        path = self._given.folder.path(file)
        try:
            return read(path)
        except LabError as error:
            line = found[1] if (found := _LINE_OF.match(error.what)) else None
            self._given.account.problem(Place(file, int(line) if line else None), str(error))
            return None


def put(case: FoundCase, ending: str, said: list[Any]) -> None:
    """Put what a file of many recordings says of one to its case."""
    match ending:
        case ".rttm":
            case.turns = said
        case ".ctm":
            case.words = said
        case ".uem":
            case.evaluated = joined(said)
        case _:
            case.spoken = said


def _spoken_by_recording(read: Callable[..., list[SpokenText]]) -> Callable[..., dict[str, list[SpokenText]]]:
    def by_recording(path: Any) -> dict[str, list[SpokenText]]:
        found: dict[str, list[SpokenText]] = {}
        for one in read(path):
            found.setdefault(one.recording, []).append(one)
        return found

    return by_recording


_BY_RECORDING: Mapping[str, Callable[..., Mapping[str, list[Any]]]] = {
    ".rttm": read_rttm,
    ".ctm": read_ctm,
    ".uem": read_uem,
    ".stm": _spoken_by_recording(read_stm),
    SEGLST: _spoken_by_recording(read_seglst),
}
