"""`modellab inputs`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from modellab.inputs.registered import RegisteredInput
    from modellab.runs.adding import AddedFile

app = typer.Typer(name="inputs", help="Recordings and texts that the lab keeps.", no_args_is_help=True)


@app.command(no_args_is_help=True)
def add(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Recordings, texts (.txt), or folders with recordings.",
            show_default=False,
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Copy recordings and texts into the lab, and run nothing. The Dagster UI offers recordings within a minute.

    [bold]Examples[/bold]

    $ modellab inputs add recordings/
    $ modellab inputs add announcement.txt
    """
    from modellab.cli.console import print_json, print_line, stderr, stdout
    from modellab.disk import require_space, require_writable
    from modellab.errors import Interrupted
    from modellab.runs.adding import add_files, files_to_add
    from modellab.settings import Lab
    from modellab.warehouse.builder import build

    lab = Lab.from_environment()
    require_writable(lab.home)
    require_space(lab.home, 0, "an input")
    found = files_to_add(lab, paths)
    for sentence in found.left_out.sentences():
        print_line(stderr(), sentence, "dim")
    done: list[AddedFile] = []
    stopped = False
    try:
        for added in add_files(lab, found.files):
            done.append(added)
            if not as_json:
                _print_added(stdout(), stderr(), added)
            signals.check()
    except KeyboardInterrupt:
        stopped = True
    build(lab)
    document = {"inputs": [_added_document(added) for added in done], "left_out": found.left_out.document()}
    if stopped:
        raise Interrupted(document)
    if as_json:
        print_json(document)
    if any(added.error for added in done):
        raise typer.Exit(1)


@app.command("list")
def list_inputs(
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Only media, or only text.", autocompletion=completion.input_kinds),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List what the lab keeps, the newest first.

    [bold]Example[/bold]

    $ modellab inputs list --limit 100
    """
    from rich.text import Text

    from modellab.cli.console import print_json, print_line, stdout
    from modellab.inputs.registered import IN_WORDS
    from modellab.inputs.store import InputStore
    from modellab.names import one_of
    from modellab.settings import Lab
    from modellab.units import plural

    lab = Lab.from_environment()
    wanted = one_of("kind of input", kind, tuple(IN_WORDS)) if kind is not None else None
    matching = [each for each in reversed(InputStore(lab).all()) if wanted in (None, each.kind)]
    shown, more = matching[:limit], max(0, len(matching) - limit)
    if as_json:
        print_json({"inputs": [_document(each) for each in shown], "more": more})
        return
    console = stdout()
    if not shown:
        print_line(console, Text("The lab keeps no such input: modellab inputs add PATH brings one in.", style="dim"))
        return
    _print_inputs(console, shown, lab.timezone)
    if more:
        print_line(console, Text(f"… and {plural(more, 'earlier one')}: --limit {len(matching)}", style="dim"))


@app.command()
def show(
    called: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="Its key, its slug, a file name it had, or the beginning of its key or SHA-256.",
            show_default=False,
            autocompletion=completion.inputs,
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show what is known of one input.

    [bold]Example[/bold]

    $ modellab inputs show weekly-sync
    """
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.inputs.store import InputStore
    from modellab.settings import Lab

    lab = Lab.from_environment()
    source = InputStore(lab).find(called)
    if as_json:
        print_json(_document(source))
        return
    for name, value in _facts(source, lab.timezone):
        print_line(stdout(), _fact(name, value))
    for warning in source.warnings:
        print_line(stdout(), f"! {warning}", "yellow")


def _document(source: "RegisteredInput") -> "Mapping[str, Any]":
    """An input for programs: what a text has none of is null."""
    from dataclasses import asdict

    shown = {"input": source.key, **asdict(source)}
    del shown["key"]
    if source.kind == "text":
        shown |= dict.fromkeys(("duration_s", "sample_rate_hz", "channels"))
    return shown


def _added_document(added: "AddedFile") -> "Mapping[str, Any]":
    return {
        "path": added.path,
        "status": "registered" if added.source else "refused",
        "input": _document(added.source) if added.source else None,
        "error": str(added.error) if added.error else None,
    }


def _print_added(out: "Console", errors: "Console", added: "AddedFile") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_line

    if added.source is None:
        assert added.error is not None
        print_line(errors, marked("✗", "red", _complaint(added)))
        return
    print_line(out, Text.assemble(("✓ ", "green"), added.source.key, (f"  {added.source.extent}", "dim")))
    for warning in added.source.warnings:
        print_line(errors, f"! {added.source.name}: {warning}", "yellow")


def _complaint(added: "AddedFile") -> str:
    """Why a file was not taken, beginning with its path."""
    from modellab.legible import one_line

    assert added.error is not None
    said, name, path = added.error.told(), one_line(added.path.name), one_line(str(added.path))
    return f"{path}{said.removeprefix(name)}" if name and said.startswith(name) else f"{path}: {said}"


def _print_inputs(console: "Console", shown: "Sequence[RegisteredInput]", zone: str) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    from modellab.cli.console import print_block
    from modellab.local_days import local_time
    from modellab.units import length

    rows = Table(
        Column("Input", no_wrap=True, overflow="ellipsis"),
        Column("File", overflow="fold"),
        Column("Length", justify="right", no_wrap=True),
        Column("Registered", no_wrap=True),
        box=None,
        padding=(0, 2, 0, 0),
        header_style="bold",
        pad_edge=False,
    )
    for each in shown:
        rows.add_row(
            each.key,
            Text(each.name),
            Text("text", style="dim") if each.kind == "text" else length(each.duration_s),
            f"{local_time(datetime.fromisoformat(each.registered_at), zone):%Y-%m-%d %H:%M}",
        )
    print_block(console, rows)


def _facts(source: "RegisteredInput", zone: str) -> list[tuple[str, str]]:
    from modellab.local_days import local_time
    from modellab.units import plural

    channels = f", {source.sample_rate_hz} Hz, {plural(source.channels, 'channel')}" if source.kind == "media" else ""
    return [
        ("Input", source.key),
        *(("File" if place == 0 else "", name) for place, name in enumerate(source.names or (source.name,))),
        ("Size", source.extent),
        ("Format", f"{source.format}{channels}"),
        ("Registered", f"{local_time(datetime.fromisoformat(source.registered_at), zone):%Y-%m-%d %H:%M:%S}"),
        ("SHA-256", source.sha256),
        ("Copy", str(source.path)),
    ]


def _fact(name: str, value: str) -> Any:
    from rich.text import Text

    return Text.assemble((f"{name:<14}", "bold"), value)
