"""What the results of a system's steps depend on, computed before they run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError

from modellab.artifacts.expiry import Expiry
from modellab.artifacts.fingerprint import (
    ABSENT,
    StepIdentity,
    absent,
    fingerprint,
    hashed_parameters,
    told_to_others,
)
from modellab.artifacts.quarantine import Quarantine, replaced
from modellab.artifacts.store import ArtifactStore
from modellab.errors import ArtifactMissing, LabError, PackageMissing
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.system import System, SystemStep
from modellab.registry.identity import installed_version
from modellab.registry.models import Models
from modellab.settings import Lab
from modellab.steps.definition import NO_STEP, Outside, Read, StepDefinition

_NEVER_RUN = "it has not been run."


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a step has no result."""

    why: str
    """The type of its error, or a sentence where it has none; part of the identity of what does without it."""
    said: str
    """Its error's own words, which are no part of any identity."""


class Identities:
    """The steps of one system on one input, as things stand at one moment: each is worked out once.

    Args:
        models: identifies models, without loading them.
        store: what results there are, which decides about reads that are optional or fall back.
        lab: whose names, time zone and the like are read.
        quarantine: what no step is to find.
        expiry: how old a service's result may be.
        without: step -> why it has no result, for those that failed or were not run.
    """

    def __init__(
        self,
        models: Models,
        store: ArtifactStore,
        system: System,
        source: RegisteredInput,
        *,
        lab: Lab,
        without: Mapping[str, Absence],
        quarantine: Quarantine,
        expiry: Expiry,
    ) -> None:
        self._models, self._store, self._system, self._source = models, store, system, source
        self._quarantined = quarantine.fingerprints()
        self._lab, self._without, self._expiry = lab, dict(without), expiry
        self._known: dict[str, StepIdentity] = {}
        self._fingerprints: dict[str, str] = {}
        self._results: dict[str, str] = {}
        """Step -> what `_result` says of it."""

    def of(self, name: str) -> StepIdentity:
        """A step's identity, down to the input's bytes.

        Raises:
            LabError: a model of it, or of a step it can't do without, can't be identified: weights missing, say.
        """
        if name not in self._known:
            step = self._system.step(name)
            if step is None:
                raise ArtifactMissing(f"system {self._system.key} has no step {name!r}")
            self._known[name] = self._work_out(step)
        return self._known[name]

    def fingerprint(self, name: str) -> str:
        """The fingerprint of a step's identity. Raises as `of`."""
        if name not in self._fingerprints:
            self._fingerprints[name] = fingerprint(self.of(name))
        return self._fingerprints[name]

    def said(self, name: str) -> str:
        """The words of what keeps a step from having a result, as far as an identity asked for so far rests on that."""
        absence = self._without.get(name)
        return absence.said if absence else _NEVER_RUN

    def _work_out(self, step: SystemStep) -> StepIdentity:
        reads: dict[str, str | None] = {}
        for read in step.definition.reads:
            reads |= self._read(self._system.candidates(step, read), read)
        outside = Outside(self._lab, self._source, step.parameters, reads)
        values = ((one.role, one.value(outside)) for one in step.definition.outside)
        reads = {**reads, **{role: value for role, value in values if value is not None}}
        identity = StepIdentity(
            step=step.name,
            code_version=step.definition.code_version,
            parameters=hashed_parameters(step.parameters, without=_naming_helpers(step)),
            model=self._models.identity(step.model, step.definition.model_surface) if step.model else None,
            reads=reads,
            packages=_versions(step.definition),
            helpers={
                role: self._models.identity(ref, step.helper_surfaces[role]) for role, ref in step.helpers.items()
            },
        )
        return replaced(identity, self._quarantined, partial(self._expiry.expired, self._store))

    def _read(self, candidates: tuple[str, ...], read: Read) -> dict[str, str | None]:
        """A read's part of `StepIdentity.reads`: the first candidate with a result, and why those before it have none.

        Where none has one, a required read is of the first: it is going to be made, or the step will say it is missing.
        """
        if not candidates:
            return {read.role: None}
        best = candidates[0]
        if read.required and len(candidates) == 1:
            return {read.role: self.fingerprint(best)}
        passed_over: dict[str, str | None] = {}
        for name in candidates:
            result = self._result(name)
            if not result.startswith(ABSENT):
                return {read.role: result, **passed_over}
            passed_over[_passed_over(read.role, name)] = result
        return {read.role: self.fingerprint(best) if read.required else passed_over[_passed_over(read.role, best)]}

    def _result(self, name: str) -> str:
        """Fingerprint of the result that a step has; `absent` when it has none."""
        if name not in self._results:
            self._results[name] = self._look_for(name)
        return self._results[name]

    def _look_for(self, name: str) -> str:
        if name not in self._without:
            try:
                key = self.fingerprint(name)
            except LabError as error:
                self._without[name] = Absence(type(error).__name__, str(error))
            else:
                return key if self._store.find(name, key) else absent(name, _NEVER_RUN)
        return absent(name, self._without[name].why)


def _naming_helpers(step: SystemStep) -> list[str]:
    """The parameters that name helper models, for which the models' identities stand: a folder may be moved."""
    return [helper.parameter for helper in step.definition.helpers(step.parameters).values()]


def _versions(definition: StepDefinition) -> dict[str, str]:
    """Raises PackageMissing where one of a step's packages is not installed."""
    try:
        return {package: installed_version(package) for package in definition.packages}
    except PackageNotFoundError as error:
        raise PackageMissing(
            f"the step {definition.name} needs the package {error.name}, which is not installed",
            hint="Install what the default install has: pip install -e .",
        ) from error


def absent_steps(identity: StepIdentity) -> dict[str, str]:
    """Key of `StepIdentity.reads` -> the step that has no result for it."""
    return {
        key: read.removeprefix(ABSENT).partition(": ")[0]
        for key, read in identity.reads.items()
        if read is not None and read.startswith(ABSENT)
    }


@dataclass(frozen=True, slots=True)
class Filled:
    """What fills one of a step's roles."""

    step: str | None
    """None when nothing does."""
    fingerprint: str
    """Of that step's result; empty when there is none."""
    why_not_best: str | None
    """Why the best step that could fill it does not, in a sentence that may go to others; None when it does."""


def filled_by(identity: StepIdentity, role: str, candidates: tuple[str, ...]) -> Filled:
    """What an identity says of a role that `candidates` can fill (`System.candidates`)."""
    key = identity.reads[role]
    if key is None:
        return Filled(None, "", NO_STEP)
    best = candidates[0]
    reason = key if key.startswith(ABSENT) else identity.reads.get(_passed_over(role, best))
    why_not = None if reason is None else f"The step {best} has no result: {told_to_others(reason)}"
    if key.startswith(ABSENT):
        return Filled(None, "", why_not)
    return Filled(next(name for name in candidates if _passed_over(role, name) not in identity.reads), key, why_not)


def _passed_over(role: str, step: str) -> str:
    """The key in `StepIdentity.reads` of why a better step does not fill a role."""
    return f"{role}:{step}"
