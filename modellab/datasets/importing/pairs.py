"""Recordings whose parts lie in folders beside theirs, under the same names: `noisy/` and `clean/` (VoiceBank-DEMAND
has `noisy_testset_wav/`), or `mix/` and `s1/`, `s2/` (WSJ0-2mix, LibriMix)."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place

_NOISY = re.compile(r"noisy(.*)", re.DOTALL)
_MIXES = ("mix", "mixture", "mix_clean", "mix_both")
_MOST_SOURCES = 9


def with_parts(cases: Iterable[FoundCase], given: Given) -> Iterator[FoundCase]:
    """The same cases, with the clean recording or the sources that lie in folders beside theirs."""
    for case in cases:
        if not case.clean and not case.stems:
            case.clean, case.stems = _clean(given.media, case.media), _sources(given.media, case.media)
        yield case


def _clean(folder: Folder, media: str) -> str | None:
    for path in _beside(media, lambda part: f"clean{found[1]}" if (found := _NOISY.fullmatch(part)) else None):
        if path in folder.known:
            return path
    return None


def _sources(folder: Folder, media: str) -> dict[str, str]:
    names = [f"s{number}" for number in range(1, _MOST_SOURCES + 1)]
    found = {
        name: path for name in names for path in _beside(media, partial(_instead_of_mix, name)) if path in folder.known
    }
    return found if len(found) > 1 else {}


def _instead_of_mix(name: str, part: str) -> str | None:
    return name if part in _MIXES else None


def _beside(media: str, renamed: Callable[[str], str | None]) -> Iterator[str]:
    """The path with one folder of it under another name, for every folder that has one."""
    *folders, name = media.split("/")
    for place, part in enumerate(folders):
        if (other := renamed(part)) is not None:
            yield "/".join([*folders[:place], other, *folders[place + 1 :], name])


def _mixed(folder: Folder) -> Iterator[str]:
    return (media for media in folder.media if _clean(folder, media) or _sources(folder, media))


def _cases(given: Given) -> Iterator[FoundCase]:
    return (FoundCase(media, media, Place(media)) for media in _mixed(given.media))


LAYOUT = Layout(
    "pairs",
    "Recordings and their parts",
    "noisy/ and clean/, or mix/ and s1/, s2/, with recordings of the same names",
    lambda folder: any(_mixed(folder)),
    _cases,
    is_general=True,
)
