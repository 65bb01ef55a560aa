"""Taking a Meeting Pack out of the lab."""

import shutil
import tempfile
from pathlib import Path

from modellab.artifacts.store import REMEDY, Artifact
from modellab.bundle.manifest import NAME, listed_files
from modellab.bundle.pack import FOLDER
from modellab.errors import ArtifactCorrupt, UsageError
from modellab.files import atomic_path, sha256_file, sync_path


def export(artifact: Artifact, destination: Path, *, as_zip: bool) -> Path:
    """Copy a pack into a folder, as a folder of its own or as a zip; all of it or nothing.

    Only files that the pack's manifest lists are copied, and each must still be what the artifact's manifest says.

    Args:
        artifact: of the step `bundle`.
        destination: folder to put it into; made if it does not exist.

    Returns:
        The new folder or zip, named after the recording. One that is there already with the same content is left.

    Raises:
        UsageError: another file or folder of that name is in the way.
        ArtifactCorrupt: a file of the pack is missing or differs.
    """
    archive = str(artifact.summary["zip_name"])
    destination.mkdir(parents=True, exist_ok=True)
    if as_zip:
        return _copy_zip(artifact, archive, destination / archive)
    return _copy_folder(artifact, destination / archive.removesuffix(".zip"))


def _copy_zip(artifact: Artifact, name: str, target: Path) -> Path:
    if target.exists():
        if target.is_file() and sha256_file(target) == artifact.manifest["files"][name]["sha256"]:
            return target
        raise _in_the_way(target)
    with atomic_path(target) as temporary:
        _copy_checked(artifact, name, temporary)
        temporary.chmod(0o644)
    return target


def _copy_folder(artifact: Artifact, target: Path) -> Path:
    names = listed_files(artifact.file(f"{FOLDER}/{NAME}"))
    if target.exists():
        if _same(artifact, names, target):
            return target
        raise _in_the_way(target)
    staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:40]}."))
    try:
        for name in names:
            _copy_checked(artifact, f"{FOLDER}/{name}", staging / name)
            sync_path(staging / name)
        staging.chmod(0o755)
        sync_path(staging)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    sync_path(target.parent)
    return target


def _copy_checked(artifact: Artifact, name: str, target: Path) -> None:
    shutil.copyfile(artifact.file(name), target)
    allowed = artifact.manifest["files"][name]["sha256"]
    if (found := sha256_file(target)) != allowed:
        raise ArtifactCorrupt(
            f"artifact {artifact.path}: file {name} does not match its manifest",
            found=found,
            allowed=allowed,
            hint=REMEDY,
        )


def _same(artifact: Artifact, names: list[str], folder: Path) -> bool:
    return (
        folder.is_dir()
        and sorted(path.name for path in folder.iterdir()) == sorted(names)
        and all(
            sha256_file(folder / name) == artifact.manifest["files"][f"{FOLDER}/{name}"]["sha256"] for name in names
        )
    )


def _in_the_way(target: Path) -> UsageError:
    return UsageError(
        f"{target} is there already and is not this Meeting Pack",
        allowed="a name that is free",
        hint="Move or delete it, or choose another folder.",
    )
