"""NeMo's manifests: lists of JSON objects with `audio_filepath`, and `text`, or `rttm_filepath` and the like."""

import posixpath
from collections.abc import Iterator
from typing import Any

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.sidecars import Sidecars
from modellab.datasets.importing.splits import chosen
from modellab.datasets.importing.stretches import Cut, cases_of
from modellab.datasets.importing.tables import head, objects, seconds_of, text_of
from modellab.datasets.importing.words import language_code, tags_of
from modellab.errors import TextRefused
from modellab.outside import parse_json
from modellab.surfaces.results import Segment

_AUDIO = "audio_filepath"
_BESIDE = {"rttm_filepath": ".rttm", "uem_filepath": ".uem", "ctm_filepath": ".ctm"}


def _manifests(folder: Folder) -> dict[str, str]:
    """Name of a split -> its manifest."""
    return {
        posixpath.splitext(file)[0]: file
        for file in folder.ending_with(".json", ".jsonl")
        if "/" not in file and _is_one(folder, file)
    }


def _is_one(folder: Folder, file: str) -> bool:
    try:
        first = parse_json(head(folder, file), file)
    except TextRefused:
        return False
    return isinstance(first, dict) and _AUDIO in first


def _cases(given: Given) -> Iterator[FoundCase]:
    manifest = chosen(_manifests(given.folder), given.split)
    cuts: list[Cut] = []
    for place, entry in objects(given, manifest):
        if not (named := text_of(entry, _AUDIO)):
            given.account.problem(place, f"has no {_AUDIO}")
        elif media := given.find_media(named, place):
            if case := _with_references(given, place, entry, media):
                yield case
            elif cut := _cut(given, place, entry, media):
                cuts.append(cut)
    yield from cases_of(cuts, given.account)


def _cut(given: Given, place: Place, entry: dict[str, Any], media: str) -> Cut | None:
    """An utterance: with an `offset` it is a stretch of the recording, also from 0 on."""
    span = None
    if entry.get("offset") is not None:
        offset_s, duration_s = seconds_of(entry["offset"]), seconds_of(entry.get("duration"))
        if offset_s is None or duration_s is None:
            given.account.problem(place, "offset and duration must be seconds from 0 on")
            return None
        span = Segment(offset_s, offset_s + duration_s)
    return Cut(
        media,
        media,
        media,
        place,
        text_of(entry, "text"),
        span,
        text_of(entry, "speaker", "speaker_id"),
        language_code(text_of(entry, "lang", "language", "source_lang")),
        tags_of(entry),
    )


def _with_references(given: Given, place: Place, entry: dict[str, Any], media: str) -> FoundCase | None:
    """A recording for diarization, whose references lie in files; None where it names none."""
    files = {ending: named for key, ending in _BESIDE.items() if (named := text_of(entry, key))}
    if not files:
        return None
    case = FoundCase(media, media, place, language_code(text_of(entry, "lang", "language")), tags=tags_of(entry))
    for ending, named in files.items():
        if file := given.find_file(named, place):
            Sidecars(given).add(case, file, ending)
    return case


LAYOUT = Layout(
    "nemo",
    "NeMo manifest",
    "a list of JSON objects with audio_filepath, one a line",
    lambda folder: bool(_manifests(folder)),
    _cases,
    has_splits=True,
)
