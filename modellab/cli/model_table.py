"""`modellab models table`."""

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli.console import JsonOption


def table(
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_json: JsonOption = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write that into a file in place of printing it."),
    ] = None,
) -> None:
    """Every variant of every model in one table: licences, weights, what was verified how, and what was measured.

    Figures are those of this lab: of modellab models verify, and of scores on the golden set of the model's surface.
    Nothing is run. A file in the way is replaced.

    [bold]Examples[/bold]

    $ modellab models table
    $ modellab models table --markdown --output docs/model-table.md
    """
    from modellab.arsenal.model_table import COLUMNS, model_table
    from modellab.cli.console import json_text, marked, print_block, print_json, print_line, stdout
    from modellab.cli.console import table as drawn
    from modellab.errors import UsageError
    from modellab.files import write_atomic
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    if markdown and as_json:
        raise UsageError("a table is Markdown or JSON", found="--markdown and --json")
    if output is not None and not (markdown or as_json):
        raise UsageError("what is written into a file is Markdown or JSON", hint="Give --markdown or --json too.")
    found = model_table(Lab.from_environment(), ModelRegistry())
    if output is not None:
        text = found.markdown() if markdown else json_text(found.document()) + "\n"
        write_atomic(output.expanduser().absolute(), text)
        if not as_json:
            print_line(stdout(), marked("✓", "green", str(output)))
    elif markdown:
        typer.echo(found.markdown(), nl=False)
    elif as_json:
        print_json(found.document())
    else:
        rows = drawn(*(name.capitalize() for name in COLUMNS))
        for row in found.rows:
            rows.add_row(*row.cells())
        print_block(stdout(), rows)
