"""`modellab runs audit`."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from modellab.upkeep.audit import Audit

_MOST_OF_A_KIND = 20


def audit(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Only these runs, with all that they rest on. Without any, the whole lab.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Put right what can be derived, and say what can't.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare sizes instead of bytes, and no rows: minutes become seconds.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check what the lab keeps: manifests, bytes, fingerprints, rows against results and records, and orphans.

    Exit code 1: something is wrong, and was not put right.

    [bold]Examples[/bold]

    $ modellab runs audit
    $ modellab runs audit --quick
    $ modellab runs audit latest --fix
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stdout
    from modellab.runs.quarantining import attempts_meant
    from modellab.upkeep.audit import audit as look

    lab = lab_to_ask()
    chosen = [attempt for name in runs for attempt in attempts_meant(lab, name)] if runs else None
    with _bars() as progress:
        found = look(lab, chosen, quick=quick, fix=fix, progress=progress)
    if as_json:
        print_json(found)
    else:
        _print(stdout(), found)
    if not found.sound:
        raise typer.Exit(1)


@contextmanager
def _bars() -> "Iterator[Callable[[str, float], None]]":
    """A bar for each thing that is looked at, on a terminal."""
    from rich.progress import Progress, TaskID

    from modellab.cli.console import stderr

    console = stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=1.0)
            shown.update(tasks[what], completed=share)

        yield progress


def _print(console: "Console", found: "Audit") -> None:
    from itertools import groupby

    from rich.text import Text

    from modellab.cli.console import marked, print_line
    from modellab.units import plural

    for kind, group in groupby(sorted(found.findings, key=lambda one: one.kind), key=lambda one: one.kind):
        listed = list(group)
        print_line(console, Text(f"{kind} ({len(listed)})", style="bold"))
        for one in listed[:_MOST_OF_A_KIND]:
            mark, style = ("✓", "green") if one.fixed else ("✗", "red")
            print_line(console, marked(mark, style, f"{one.where}: {one.what} {one.remedy}"))
        if len(listed) > _MOST_OF_A_KIND:
            print_line(console, Text(f"  … and {len(listed) - _MOST_OF_A_KIND} more, which --json has", style="dim"))
    looked = f"{plural(found.results, 'result')} and {plural(found.records, 'record')}"
    how = ", by size and name only" if found.quick else ""
    left = sum(not one.fixed for one in found.findings)
    if found.sound:
        mended = f", {plural(len(found.findings), 'thing')} put right" if found.findings else ", nothing is wrong"
        print_line(console, marked("✓", "green", f"{looked} looked at{how}{mended}"))
        return
    fixable = sum(one.fixable and not one.fixed for one in found.findings)
    by_fix = f"; --fix puts {fixable} of them right" if fixable else ""
    print_line(console, marked("✗", "red", f"{looked} looked at{how}: {plural(left, 'thing')} wrong{by_fix}"))
