"""Sweeps as the lab keeps them: tables `sweeps` and `sweep_systems`."""

from modellab.experiments.outcome import DatasetSweep, Sweep, SystemFate
from modellab.settings import Lab
from modellab.wall_clock import stamp
from modellab.warehouse.recorder import Recorder


def record_sweep(lab: Lab, found: Sweep) -> None:
    """Keep what came of a sweep; its figures are those of the runs."""
    recorder, at = Recorder(lab), stamp()
    for place, one in enumerate(found.datasets):
        recorder.sweep(f"{found.id}-{place}", at, {**_facts(found, one), "systems": [_row(fate) for fate in one.fates]})


def _facts(found: Sweep, one: DatasetSweep) -> dict[str, object]:
    rule = one.rule
    return {
        "sweep": found.id,
        "experiment": found.experiment,
        "dataset": one.bench.dataset.id,
        "version": one.bench.dataset.manifest.version,
        "budget_s": found.budget_s,
        "wall_s": round(found.wall_s, 3),
        "metric": one.measure.metric if one.measure else None,
        "protocol": one.measure.protocol if one.measure else None,
        "looks": one.looks,
        "risk": rule.risk if rule else None,
        "level": rule.level if rule else None,
        "failed": len(one.bench.failed),
        "unavailable": len(one.bench.enrolment.failed),
    }


def _row(fate: SystemFate) -> dict[str, object]:
    stop = fate.ruled_out
    return {
        "system": fate.system,
        "fate": fate.fate,
        "inputs": fate.inputs,
        "inputs_of": fate.of,
        "look": fate.look,
        "against": stop.against if stop else None,
        "cases": stop.cases if stop else None,
        "difference": stop.difference if stop else None,
        "low": stop.low if stop else None,
        "high": stop.high if stop else None,
        "p": stop.p if stop else None,
    }
