"""Bringing files into the lab without running anything on them; a bad one never stops the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import LabError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.media.folders import Found, find_media, is_folder, refused_folder
from modellab.settings import Lab
from modellab.trouble import as_lab_error
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
    """Register and record each file, one after the other, as they are asked for; a build then shows them in SQL."""
    store, recorder = InputStore(lab), Recorder(lab)
    for path in files:
        try:
            if is_folder(path):
                raise refused_folder(path, lab.home)
            source = store.register(path)
            recorder.input(source)
        except Exception as error:
            yield AddedFile(path, error=as_lab_error(error, lab.home))
        else:
            yield AddedFile(path, source)
