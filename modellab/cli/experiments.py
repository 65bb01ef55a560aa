"""`modellab experiments`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.bench import FurtherModels, named_models
from modellab.cli.console import JsonOption
from modellab.cli.datasets import FolderOption
from modellab.cli.sweep import BudgetOption, DatasetsOption, GridOption, MetricOption, ModelsOption, PipelineOption

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.experiments.definition import Experiment

app = typer.Typer(
    name="experiments",
    help="What is to be measured and why, written down beforehand: to be started, gone on with and compared.",
    no_args_is_help=True,
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The experiment.", autocompletion=completion.experiments)
]


@app.command(no_args_is_help=True)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, _ and -.")],
    further: FurtherModels = None,
    *,
    datasets: DatasetsOption,
    models: ModelsOption = None,
    pipeline: PipelineOption = None,
    grid: GridOption = None,
    budget: BudgetOption = None,
    metric: MetricOption = None,
    question: Annotated[str | None, typer.Option(help="What it is to answer.")] = None,
    hypothesis: Annotated[str | None, typer.Option(help="What you expect, said before it is measured.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Define an experiment; nothing runs. The systems are named as in sweep.

    [bold]Example[/bold]

    $ modellab experiments create beams -d asr_smoke_v1 -m faster_whisper:base --grid asr.beam_size=1,5
    """
    from modellab.cli.console import print_json, stdout
    from modellab.experiments.budget import seconds_of
    from modellab.experiments.definition import define
    from modellab.experiments.naming import parse_grid, systems_of
    from modellab.experiments.sweeping import Asked
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    lab = Lab.from_environment()
    named = named_models([*(models or []), *(further or [])])
    systems = systems_of(lab, ModelRegistry(), named, pipeline, parse_grid(grid or []))
    asked = Asked(datasets, [system.key for system in systems], seconds_of(budget) if budget else None, metric)
    made = define(lab, name, asked, question=question, hypothesis=hypothesis)
    if as_json:
        print_json(made)
        return
    _print_definition(stdout(), made)
    _print_next(stdout(), f"modellab experiments start {name}")


@app.command("list")
def list_experiments(as_json: JsonOption = False) -> None:
    """List experiments, and how far each is.

    [bold]Example[/bold]

    $ modellab experiments list
    """
    from dataclasses import asdict

    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.experiments.definition import experiments
    from modellab.experiments.progress import states
    from modellab.settings import Lab

    lab = Lab.from_environment()
    found = experiments(lab)
    state = states(lab)
    if as_json:
        print_json({"experiments": [{**asdict(one), "state": state.get(one.experiment)} for one in found]})
        return
    if not found:
        print_line(stdout(), Text("There is none: modellab experiments create NAME -d DATASET -m A B", style="dim"))
        return
    shown = table("Experiment", "Datasets", "Systems", "State", "Question", right=("Systems",))
    for one in found:
        said = state.get(one.experiment, "never came to its end")
        cells = (one.experiment, ", ".join(one.datasets), str(len(one.systems)), said, one.question or "-")
        shown.add_row(*map(Text, cells))
    print_block(stdout(), shown)


@app.command(no_args_is_help=True)
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show an experiment: its definition, and what became of each system when it last came to its end.

    [bold]Example[/bold]

    $ modellab experiments show beams
    """
    from dataclasses import asdict

    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.experiments.definition import experiment_named
    from modellab.experiments.progress import last_fates
    from modellab.settings import Lab

    lab = Lab.from_environment()
    one = experiment_named(lab, name)
    fates = last_fates(lab, one)
    if as_json:
        print_json({**asdict(one), "fates": fates})
        return
    console = stdout()
    _print_definition(console, one)
    console.print()
    if not fates:
        print_line(console, Text(f"It never came to its end: modellab experiments start {name}", style="dim"))
        return
    shown = table("Dataset", "System", "What became of it", "Measured", right=("Measured",))
    for fate in fates:
        shown.add_row(
            *map(Text, (fate["dataset"], fate["system"], _said(fate), f"{fate['inputs']} of {fate['inputs_of']}"))
        )
    print_block(console, shown)
    _print_next(console, f"modellab experiments compare {name}")


@app.command(no_args_is_help=True)
def start(
    context: typer.Context, name: NameArgument, folders: FolderOption = None, as_json: JsonOption = False
) -> None:
    """Start an experiment, or go on with one that was broken off or whose budget ended. What has a result is not run.

    [bold]Example[/bold]

    $ modellab experiments start beams
    """
    from modellab.cli.sweep import run
    from modellab.experiments.definition import experiment_named
    from modellab.settings import Lab

    lab = Lab.from_environment()
    run(context, lab, experiment_named(lab, name).asked(folders or []), as_json=as_json)


@app.command(no_args_is_help=True)
def compare(name: NameArgument, as_json: JsonOption = False) -> None:
    """Hold an experiment's systems beside each other over what is stored. Nothing runs.

    [bold]Example[/bold]

    $ modellab experiments compare beams
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.bench_table import print_standing
    from modellab.cli.console import print_json, stdout
    from modellab.experiments.definition import experiment_named
    from modellab.experiments.progress import figures, last_fates

    lab = lab_to_ask()
    one = experiment_named(lab, name)
    found = figures(lab, one)
    if as_json:
        print_json({"experiment": name, "question": one.question, "datasets": [each.document() for each in found]})
        return
    console = stdout()
    _print_definition(console, one)
    fates = last_fates(lab, one)
    for each in found:
        console.print()
        notes = [
            f"{fate['system']}: {_said(fate)}"
            for fate in fates
            if fate["dataset"] == each.standing.dataset and fate["fate"] != "measured"
        ]
        print_standing(console, each.standing, each.speeds, notes)


@app.command(no_args_is_help=True)
def delete(name: NameArgument, as_json: JsonOption = False) -> None:
    """Delete an experiment's definition. Its runs and results stay.

    [bold]Example[/bold]

    $ modellab experiments delete beams
    """
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.experiments.definition import delete as take_away
    from modellab.settings import Lab

    take_away(Lab.from_environment(), name)
    if as_json:
        print_json({"deleted": name})
    else:
        print_line(stdout(), f"{name} is deleted; its results stay.")


def _print_definition(console: "Console", one: "Experiment") -> None:
    from rich.text import Text

    from modellab.cli.console import print_line
    from modellab.units import length

    facts = [
        ("Experiment", one.experiment),
        ("Question", one.question),
        ("Hypothesis", one.hypothesis),
        ("Datasets", ", ".join(one.datasets)),
        ("Systems", f"\n{'':<14}".join(one.systems)),
        ("Main metric", one.metric),
        ("Budget", length(one.budget_s) if one.budget_s else None),
    ]
    for what, value in facts:
        if value:
            print_line(console, Text.assemble((f"{what:<14}", "bold"), value))


def _print_next(console: "Console", command: str) -> None:
    from rich.text import Text

    from modellab.cli.console import print_line

    console.print()
    print_line(console, Text(f"Next: {command}", style="dim"))


def _said(fate: dict[str, Any]) -> str:
    from modellab.units import plural

    if fate["fate"] == "ruled out":
        return (
            f"left out after {plural(fate['cases'], 'case')}: {fate['against']} is surely better, by {fate['metric']}"
            f" {abs(fate['difference']):.3f} (p = {fate['p']:.2g}; at most {fate['risk']:.0%} of sweeps are wrong so)"
        )
    return {"measured": "measured", "not finished": "the budget ended: start it again to go on"}[fate["fate"]]
