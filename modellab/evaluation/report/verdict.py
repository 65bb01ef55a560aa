"""What came of it, in plain sentences: who is best, who can't be told from it, how fast each is, what to be wary of."""

from collections.abc import Mapping, Sequence

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.report.pace import Pace
from modellab.evaluation.report.plain import names_of, times, told
from modellab.evaluation.standing import Figure, Standing, SystemStanding
from modellab.units import plural

_FEW = 20
"""Recordings below which a reader is told that they are few."""


def verdict(standing: Standing, paces: Mapping[str, Pace]) -> list[str]:
    """The sentences, the most important first: one for each metric that decides, then speed."""
    found = [_by(standing, measure, name) for measure, name in names_of(standing.main_measures).items()]
    if not found:
        found = ["No system has a result that this dataset judges: there is no verdict."]
    return [*found, *_speed(standing, paces)]


def wary(standing: Standing, missing: int, *, with_speed: bool = True) -> list[str]:
    """What to know before the verdict is believed.

    Args:
        missing: cases of the dataset that no system was put to.
        with_speed: whether the report says how fast systems are.
    """
    found = (
        []
        if with_speed
        else ["Speeds and memory are left out, as was asked for: they are no figures where other work ran."]
    )
    most = max((one.cases for one in standing.systems), default=0)
    if 0 < most < _FEW:
        found.append(f"{plural(most, 'recording is', 'recordings are')} few: the intervals are wide, and rightly so.")
    for system in standing.systems:
        if system.failed:
            listed = ", ".join(system.failed[:5]) + (" and others" if len(system.failed) > 5 else "")
            found.append(
                f"{system.system} has no figure of {plural(len(system.failed), 'recording')} ({listed}):"
                " in an error rate they count as all wrong."
            )
        if system.cases < most:
            found.append(
                f"{system.system} was put to {plural(system.cases, 'recording')} only: its figure is of these,"
                " and comparisons are over what both were put to."
            )
    if missing:
        found.append(f"No system was put to {plural(missing, 'case')} of the dataset.")
    if standing.hosts_differ:
        found.append("Results were made on several machines, on which the same model may give other words.")
    return found


def _by(standing: Standing, measure: Measure, name: str) -> str:
    ranked = _ranked(standing, measure)
    if not ranked:
        return f"No system has a {name}: nothing is below the line."
    best, figure = ranked[0]
    if len(ranked) == 1:
        a = "an" if name[0] in "aeiou" else "a"
        return f"{best.system} has {a} {name} of {told(figure)}; there is no other system to compare it with."
    equal = [one.system for one, its in ranked if its.interval.value == figure.interval.value]
    if len(equal) == len(ranked):
        return f"{_listed(equal)} have the same {name}: {told(figure)}."
    verdicts = _against(standing, measure, best.system)
    others = [one.system for one, _ in ranked[len(equal) :]]
    compared = any(its_measure == measure for its_measure, _ in standing.comparisons)
    beaten = [one for one in others if verdicts.get(one) == "better"]
    alike = [one for one in others if verdicts.get(one) != "better"]
    how = "lowest" if measure.better == "lower" else "highest"
    said = f"{_listed(equal)} {'has' if len(equal) == 1 else 'have'} the {how} {name}: {told(figure)}."
    first, then = (best.system, best.system) if len(equal) > 1 else ("It", "it")
    if not compared:
        told_apart = "Systems are not compared by it, for it is of all recordings together."
    elif not alike:
        told_apart = f"{first} is better than {_listed(beaten)}."
    elif not beaten:
        told_apart = f"But these recordings can't tell {then} from {_listed(alike)}: no system is shown to be the best."
    else:
        told_apart = f"{first} is better than {_listed(beaten)}; these recordings can't tell it from {_listed(alike)}."
    return f"{said} {told_apart}"


def _ranked(standing: Standing, measure: Measure) -> list[tuple[SystemStanding, Figure]]:
    """Systems with a figure, the best first."""
    there = [
        (system, figure)
        for system in standing.systems
        for figure in system.figures
        if figure.measure == measure and figure.interval.value is not None
    ]
    sign = 1 if measure.better == "lower" else -1
    return sorted(there, key=lambda one: sign * (one[1].interval.value or 0.0))


def _against(standing: Standing, measure: Measure, system: str) -> dict[str, str]:
    """Every other system -> the verdict of this one against it."""
    turned = {"better": "worse", "worse": "better", "not separable": "not separable"}
    found = {}
    for its_measure, versus in standing.comparisons:
        if its_measure != measure:
            continue
        if versus.a == system:
            found[versus.b] = str(versus.comparison.verdict)
        elif versus.b == system:
            found[versus.a] = turned[versus.comparison.verdict]
    return found


def _speed(standing: Standing, paces: Mapping[str, Pace]) -> list[str]:
    known = [(pace.times_real_time, one.system) for one in standing.systems if (pace := paces.get(one.system))]
    fast = sorted(((value, system) for value, system in known if value is not None), reverse=True)
    if not fast:
        return []
    if len(fast) == 1:
        return [f"{fast[0][1]} works at {times(fast[0][0])} real time."]
    return [f"Speed, in times real time: {_listed([f'{system} {times(value)}' for value, system in fast])}."]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
