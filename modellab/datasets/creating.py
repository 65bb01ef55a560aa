"""A new dataset of one's own from recordings: their copies and a manifest, to which references are then written."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.loading import MANIFEST, write_manifest
from modellab.datasets.manifest import Case, Manifest
from modellab.datasets.places import FilePlace
from modellab.datasets.sound_facts import sound_facts
from modellab.disk import require_space
from modellab.errors import DatasetError, InputRefused, LabError, UsageError
from modellab.files import sha256_file, staging_folder, sync_path
from modellab.inputs.keys import slug
from modellab.inputs.texts import check_text, kind_of
from modellab.media.folders import find_media, is_folder, refused_folder
from modellab.settings import Lab
from modellab.trouble import trouble_at

_MEDIA = "media"


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that does not become a case."""

    path: Path
    error: LabError


@dataclass(frozen=True, slots=True)
class CreatedDataset:
    """A new dataset."""

    file: Path
    manifest: Manifest
    refused: list[RefusedFile]
    left_out: list[str]
    """What was not taken from folders, in sentences."""


@dataclass(frozen=True, slots=True)
class About:
    """What a manifest says of the dataset as a whole."""

    description: str
    licence: str
    tasks: Sequence[str]
    language: str | None = None


def create_dataset(
    lab: Lab,
    dataset: str,
    paths: Sequence[Path],
    about: About,
    check_stopped: Callable[[], None] = lambda: None,
) -> CreatedDataset:
    """Copy recordings into `<home>/datasets/<id>/` and write the manifest beside them, whole or not at all.

    Args:
        paths: recordings, texts to be spoken (.txt), or folders with recordings.
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop; called between files.

    Raises:
        UsageError: the id or another word is not allowed, or the id is taken.
        DatasetError: none of the files can be taken.
        StorageError: the disk refuses.
    """
    _refuse_taken(lab, dataset)
    found = find_media(paths, lab.home)
    refused: list[RefusedFile] = []
    cases: list[Case] = []
    by_digest: dict[str, Case] = {}
    with trouble_at(lab.datasets), staging_folder(lab.datasets) as staged:
        (staged / _MEDIA).mkdir()
        for path in found.files:
            check_stopped()
            try:
                case = _taken(lab, path, staged, [case.id for case in cases], by_digest)
            except LabError as error:
                refused.append(RefusedFile(path, error))
                continue
            cases.append(case)
        if not cases:
            raise DatasetError(
                f"dataset {dataset!r} would have no case", found=[str(each.error) for each in refused] or "no file"
            )
        manifest = _manifest(dataset, about, cases)
        write_manifest(manifest, staged)
        for path in (staged / _MEDIA, staged):
            sync_path(path)
        staged.rename(lab.datasets / dataset)
        sync_path(lab.datasets)
    return CreatedDataset(lab.datasets / dataset / MANIFEST, manifest, refused, found.left_out.sentences())


def _refuse_taken(lab: Lab, dataset: str) -> None:
    if dataset in Catalogue(lab).ids() or (lab.datasets / dataset).exists():
        raise UsageError(
            f"the dataset id {dataset!r} is taken", hint=f"Choose another; modellab datasets show {dataset} shows it."
        )


def _taken(lab: Lab, path: Path, staged: Path, ids: Sequence[str], by_digest: dict[str, Case]) -> Case:
    """A file's copy as a case.

    Raises:
        LabError: it is no recording and no text, or is there already.
    """
    if is_folder(path):
        raise refused_folder(path, lab.home)
    if kind_of(path) == "text":
        check_text(path, path.name)
    else:
        sound_facts(path, lab.settings.longest_recording_h * 3600.0)
    digest = sha256_file(path)
    if digest in by_digest:
        raise InputRefused(f"{path} has the same bytes as case {by_digest[digest].id}")
    require_space(staged, path.stat().st_size, path.name)
    name = _free(slug(path.name), ids)
    copy = staged / _MEDIA / f"{name}{path.suffix.lower()}"
    shutil.copyfile(path, copy)
    sync_path(copy)
    case = Case(id=name, source=FilePlace(file=f"{_MEDIA}/{copy.name}", sha256=sha256_file(copy)))
    by_digest[digest] = case
    return case


def _free(name: str, taken: Sequence[str]) -> str:
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))) if one not in taken)


def _manifest(dataset: str, about: About, cases: list[Case]) -> Manifest:
    content = {
        "id": dataset,
        "version": "1",
        "description": about.description,
        "licence": about.licence,
        "tasks": list(about.tasks),
        "language": about.language,
        "cases": cases,
    }
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise UsageError(f"dataset {dataset!r} can't be created", found=problems) from error
