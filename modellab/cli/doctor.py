"""`modellab doctor`."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli.bar import bar
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from modellab.registry.availability import Availability
    from modellab.settings import Lab
    from modellab.upkeep.examination import Examination


def doctor(
    check_inputs: Annotated[
        bool, typer.Option("--check-inputs", help="Read the lab's copy of every recording, and say which are damaged.")
    ] = False,
    check_results: Annotated[
        bool,
        typer.Option("--check-results", help="Read every result in the lab, say which are damaged, move those aside."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what this machine has, which models run here, what will not run, and what to do about it.

    Exit code 0 when the default pipeline can run, and nothing was found damaged, 1 otherwise.
    """
    from modellab.cli.console import print_json, stdout
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab
    from modellab.upkeep.examination import examine

    lab = Lab.from_environment()
    found = examine(lab, ModelRegistry())
    inputs = _damaged_inputs(lab) if check_inputs else None
    results = _damaged_results(lab) if check_results else None
    if as_json:
        print_json({**asdict(found), "damaged_inputs": inputs, "damaged_results": results})
    else:
        _print(stdout(), found)
        if inputs is not None:
            _print_damaged(stdout(), inputs, "Every copy in the lab is what was registered.")
        if results is not None:
            _print_damaged(stdout(), results, "Every result in the lab is what was made.")
    if not found.ready or inputs or results:
        raise typer.Exit(1)


def _damaged_inputs(lab: "Lab") -> dict[str, str]:
    from modellab.upkeep.housekeeping import damaged_inputs

    with bar("reading the lab's copies") as progress:
        return dict(damaged_inputs(lab, progress))


def _damaged_results(lab: "Lab") -> dict[str, str]:
    from modellab.upkeep.housekeeping import damaged_results

    with bar("reading the lab's results") as progress:
        return dict(damaged_results(lab, progress=progress))


def _print_damaged(console: "Console", damaged: dict[str, str], none_is: str) -> None:
    from rich.text import Text

    from modellab.cli.console import print_line

    for key, what in damaged.items():
        print_line(console, Text.assemble(("✗ ", "red"), (f"{key}: ", "bold"), what))
    if not damaged:
        print_line(console, Text.assemble(("✓ ", "green"), none_is))


def _print(console: "Console", found: "Examination") -> None:
    from rich.padding import Padding
    from rich.text import Text

    from modellab.cli.console import print_block, print_line

    sections = [("Machine", _machine), ("Packages", _packages), ("Models", _models), ("Lab", _lab)]
    if any(not state.availability.ok for state in found.models):
        sections.append(("Will not run here", _out_of_reach))
    for title, body in sections:
        print_line(console, title, "bold underline")
        print_block(console, Padding(body(found), (0, 0, 1, 2)))
    for problem in found.problems:
        mark = ("✗ ", "red") if problem.blocking else ("! ", "yellow")
        print_block(console, Text.assemble(mark, problem.in_short or problem.what))
    if found.ready:
        print_line(console, Text.assemble(("✓ ", "green"), "The default pipeline can run: modellab demo"))


def _machine(found: "Examination") -> "RenderableType":
    from modellab.units import plural, size

    hardware = found.hardware
    devices = ", ".join(f"{kind} ({', '.join(runtimes)})" for kind, runtimes in hardware.devices.items())
    return _pairs(
        ("Python", f"{hardware.python} on {hardware.system}"),
        ("processor", f"{hardware.cpu}, {plural(hardware.cores, 'core')}, {size(hardware.memory_bytes)} memory"),
        ("instructions", ", ".join(hardware.instruction_sets) or "the system does not say"),
        ("devices", devices),
        ("free disk", size(hardware.disk_free_bytes)),
        ("hub", f"not asked: {found.offline} is set" if found.offline else "asked for weights that are not here"),
        ("hub token", "set (HF_TOKEN)" if found.token else "not set (HF_TOKEN): gated models can't be downloaded"),
    )


def _packages(found: "Examination") -> "RenderableType":
    from rich.text import Text

    from modellab.units import plural

    lines = []
    for extra in found.extras:
        if not extra.missing:
            text = Text.assemble(("✓ ", "green"), f"all {plural(len(extra.packages), 'package')}")
        else:
            missing = ", ".join(f"{p.name}{p.wanted} (found {p.installed or 'nothing'})" for p in extra.missing)
            text = Text.assemble(("✗ ", "yellow"), f"missing {missing}")
        lines.append((extra.name, text))
    return _pairs(*lines)


def _models(found: "Examination") -> "RenderableType":
    """A line for the variants of a model that are in the same state: most models have many."""
    from rich.text import Text

    from modellab.cli.console import table

    alike: dict[tuple[str, Availability], list[str]] = {}
    for state in found.models:
        model, _, variant = state.model.partition(":")
        alike.setdefault((model, replace(state.availability, reason="")), []).append(variant)
    rows = table("Model", "Variants", "", "Device", "Weights")
    for (model, available), variants in alike.items():
        mark = Text("✓", style="green") if available.ok else Text.assemble(("✗", "red"), f" {available.missing}")
        rows.add_row(model, ", ".join(variants), mark, available.device or "", available.weights)
    return rows


def _out_of_reach(found: "Examination") -> "RenderableType":
    """What is said of several variants of a model, once."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from modellab.cli.console import of_lines, together

    pages: dict[str, list[str]] = {}
    for state in found.models:
        if not state.availability.ok:
            pages.setdefault(state.model.partition(":")[0], []).append(state.availability.page)
    shown: list[RenderableType] = []
    for model, each in pages.items():
        shown.append(Text(model, style="bold"))
        shown += [Padding(of_lines(page), (0, 0, 0, 2)) for page in together(each)]
    return Group(*shown)


def _lab(found: "Examination") -> "RenderableType":
    from modellab.units import plural

    home = found.home
    database = "none yet"
    if home.database:
        waiting = f"{plural(home.files_waiting, 'new file')} not in it yet"
        database = waiting if home.files_waiting else "up to date"
    return _pairs(
        ("home", f"{home.path}{'' if home.exists else ' (will be made by the first run)'}"),
        ("holds", f"{plural(home.inputs, 'input')}, {plural(home.artifacts, 'artifact')}"),
        ("database", database),
        *([("environments", f"of models' own: {', '.join(home.environments)}")] if home.environments else []),
        (
            "half-written",
            f"{plural(home.stale_staging, 'file or folder', 'files and folders')} of running or killed processes",
        ),
    )


def _pairs(*pairs: "tuple[str, RenderableType]") -> "RenderableType":
    from rich.table import Column, Table
    from rich.text import Text

    grid = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for name, value in pairs:
        grid.add_row(Text(name, style="bold"), Text(value) if isinstance(value, str) else value)
    return grid
