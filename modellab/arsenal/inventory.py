"""The whole of what a lab has, each thing with the evidence there is for it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modellab.arsenal import evidence_rows
from modellab.datasets.catalogue import Catalogue
from modellab.errors import DatasetError, LabError
from modellab.evaluation.claims import Claim, ClaimVerdict, judged
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.report.plain import told
from modellab.evaluation.results import Result, results
from modellab.evaluation.use_cases import UseCases
from modellab.local_days import local_time
from modellab.pipeline.system import resolve_system
from modellab.pipeline.template import shipped_templates
from modellab.pipeline.user_templates import all_templates
from modellab.promotion.model_status import decisions, status_of
from modellab.promotion.recommending import recommend
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.catalogue import steps_by_name
from modellab.wall_clock import stamp
from modellab.warehouse.query import query

_CLAIMS = """
SELECT DISTINCT model_id, variant, metric, dataset, protocol, value, unit, stated_in FROM current_claims ORDER BY ALL
"""
_VERIFIED = ("scored", "ran, never scored", "never run", "can't run here")
"""How a model can stand, the surest first."""


@dataclass(frozen=True, slots=True)
class Score:
    """One figure of one system."""

    dataset: str
    version: str
    metric: str
    said: str
    """With its interval."""
    n: int
    of: int
    """Cases that the dataset has."""
    day: str
    """Of its newest score, UTC."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A variant of a model."""

    model: str
    keys: dict[str, str]
    """Surface -> key of the system that runs it alone."""
    status: str
    licence: str
    here: str
    """`here`, `after a download`, or what it lacks."""
    inputs: int
    """Recordings or texts that it has processed in this lab."""
    last: str | None
    """The day on which it last did, UTC."""
    weights: tuple[str, ...]
    """Digests of the weights that its results were made with."""
    scores: tuple[Score, ...]
    """Of it alone, by the main metrics."""
    judged_in: tuple[str, ...]
    """Datasets on which its results were scored within whatever system."""
    claims: dict[str, int]
    """How its makers' claims stand beside that: contradicted, not contradicted, not comparable, not measured."""

    @property
    def verified(self) -> str:
        """One of `_VERIFIED`."""
        if self.scores or self.judged_in:
            return "scored"
        if self.inputs:
            return "ran, never scored"
        return "never run" if self.here in ("here", "after a download") else "can't run here"


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """A dataset."""

    dataset: str
    version: str
    tasks: tuple[str, ...]
    surface: str
    """Of the models that its first task is for; empty where that is no model's alone."""
    licence: str
    cases: int
    enrolled: int
    lost: int
    """Cases whose files can't be had."""
    systems: tuple[str, ...]
    """Measured on this version."""
    last: str | None
    before: tuple[str, ...]
    """Earlier versions that still have scores."""


@dataclass(frozen=True, slots=True)
class PipelineEntry:
    """A template."""

    pipeline: str
    steps: tuple[str, ...]
    own: bool
    lacks: str
    """Empty where it can run here."""
    runs: int
    last: str | None
    datasets: tuple[str, ...]
    """On which it was measured, with whatever models."""


