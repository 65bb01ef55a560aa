"""`modellab history`."""

from typing import Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption


def history(
    system: Annotated[
        str | None,
        typer.Argument(
            metavar="[SYSTEM]", help="Only this system.", autocompletion=completion.pipelines, show_default=False
        ),
    ] = None,
    *,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", "-d", help="Only on this dataset.", autocompletion=completion.datasets),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how speed and memory went over time, with trends and change points: like beside like only.

    A measurement is three repeats or more, as modellab regress --repeats 3 and the schedule weekly_speed make them.

    [bold]Examples[/bold]

    $ modellab history
    $ modellab history faster_whisper:base -d asr_smoke_v1
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.evaluation.pace_history import change_text, figure_text, speed_series

    found = speed_series(lab_to_ask(), system, dataset)
    if as_json:
        print_json({"series": [one.document() for one in found]})
        return
    console = stdout()
    if not found:
        print_line(
            console, "Nothing was measured so: modellab regress --repeats 3, or the schedule weekly_speed.", "dim"
        )
        return
    rows = table("System", "On", "Step", "Measured", "First", "Now", "A month", "", "Changes", right=("First", "Now"))
    for one in found:
        first, now = (figure_text(one.metric, value) for value in (one.values[0], one.values[-1]))
        month = "" if one.per_month is None else f"{one.per_month:+.1%}"
        where = f"{one.dataset} {one.version} ({one.conditions})"
        cells = one.system, where, one.step, str(len(one.values)), first, now, month, one.bars()
        rows.add_row(*map(Text, cells), Text("; ".join(map(change_text, one.changes)), style="yellow"))
    print_block(console, rows)
