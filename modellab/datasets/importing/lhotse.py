"""cuts, or recordings with supervisions, as JSON lines, packed or not.

Field names as in lhotse's `Recording`, `SupervisionSegment` and `MonoCut` (`to_dict`). Read by hand: lhotse itself
needs torch's data loading and runs the commands that a recording may have for its source.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.stretches import Cut, cases_of
from modellab.datasets.importing.tables import head, objects, seconds_of, text_of
from modellab.datasets.importing.words import language_code, tags_of
from modellab.errors import TextRefused
from modellab.outside import parse_json
from modellab.surfaces.results import Segment, Word

_ENDINGS = (".jsonl", ".jsonl.gz")
_NEAR_S = 0.01
"""A supervision that begins and ends so near to its recording's ends is of all of it."""


@dataclass(frozen=True, slots=True)
class _Recording:
    name: str
    media: str
    duration_s: float | None


def _cases(given: Given) -> Iterator[FoundCase]:
    kinds = {kind: _of_split(files, given.split) for kind, files in _kinds(given.folder).items()}
    cuts = _cuts(given, kinds["cuts"]) if kinds["cuts"] else _supervised(given, kinds)
    yield from cases_of(cuts, given.account)


def _of_split(files: list[str], split: str | None) -> list[str]:
    """The manifests of a split, which have it in their names: `recordings_test.jsonl.gz`."""
    return [file for file in files if split is None or split in file]


def _kinds(folder: Folder) -> dict[str, list[str]]:
    """What the manifests of a folder hold, by their first lines."""
    found: dict[str, list[str]] = {"cuts": [], "recordings": [], "supervisions": []}
    for file in folder.ending_with(*_ENDINGS):
        try:
            first = parse_json(head(folder, file), file) if "/" not in file else None
        except TextRefused:
            continue
        if isinstance(first, dict) and (kind := _kind(first)):
            found[kind].append(file)
    return found


def _kind(entry: Mapping[str, Any]) -> str | None:
    if "recording_id" in entry and "start" in entry:
        return "supervisions"
    if "sources" in entry and "sampling_rate" in entry:
        return "recordings"
    return "cuts" if str(entry.get("type", "")).endswith("Cut") and "id" in entry else None


def _supervised(given: Given, kinds: Mapping[str, list[str]]) -> Iterator[Cut]:
    recordings: dict[str, _Recording] = {}
    for file in kinds["recordings"]:
        for place, entry in objects(given, file):
            name = text_of(entry, "id") or ""
            if name in recordings:
                given.account.problem(place, f"the recording {name} is there twice")
            elif media := _media(given, entry, place):
                recordings[name] = _Recording(name, media, seconds_of(entry.get("duration")))
    seen: set[str] = set()
    for file in kinds["supervisions"]:
        for place, entry in objects(given, file):
            name, recording = text_of(entry, "id") or "", text_of(entry, "recording_id") or ""
            if name in seen:
                given.account.problem(place, f"the supervision {name} is there twice")
            elif recording not in recordings:
                given.account.problem(place, f"the recording {recording} of {name} can't be had")
            elif cut := _cut(given, place, entry, recordings[recording]):
                seen.add(name)
                yield cut


def _cuts(given: Given, files: list[str]) -> Iterator[Cut]:
    for file in files:
        for place, entry in objects(given, file):
            recording = entry.get("recording")
            offset_s = seconds_of(entry.get("start"))
            if entry.get("type") not in ("MonoCut", "MultiCut") or not isinstance(recording, dict) or offset_s is None:
                given.account.problem(
                    place, f"is a {entry.get('type')}; only cuts of one recording are read (MonoCut, MultiCut)"
                )
            elif media := _media(given, recording, place):
                of = _Recording(text_of(recording, "id") or media, media, seconds_of(recording.get("duration")))
                for supervision in _dicts(entry.get("supervisions")):
                    if cut := _cut(given, place, supervision, of, offset_s):
                        yield cut


def _media(given: Given, recording: Mapping[str, Any], place: Place) -> str | None:
    sources = _dicts(recording.get("sources"))
    name = text_of(recording, "id")
    if len(sources) != 1:
        given.account.problem(place, f"{name} has {len(sources)} sources; recordings of one file are read")
        return None
    kind, named = sources[0].get("type"), sources[0].get("source")
    if kind != "file" or not isinstance(named, str):
        why = ", and commands are never run" if kind == "command" else ""
        given.account.problem(place, f"the source of {name} is a {kind}{why}; files are read")
        return None
    return given.find_media(named, place)


def _cut(
    given: Given, place: Place, supervision: Mapping[str, Any], of: _Recording, offset_s: float = 0.0
) -> Cut | None:
    """A supervision as an utterance.

    Args:
        offset_s: where in the recording its times begin to count.
    """
    begin_s, duration_s = supervision.get("start"), seconds_of(supervision.get("duration"))
    if isinstance(begin_s, bool) or not isinstance(begin_s, int | float) or duration_s is None:
        given.account.problem(place, f"start and duration of {text_of(supervision, 'id')} must be seconds")
        return None
    # A cut may begin within a supervision, whose start is then negative.
    start_s = round(offset_s + begin_s, 6)
    span = Segment(max(0.0, start_s), round(start_s + duration_s, 6))
    is_whole = of.duration_s is not None and span.start_s < _NEAR_S and abs(of.duration_s - span.end_s) < _NEAR_S
    return Cut(
        of.name,
        of.name,
        of.media,
        place,
        text_of(supervision, "text"),
        None if is_whole else span,
        text_of(supervision, "speaker"),
        language_code(text_of(supervision, "language")),
        tags_of({"gender": supervision.get("gender"), **_custom(supervision)}),
        _words(supervision, offset_s, text_of(supervision, "speaker")),
    )


def _custom(supervision: Mapping[str, Any]) -> Mapping[str, Any]:
    custom = supervision.get("custom")
    return custom if isinstance(custom, dict) else {}


def _words(supervision: Mapping[str, Any], offset_s: float, speaker: str | None) -> list[Word]:
    """The alignment of words, whose times count as the supervision's do: `[symbol, start, duration, score]` each."""
    alignment = supervision.get("alignment")
    items = alignment.get("word") if isinstance(alignment, dict) else None
    found = []
    for item in items if isinstance(items, list) else []:
        fields = list(item.values()) if isinstance(item, dict) else item
        text, start, duration = (*fields, None, None, None)[:3] if isinstance(fields, list) else (None, None, None)
        start_s, duration_s = seconds_of(start), seconds_of(duration)
        if isinstance(text, str) and text.strip() and start_s is not None and duration_s is not None:
            start_s = round(offset_s + start_s, 6)
            found.append(Word(text.strip(), start_s, round(start_s + duration_s, 6), speaker=speaker))
    return found


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _detects(folder: Folder) -> bool:
    kinds = _kinds(folder)
    return bool(kinds["cuts"] or (kinds["recordings"] and kinds["supervisions"]))


LAYOUT = Layout(
    "lhotse",
    "lhotse manifests",
    "cuts, or recordings and supervisions, in .jsonl or .jsonl.gz",
    _detects,
    _cases,
    has_splits=True,
)
