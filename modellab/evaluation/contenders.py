"""Which systems could serve a use case: all that offer what it asks for, and what would measure those that were not."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from modellab.errors import LabError
from modellab.evaluation.candidates import Candidate, candidates
from modellab.evaluation.evidence import Evidence, evidence
from modellab.evaluation.use_cases import UseCase
from modellab.pipeline.system import System, resolve_system
from modellab.pipeline.user_templates import all_templates
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab


@dataclass(frozen=True, slots=True)
class Field:
    """A use case and all that is known of who could serve it."""

    use_case: UseCase
    candidates: Sequence[Candidate]
    gone: Mapping[str, str]
    """Systems that were measured and can't be made any more -> why."""
    evidence: Evidence

    def of(self, state: str) -> list[Candidate]:
        """The candidates of a state, in order."""
        return [one for one in self.candidates if one.state == state]

    @property
    def commands(self) -> list[str]:
        """What would get the evidence that is missing, on this machine."""
        return bench_commands(self.use_case, self.of("lacks evidence"))


def field_of(lab: Lab, use_case: UseCase, registry: ModelRegistry) -> Field:
    """Everybody who could serve a use case.

    Raises:
        UnknownName: a dataset that there is not.
        DatasetError: its manifest is broken.
    """
    found = evidence(lab, use_case)
    systems: dict[str, System] = {}
    gone: dict[str, str] = {}
    for key in dict.fromkeys(one.system for one in found.contestants):
        try:
            systems[key] = resolve_system(key, registry, lab)
        except LabError as error:
            gone[key] = str(error)
    measured = set(systems)
    systems |= {system.key: system for system in _possible(lab, use_case, registry)}
    fitting = {key: system for key, system in systems.items() if surfaces_of(system) >= set(use_case.surfaces)}
    models = Models(lab, registry)
    unavailable = {
        key: why for key, system in fitting.items() if key not in measured and (why := _unavailable(system, models))
    }
    return Field(use_case, candidates(use_case, found, fitting, registry, unavailable=unavailable), gone, found)


def surfaces_of(system: System) -> set[str]:
    """What a system's steps are evidence of."""
    return {step.definition.surface for step in system.steps if step.definition.surface and step.model}


def _possible(lab: Lab, use_case: UseCase, registry: ModelRegistry) -> Iterator[System]:
    """Models where one surface is asked for, services where they are allowed; else pipelines that have steps for all of
    them."""
    if len(use_case.surfaces) == 1:
        [surface] = use_case.surfaces
        for config in registry.configs():
            if surface in config.surfaces and (config.service is None or use_case.constraints.services):
                for variant in config.variants:
                    yield resolve_system(config.key_of(variant, surface), registry, lab)
        return
    for name in all_templates(lab, registry):
        yield resolve_system(name, registry, lab)


def _unavailable(system: System, models: Models) -> str | None:
    refs = dict.fromkeys(ref for step in system.steps for ref in step.models)
    lacking = [(ref, found) for ref in refs if not (found := models.availability(ref)).ok]
    # In a few words: `modellab models show` has all of it.
    named = {ref: "" if str(ref) == system.key else f"{ref}: " for ref, _ in lacking}
    return "; ".join(f"{named[ref]}{found.missing or found.reason}" for ref, found in lacking) or None


def bench_commands(use_case: UseCase, lacking: Iterable[Candidate]) -> list[str]:
    """What would get the evidence that candidates lack, those that can't run here left out."""
    return list(dict.fromkeys(_commands(use_case, lacking)))


def _commands(use_case: UseCase, lacking: Iterable[Candidate]) -> Iterator[str]:
    lacking = [one for one in lacking if one.unavailable is None]
    for dataset in use_case.datasets:
        wanted = dict.fromkeys(
            one.system
            for one in lacking
            if any(part.missing and part.criterion.dataset == dataset for part in one.parts)
        )
        if wanted:
            yield shlex.join(["modellab", "bench", "--dataset", dataset, "--models", ",".join(wanted)])
    for one in lacking:
        # Its figures are there: memory is known of what was run, and run alone.
        if not any(part.missing for part in one.parts):
            dataset = use_case.datasets[0]
            yield shlex.join(["modellab", "bench", "--dataset", dataset, "--models", one.system, "--force"])
