"""All that a report says, worked out from what is stored. Nothing is run, and nothing is fetched."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from modellab import __version__
from modellab.evaluation.outcomes import Measure, Outcomes, outcomes
from modellab.evaluation.report import cautions
from modellab.evaluation.report.chart import Chart, chart
from modellab.evaluation.report.facts import (
    DatasetFacts,
    dataset_facts,
    hosts,
    made_by,
    measured_systems,
    newest_score,
)
from modellab.evaluation.report.flagged import Flagged, flagged
from modellab.evaluation.report.pace import Pace, paces
from modellab.evaluation.report.verdict import verdict, wary
from modellab.evaluation.report.worst import WorstCase, worst_cases
from modellab.evaluation.speed import StepSpeed, speeds
from modellab.evaluation.standing import Standing, standing
from modellab.settings import PROJECT_ROOT, Lab
from modellab.statistics.intervals import Interval
from modellab.statistics.slices import figures_by_slice

_OF_SPEED = "s/s"
"""Unit of metrics that are speeds: seconds of work for each second of sound."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slice:
    """The recordings that share a tag, and each system's figure on them."""

    tag: str
    value: str
    cases: int
    figures: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Report:
    """What the page and the Markdown are made of."""

    facts: DatasetFacts
    newest: str
    """When the newest of the figures was worked out: ISO 8601, UTC."""
    standing: Standing
    main: Sequence[Measure]
    """The metrics that decide."""
    verdict: Sequence[str]
    wary: Sequence[str]
    paces: Mapping[str, Pace]
    speeds: Mapping[str, Sequence[StepSpeed]]
    charts: Sequence[Chart]
    slices: Sequence[tuple[Measure, Sequence[Slice]]]
    """By each metric that decides; those with a tag whose value is not the same everywhere."""
    worst: tuple[Measure, Sequence[WorstCase]] | None
    """By the first metric that decides."""
    flagged: Sequence[Flagged]
    made_by: Sequence[Mapping[str, Any]]
    hosts: Sequence[Mapping[str, Any]]
    cautions: Sequence[str]
    metric_cautions: Mapping[str, Sequence[str]]
    """Metric that decides -> what its page says that is not to be concluded."""
    with_speed: bool
    """Whether it says how fast systems are and how much memory they take."""
    written_by: str
    """Version, and commit where it is known, of the lab that wrote the report."""


def report(
    lab: Lab, dataset: str, asked: Sequence[str] = (), *, with_speed: bool = True, with_recordings: bool = True
) -> Report:
    """Work out a report.

    Args:
        asked: keys of systems; none: all that have results on the dataset.
        with_speed: False where speeds are no measurement, for other work ran at the same time.
        with_recordings: False where what is said in them is not to be passed on: no words and no sound of any.

    Raises:
        UnknownName: a dataset or system without results.
        TemplateError: a key that does not resolve.
        UsageError: the dataset has no results.
        ArtifactCorrupt: a stored result or reference can't be read.
    """
    facts = dataset_facts(lab, dataset)
    keys = measured_systems(lab, facts, asked)
    found = outcomes(lab, facts.id, facts.version, keys)
    stands = standing(found, keys) if with_speed else without_speed(standing(found, keys))
    fast = _by_shown(paces(lab, facts.id, facts.version, keys), stands) if with_speed else {}
    main = stands.main_measures
    # What only the whole corpus has, no recording has a part of: it has no slices and no worst recordings.
    by_case = [measure for measure in main if measure in found.by_measure]
    names = [one.system for one in stands.systems]
    tried = {case.case_id for systems in found.by_measure.values() for cases in systems.values() for case in cases}
    return Report(
        facts,
        newest_score(lab, facts, keys),
        stands,
        main,
        verdict(stands, fast),
        wary(stands, facts.cases - len(tried), with_speed=with_speed),
        fast,
        _by_shown(speeds(lab, facts.id, facts.version, keys), stands) if with_speed else {},
        [drawn for measure in main if (drawn := chart(stands, measure, fast)) is not None],
        [(measure, rows) for measure in by_case if (rows := _slices(found, measure, names))],
        (by_case[0], worst_cases(lab, found, by_case[0], names)) if by_case and with_recordings else None,
        [one if with_recordings else replace(one, examples=()) for one in flagged(lab, facts, keys)],
        made_by(lab, facts, keys),
        hosts(lab, found.machines),
        cautions.general(stands, with_speed=with_speed),
        {measure.metric: points for measure in main if (points := cautions.of_metric(measure.metric))},
        with_speed,
        f"Model Lab {__version__}{_commit()}",
    )


def _by_shown(by_key: Mapping[str, T], stands: Standing) -> dict[str, T]:
    """The same by the name that a system is shown under, which may name its device."""
    shown = {one.system: by_key.get(one.system, by_key.get(one.system.rpartition(" on ")[0])) for one in stands.systems}
    return {system: value for system, value in shown.items() if value is not None}


def without_speed(stands: Standing) -> Standing:
    """The same without figures that are speeds."""
    systems = (
        replace(one, figures=tuple(figure for figure in one.figures if figure.measure.unit != _OF_SPEED))
        for one in stands.systems
    )
    return replace(stands, systems=tuple(systems))


def _slices(found: Outcomes, measure: Measure, systems: Sequence[str]) -> list[Slice]:
    by_slice: dict[tuple[str, str], dict[str, Interval]] = {}
    for system in systems:
        cases = found.by_measure[measure].get(system, [])
        for one in figures_by_slice(cases, better=measure.better, unit=measure.unit, bounds=measure.bounds):
            by_slice.setdefault((one.tag, one.value), {})[system] = one.interval
    values: dict[str, set[str]] = {}
    for tag, value in by_slice:
        values.setdefault(tag, set()).add(value)
    return [
        Slice(tag, value, max(one.n for one in figures.values()), figures)
        for (tag, value), figures in sorted(by_slice.items(), key=lambda one: (one[0][0], _by_number(one[0][1])))
        if len(values[tag]) > 1
    ]


def _by_number(value: str) -> list[tuple[int, int, str]]:
    """By which `5 dB` comes before `10 dB`."""
    parts = re.split(r"(\d+)", value)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _commit() -> str:
    """Of the checkout that this code is from; empty where git or the history is missing."""
    try:
        told = subprocess.run(
            ["git", "-C", PROJECT_ROOT, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return f", commit {told.stdout.strip()}" if told.returncode == 0 else ""
