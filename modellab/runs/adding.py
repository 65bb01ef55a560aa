"""Bringing files into the lab without running anything on them; a bad one never stops the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from modellab.at_once import at_once
from modellab.errors import LabError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.media.folders import Found, find_media, is_folder, refused_folder
from modellab.settings import Lab
from modellab.trouble import as_lab_error
from modellab.wall_clock import rising
from modellab.warehouse.recorder import Recorder


@dataclass(frozen=True, slots=True)
class AddedFile:
    """What came of one file."""

    path: Path
    source: RegisteredInput | None = None
    error: LabError | None = None


def files_to_add(lab: Lab, paths: Sequence[Path]) -> Found:
    """The files that paths stand for: in folders the recordings, by themselves whatever they are."""
    return find_media(paths, lab.home)


def add_files(lab: Lab, files: Sequence[Path]) -> Iterator[AddedFile]:
    """Register and record each file, in order, a few ahead of what is asked for; a build then shows them in SQL."""
    store, recorder = InputStore(lab), Recorder(lab)

    def added(given: tuple[Path, datetime]) -> AddedFile:
        path, at = given
        try:
            if is_folder(path):
                raise refused_folder(path, lab.home)
            source = store.register(path, at=at)
            recorder.input(source)
        except Exception as error:
            return AddedFile(path, error=as_lab_error(error, lab.home))
        return AddedFile(path, source)

    with recorder.holding_rows():
        yield from at_once(added, zip(files, rising(), strict=False))
