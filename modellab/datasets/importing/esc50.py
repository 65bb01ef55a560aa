"""ESC-50: `esc50.csv` (in `meta/`) with a class for each recording (in `audio/`)."""

import posixpath
from collections.abc import Iterator

from modellab.datasets.importing.folder import Folder, NotThere
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.tables import rows
from modellab.units import plural

_TABLE = "esc50.csv"
_NEEDED = ("filename", "fold", "category")


def _tables(folder: Folder) -> list[str]:
    return [file for file in folder.files if posixpath.basename(file) == _TABLE]


def _cases(given: Given) -> Iterator[FoundCase]:
    for table in _tables(given.folder):
        repacked: list[str] = []
        for place, row in rows(given, table, _NEEDED):
            if media := _media(given, row["filename"], place):
                repacked += [media] if posixpath.basename(media) != row["filename"] else []
                yield FoundCase(
                    posixpath.basename(media),
                    media,
                    place,
                    tags={"fold": row["fold"]} if row["fold"] else {},
                    labels=[row["category"].replace("_", " ")],
                )
        if repacked:
            given.account.note(
                f"{plural(len(repacked), 'recording')} in another format than {table} says: {repacked[0]}, say"
            )


def _media(given: Given, named: str, place: Place) -> str | None:
    """The recording, in `audio/` or beside the table; in another format where people packed it anew."""
    for folder in ("audio", posixpath.dirname(place.file)):
        try:
            return given.media.find(posixpath.join(folder, named))
        except NotThere:
            continue
    alike = given.media.media_by_stem.get(posixpath.splitext(named)[0], [])
    return alike[0] if len(alike) == 1 else given.find_media(posixpath.join("audio", named), place)


LAYOUT = Layout(
    "esc50", "ESC-50", "esc50.csv with filename and category, and audio/", lambda folder: bool(_tables(folder)), _cases
)
