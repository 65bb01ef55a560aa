"""Systems beside each other on a dataset: each one's figures with their intervals, and who is better than whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.statistics.cases import Case
from modellab.statistics.comparing import Versus, compare_systems
from modellab.statistics.intervals import Interval, interval
from modellab.statistics.slices import SliceFigure, figures_by_slice, worst_figure_of

MAIN_METRICS = (
    *("wer", "cer", "cpwer", "der", "detection_error", "pesq", "si_sdr", "pk", "action_f1"),
    *("roundtrip_wer", "accuracy", "macro_f1", "eer", "recall_at_1", "note_f1", "turn_end_f1"),
    *("bleu", "chrf"),
    *("invented_words_per_minute", "flag_precision", "flag_recall"),
)
"""By which systems are told apart: for each kind of result the field's usual. The others explain it."""
_CHARACTERS, _WORDS = "cer", "wer"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one system over its cases."""

    measure: Measure
    interval: Interval
    worst_slice: SliceFigure | None


@dataclass(frozen=True, slots=True)
class SystemStanding:
    """One system on the dataset."""

    system: str
    cases: int
    """That it was put to."""
    failed: tuple[str, ...]
    """Cases of which it has no figure of any main metric, in order."""
    figures: tuple[Figure, ...]
    """Main metrics first, then the others, in order of name."""

    def figure(self, metric: str) -> Figure | None:
        return next((one for one in self.figures if one.measure.metric == metric), None)


@dataclass(frozen=True, slots=True)
class Standing:
    """Some systems on one dataset."""

    dataset: str
    version: str
    cases: int
    systems: tuple[SystemStanding, ...]
    """In the order asked for."""
    comparisons: tuple[tuple[Measure, Versus], ...]
    """By each main metric, every system against every other, corrected for how many they are."""
    hosts_differ: bool
    """Whether results were made on several machines, on which the same model may give other words."""

    @property
    def main_measures(self) -> list[Measure]:
        """The main metrics that any system has, in the order of `MAIN_METRICS`."""
        return main_of({one.measure: None for system in self.systems for one in system.figures})


def standing(found: Outcomes, systems: Sequence[str], seed: int = 0) -> Standing:
    """How some systems stand.

    Args:
        systems: in the order in which they are shown; those of `found` that are of several devices come in their place.
        seed: of the draws that intervals and p values rest on.
    """
    named = [name for key in systems for name in sorted(found.machines) if name == key or name.startswith(f"{key} on ")]
    every = list(dict.fromkeys([*named, *(key for key in systems if not any(name.startswith(key) for name in named))]))
    measures = sorted(found.by_measure, key=place_of)
    main = main_of(measures)
    machines = {machine for system in every for machine in found.machines.get(system, ())}
    return Standing(
        found.dataset,
        found.version,
        found.cases,
        tuple(_of_system(found, system, measures, main, seed) for system in every),
        tuple((measure, one) for measure in main for one in _compared(measure, found.by_measure[measure], every, seed)),
        len(machines) > 1,
    )


def _of_system(
    found: Outcomes, system: str, measures: Sequence[Measure], main: Sequence[Measure], seed: int
) -> SystemStanding:
    own = {measure: found.by_measure[measure][system] for measure in measures if system in found.by_measure[measure]}
    judged = [own[measure] for measure in main if measure in own] or list(own.values())
    tried = {case.case_id for cases in own.values() for case in cases}
    has_figure = {case.case_id for cases in judged for case in cases if case.amounts is not None}
    return SystemStanding(
        system,
        len(tried),
        tuple(sorted(tried - has_figure)),
        tuple(
            sorted(
                [
                    *(figure_of(measure, cases, seed, with_slices=measure in main) for measure, cases in own.items()),
                    *figures_of_corpus(found, system),
                ],
                key=lambda figure: place_of(figure.measure),
            )
        ),
    )


def figures_of_corpus(found: Outcomes, system: str) -> list[Figure]:
    """One system's figures that only the whole corpus has; no slice and no case has a part of them."""
    return [
        Figure(measure, by_system[system], None)
        for measure, by_system in found.of_corpus.items()
        if system in by_system
    ]


def figure_of(measure: Measure, cases: Sequence[Case], seed: int = 0, *, with_slices: bool) -> Figure:
    """One system's figure over its cases, with the slice in which it is worst where that is wanted."""
    kind: dict[str, Any] = {"better": measure.better, "unit": measure.unit, "bounds": measure.bounds, "seed": seed}
    by_slice = figures_by_slice(cases, **kind) if with_slices else []
    return Figure(measure, interval(cases, **kind), worst_figure_of(by_slice, measure.better))


def _compared(measure: Measure, cases: Mapping[str, list[Case]], systems: Sequence[str], seed: int) -> list[Versus]:
    there = {system: cases[system] for system in systems if system in cases}
    return compare_systems(there, better=measure.better, unit=measure.unit, bounds=measure.bounds, seed=seed)


def main_of(measures: Iterable[Measure]) -> list[Measure]:
    """Those by which systems are told apart, in the order of `MAIN_METRICS`: characters only where no words are."""
    there = [measure for measure in measures if measure.metric in MAIN_METRICS]
    with_words = {(one.step, one.protocol) for one in there if one.metric == _WORDS}
    kept = (one for one in there if one.metric != _CHARACTERS or (one.step, one.protocol) not in with_words)
    return sorted(kept, key=place_of)


def place_of(measure: Measure) -> tuple[int, str, str, str]:
    """By which measures are sorted: main metrics first."""
    place = MAIN_METRICS.index(measure.metric) if measure.metric in MAIN_METRICS else len(MAIN_METRICS)
    return place, measure.step, measure.metric, measure.protocol
