"""What this project's choice of models rests on, by one command: every model that has its weights here, measured.

    MODELLAB_HOME=DIR python benchmarks/evidence.py
    MODELLAB_HOME=DIR python benchmarks/evidence.py --data DATA --no-speed

In this order, each stage a name of `--only`:

    golden   `modellab bench` of all models of a surface on its golden set, see docs/datasets.md
    real     the same on what `benchmarks/real_dataset.py` makes of DATA
    verify   `modellab models verify` of each of them, and of those without a golden set
    random   the same with random checkpoints, of models whose weights are not here
    write    the Markdown of `modellab report` of each dataset into OUTPUT/reports, with a page that leads to them and
             holds the pipelines' default against the others, and the table of models into OUTPUT/model-table.md

What a home holds is not measured again: a run that was stopped goes on where it was, and a figure of speed is of the
time when it was made. So figures of speed want a new home, and a machine that does nothing else. `--no-speed` leaves
speeds out of the reports, and the table, which is of speeds, alone.
"""

import argparse
import resource
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import real_dataset as real  # type: ignore[import-not-found]  # beside this file, which is run as a script

from modellab.arsenal.model_table import golden_sets, model_table
from modellab.bundle.page import escape_markdown
from modellab.datasets.loading import write_manifest
from modellab.evaluation.measured import measured
from modellab.evaluation.report.content import report
from modellab.evaluation.report.page import render_markdown
from modellab.evaluation.report.plain import names_of
from modellab.evaluation.standing import Standing
from modellab.files import write_atomic
from modellab.pipeline.system import resolve_system
from modellab.pipeline.template import shipped_templates
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.registry import ModelRegistry
from modellab.runs.verifying import triable, verifiable
from modellab.settings import PROJECT_ROOT, Lab
from modellab.warehouse.query import query

STAGES = ("golden", "real", "verify", "random", "write")
REAL = {"asr": real.SPEECH, "diarization": real.CONVERSATIONS, "vad": real.CONVERSATIONS, "enhance": real.NOISY}
"""Surface -> what is made of the real recordings for it."""
_EXAMINED = "SELECT model FROM latest_verifications"
_TRIED = "SELECT model FROM latest_random_verifications"
_MODELLAB = str(Path(sys.executable).with_name("modellab"))


@dataclass(frozen=True, slots=True)
class Measured:
    """Models of one surface on one dataset."""

    surface: str
    dataset: str
    systems: tuple[str, ...]


def main() -> int:
    """Command line; the exit code is 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of real recordings; left out: golden sets only")
    parser.add_argument("--output", type=Path, default=PROJECT_ROOT / "docs", help="where pages go; default: docs")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=STAGES, metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--surfaces", nargs="+", metavar="SURFACE", help="only models of these")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="only these: ID:VARIANT")
    parser.add_argument("--no-speed", action="store_true", help="other work runs meanwhile: write no figure of speed")
    given = parser.parse_args()
    lab, registry = Lab.from_environment(), ModelRegistry()
    here = [
        one
        for one in verifiable(lab, registry, given.models or [])
        if not given.surfaces or set(given.surfaces) & set(registry.get(one.id).surfaces)
    ]
    plan = list(of_surfaces(registry, here, golden_sets(lab)))
    if given.data:
        for manifest in real.manifests(given.data.resolve()):
            write_manifest(manifest, lab.datasets / manifest.id)
    on_real = list(of_surfaces(registry, here, REAL)) if given.data else []
    if given.surfaces:
        plan, on_real = ([one for one in some if one.surface in given.surfaces] for some in (plan, on_real))
    failed: list[str] = []
    if "golden" in given.only:
        failed += _bench(plan, [])
    if "real" in given.only:
        failed += _bench(on_real, ["--folder", f"{real.FOLDER}={given.data}"])
    if "verify" in given.only:
        failed += _verify(lab, here, _EXAMINED, [])
    if "random" in given.only and not given.models:
        failed += _verify(lab, triable(lab, registry, []), _TRIED, ["--random-weights"])
    if "write" in given.only:
        _write(lab, registry, [*plan, *on_real], given.output, with_speed=not given.no_speed)
    for one in failed:
        print(f"failed: {one}", file=sys.stderr)
    return 1 if failed else 0


def of_surfaces(registry: ModelRegistry, models: Sequence[ModelRef], datasets: dict[str, str]) -> Iterator[Measured]:
    """Of each surface that has a dataset and models which know the dataset's language: these, in order of surface."""
    for surface, dataset in sorted(datasets.items()):
        systems = tuple(
            config.key_of(one.variant, surface)
            for one in models
            for config in (registry.get(one.id),)
            if surface in config.surfaces and _knows_english(config, one.variant)
        )
        if systems:
            yield Measured(surface, dataset, systems)


def _knows_english(config: ModelConfig, variant: str) -> bool:
    """All these datasets are English, those of sound without words included."""
    return bool({"*", "en"} & set(config.languages_of(variant))) or not config.languages_of(variant)


