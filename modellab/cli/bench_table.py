"""Systems beside each other, as a terminal shows them."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modellab.cli.console import marked, print_block, print_line, table
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.speed import StepSpeed
from modellab.evaluation.standing import Figure, Standing, SystemStanding
from modellab.evaluation.wording import comparison_sentence, figure_text, no_figure, speed_text
from modellab.legible import one_line
from modellab.runs.bench import Bench
from modellab.units import plural


def print_bench(console: Console, bench: Bench, further: Sequence[str] = ()) -> None:
    """The table, the verdicts, and what to know before they are believed.

    Args:
        further: more to know.
    """
    notes = list(further)
    if missing := bench.enrolment.failed:
        notes.append(f"{plural(len(missing), 'case')} of the dataset can't be had here, and no system was put to it.")
    if kept := bench.enrolment.kept:
        whose = "its reference is" if len(kept) == 1 else "their references are"
        notes.append(
            f"Of {plural(len(kept), 'case')} a file is missing, and {whose} as read the last time: {kept[0].kept}"
        )
    print_standing(console, bench.standing, bench.speeds, notes)


def print_standing(
    console: Console, found: Standing, speeds: Mapping[str, Sequence[StepSpeed]], further: Sequence[str] = ()
) -> None:
    """The same of figures alone."""
    heading = f"{found.dataset} {found.version}   {plural(found.cases, 'case')}"
    print_line(console, Text(heading, style="bold"))
    console.print()
    measures = _told(found)
    if not measures:
        print_line(
            console, marked("!", "yellow", "There is no figure: no system has a result that this dataset judges.")
        )
    else:
        print_block(console, standing_table(found, speeds))
    for measure in measures:
        _print_verdicts(console, found, measure)
    _print_notes(console, found, measures, further)


def standing_table(found: Standing, speeds: Mapping[str, Sequence[StepSpeed]]) -> Table:
    """A line for each system: its main figures with their intervals, failed cases, speed; and how many cases it was put
    to, where that is not all for all."""
    measures = _told(found)
    partial = any(system.cases != found.cases for system in found.systems)
    counts = ["Cases"] if partial else []
    names = [measure.metric for measure in measures]
    shown = table("System", *names, *counts, "Failed", "Speed", right=("Cases", "Failed"))
    for column in shown.columns[1:-1]:  # on a narrow terminal names and speeds give way, no figure
        column.no_wrap = True
    for system in found.systems:
        speed = speed_text(speeds.get(system.system, []))
        figures = (_cell(system.figure(measure.metric)) for measure in measures)
        cases = [f"{system.cases} of {found.cases}"] if partial else []
        shown.add_row(system.system, *figures, *cases, _failed(system), speed)
    return shown


def _told(found: Standing) -> list[Measure]:
    """The main metrics that any system has a figure of: of recordings without speech there is no error rate."""
    there = {one.measure for system in found.systems for one in system.figures if one.interval.value is not None}
    return [measure for measure in found.main_measures if measure in there]


def _cell(figure: Figure | None) -> str:
    return "-" if figure is None else figure_text(figure)


def _failed(system: SystemStanding) -> str:
    return str(len(system.failed)) if system.cases else "all"


def _print_verdicts(console: Console, found: Standing, measure: Measure) -> None:
    compared = [versus for its_measure, versus in found.comparisons if its_measure == measure]
    if not compared:
        return
    console.print()
    which = "lower is better" if measure.better == "lower" else "higher is better"
    print_line(console, Text.assemble((measure.metric, "bold"), (f"   {which}; {measure.protocol}", "dim")))
    for versus in compared:
        told_apart = versus.comparison.verdict != "not separable"
        mark, style = ("✓", "green") if told_apart else ("·", "dim")
        print_line(console, marked(mark, style, comparison_sentence(versus, measure)))


def _print_notes(console: Console, found: Standing, measures: Sequence[Measure], further: Sequence[str]) -> None:
    notes = []
    for system in found.systems:
        for measure in measures:
            figure = system.figure(measure.metric)
            if figure and (worst := figure.worst_slice) and worst.interval.value is not None:
                notes.append(
                    f"{system.system} is worst at {worst.tag} {worst.value}: "
                    f"{measure.metric} {worst.interval.value:.3f} over {plural(worst.interval.n, 'case')}"
                )
        notes += [no_figure(system.system, case) for case in system.failed]
    if found.hosts_differ:
        notes.append("Results are of several machines, on which the same model may give other words.")
    notes += further
    if notes:
        console.print()
    for note in dict.fromkeys(notes):
        print_line(console, marked("!", "yellow", one_line(note)))
    console.print()
    print_line(
        console,
        Text(
            f"All figures: modellab bench --dataset {found.dataset} ... --json, or SQL: FROM leaderboard", style="dim"
        ),
    )
