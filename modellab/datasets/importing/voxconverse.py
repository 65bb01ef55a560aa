"""VoxConverse and its like: recordings in one folder, `.rttm` (and `.uem`) of the same names in another."""

import posixpath
from collections.abc import Iterator

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.sidecars import Sidecars


def _by_name(folder: Folder, ending: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in folder.ending_with(ending):
        found.setdefault(posixpath.splitext(posixpath.basename(file))[0], []).append(file)
    return found


def _detects(folder: Folder) -> bool:
    turns = _by_name(folder, ".rttm")
    return any(
        posixpath.dirname(file) != posixpath.dirname(media)
        for name, files in turns.items()
        for file in files
        for media in folder.media_by_stem.get(name, ())
    )


def _cases(given: Given) -> Iterator[FoundCase]:
    sidecars, scored = Sidecars(given), _by_name(given.folder, ".uem")
    for name, files in _by_name(given.folder, ".rttm").items():
        place, media = Place(files[0]), given.media.media_by_stem.get(name, [])
        for what, there in (("turns", files), ("recordings", media)):
            if len(there) > 1:
                given.account.problem(place, f"several {what} are called {name}: {', '.join(there)}")
        if not media:
            given.account.problem(place, f"no recording is called {name}")
        if len(media) == 1 and len(files) == 1:
            case = FoundCase(name, media[0], place)
            sidecars.add(case, files[0], ".rttm")
            for file in scored.get(name, [])[:1]:
                sidecars.add(case, file, ".uem")
            if case.turns is not None:
                yield case


LAYOUT = Layout(
    "voxconverse",
    "VoxConverse layout",
    "recordings in one folder, .rttm of the same names in another",
    _detects,
    _cases,
    is_general=True,
)
