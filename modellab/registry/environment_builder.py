"""Building a model's own environment, whole or not at all, and removing one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from modellab.disk import require_space, require_writable
from modellab.errors import EnvironmentFailed, EnvironmentMissing, UsageError
from modellab.files import STAGING, canonical_json, remove_abandoned, staging_folder, sync_path, write_atomic
from modellab.names import unknown_name
from modellab.registry.config import ModelConfig
from modellab.registry.environments import DESCRIPTION, Environment, Environments, is_held
from modellab.registry.identity import install_hint, packages
from modellab.registry.pythons import LABS_OWN, find_python
from modellab.registry.requirements import OF_THE_HOST, REQUIREMENTS, WITHOUT_DEPENDENCIES, read_requirements
from modellab.settings import Lab

_MOST_ERRORS = 3
"""Lines of pip's that the error quotes; the log has all."""
_PIP_ERROR = "ERROR: "

Tell = Callable[[str, str], None]
"""Told what is being done, and the line that the program doing it wrote last."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that is there now."""

    environment: Environment
    new: bool
    """Whether it was built just now."""
    seconds: float


def install(
    lab: Lab, config: ModelConfig, model_folder: Path, tell: Tell = lambda stage, line: None, *, force: bool = False
) -> Installed:
    """Build a model's environment, unless it is there and is what the model's requirements describe.

    Where another model's is there that was built for the same, it gets that one's files. It is made beside its place
    and moved there when it is whole: whatever ends this leaves the one that was there, or none. What a killed process
    left is removed by the next one.

    Args:
        force: build it from packages also where it is there, or another model has the like.

    Raises:
        UsageError: the model takes the lab's packages.
        EnvironmentFailed: a package can't be had, or a running model has the one that is to be replaced.
        StorageError: the disk can't hold it.
    """
    require_own(config)
    environments = Environments(lab.environments)
    started = time.monotonic()
    with _lock(environments, config.id, tell):
        if not force and (there := _current(environments, config, model_folder)):
            return Installed(there, False, time.monotonic() - started)
        place = environments.folder(config.id)
        _refuse_in_use(place, config.id)  # before anything is fetched
        require_space(environments.root, (config.environment_mib or 0) << 20, f"the environment of model {config.id}")
        with staging_folder(environments.root) as folder:
            if force or not _linked(folder, environments, config, model_folder, tell):
                _fill(folder, config, model_folder, environments.root / f"{config.id}.log", tell)
            _describe(folder, config, model_folder)
            if place.exists():
                _discard(place, config.id)
            folder.rename(place)
            sync_path(place.parent)
        environment = environments.of(config, model_folder)
    assert environment is not None
    return Installed(environment, True, time.monotonic() - started)


def require_own(config: ModelConfig) -> None:
    """Refuse to build an environment for a model that takes the lab's packages.

    Raises:
        UsageError: it does.
    """
    if config.environment == "main":
        raise UsageError(
            f"model {config.id} runs in the lab's own environment, so there is none to build", hint=install_hint(config)
        )


def remove(lab: Lab, model_id: str) -> Path:
    """Remove an environment, also that of a model that is gone; returns where it was.

    Raises:
        UnknownName: there is none of that name.
        EnvironmentFailed: a running model has it.
    """
    environments = Environments(lab.environments)
    if model_id not in environments.ids():
        raise unknown_name("environment of a model", model_id, environments.ids())
    place = environments.folder(model_id)
    with _lock(environments, model_id):
        _discard(place, model_id)
    return place


