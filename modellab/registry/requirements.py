"""What a model's own environment holds, exactly: `requirements.txt`, for packages that clash with the lab's.

Beside it lies `requirements.no-deps.txt` where a package is to come without what it asks for.
"""

import hashlib
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import ModelConfigError, TextRefused
from modellab.files import canonical_json
from modellab.outside import Limits, read_text

REQUIREMENTS = "requirements.txt"
WITHOUT_DEPENDENCIES = "requirements.no-deps.txt"
"""Packages of which no dependency is installed: what they need is in `requirements.txt`, in versions that run."""
OF_THE_HOST = Path(__file__).with_name("hosts") / REQUIREMENTS
"""What the lab's code in a model's process needs, in any version that it works with."""
_LIMITS = Limits(bytes=64 << 10)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:\[[\w.,\s-]*\])?\s*==\s*[\w.+!-]+(?:\s*;.*)?")


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a model asks for, one package with its exact version in each line."""

    lines: tuple[str, ...]
    without_dependencies: tuple[str, ...] = ()

    def digest(self, python: str) -> str:
        """SHA-256 (64 hex digits) of what an environment is built for: these, what the host needs, and the machine.

        Args:
            python: its version, such as 3.11: of that only what decides which packages fit. 3.11.7 and 3.11.8 take the
                same.
        """
        circumstances = {
            "requirements": sorted(self.lines),
            "host": sorted(_lines(OF_THE_HOST)),
            "python": [sys.implementation.name, *map(int, python.split("."))],
            "machine": [sys.platform, platform.machine()],
        }
        if self.without_dependencies:
            circumstances["without dependencies"] = sorted(self.without_dependencies)
        return hashlib.sha256(canonical_json(circumstances).encode()).hexdigest()


def read_requirements(folder: Path) -> Requirements:
    """The requirements of the model in a folder.

    Raises:
        ModelConfigError: there are none, or a line is not a package with its exact version.
    """
    path, further = folder / REQUIREMENTS, folder / WITHOUT_DEPENDENCIES
    try:
        lines = _pinned(path)
    except FileNotFoundError as error:
        raise ModelConfigError(
            f"a model with `environment: own` needs {path}, which is not there",
            hint="Write a line for each package that it imports, such as numpy==1.26.4.",
        ) from error
    return Requirements(tuple(lines), tuple(_pinned(further)) if further.exists() else ())


def _pinned(path: Path) -> list[str]:
    """A file's lines, each a package with its exact version.

    Raises:
        FileNotFoundError: it is not there.
        ModelConfigError: it can't be read, or a line is not that.
    """
    try:
        lines = _lines(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ModelConfigError(f"{path} can't be read", found=error.strerror) from error
    except TextRefused as error:
        raise error.become(ModelConfigError) from error
    for line in lines:
        if not _PINNED.fullmatch(line):
            raise ModelConfigError(
                f"{path} has a line that names no exact version",
                found=line,
                allowed="package==version, and comments",
                hint="What is not pinned would give other results on another day.",
            )
    return lines


def _lines(path: Path) -> list[str]:
    """Lines that say something, without comments."""
    lines = (_COMMENT.sub("", line).strip() for line in read_text(path, _LIMITS).splitlines())
    return [line for line in lines if line]
