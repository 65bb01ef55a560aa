"""The `modellab` command. Nothing heavy is imported before a command needs it, so `--help` answers at once."""

import atexit
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer
from rich.text import Text
from typer.exceptions import Abort, TyperException

from modellab import __version__
from modellab.cli import doctor, models, pipelines, run, runs, warehouse
from modellab.cli.console import print_json, print_line, stderr
from modellab.errors import LabError

_INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""

app = typer.Typer(
    name="modellab",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(no_args_is_help=True)(run.run)
app.command(no_args_is_help=True)(run.ingest)
app.command()(run.demo)
app.add_typer(runs.app)
app.add_typer(models.app)
app.add_typer(pipelines.app)
app.add_typer(warehouse.app)
app.command(no_args_is_help=True)(warehouse.sql)
app.command()(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"modellab {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and log messages.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Process speech and audio with models, and measure the models while doing so.

    Start with [bold]modellab demo[/bold], then [bold]modellab run RECORDING[/bold].
    Exit codes: 0 all well, 1 something failed, 2 wrong usage.
    """
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.captureWarnings(True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 all well, 1 something failed, 2 wrong usage, 130 interrupted.

    With `--json` an error is a document on standard output, `{"error": {...}}`; otherwise one message on standard
    error. A traceback is shown only with `--debug`.

    Args:
        arguments: without them it is the program: it takes those of the process, and ends the process.
    """
    if arguments is not None:
        return _run(list(arguments))
    _end_process(_run(sys.argv[1:]))


def _end_process(code: int) -> NoReturn:
    """End after the exit handlers, without taking the interpreter apart.

    With torch, Dagster and DuckDB in it that takes half a second, and ends with DuckDB listing on standard error what
    is still referred to.
    """
    atexit._run_exitfuncs()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _run(given: list[str]) -> int:
    as_json, debug = "--json" in given, "--debug" in given
    try:
        code = app(given, prog_name="modellab", standalone_mode=False)
    except TyperException as error:
        return _wrong_usage(error, as_json=as_json)
    except LabError as error:
        if debug:
            raise
        _report(error, as_json=as_json)
        return error.exit_code
    except (Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except Exception as error:
        if debug:
            raise
        hint = "This is a defect of Model Lab: modellab --debug COMMAND shows where."
        _report(LabError(f"unexpected {type(error).__name__}: {error}", hint=hint), as_json=as_json)
        return 1
    if code == _INTERRUPTED:
        _report(
            LabError("interrupted", hint="What was finished is kept: the same command goes on from there."),
            as_json=as_json,
        )
    return code if isinstance(code, int) else 0


def _wrong_usage(error: TyperException, *, as_json: bool) -> int:
    if as_json:
        _print_error(type(error).__name__, error.format_message())
    else:
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]  # typed by the class that Typer keeps to itself
    return error.exit_code


def _report(error: LabError, *, as_json: bool) -> None:
    if as_json:
        _print_error(
            type(error).__name__, str(error), what=error.what, found=error.found, allowed=error.allowed, hint=error.hint
        )
    else:
        print_line(stderr(), Text.assemble(("✗ ", "red"), str(error)))


def _print_error(kind: str, message: str, **parts: str | None) -> None:
    print_json({"error": {"type": kind, "message": message, **parts}})
