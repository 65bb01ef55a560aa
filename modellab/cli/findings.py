"""`modellab findings`."""

from dataclasses import asdict

from modellab.cli.console import JsonOption
from modellab.cli.results import DatasetOption


def findings(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """Say what the figures show: who beats whom where, what failed, invented words, claims that don't hold.

    Nothing runs. Every statement is computed and stands with the query that gives the rows it rests on.

    [bold]Example[/bold]

    $ modellab findings --dataset asr_golden_v1
    """
    from itertools import groupby

    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.evaluation.findings import findings as statements

    found = statements(lab_to_ask(), dataset)
    if as_json:
        print_json({"findings": [asdict(one) for one in found]})
        return
    console = stdout()
    if not found:
        print_line(
            console, Text("Nothing was measured yet: modellab bench --dataset DATASET --models A,B", style="dim")
        )
        return
    for place, (name, listed) in enumerate(groupby(found, key=lambda one: one.dataset)):
        if place:
            console.print()
        print_line(console, Text(name, style="bold"))
        for one in listed:
            print_line(console, marked("·", "dim", one.statement))
            print_line(console, Text(f"  {one.query}", style="dim"))
