"""`modellab models fetch`."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.errors import LabError
    from modellab.registry.config import ModelRef
    from modellab.registry.fetching import Fetching, Here, ToFetch


def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Models: ID or ID:VARIANT.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ] = None,
    every_variant: Annotated[
        bool, typer.Option("--all", help="Every variant of the ids, not the default one.")
    ] = False,
    surface: Annotated[
        str | None,
        typer.Option(
            help="Instead of models, the default variants of all with this surface: asr, vad, diarization, ...",
            autocompletion=completion.of_models("surfaces"),
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Download weights from the hub before they are needed; what was stopped goes on from there.

    What is here is not fetched again. Exit code 0 when nothing is missing of any, 1 otherwise.

    [bold]Examples[/bold]

    $ modellab models fetch faster_whisper:large-v3-turbo
    $ modellab models fetch --surface asr
    """
    from rich.text import Text

    from modellab.cli.console import print_json, stderr
    from modellab.errors import Interrupted, LabError
    from modellab.registry.fetching import Fetching, Here, chosen
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    registry = ModelRegistry()
    refs = chosen(registry, names or [], every_variant=every_variant, surface=surface)
    fetching = Fetching(Lab.from_environment(), registry)
    done: list[dict[str, Any]] = []
    meant: list[ToFetch] = []
    try:
        with stderr().status("") as status:
            for ref in refs:
                status.update(Text(f"{ref}: looking"))
                try:
                    looked = fetching.look(ref)
                except LabError as error:
                    done.append(_failed(ref, error, quiet=as_json))
                    continue
                if isinstance(looked, Here):
                    done.append(_told(looked, 0, quiet=as_json))
                else:
                    meant.append(looked)
        fetching.require_room(meant)
        for one in meant:
            try:
                done.append(_fetched(fetching, one, quiet=as_json))
            except LabError as error:
                done.append(_failed(one.ref, error, quiet=as_json))
    except KeyboardInterrupt:
        raise Interrupted({"models": done}) from None
    if as_json:
        print_json({"models": done})
    if any(one["status"] == "failed" for one in done):
        raise typer.Exit(1)


_EMPTY = dict.fromkeys(("model", "status", "weights", "files", "bytes", "downloaded_bytes", "lacks", "error"))


def _fetched(fetching: "Fetching", one: "ToFetch", *, quiet: bool) -> dict[str, Any]:
    from modellab.cli.bar import bar
    from modellab.cli.console import print_line, stderr
    from modellab.units import size

    missing = one.bytes
    what = f"{one.ref}: {size(missing)} from {one.repositories}"
    with ExitStack() as stack:
        show: Callable[[float], None] = _unseen
        if missing and stderr().is_terminal:
            show = stack.enter_context(bar(what))
        elif missing:
            print_line(stderr(), what)
        here = fetching.fetch(one, lambda come: show(come / missing if missing else 1.0))
    return _told(here, missing, quiet=quiet)


def _unseen(share: float) -> None:
    """Nobody looks."""


def _told(here: "Here", downloaded_bytes: int, *, quiet: bool) -> dict[str, Any]:
    from modellab.cli.console import marked, print_line, stdout

    if not quiet:
        print_line(stdout(), marked("✓", "green", _sentence(here, downloaded_bytes)))
        if here.lacks:
            print_line(stdout(), f"  To run, it lacks more: {here.lacks}", "yellow")
    known = {"model": str(here.ref), "status": here.status, "weights": here.said, "lacks": here.lacks or None}
    held = {"files": here.files, "bytes": here.bytes, "downloaded_bytes": downloaded_bytes}
    return _EMPTY | known | (held if here.status != "nothing" else {})


def _sentence(here: "Here", downloaded_bytes: int) -> str:
    from modellab.units import plural, size

    if here.status == "nothing":
        return f"{here.ref} {here.said}"
    held = f"{plural(here.files, 'file')}, {size(here.bytes)}, {here.said}"
    if here.status == "present":
        return f"{here.ref} is here already: {held}"
    return f"{here.ref} is here: {held}; {size(downloaded_bytes)} were fetched"


def _failed(ref: "ModelRef", error: "LabError", *, quiet: bool) -> dict[str, Any]:
    from modellab.cli.console import marked, print_line, stderr

    if not quiet:
        print_line(stderr(), marked("✗", "red", f"{ref}: {error.told()}"))
    return _EMPTY | {"model": str(ref), "status": "failed", "error": str(error)}