@dataclass(frozen=True, slots=True)
class UseCaseEntry:
    """A use case."""

    use_case: str
    title: str
    in_use: str | None
    since: str | None
    verdict: str
    """What the evidence of the promotion came to."""
    recommended: str | None
    because: str
    ranked: int
    candidates: int
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arsenal:
    """All of it."""

    made_at: str
    models: tuple[ModelEntry, ...]
    datasets: tuple[DatasetEntry, ...]
    pipelines: tuple[PipelineEntry, ...]
    use_cases: tuple[UseCaseEntry, ...]
    gates: tuple[dict[str, Any], ...]
    broken: tuple[str, ...]
    """Files that are no model, dataset or use case, and why."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        models = [{**asdict(one), "verified": one.verified} for one in self.models]
        return {**asdict(self), "models": models}


def arsenal(lab: Lab) -> Arsenal:
    """Everything, as things stand. Runs and downloads nothing."""
    registry = ModelRegistry()
    figures = results(lab)
    days = evidence_rows.scored(lab)
    catalogue, cases = Catalogue(lab), UseCases(lab)
    with Models(lab, registry) as models:
        found = sorted(_models(lab, registry, models, figures, days), key=lambda one: _VERIFIED.index(one.verified))
        pipelines = tuple(_pipelines(lab, registry, models, days))
    broken = [
        *(str(one.error) for one in registry.broken()),
        *(str(one.error) for one in catalogue.broken()),
        *(str(one.error) for one in cases.broken()),
    ]
    return Arsenal(
        stamp(),
        tuple(found),
        tuple(_datasets(lab, catalogue, days)),
        pipelines,
        tuple(_use_cases(lab, cases)),
        tuple(evidence_rows.gates(lab)),
        tuple(broken),
    )


def _models(
    lab: Lab, registry: ModelRegistry, models: Models, figures: Sequence[Result], days: dict[tuple[str, str, str], str]
) -> Iterator[ModelEntry]:
    ran, weights, in_pipelines = (
        evidence_rows.ran(lab),
        evidence_rows.weights(lab),
        evidence_rows.judged_in_pipelines(lab),
    )
    claims = [Claim(**row) for row in query(lab, _CLAIMS).as_records()]
    decided = decisions(lab)
    for config in sorted(registry.configs(), key=lambda one: (one.surfaces[0], one.id)):
        for variant in config.variants:
            name = f"{config.id}:{variant}"
            keys = {surface: config.key_of(variant, surface) for surface in config.surfaces}
            own = [one for one in figures if one.system.partition(" on ")[0] in keys.values()]
            state, row = models.availability(ModelRef(id=config.id, variant=variant)), ran.get(name, {})
            yield ModelEntry(
                name,
                keys,
                status_of(config, decided),
                config.licence,
                ("after a download" if state.to_download else "here") if state.ok else state.missing or state.reason,
                row.get("inputs", 0),
                row.get("last"),
                tuple(weights.get(name, ())),
                tuple(_score(one, days) for one in own),
                tuple(in_pipelines.get(name, ())),
                _claims(config, name, claims, own),
            )


def _score(one: Result, days: dict[tuple[str, str, str], str]) -> Score:
    day = days.get((one.system.partition(" on ")[0], one.dataset, one.version), "")
    measure: Measure = one.figure.measure
    return Score(one.dataset, one.version, measure.metric, told(one.figure), one.figure.interval.n, one.of, day)


def _claims(config: ModelConfig, name: str, claims: Sequence[Claim], own: Sequence[Result]) -> dict[str, int]:
    """How each claim stands: the clearest verdict that any figure gives."""
    order: tuple[ClaimVerdict, ...] = ("contradicted", "not contradicted", "not comparable")
    counted: Counter[str] = Counter()
    for claim in claims:
        if claim.model_id == config.id and claim.is_about(name):
            beside = [one for one in own if one.figure.measure.metric == claim.metric]
            verdicts = {judged(claim, one.dataset, one.figure).verdict for one in beside}
            counted[next((one for one in order if one in verdicts), "not measured")] += 1
    return dict(counted)


def _datasets(lab: Lab, catalogue: Catalogue, days: dict[tuple[str, str, str], str]) -> Iterator[DatasetEntry]:
    enrolled = evidence_rows.enrolled(lab)
    measured: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (system, dataset, version), day in days.items():
        measured[dataset, version][system] = day
    for name in catalogue.ids():
        try:
            manifest = catalogue.get(name).manifest
        except DatasetError:
            continue  # `broken` names it
        there, scores = enrolled.get((name, manifest.version), {}), measured.get((name, manifest.version), {})
        yield DatasetEntry(
            name,
            manifest.version,
            tuple(manifest.tasks),
            step.model_surface or "" if (step := steps_by_name().get(manifest.tasks[0])) else "",
            manifest.licence,
            len(manifest.cases),
            there.get("cases", 0),
            there.get("lost", 0),
            tuple(sorted(scores)),
            max(scores.values(), default=None),
            tuple(sorted(version for known, version in measured if known == name and version != manifest.version)),
        )


def _pipelines(
    lab: Lab, registry: ModelRegistry, models: Models, days: dict[tuple[str, str, str], str]
) -> Iterator[PipelineEntry]:
    runs = evidence_rows.templates(lab)
    shipped = shipped_templates()
    for name in sorted(all_templates(lab, registry)):
        datasets = sorted({dataset for system, dataset, _ in days if system.partition("+")[0] == name})
        row = runs.get(name, {})
        try:
            system = resolve_system(name, registry, lab)
            refs = dict.fromkeys(ref for step in system.steps for ref in step.models)
            states = {ref: models.availability(ref) for ref in refs}
            lacks = "; ".join(f"{ref}: {state.missing}" for ref, state in states.items() if not state.ok)
            steps = tuple(step.name for step in system.steps)
        except LabError as error:
            lacks, steps = str(error), ()
        yield PipelineEntry(
            name, steps, name not in shipped, lacks, row.get("runs", 0), row.get("last"), tuple(datasets)
        )


def _use_cases(lab: Lab, known: UseCases) -> Iterator[UseCaseEntry]:
    for case in known.all():
        try:
            found = recommend(lab, case.id)
        except LabError as error:
            yield UseCaseEntry(case.id, case.title, None, None, "", None, str(error), 0, 0, ())
            continue
        used = found.in_use
        yield UseCaseEntry(
            case.id,
            case.title,
            used.system if used else None,
            f"{local_time(used.at, lab.timezone):%Y-%m-%d}" if used else None,
            used.verdict if used else "",
            found.chosen.system if found.chosen else None,
            found.because,
            len(found.field.of("ranked")),
            len(found.field.candidates),
            tuple(found.field.commands),
        )
