"""MUSDB18-HQ: a folder for each track with `mixture.wav` and a file for each stem; `train/` and `test/` above."""

import posixpath
from collections.abc import Iterator

from modellab.datasets.importing.found import FoundCase, Given, Layout, Place

_MIX = "mixture"
_SPLITS = ("train", "test")


def _cases(given: Given) -> Iterator[FoundCase]:
    for media in given.media.media_by_stem.get(_MIX, []):
        folder = posixpath.dirname(media)
        stems = {
            posixpath.splitext(posixpath.basename(file))[0]: file
            for file in given.media.media
            if posixpath.dirname(file) == folder and file != media
        }
        name, split = posixpath.basename(folder), posixpath.basename(posixpath.dirname(folder))
        if stems:
            yield FoundCase(
                name or _MIX, media, Place(media), tags={"split": split} if split in _SPLITS else {}, stems=stems
            )
        else:
            given.account.problem(Place(media), "has no stems beside it")


LAYOUT = Layout(
    "musdb",
    "MUSDB tracks",
    "a folder for each track with mixture.wav and its stems",
    lambda folder: _MIX in folder.media_by_stem,
    _cases,
)
