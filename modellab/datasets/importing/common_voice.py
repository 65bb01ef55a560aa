"""tables of clips (`test.tsv`, `validated.tsv`, ...) and their recordings in `clips/`."""

import hashlib
import posixpath
from collections.abc import Iterator

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout
from modellab.datasets.importing.splits import chosen
from modellab.datasets.importing.tables import columns_of, rows
from modellab.datasets.importing.words import language_code, tags_of

_NEEDED = ("client_id", "path", "sentence")
_SPEAKER_DIGITS = 10


def _tables(folder: Folder) -> dict[str, str]:
    """Name of a split -> its table."""
    return {
        file.removesuffix(".tsv"): file
        for file in folder.files
        if "/" not in file and file.endswith(".tsv") and set(_NEEDED) <= set(columns_of(folder, file))
    }


def _cases(given: Given) -> Iterator[FoundCase]:
    table = chosen(_tables(given.folder), given.split)
    for place, row in rows(given, table, _NEEDED):
        clip = row["path"]
        name = clip if clip.startswith("clips/") else f"clips/{clip}"
        # Common Voice's client ids have 128 digits, and are no names.
        if media := given.find_media(name if posixpath.splitext(name)[1] else f"{name}.mp3", place):
            speaker = hashlib.sha256(row["client_id"].encode()).hexdigest()[:_SPEAKER_DIGITS]
            yield FoundCase(
                posixpath.basename(media),
                media,
                place,
                language_code(row.get("locale")),
                [speaker] if row["client_id"] else [],
                tags_of(row),
                text=row["sentence"],
            )


LAYOUT = Layout(
    "common_voice",
    "Common Voice",
    "tables with client_id, path and sentence, and clips/",
    lambda folder: bool(_tables(folder)),
    _cases,
    has_splits=True,
)
