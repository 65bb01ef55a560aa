"""Other Pythons on this machine, for models whose packages want one that is not the lab's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from modellab.errors import EnvironmentFailed

_ASKED = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
_LONGEST_S = 20.0
LABS_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def find_python(version: str) -> Path:
    """A Python of a version, such as 3.12, that runs and can make environments.

    Looked for on `PATH`, then where pyenv and uv keep theirs. What is found is tried: pyenv puts names on `PATH` that
    run nothing, and Debian parts Python from its `venv`.

    Raises:
        EnvironmentFailed: there is none; names those that were tried.
    """
    if version == LABS_OWN:
        return Path(sys.executable)
    tried: dict[Path, str] = {}
    for candidate in _candidates(version):
        if candidate in tried or not candidate.is_file():
            continue
        tried[candidate] = _problem(candidate, version)
        if not tried[candidate]:
            return candidate
    raise EnvironmentFailed(
        f"there is no Python {version} on this machine",
        found=[f"{path}: {problem}" for path, problem in tried.items()] or None,
        allowed=f"python{version} on PATH, or one that pyenv or uv installed",
        hint=f"Install one beside the lab's: pyenv install {version}, or uv python install {version}, or the system's "
        f"packages python{version} and python{version}-venv.",
    )


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    yield from (Path(place) / name for place in os.environ.get("PATH", "").split(os.pathsep) if place)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local" / "share" / "uv" / "python")
    for root, pattern in ((pyenv / "versions", f"{version}.*"), (uv, f"cpython-{version}.*")):
        yield from (folder / "bin" / name for folder in sorted(root.glob(pattern), reverse=True))


def _problem(python: Path, version: str) -> str:
    """What keeps a program from being that Python; empty when nothing does."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", _ASKED],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    found = done.stdout.strip()
    return "" if found == version else f"it is Python {found}"
