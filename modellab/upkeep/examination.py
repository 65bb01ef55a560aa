"""What this machine has for the lab, and what it lacks; found without loading a model."""

import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from modellab.artifacts.store import ArtifactStore
from modellab.errors import LabError
from modellab.leftovers import leftovers
from modellab.pipeline.system import step_helpers, step_model
from modellab.pipeline.template import TemplateStep, get_template
from modellab.registry.availability import Availability
from modellab.registry.config import Device, ModelRef, Runtime
from modellab.registry.cpu import this_cpu
from modellab.registry.devices import present, usable_cores
from modellab.registry.environment_builder import size_bytes
from modellab.registry.environments import Environments
from modellab.registry.models import Models
from modellab.registry.registry import BrokenFile, ModelRegistry
from modellab.settings import Lab
from modellab.steps.catalogue import get_step
from modellab.units import plural, size
from modellab.upkeep.dagster_settings import missing_needs
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query

DEFAULT_PIPELINE = "meeting"
LITTLE_DISK_BYTES = 2 * 1024**3
"""Below this, a warning: an hour's recording takes about 0.5 GiB as artifacts."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machine."""

    python: str
    system: str
    cpu: str
    """Name of the CPU."""
    instruction_sets: list[str]
    """Those of its instruction sets that compiled code is likely to ask for, such as AVX2."""
    cores: int
    """CPU cores this process may use."""
    memory_bytes: int
    disk_free_bytes: int
    """Where the lab's home is."""
    devices: dict[Device, list[Runtime]]
    """Device kind -> the runtimes of the lab's models that can use it here."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package the project asks for."""

    name: str
    wanted: str
    """Version specifier; empty for any."""
    installed: str | None
    ok: bool


@dataclass(frozen=True, slots=True)
class Extra:
    """A group of packages: what the default install has, or an extra."""

    name: str
    packages: list[Package]

    @property
    def missing(self) -> list[Package]:
        return [package for package in self.packages if not package.ok]


@dataclass(frozen=True, slots=True)
class ModelState:
    """One variant of one model here."""

    model: str
    availability: Availability


@dataclass(frozen=True, slots=True)
class Home:
    """The lab's home."""

    path: Path
    exists: bool
    writable: bool
    inputs: int
    artifacts: int
    database: bool
    files_waiting: int
    """Files of the lake that the database does not hold yet."""
    environments: list[str]
    """Models that have an environment of their own there, those that are gone too."""
    stale_staging: int
    """Half-written files and folders: of running processes, or of killed ones; those go with the next run or build."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not work, and what to do."""

    what: str
    blocking: bool
    """Whether the default pipeline can't run because of it."""
    in_short: str | None = None
    """Its beginning, where the model's own entry says the rest."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything `modellab doctor` says."""

    ready: bool
    """Whether the default pipeline can run."""
    hardware: Hardware
    extras: list[Extra]
    token: bool
    """Whether a token for gated models is set."""
    offline: str | None
    """The setting that forbids asking the hub; None when it may be asked."""
    models: list[ModelState]
    """Of broken folders there is none."""
    broken: list[BrokenFile]
    """What of the models' folders can't be read."""
    home: Home
    problems: list[Problem]


def examine(lab: Lab, registry: ModelRegistry) -> Examination:
    """Look at everything."""
    models = Models(lab, registry)
    states = [
        ModelState(str(ref), models.availability(ref))
        for config in registry.configs()
        for ref in (ModelRef(id=config.id, variant=variant) for variant in config.variants)
    ]
    hardware, extras, home, broken = _hardware(lab, registry), _extras(), _home(lab), registry.broken()
    stopping = _pipeline_problems(registry, states)
    problems = [
        *stopping,
        *(Problem(one.error, False) for one in broken if not any(one.error in problem.what for problem in stopping)),
        *_package_problems(extras),
        *_home_problems(home, hardware),
        *_environment_problems(lab, registry, home),
        *(Problem(need, blocking=False) for need in missing_needs(lab)),
    ]
    return Examination(
        ready=not any(problem.blocking for problem in problems),
        hardware=hardware,
        extras=extras,
        token=lab.settings.hf_token is not None,
        offline=lab.settings.offline_by,
        models=states,
        broken=broken,
        home=home,
        problems=problems,
    )


