"""Recordings with their references beside them, under the same name: `talk.wav`, `talk.txt`, `talk.rttm`."""

import posixpath
import re

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.sidecars import ENDINGS, SHARED_ENDINGS, Sidecars, put, split_ending

_TRANSLATION = re.compile(r"(.+)\.([a-z]{2,3}(?:-[A-Z][A-Za-z]{1,7})?)\.txt")
"""`talk.de.txt`, `talk.pt-BR.txt`: what is said in `talk.wav`, in another language."""


def _references(folder: Folder) -> dict[str, dict[str, str]]:
    """Path without ending -> ending -> file, of everything that may be a reference."""
    found: dict[str, dict[str, str]] = {}
    for file in folder.files:
        stem, ending = split_ending(file)
        if ending in ENDINGS:
            found.setdefault(stem, {})[ending] = file
    return found


def _detects(folder: Folder) -> bool:
    translated = {found[1] for file in folder.files if (found := _TRANSLATION.fullmatch(file))}
    known = translated | _references(folder).keys()
    return any(posixpath.splitext(file)[0] in known for file in folder.media)


def judged_beside(given: Given) -> list[FoundCase]:
    """The recordings that have a reference beside them."""
    sidecars, references = Sidecars(given), _references(given.folder)
    cases = [FoundCase(file, file, Place(file)) for file in given.media.media]
    for case in cases:
        for ending, file in references.get(posixpath.splitext(case.media)[0], {}).items():
            sidecars.add(case, file, ending)
    _add_shared(cases, references, sidecars)
    _add_translations(cases, given.folder, sidecars)
    return [case for case in cases if case.is_judged]


def _add_shared(cases: list[FoundCase], references: dict[str, dict[str, str]], sidecars: Sidecars) -> None:
    """References in files that are called like no recording, for recordings of their folder that have no own."""
    own = {posixpath.splitext(case.media)[0] for case in cases}
    for stem, files in references.items():
        if stem in own:
            continue
        folder = posixpath.dirname(stem)
        for ending in (ending for ending in files if ending in SHARED_ENDINGS):
            by_recording = sidecars.recordings(files[ending], ending) or {}
            for case in cases:
                name = posixpath.splitext(posixpath.basename(case.media))[0]
                has_own = ending in references.get(posixpath.splitext(case.media)[0], {})
                if posixpath.dirname(case.media) == folder and name in by_recording and not has_own:
                    put(case, ending, by_recording[name])


def _add_translations(cases: list[FoundCase], folder: Folder, sidecars: Sidecars) -> None:
    """Texts that name a recording and a language; those of a recording whose own name ends so are its transcripts."""
    by_stem: dict[str, list[FoundCase]] = {}
    for case in cases:
        by_stem.setdefault(posixpath.splitext(case.media)[0], []).append(case)
    for file in folder.files:
        found = _TRANSLATION.fullmatch(file)
        if found is None or posixpath.splitext(file)[0] in by_stem or found[1] not in by_stem:
            continue
        text = sidecars.text(file)
        for case in by_stem[found[1]] if text is not None else ():
            case.translations[found[2]] = text or ""


LAYOUT = Layout(
    "beside",
    "Recordings with references beside them",
    "recordings with .txt, .stm, .rttm, .ctm, .uem, .TextGrid, .lab, .seglst.json, .mid of the same name beside; "
    "translations in .de.txt",
    _detects,
    lambda given: iter(judged_beside(given)),
    is_general=True,
)
