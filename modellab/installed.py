"""Files inside installed Python packages, and their versions, found without importing these."""

import importlib.util
import re
from importlib.metadata import Distribution
from pathlib import Path

_VERSION = re.compile(r"^Version:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


def version_of(distribution: Distribution) -> str:
    """The version that a distribution's metadata states; only its header is read, since its readme may be long."""
    metadata = distribution.read_text("METADATA") or ""
    stated = _VERSION.search(metadata.partition("\n\n")[0])
    return stated[1] if stated else distribution.version


def package_folders(name: str) -> list[Path]:
    """Folders of an installed package: several of one that distributions share, none where it is not installed.

    Args:
        name: its import name at the top level: looking for that runs none of the package's code.
    """
    if not name.isidentifier():
        return []
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []


def inside_package(name: str, inside: str | Path) -> Path | None:
    """A file or folder of an installed package; None where there is none."""
    found = (folder / inside for folder in package_folders(name))
    return next((path for path in found if path.exists()), None)
