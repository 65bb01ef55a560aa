"""`modellab arsenal`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.arsenal.inventory import Arsenal


def arsenal(
    *,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE.html", help="Write a page that opens anywhere.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", metavar="FILE.md", help="Write Markdown.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the lab has, what of it is verified by what evidence, and what is not.

    Models, datasets, pipelines and use cases: what ran here with which weights, what was scored on how many cases and
    when, what the regression gate last said, and the command that would verify what is not. Nothing is run. A file in
    the way is replaced.

    [bold]Examples[/bold]

    $ modellab arsenal
    $ modellab arsenal --html arsenal.html
    """
    from modellab.arsenal.inventory import arsenal as take_stock
    from modellab.arsenal.page import render_html, render_markdown
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.files import write_atomic

    found = take_stock(lab_to_ask())
    if html is not None:
        write_atomic(html.expanduser().absolute(), render_html(found))
    if markdown is not None:
        write_atomic(markdown.expanduser().absolute(), render_markdown(found))
    if as_json:
        print_json(found.document())
        return
    _print(stdout(), found)
    for path in filter(None, (html, markdown)):
        print_line(stdout(), marked("✓", "green", str(path)))


def _print(console: "Console", found: "Arsenal") -> None:
    from rich.text import Text

    from modellab.arsenal.statements import gaps, verified
    from modellab.cli.console import marked, print_block, print_line, table

    for sentence in verified(found):
        print_line(console, sentence)
    console.print()
    rows = table("Model", "Verified", "Here", "Recordings", "Last", "Scores", right=("Recordings",))
    for one in found.models:
        scores = "; ".join(f"{each.metric} {each.said} on {each.dataset}" for each in one.scores)
        shown = scores or (f"in pipelines, on {', '.join(one.judged_in)}" if one.judged_in else "-")
        style = "green" if one.verified == "scored" else "dim" if one.verified == "can't run here" else ""
        rows.add_row(one.model, Text(one.verified, style=style), one.here, str(one.inputs), one.last or "-", shown)
    print_block(console, rows)
    console.print()
    print_line(console, Text("What is not verified", style="bold"))
    for gap in gaps(found):
        print_line(console, marked("·", "dim", gap.said))
        if gap.command:
            print_line(console, f"    {gap.command}", "dim")