def _bench(plan: Sequence[Measured], more: Sequence[str]) -> list[str]:
    """Measure; returns what failed. A model after the other: one that takes the process with it takes no other."""
    failed = []
    for one in plan:
        for system in one.systems:
            if not _ran(["bench", "--dataset", one.dataset, "--models", system, "--json", *more]):
                failed.append(f"{system} on {one.dataset}")
    return failed


def _verify(lab: Lab, models: Sequence[ModelRef], known: str, more: Sequence[str]) -> list[str]:
    """Examine those that this home has no examination of, each in a process of its own; returns what failed."""
    done = {row["model"] for row in query(lab, known).as_records()} if lab.database.exists() else set()
    meant = [str(one) for one in models if str(one) not in done]
    return [f"examination of {one}" for one in meant if not _ran(["models", "verify", one, "--json", *more])]


def _write(lab: Lab, registry: ModelRegistry, plan: Sequence[Measured], output: Path, *, with_speed: bool) -> None:
    """Write reports, the page that leads to them, and the table."""
    folder = output / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    lines, usual = _heading(with_speed=with_speed), defaults(registry, lab)
    there = {one.dataset: one.systems for one in measured(lab)}
    for one in plan:
        systems = [system for system in one.systems if system in there.get(one.dataset, ())]
        if not systems:
            continue
        of_others = one.dataset in REAL.values()
        told = partial(report, lab, one.dataset, with_speed=with_speed, with_recordings=not of_others)
        found = told(systems)
        most = max(system.cases for system in found.standing.systems)
        if behind := [system.system for system in found.standing.systems if system.cases < most]:
            # Whoever was put to a part is not beside those that were put to all: the easy part may be it.
            print(f"left out, for it is not yet through {one.dataset}: {', '.join(behind)}", file=sys.stderr)
            found = told([system for system in systems if system not in behind])
        page = folder / f"{one.dataset}-{one.surface}.md"
        write_atomic(page, render_markdown(found))
        lines += [
            f"## {one.surface} on {escape_markdown(one.dataset)}",
            "",
            f"{escape_markdown(found.facts.description or '')}",
            "",
        ]
        said = [*against(found.standing, usual.get(one.surface)), *found.verdict]
        lines += [*(f"- {escape_markdown(sentence)}" for sentence in said), "", f"[The report]({page.name})", ""]
    write_atomic(folder / "README.md", "\n".join(lines).rstrip() + "\n")
    if with_speed:
        write_atomic(output / "model-table.md", model_table(lab, registry).markdown())


def defaults(registry: ModelRegistry, lab: Lab) -> dict[str, str]:
    """Surface -> the key of the model that most of the shipped pipelines have there."""
    every: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name in shipped_templates():
        for step in resolve_system(name, registry, lab).steps:
            if (surface := step.definition.model_surface) and step.model:
                every[surface][registry.get(step.model.id).key_of(step.model.variant, surface)] += 1
    return {surface: models.most_common(1)[0][0] for surface, models in every.items()}


def against(standing: Standing, default: str | None) -> list[str]:
    """Who is shown to be better than the default, a sentence for each metric that decides."""
    if default is None:
        return []
    own = next((one for one in standing.systems if one.system.partition(" on ")[0] == default), None)
    if own is None:
        return [f"The default of the pipelines, {default}, was not measured on it."]
    if len(standing.systems) == 1:
        return [f"The default of the pipelines, {default}, is the only model that was measured on it."]
    said = []
    for measure, name in names_of(standing.main_measures).items():
        if own.figure(measure.metric) is None:
            continue
        beating = [
            better
            for its, versus in standing.comparisons
            if its == measure
            for better, other, verdict in ((versus.a, versus.b, "better"), (versus.b, versus.a, "worse"))
            if other == own.system and versus.comparison.verdict == verdict
        ]
        who = f"{', '.join(beating)} {'are' if len(beating) > 1 else 'is'}" if beating else "no other is"
        said.append(f"By {name} {who} shown to be better than the default of the pipelines, {default}.")
    return said


def _heading(*, with_speed: bool) -> list[str]:
    told = (
        "Speeds are of a machine that did nothing else."
        if with_speed
        else "The machine did other work at the same time: speeds and memory are left out."
    )
    return [
        "# What was measured",
        "",
        "Made by `benchmarks/evidence.py`; not written by hand. Every model whose weights are on the machine, on the",
        f"dataset of its surface, with 95 % intervals. {told}",
        "What follows for the defaults: [Evidence](../evidence.md).",
        "",
    ]


def _ran(asked: Sequence[str]) -> bool:
    """Run a command of the lab's, its output not shown but for its errors; where somebody stops it, stop too."""
    began, worked = perf_counter(), _children_s()
    done = subprocess.run([_MODELLAB, *asked], check=False, stdout=subprocess.DEVNULL)
    came = "done  " if done.returncode == 0 else "FAILED"
    took = f"{perf_counter() - began:7.1f} s, {_children_s() - worked:7.1f} s of processor"
    print(f"{took}  {came}  {' '.join(asked)}", flush=True)
    if done.returncode in (130, 143, -2, -15):
        sys.exit(130)
    return done.returncode == 0


def _children_s() -> float:
    """Seconds of processor time of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