def size_bytes(folder: Path) -> int:
    """What an environment takes on the disk."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _current(environments: Environments, config: ModelConfig, model_folder: Path) -> Environment | None:
    try:
        return environments.of(config, model_folder)
    except EnvironmentMissing:
        return None


@contextmanager
def _lock(environments: Environments, model_id: str, tell: Tell = lambda stage, line: None) -> Iterator[None]:
    """One process at a time builds or removes a model's environment."""
    require_writable(environments.root)
    lock = FileLock(environments.root / f".{model_id}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("waiting for another process that builds it", "")
        lock.acquire()
    try:
        remove_abandoned((environments.root / STAGING).glob("*"))
        yield
    finally:
        lock.release()


def _fill(folder: Path, config: ModelConfig, model_folder: Path, log: Path, tell: Tell) -> None:
    wanted = read_requirements(model_folder)
    made = _in(folder, config)
    makes = find_python(made.python_version)
    # The lab's own pip: one in each environment would take 4 s and 20 MiB, and change what must stay as it is.
    python = [sys.executable, "-I", "-m"]
    pip = [*python, "pip", "--python", str(made.python), "install", "--no-input", "--disable-pip-version-check"]
    quiet = ["--progress-bar", "off"]
    asked = [*quiet, "-r", str(model_folder / REQUIREMENTS), "-r", str(OF_THE_HOST)]
    log.write_bytes(b"")
    try:
        making = [str(makes), "-I", "-m", "venv", "--without-pip", str(folder)]
        _run("making the environment", making, config, log, tell)
        _run("installing its packages", [*pip, *asked], config, log, tell)
        if wanted.without_dependencies:
            alone = [*pip, *quiet, "--no-deps", "-r", str(model_folder / WITHOUT_DEPENDENCIES)]
            _run("installing packages without their dependencies", alone, config, log, tell)
    except BaseException as error:
        if not isinstance(error, EnvironmentFailed):  # which names the log
            log.unlink()
        raise
    log.unlink()


def _linked(folder: Path, environments: Environments, config: ModelConfig, model_folder: Path, tell: Tell) -> bool:
    """Whether another model's environment was built for the same; its files are then this one's too, and take no more
    room: nobody writes into a file of an environment, what is written there replaces it."""
    python = config.python or LABS_OWN
    wanted = read_requirements(model_folder).digest(python)
    for other in environments.ids():
        if other == config.id or (twin := environments.built_for(other, wanted, python)) is None:
            continue
        with twin.held():
            if not twin.python.exists():
                continue
            tell(f"taking the files of the environment of {other}, which was built for the same", "")
            shutil.copytree(
                twin.folder,
                folder,
                symlinks=True,
                ignore=lambda place, names: [DESCRIPTION] if Path(place) == twin.folder else [],
                copy_function=_link,
                dirs_exist_ok=True,
            )
        return True
    return False


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without links, or one that has too many of a file
        shutil.copy2(source, target, follow_symlinks=False)


def _in(folder: Path, config: ModelConfig) -> Environment:
    return Environment(folder, datetime.now(UTC).isoformat(), config.python or LABS_OWN)


def _describe(folder: Path, config: ModelConfig, model_folder: Path) -> None:
    """Write what an environment was built for, if it has what it must.

    Raises:
        EnvironmentFailed: it has not.
    """
    made = _in(folder, config)
    missing = [name for variant in config.variants for name in packages(config, variant) if not made.has(name)]
    if missing:
        raise EnvironmentFailed(
            f"the environment of model {config.id} lacks what its config says that its results depend on",
            found=", ".join(dict.fromkeys(missing)) + " not installed",
            hint=f"Add it to {model_folder / REQUIREMENTS}.",
        )
    digest = read_requirements(model_folder).digest(made.python_version)
    description = {"digest": digest, "built_at": made.built_at}
    write_atomic(folder / DESCRIPTION, canonical_json(description))


def _discard(place: Path, model_id: str) -> None:
    """Remove an environment that nobody has; it is out of its place at once, whatever ends this process.

    Raises:
        EnvironmentFailed: a running model has it.
    """
    _refuse_in_use(place, model_id)
    with staging_folder(place.parent) as going:
        place.rename(going / place.name)


def _refuse_in_use(place: Path, model_id: str) -> None:
    """Raises EnvironmentFailed where a process runs in an environment."""
    if place.exists() and is_held(place):
        raise EnvironmentFailed(
            f"the environment of model {model_id} is in use by a process in which the model runs",
            found=str(place),
            hint="Let the run end, or end it, and try again.",
        )


def _run(stage: str, command: list[str], config: ModelConfig, log: Path, tell: Tell) -> None:
    """Run a program to its end; what it says goes to the log.

    Raises:
        EnvironmentFailed: it failed.
    """
    tell(stage, "")
    last = ""
    errors: list[str] = []
    with log.open("a", encoding="utf-8") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # What leads the lab's Python to packages must lead nobody else there.
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            with process.stdout as lines:
                for line in lines:
                    said.write(line)
                    if text := line.strip():
                        last = text
                        tell(stage, text)
                    if text.startswith(_PIP_ERROR):
                        errors.append(text.removeprefix(_PIP_ERROR))
            code = process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if code:
        raise EnvironmentFailed(
            f"the environment of model {config.id} could not be built: {stage} ended with exit code {code}",
            found=" | ".join(errors[:_MOST_ERRORS]) or last or "no reason given",
            hint=f"All that was said: {log}",
        )
