"""`modellab report`."""

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption


def report(
    *,
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="Of which dataset.", autocompletion=completion.datasets)
    ],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--models",
            "-m",
            help="Only these systems, as in bench; left out: all that have results on the dataset.",
            autocompletion=completion.pipelines,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.html", help="The page. Without it and --markdown: DATASET.html."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE.md", help="The same as Markdown, without sound.")
    ] = None,
    no_speed: Annotated[
        bool,
        typer.Option("--no-speed", help="Leave out speeds and memory: for what was measured while other work ran."),
    ] = False,
    no_recordings: Annotated[
        bool,
        typer.Option("--no-recordings", help="Leave out words and sound of single recordings: not all are yours."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write what a dataset's stored results say as one page that opens anywhere. Nothing is run.

    The verdict comes first; then figures with intervals, error against speed, slices, the worst recordings to be heard,
    how it was measured, and what not to conclude. Figures are those of modellab bench. A file in the way is replaced.

    [bold]Examples[/bold]

    $ modellab report --dataset asr_golden_v1
    $ modellab report -d asr_golden_v1 -m faster_whisper:tiny.en,faster_whisper:base -o whisper.html
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.evaluation.report.content import report as work_out
    from modellab.evaluation.report.page import render_html, render_markdown
    from modellab.files import write_atomic

    lab = lab_to_ask()
    asked = [name.strip() for given in models or [] for name in given.split(",") if name.strip()]
    found = work_out(lab, dataset, asked, with_speed=not no_speed, with_recordings=not no_recordings)
    if out is None and markdown is None:
        out = Path(f"{found.facts.id}.html")
    written = {}
    if out is not None:
        write_atomic(out.expanduser().absolute(), render_html(found))
        written["html"] = str(out)
    if markdown is not None:
        write_atomic(markdown.expanduser().absolute(), render_markdown(found))
        written["markdown"] = str(markdown)
    if as_json:
        print_json({"dataset": found.facts.id, "verdict": list(found.verdict), "wary": list(found.wary), **written})
        return
    for sentence in found.verdict:
        print_line(stdout(), sentence)
    for path in written.values():
        print_line(stdout(), marked("✓", "green", path))
