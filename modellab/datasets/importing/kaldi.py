"""Kaldi's data directories: `wav.scp`, `text`, `utt2spk`, `segments`, `spk2gender`, `utt2lang`.

As Kaldi's documentation has them ("Data preparation"). A `wav.scp` may hold commands whose output is the sound; they
are never run.
"""

import re
from collections.abc import Iterator

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.stretches import Cut, cases_of
from modellab.datasets.importing.tables import lines, seconds_of
from modellab.datasets.importing.words import gender, language_code
from modellab.surfaces.results import Segment

_SCP, _SEGMENTS = "wav.scp", "segments"
_OFFSET = re.compile(r".+\.ark:\d+(\[.*\])?")
_SEGMENT_FIELDS = 4


def _cases(given: Given) -> Iterator[FoundCase]:
    media = _recordings(given)
    texts, speakers = _table(given, "text", True), _table(given, "utt2spk")
    genders, languages = _table(given, "spk2gender"), _table(given, "utt2lang")
    cuts = []
    for name, recording, span, place in _utterances(given, media):
        if name not in texts:
            given.account.problem(place, f"the utterance {name} has no line in text")
            continue
        speaker = speakers.get(name)
        tags = {"gender": gender(genders[speaker])} if speaker in genders else {}
        language = language_code(languages.get(name))
        cuts.append(Cut(name, recording, media[recording], place, texts[name], span, speaker, language, tags))
    yield from cases_of(cuts, given.account)


def _recordings(given: Given) -> dict[str, str]:
    """Recording -> its file."""
    found: dict[str, str] = {}
    for place, line in lines(given, _SCP):
        name, named = _split(line)
        if not named:
            given.account.problem(place, "names no file")
        elif named.endswith("|") or named.startswith("|"):
            given.account.problem(place, f"{name} is a command, and commands are never run; write its output to a file")
        elif _OFFSET.fullmatch(named):
            given.account.problem(place, f"{name} is a part of an archive; unpack it to files (wav-copy)")
        elif name in found:
            given.account.problem(place, f"the recording {name} is there twice")
        elif file := given.find_media(named, place):
            found[name] = file
    return found


def _utterances(given: Given, media: dict[str, str]) -> Iterator[tuple[str, str, Segment | None, Place]]:
    """Utterance, recording, span, where it is said; of a folder without `segments` every recording is an utterance."""
    if _SEGMENTS not in given.folder.files:
        for place, line in lines(given, _SCP):
            name = _split(line)[0]
            if name in media:
                yield name, name, None, place
        return
    seen: set[str] = set()
    for place, line in lines(given, _SEGMENTS):
        fields = line.split()
        if len(fields) != _SEGMENT_FIELDS:
            given.account.problem(place, "must be: utterance recording start end")
            continue
        name, recording = fields[:2]
        start_s, end_s = map(seconds_of, fields[2:])
        if start_s is None or end_s is None or end_s <= start_s:
            given.account.problem(place, f"{name} must have a start and a later end, in seconds")
        elif name in seen:
            given.account.problem(place, f"the utterance {name} is there twice")
        elif recording in media:
            seen.add(name)
            yield name, recording, Segment(start_s, end_s), place
        else:
            given.account.problem(place, f"the recording {recording} of {name} can't be had: see {_SCP}")


def _table(given: Given, file: str, may_be_empty: bool = False) -> dict[str, str]:
    """A table of two columns; none where there is no such file."""
    found: dict[str, str] = {}
    for place, line in lines(given, file) if file in given.folder.files else ():
        name, value = _split(line)
        if name in found:
            given.account.problem(place, f"{name} is there twice")
        elif value or may_be_empty:
            found[name] = value
        else:
            given.account.problem(place, f"says nothing of {name}")
    return found


def _split(line: str) -> tuple[str, str]:
    name, *rest = line.split(maxsplit=1)
    return name, rest[0].strip() if rest else ""


def _detects(folder: Folder) -> bool:
    return {_SCP, "text"} <= set(folder.files)


LAYOUT = Layout("kaldi", "Kaldi data directory", "wav.scp and text", _detects, _cases)
