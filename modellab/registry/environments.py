"""Environments of models' own, for packages that clash with the lab's: where they lie, and what is in them.

Nothing in an environment is started or imported to answer: versions are read from the packages' metadata.
`environment_builder.py` makes them.
"""

import fcntl
import importlib.metadata
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from modellab.errors import EnvironmentMissing, EnvironmentOutdated, TextRefused
from modellab.installed import version_of
from modellab.outside import read_json
from modellab.registry.config import ModelConfig
from modellab.registry.pythons import LABS_OWN
from modellab.registry.requirements import read_requirements

DESCRIPTION = "environment.json"
"""What an environment was built for; written last."""
_TORCH_CUDA = re.compile(r"^cuda\b[^=]*=\s*['\"]", re.MULTILINE)
"""In `torch/version.py`: the version of CUDA that torch was built for; it is None where that is none."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One model's packages, and the Python that finds them."""

    folder: Path
    built_at: str
    """ISO 8601."""
    python_version: str = LABS_OWN
    """Such as 3.11."""

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def interpreter(self) -> list[str]:
        """Begins a command that runs in it; isolated from variables that lead the lab's Python to packages."""
        return [str(self.python), "-I"]

    @property
    def packages(self) -> Path:
        """The folder that its packages are in."""
        return self.folder / "lib" / f"python{self.python_version}" / "site-packages"

    def version(self, package: str) -> str:
        """Version of a distribution in it.

        Raises:
            importlib.metadata.PackageNotFoundError: it is not there.
        """
        return _version(self.packages, self.built_at, package)

    def versions(self) -> dict[str, str]:
        """Every distribution in it, by name."""
        found = importlib.metadata.distributions(path=[str(self.packages)])
        return dict(sorted((each.metadata["Name"], each.version) for each in found))

    def distribution(self, package: str) -> importlib.metadata.Distribution:
        """A distribution in it. Raises as `version`."""
        return _distribution(self.packages, package)

    @property
    def torch_has_cuda(self) -> bool:
        """Whether its torch, if it has one, was built for CUDA."""
        try:
            return bool(_TORCH_CUDA.search((self.packages / "torch" / "version.py").read_text("utf-8")))
        except OSError:
            return False

    @contextmanager
    def held(self) -> Iterator[int]:
        """Keep it from being replaced or removed, for as long as a process has the descriptor that this gives.

        Made to be passed on to the process that runs in it.
        """
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks: nobody can tell then
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield descriptor
        finally:
            os.close(descriptor)

    def has(self, package: str) -> bool:
        """Whether a distribution is in it."""
        try:
            self.version(package)
        except importlib.metadata.PackageNotFoundError:
            return False
        return True


def is_held(folder: Path) -> bool:
    """Whether a process runs in the environment in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


@cache
def _version(packages: Path, _built_at: str, package: str) -> str:
    """Kept until the environment is built anew: an identity asks for several of these for every input."""
    return version_of(_distribution(packages, package))


def _distribution(packages: Path, package: str) -> importlib.metadata.Distribution:
    for found in importlib.metadata.distributions(name=package, path=[str(packages)]):
        return found
    raise importlib.metadata.PackageNotFoundError(package)


class Environments:
    """Those of one lab, `<home>/envs/<model>/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, config: ModelConfig, model_folder: Path) -> Environment | None:
        """A model's own environment; None for a model that takes the lab's packages.

        Raises:
            EnvironmentMissing: it was not built, or its Python is gone.
            EnvironmentOutdated: it was built for other requirements.
            ModelConfigError: the model's requirements are not valid.
        """
        if config.environment == "main":
            return None
        python = config.python or LABS_OWN
        wanted = read_requirements(model_folder).digest(python)
        described = self._described(config.id, python)
        hint = install_hint(config)
        if described is None:
            raise EnvironmentMissing(
                f"model {config.id} runs in an environment of its own, which is not installed", hint=hint
            )
        digest, environment = described
        if not environment.python.exists():
            raise EnvironmentMissing(
                f"the Python in the environment of model {config.id} is gone",
                found=f"{environment.python} leads nowhere",
                hint=hint,
            )
        if digest != wanted:
            raise EnvironmentOutdated(
                f"the environment of model {config.id} was built for other requirements than it has now", hint=hint
            )
        return environment

    def built_for(self, model_id: str, digest: str, python: str) -> Environment | None:
        """A model's environment, where one is whole that was built for requirements of this digest."""
        described = self._described(model_id, python)
        return described[1] if described and described[0] == digest else None

    def folder(self, model_id: str) -> Path:
        """Where a model's environment is, or would be."""
        return self.root / model_id

    def ids(self) -> list[str]:
        """Models that have one here, those that are gone too."""
        return sorted(path.parent.name for path in self.root.glob(f"*/{DESCRIPTION}"))

    def _described(self, model_id: str, python: str) -> tuple[str, Environment] | None:
        """What it was built for, and the environment; None where none is whole.

        Args:
            python: the version that it must be of; of another one, the digest of what it was built for is another too.
        """
        folder = self.folder(model_id)
        try:
            told = read_json(folder / DESCRIPTION)
            return str(told["digest"]), Environment(folder, str(told["built_at"]), python)
        except (OSError, TextRefused, KeyError, TypeError):
            return None


def install_hint(config: ModelConfig) -> str:
    """How a model's own environment comes to be."""
    return f"Install it with: modellab models install {config.id} (about {config.environment_mib or 0:,} MiB)"
