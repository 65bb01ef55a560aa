"""Sweeps as JSON, and what became of their systems in sentences."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.wording import amount_text
from modellab.experiments.outcome import DatasetSweep, Sweep, SystemFate
from modellab.statistics.stopping import Rule, RuledOut
from modellab.units import length, plural


def sweep_document(found: Sweep) -> dict[str, Any]:
    """All of it."""
    return {
        "sweep": found.id,
        "experiment": found.experiment,
        "complete": found.complete,
        "budget_s": found.budget_s,
        "wall_s": round(found.wall_s, 3),
        "datasets": [
            {
                **one.bench.document(),
                "failed_runs": len(one.bench.failed),
                "stopping": None if one.rule is None else _stopping(one, one.rule),
                "fates": [_fate(fate) for fate in one.fates],
            }
            for one in found.datasets
        ],
    }


def _stopping(one: DatasetSweep, rule: Rule) -> dict[str, Any]:
    return {
        "metric": one.measure.metric if one.measure else None,
        "protocol": one.measure.protocol if one.measure else None,
        "rounds": rule.rounds,
        "looks": one.looks,
        "level": rule.level,
        "risk": rule.risk,
    }


def _fate(fate: SystemFate) -> dict[str, Any]:
    stop = asdict(fate.ruled_out) if fate.ruled_out else None
    return {
        "system": fate.system,
        "fate": fate.fate,
        "inputs": fate.inputs,
        "of": fate.of,
        "look": fate.look,
        "ruled_out": stop,
        "left_s": fate.left_s,
    }


def left_out_sentence(found: RuledOut, not_run: int) -> str:
    """That a system is left out from now on."""
    return (
        f"{found.system} is left out: {found.against} is surely better over {plural(found.cases, 'case')}, "
        f"p = {found.p:.2g}; {plural(not_run, 'case')} not run"
    )


def ruled_out_sentences(one: DatasetSweep) -> list[str]:
    """Why systems were left out: `A was left out after 20 cases: B is better by 6.1 points of wer [2.0, 9.9] ...`."""
    return [
        _ruled_out(fate.ruled_out, one.measure, fate.of - fate.inputs)
        for fate in one.fates
        if fate.ruled_out is not None and one.measure is not None
    ]


def _ruled_out(found: RuledOut, measure: Measure, not_run: int) -> str:
    interval = ""
    if found.low is not None and found.high is not None:
        low, high = sorted((abs(found.low), abs(found.high)))
        interval = f" [{amount_text(low, measure)}, {amount_text(high, measure)}]"
    unit = "points" if measure.unit == "ratio" else measure.unit
    return (
        f"{found.system} was left out after {plural(found.cases, 'case')}: {found.against} is better by "
        f"{amount_text(abs(found.difference), measure)} {unit} of {measure.metric}{interval}, p = {found.p:.2g}; "
        f"{plural(not_run, 'case')} not run"
    )


def risk_sentences(one: DatasetSweep) -> list[str]:
    """What leaving out systems risks; nothing where there was no look."""
    rule = one.rule
    if rule is None or one.measure is None or not one.looks:
        return []
    pairs = rule.systems * (rule.systems - 1) // 2
    risk = (
        f"At most {rule.risk:.0%} of such sweeps leave out a system that is as good as the others: at a look, after "
        f"{', '.join(map(str, rule.rounds[:-1]))} cases, a pair counts as told apart by {one.measure.metric} at "
        f"p ≤ {rule.level:.2g}, which is {rule.risk:.0%} over {plural(rule.looks, 'look')} and {plural(pairs, 'pair')}."
    )
    if not any(fate.ruled_out for fate in one.fates):
        return [risk]
    return [
        risk,
        "Verdicts above are over the cases that both have, and those of systems left out count one look only.",
    ]


def unfinished_sentences(fates: Sequence[SystemFate]) -> list[str]:
    """What the budget was not enough for."""
    return [
        f"{fate.system}: the budget ended after {fate.inputs} of {plural(fate.of, 'case')}"
        + ("" if not fate.left_s else f"; the others would take some {length(fate.left_s)}")
        for fate in fates
        if fate.fate == "not finished"
    ]
