"""Bring a folder into the lab as a dataset: find what it is, read it, and write the manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.importing.catalogue import layout_of
from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import Account, FoundCase, Given
from modellab.datasets.importing.pairs import with_parts
from modellab.datasets.importing.writing import copied, in_folder, once_each, tasks_of, to_cases
from modellab.datasets.loading import MANIFEST, write_manifest
from modellab.datasets.manifest import DatasetName, Language, Manifest, Task
from modellab.datasets.named_folders import remember_folder
from modellab.disk import require_space, require_writable
from modellab.errors import DatasetError, TextRefused, UsageError
from modellab.files import staging_folder
from modellab.legible import one_line
from modellab.outside import Limits, read_marked_text
from modellab.registry.digests import DigestCache
from modellab.settings import Lab
from modellab.units import plural

_LICENCE_NAMES = ("licence", "license", "copying")
_LICENCE = Limits(bytes=1 << 20)
_LICENCE_CHARACTERS = 200
_SHOWN, _FEW = 20, 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asks for."""

    folder: Path
    dataset: str
    """Its id."""
    layout: str | None = None
    """None: found out."""
    media: Path | None = None
    """The folder that the recordings lie in, where it is another."""
    split: str | None = None
    language: str | None = None
    licence: str | None = None
    """None: the first line of the folder's own licence."""
    description: str | None = None
    tasks: Sequence[Task] = ()
    """Empty: what the references allow."""
    copy: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of it."""

    manifest: Path
    layout: str
    cases: int
    account: Account = field(default_factory=Account)


def bring(lab: Lab, wanted: Wanted, progress: Callable[[int, int], None] = lambda _done, _all: None) -> Brought:
    """Read a folder and write `<home>/datasets/<id>/dataset.yaml`: what can be taken, and an account of the rest.

    Args:
        progress: told how many cases of how many are done.

    Raises:
        DatasetError: the id is taken, or nothing in the folder can be taken: names every problem.
        InputRefused: the folder can't be read.
        UsageError: it is in no known format, or could be in several.
    """
    _check(wanted)
    require_writable(lab.datasets)
    catalogue = Catalogue(lab)
    target = lab.datasets / wanted.dataset
    if wanted.dataset in catalogue.ids() and not (wanted.replace and (target / MANIFEST).is_file()):
        raise DatasetError(
            f"there is a dataset {wanted.dataset} already",
            hint="Take another id" + (", or --replace it." if (target / MANIFEST).is_file() else "."),
        )
    folder = Folder(wanted.folder, lab.home)
    media = folder if wanted.media is None else Folder(wanted.media, lab.home)
    given = Given(folder, media, Account(), wanted.split)
    layout = layout_of(folder, wanted.layout, given.account)
    if wanted.split is not None and not layout.has_splits:
        raise UsageError(f"{layout.name} has no lists to choose from with --split", found=wanted.split)
    found = once_each(with_parts(layout.cases(given), given), given.account)
    if silent := sum(case.text is not None and not case.text.split() for case in found):
        says = "it says" if silent == 1 else "they say"
        given.account.note(f"{plural(silent, 'recording')} with an empty text: {says} that nothing is said")
    _tell_left_out(given, found)
    if wanted.copy:
        files = {file for case in found for file in (case.media, *case.sounds.values())}
        require_space(lab.datasets, sum(media.path(file).stat().st_size for file in files), "the copy")
    with staging_folder(lab.datasets) as staged:
        beside = staged / wanted.dataset
        name = wanted.dataset if wanted.dataset[0].isalpha() else f"d{wanted.dataset}"
        digests = DigestCache(lab.fetched / "digests")
        place = copied(given, beside) if wanted.copy else in_folder(given, name, lambda path: digests.of([path]))
        cases = []
        for done, case in enumerate(to_cases(found, given, beside, place), start=1):
            cases.append(case)
            progress(done, len(found))
        if not cases:
            raise _nothing(wanted, layout.name, given.account)
        manifest = Manifest(
            id=wanted.dataset,
            version="1",
            description=wanted.description or f"{layout.title}, from the folder {one_line(folder.root.name)}",
            licence=wanted.licence or _licence(folder) or "not stated",
            tasks=list(wanted.tasks) or tasks_of(found),
            language=wanted.language,
            cases=cases,
        )
        write_manifest(manifest, beside)
        if not wanted.copy:
            remember_folder(lab.datasets, name, media.root)
        if target.exists():
            target.rename(staged / "replaced")
        beside.rename(target)
    return Brought(target / MANIFEST, layout.name, len(cases), given.account)


def _check(wanted: Wanted) -> None:
    for what, value, kind in (("id", wanted.dataset, DatasetName), ("language", wanted.language, Language)):
        try:
            TypeAdapter(kind).validate_python(value) if value is not None else None
        except ValidationError as error:
            raise UsageError(
                f"{value!r} can't be a dataset's {what}",
                allowed="small letters, digits, _ and -" if what == "id" else "a code such as en, yue or pt-BR",
            ) from error


def _tell_left_out(given: Given, found: list[FoundCase]) -> None:
    taken = {file for case in found for file in (case.media, *case.sounds.values())}
    if others := [file for file in given.media.media if file not in taken]:
        shown = ", ".join(map(one_line, others[:_FEW])) + (", …" if len(others) > _FEW else "")
        given.account.note(f"{plural(len(others), 'recording')} not taken: {shown}")
    unusable = {**given.folder.unusable, **given.media.unusable}
    if unusable:
        shown = ", ".join(f"{one_line(file)} {why}" for file, why in list(unusable.items())[:_SHOWN])
        given.account.note(f"not looked into: {shown}{', …' if len(unusable) > _SHOWN else ''}")


def _nothing(wanted: Wanted, layout: str, account: Account) -> DatasetError:
    told = [str(problem) for problem in account.problems] + account.notes
    return DatasetError(
        f"nothing in {one_line(str(wanted.folder))} can be taken as {layout}",
        found=told[:_SHOWN] + ([f"and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []) or "no recordings",
        hint="Correct what is named, or say another format: --format.",
    )


def _licence(folder: Folder) -> str | None:
    """The first line of the folder's own licence."""
    for file in folder.files:
        if "/" not in file and file.lower().startswith(_LICENCE_NAMES):
            try:
                text = read_marked_text(folder.path(file), _LICENCE)
            except (OSError, TextRefused):
                continue
            lines = (one_line(line.strip()) for line in text.split("\n"))
            return next((line[:_LICENCE_CHARACTERS] for line in lines if line), None)
    return None
