"""The two-speaker sample of the pyannote.audio package: 30 s of a telephone call, 16 kHz, with references beside it."""

from pathlib import Path

from modellab.errors import LabError
from modellab.installed import inside_package, package_folders

_PACKAGE = "pyannote"
_INSIDE = Path("audio") / "sample" / "sample.wav"


def sample_path() -> Path:
    """Path of the sample inside the installed package, found without importing it (that takes seconds).

    Raises:
        LabError: the package, or the sample in it, is not there.
    """
    if path := inside_package(_PACKAGE, _INSIDE):
        return path
    folders = package_folders(_PACKAGE)
    raise LabError(
        "the sample recording is not installed",
        found="no package pyannote.audio" if not folders else f"no {_INSIDE} in {folders[0]}",
        hint="Install it with: pip install pyannote.audio",
    )
