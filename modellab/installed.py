"""Files inside installed Python packages, found without importing these."""

import importlib.util
from pathlib import Path


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
