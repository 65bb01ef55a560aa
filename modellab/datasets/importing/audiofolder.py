"""Hugging Face's audiofolder: `metadata.csv` or `.jsonl` beside the recordings; or folders named by class."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.tables import objects, rows, text_of
from modellab.datasets.importing.words import language_code, tags_of

_FILE = "file_name"
_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.tsv")
_TEXTS = ("transcription", "text", "sentence", "transcript")
_CLASSES = ("label", "labels", "class", "category")
_SPEAKERS = ("speaker", "speaker_id", "client_id")
_SPLITS = ("train", "validation", "valid", "dev", "test")


def _tables(folder: Folder) -> list[str]:
    return [file for file in folder.files if posixpath.basename(file) in _TABLES]


def _cases(given: Given) -> Iterator[FoundCase]:
    tables = _tables(given.folder)
    if not tables:
        yield from _by_folder(given)
    for table in tables:
        found = objects(given, table) if table.endswith(".jsonl") else rows(given, table, (_FILE,))
        for place, entry in found:
            if not (named := text_of(entry, _FILE)):
                given.account.problem(place, f"has no {_FILE}")
            elif media := given.find_media(named, place):
                yield _case(media, place, entry)


def _case(media: str, place: Place, entry: Mapping[str, Any]) -> FoundCase:
    speaker = text_of(entry, *_SPEAKERS)
    return FoundCase(
        media,
        media,
        place,
        language_code(text_of(entry, "language", "lang", "locale")),
        [speaker] if speaker else [],
        _split_of(media) | tags_of(entry),
        text=text_of(entry, *_TEXTS),
        labels=_labels(entry),
    )


def _labels(entry: Mapping[str, Any]) -> list[str] | None:
    value = next((entry[key] for key in _CLASSES if key in entry), None)
    if isinstance(value, list):
        return [str(one) for one in value]
    text = text_of({"label": value}, "label")
    return [text] if text else None


def _by_folder(given: Given) -> Iterator[FoundCase]:
    """Of a folder without a table: the class is the name of the folder that a recording lies in."""
    for media in given.media.media:
        label = posixpath.basename(posixpath.dirname(media))
        if label and label not in _SPLITS:
            yield FoundCase(media, media, Place(media), tags=_split_of(media), labels=[label])
        else:
            given.account.problem(Place(media), "lies in no folder that is named by a class")


def _split_of(media: str) -> dict[str, str]:
    first, *below = media.split("/")
    return {"split": first} if first in _SPLITS and below else {}


LAYOUT = Layout(
    "audiofolder",
    "Hugging Face audiofolder",
    "metadata.csv or .jsonl with file_name; or, if it is asked for, folders named by class",
    lambda folder: bool(_tables(folder)),
    _cases,
)
