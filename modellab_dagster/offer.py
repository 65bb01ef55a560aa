"""What the UI offers to run: systems that make sense here, and which jobs each fits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dagster as dg

from assets._page import table
from modellab.errors import LabError
from modellab.pipeline.system import resolve_system
from modellab.pipeline.user_templates import all_templates
from modellab.registry.availability import Availability
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.settings import Lab
from modellab.steps.catalogue import step_for_surface

SYSTEMS_ASSET = dg.AssetSpec(
    "systems",
    description="The systems there are, the jobs that each fits, and what can't run here and why.",
    group_name="warehouse",
)
"""No run makes it: the sensor says it anew whenever it changes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pipeline, or a model by itself."""

    key: str
    steps: tuple[str, ...]
    """Names, in order; empty when the key does not resolve."""
    missing: str
    """What keeps it from running here, in a few words; empty when nothing does."""
    to_download: tuple[str, ...]
    """Models whose weights would be fetched first."""
    is_model: bool

    @property
    def on_offer(self) -> bool:
        """A pipeline that can run here, or a model that is all here: a launch is no place to fetch one."""
        return not self.missing and not (self.is_model and self.to_download)

    @property
    def state(self) -> str:
        """Whether it runs here, for people."""
        if self.missing:
            return f"✗ {self.missing}"
        return f"↓ weights of {', '.join(self.to_download)} are fetched first" if self.to_download else "✓"


def candidates(lab: Lab, models: Models) -> list[Candidate]:
    """Every template, the user's too, then every variant of every model with a step and every broken model; by name."""
    registry = models.registry
    known: dict[ModelRef, Availability] = {}

    def availability(ref: ModelRef) -> Availability:
        if ref not in known:
            known[ref] = models.availability(ref)
        return known[ref]

    def candidate(key: str, is_model: bool) -> Candidate:
        try:
            system = resolve_system(key, registry, lab)
        except LabError as error:
            return Candidate(key, (), str(error), (), is_model)
        found = {ref: availability(ref) for step in system.steps for ref in step.models}
        return Candidate(
            key,
            tuple(step.name for step in system.steps),
            "; ".join(f"{ref}: {state.missing}" for ref, state in found.items() if not state.ok),
            tuple(str(ref) for ref, state in found.items() if state.ok and state.to_download),
            is_model,
        )

    configs = list(registry.configs())
    variants = {
        config.key_of(variant, surface)
        for config in configs
        # A service is taken by whoever names it: "all partitions" must not send recordings away and spend money.
        if config.service is None
        for surface in config.surfaces
        if step_for_surface(surface)
        for variant in config.variants
    }
    broken = set(registry.ids()) - {config.id for config in configs}
    return [
        *(candidate(key, False) for key in sorted(all_templates(lab, registry))),
        *(candidate(key, True) for key in sorted(variants | broken)),
    ]


def overview(found: Iterable[Candidate], jobs: Mapping[str, frozenset[str]]) -> str:
    """All candidates as a Markdown table: what each does, which jobs it fits, and whether it runs here.

    Args:
        jobs: name -> its steps. A system fits a job when it has every step of it.
    """
    rows = [
        [
            f"`{one.key}`",
            one.state,
            ", ".join(name for name, steps in jobs.items() if steps <= set(one.steps)) or "-",
            " → ".join(one.steps),
        ]
        for one in found
    ]
    return table(["system", "runs here", "jobs it fits", "steps"], rows)