def _hardware(lab: Lab, registry: ModelRegistry) -> Hardware:
    runtimes = sorted({config.runtime for config in registry.configs()})
    kinds: Sequence[Device] = ("cpu", "cuda", "mps")
    return Hardware(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=this_cpu().model,
        instruction_sets=this_cpu().instruction_sets,
        cores=usable_cores(),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        disk_free_bytes=shutil.disk_usage(_nearest_existing(lab.home)).free,
        devices={
            kind: usable for kind in kinds if (usable := [runtime for runtime in runtimes if present(kind, runtime)])
        },
    )


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _can_hold_files(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def _extras() -> list[Extra]:
    """What the project's own metadata asks for, by extra; the default install goes by the name `default`."""
    grouped: dict[str, list[Package]] = {"default": []}
    own = metadata.metadata("modellab")
    names = own.get_all("Provides-Extra") or []
    for requirement in map(Requirement, metadata.requires("modellab") or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            grouped["default"].append(_package(requirement))
            continue
        for name in names:
            if requirement.marker.evaluate({"extra": name}):
                grouped.setdefault(name, []).append(_package(requirement))
    return [Extra(name, packages) for name, packages in grouped.items()]


def _package(requirement: Requirement) -> Package:
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Package(requirement.name, str(requirement.specifier), None, ok=False)
    ok = requirement.specifier.contains(installed, prereleases=True)
    return Package(requirement.name, str(requirement.specifier), installed, ok=ok)


def _home(lab: Lab) -> Home:
    return Home(
        path=lab.home,
        exists=lab.home.is_dir(),
        writable=_can_hold_files(_nearest_existing(lab.home)),
        inputs=sum(1 for _ in lab.inputs.glob("*/input.json")),
        artifacts=sum(1 for _ in ArtifactStore(lab.artifacts).all()),
        database=lab.database.is_file(),
        files_waiting=_files_waiting(lab),
        environments=Environments(lab.environments).ids(),
        stale_staging=sum(1 for _ in leftovers(lab)),
    )


def _files_waiting(lab: Lab) -> int:
    files = {(file.table, file.name) for file in Lake(lab.lake).files()}
    if not lab.database.is_file():
        return len(files)
    return len(files - set(query(lab, 'SELECT "table", name FROM bookkeeping.files').rows))


def _pipeline_problems(registry: ModelRegistry, states: Sequence[ModelState]) -> list[Problem]:
    """Models of the default pipeline that can't run."""
    by_name = {state.model: state.availability for state in states}
    problems = []
    for step in get_template(DEFAULT_PIPELINE).steps:
        what = f"the {step.step} step of the pipeline {DEFAULT_PIPELINE} can't run:"
        try:
            models = _models_of(step, registry)
        except LabError as error:
            problems.append(Problem(f"{what} {error}", blocking=True))
            continue
        for model in models:
            if not (available := by_name[str(model)]).ok:
                in_short = f"{what} {available.page.splitlines()[0]} See above."
                problems.append(Problem(f"{what} {available.reason}", blocking=True, in_short=in_short))
    return problems


def _models_of(step: TemplateStep, registry: ModelRegistry) -> list[ModelRef]:
    """The model that a template names for a step, if any, and its helpers."""
    definition = get_step(step.step)
    own = step_model(DEFAULT_PIPELINE, definition, step.model, registry)
    parameters = definition.parameters.model_validate(step.parameters)
    return [*([own] if own else []), *step_helpers(DEFAULT_PIPELINE, definition, parameters, registry).values()]


def _package_problems(extras: Sequence[Extra]) -> list[Problem]:
    return [
        Problem(
            f"package {package.name} {package.wanted} of the default install is not there"
            f"; found {package.installed or 'nothing'}. Install it with: pip install -e .",
            blocking=package.installed is None,
        )
        for extra in extras
        if extra.name == "default"
        for package in extra.missing
    ]


def _environment_problems(lab: Lab, registry: ModelRegistry, home: Home) -> list[Problem]:
    """Environments that no model asks for any more."""
    wanted = {*(one.model for one in registry.broken()), *(c.id for c in registry.configs() if c.environment == "own")}
    environments = Environments(lab.environments)
    return [
        Problem(
            f"the environment {environments.folder(model)} ({size(size_bytes(environments.folder(model)))}) is of no "
            f"model that there is. modellab models install --remove {model} removes it.",
            blocking=False,
        )
        for model in home.environments
        if model not in wanted
    ]


def _home_problems(home: Home, hardware: Hardware) -> list[Problem]:
    problems = []
    if not home.writable:
        problems.append(
            Problem(f"{home.path} can't be written. Set MODELLAB_HOME to a folder of yours.", blocking=True)
        )
    if hardware.disk_free_bytes < LITTLE_DISK_BYTES:
        free_mib = hardware.disk_free_bytes // 1024**2
        problems.append(
            Problem(f"only {free_mib} MiB are free at {home.path}. Free some, or move MODELLAB_HOME.", False)
        )
    if waiting := home.files_waiting:
        new = f"{plural(waiting, 'new file')} {'is' if waiting == 1 else 'are'} not in the database yet"
        problems.append(
            Problem(f"{new}. modellab warehouse build brings {'it' if waiting == 1 else 'them'} in.", False)
        )
    return problems
