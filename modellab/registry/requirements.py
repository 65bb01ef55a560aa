"""`requirements.txt` of a model whose packages clash with the lab's: what its own environment holds, exactly."""

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
OF_THE_HOST = Path(__file__).with_name("hosts") / REQUIREMENTS
"""What the lab's code in a model's process needs, in any version that it works with."""
_LIMITS = Limits(bytes=64 << 10)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:\[[\w.,\s-]*\])?\s*==\s*[\w.+!-]+(?:\s*;.*)?")


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a model asks for, one package with its exact version in each line."""

    lines: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of what an environment is built for: these, what the host needs, and the machine.

        Of Python's version only what decides which packages fit: 3.11.7 and 3.11.8 take the same.
        """
        circumstances = {
            "requirements": sorted(self.lines),
            "host": sorted(_lines(OF_THE_HOST)),
            "python": [sys.implementation.name, *sys.version_info[:2]],
            "machine": [sys.platform, platform.machine()],
        }
        return hashlib.sha256(canonical_json(circumstances).encode()).hexdigest()


def read_requirements(folder: Path) -> Requirements:
    """The requirements of the model in a folder.

    Raises:
        ModelConfigError: there are none, or a line is not a package with its exact version.
    """
    path = folder / REQUIREMENTS
    try:
        lines = _lines(path)
    except FileNotFoundError as error:
        raise ModelConfigError(
            f"a model with `environment: own` needs {path}, which is not there",
            hint="Write a line for each package that it imports, such as numpy==1.26.4.",
        ) from error
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
    return Requirements(tuple(lines))


def _lines(path: Path) -> list[str]:
    """Lines that say something, without comments."""
    lines = (_COMMENT.sub("", line).strip() for line in read_text(path, _LIMITS).splitlines())
    return [line for line in lines if line]
