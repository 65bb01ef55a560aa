"""The `modellab` command. Nothing heavy is imported before a command needs it, so `--help` answers at once."""

import atexit
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.text import Text
from typer.exceptions import Abort, TyperException

from modellab import __version__
from modellab.cli import (
    alerts,
    arsenal,
    bench,
    bench_report,
    claims,
    compare,
    completion,
    datasets,
    doctor,
    experiments,
    findings,
    history,
    inbox,
    inputs,
    models,
    pipelines,
    promote,
    recommend,
    regress,
    rescore,
    results,
    run,
    runs,
    search,
    signals,
    streams,
    sweep,
    use_cases,
    voices,
    warehouse,
)
from modellab.cli.console import error_document, marked, print_json, print_line, stderr
from modellab.cli.launching import HandedIn
from modellab.errors import Interrupted, LabError
from modellab.legible import legible
from modellab.redaction import guard_logs, redact
from modellab.registry.cpu import require_supported, this_cpu
from modellab.trouble import as_lab_error

if TYPE_CHECKING:
    from modellab.runs.launching import OpenLauncher
    from modellab.runs.stopping import OpenStopper

_BY_TYPER = 130
"""What Typer makes of a `KeyboardInterrupt`."""

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
app.command(no_args_is_help=True)(bench.bench)
app.command(no_args_is_help=True)(sweep.sweep)
app.command(no_args_is_help=True)(compare.compare)
app.command()(results.results)
app.command(no_args_is_help=True)(results.scorecard)
app.command()(results.coverage)
app.command("eval")(results.evaluate)
app.command()(findings.findings)
app.command(no_args_is_help=True)(bench_report.report)
app.command()(rescore.rescore)
app.command()(regress.regress)
app.command()(history.history)
app.command(no_args_is_help=True)(search.search)
app.add_typer(experiments.app)
app.add_typer(inputs.app)
app.add_typer(inbox.app)
app.add_typer(alerts.app)
app.add_typer(runs.app)
app.add_typer(datasets.app)
app.command(no_args_is_help=True)(use_cases.candidates)
app.add_typer(use_cases.app)
app.command(no_args_is_help=True)(recommend.recommend)
app.command()(arsenal.arsenal)
app.add_typer(claims.app)
app.command(no_args_is_help=True)(promote.promote)
app.command(no_args_is_help=True)(promote.demote)
app.add_typer(promote.app)
app.add_typer(models.app)
app.add_typer(pipelines.app)
app.add_typer(voices.app)
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
    Exit codes: 0 all well, 1 something failed, 2 wrong usage, 130 or 143 stopped (Ctrl-C, SIGTERM).
    """
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_LegibleFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.captureWarnings(True)
    require_supported(this_cpu())  # before anything imports what would end the process without a word
    guard_logs()


class _LegibleFormatter(logging.Formatter):
    """Log messages quote names and errors as well."""

    def format(self, record: logging.LogRecord) -> str:
        return legible(super().format(record))


def main(
    arguments: Sequence[str] | None = None,
    launcher: "OpenLauncher | None" = None,
    stopper: "OpenStopper | None" = None,
) -> int:
    """Run the command line and return the exit code: 0 all well, 1 something failed, 2 wrong usage, 130 or 143 stopped
    by Ctrl-C or SIGTERM.

    With `--json` an error is a document on standard output, `{"error": {...}}`; otherwise one message on standard
    error. A traceback is shown only with `--debug`.

    Args:
        arguments: without them it is the program: it takes those of the process, and ends the process.
        launcher: makes what runs pipelines; without it, the installed one does.
        stopper: makes what stops runs; likewise.
    """
    handed_in = HandedIn(launcher, stopper)
    if arguments is not None:
        return _run(list(arguments), handed_in)
    streams.protect_standard_streams()
    if completion.is_asked():
        _end_process(completion.answer(lambda: app([], prog_name="modellab", standalone_mode=False)))
    try:
        code = _run(sys.argv[1:], handed_in)
    except KeyboardInterrupt:  # between two watches
        code = signals.exit_code(SIGINT)
    _end_process(code)


def _end_process(code: int) -> NoReturn:
    """End after the exit handlers, without taking the interpreter apart.

    With torch, Dagster and DuckDB in it that takes half a second, and ends with DuckDB listing on standard error what
    is still referred to.
    """
    atexit._run_exitfuncs()
    if trouble := streams.output_trouble():
        print_line(stderr(), Text.assemble(("✗ ", "red"), f"standard output took not all: {trouble.strerror}"))
        sys.stderr.flush()
        code = code or 1
    os._exit(code)


def _run(given: list[str], handed_in: HandedIn) -> int:
    streams.tolerate_encodings()
    with signals.watching(_say_stopping):
        code = _run_command(given, handed_in)
        if signals.asked_to_stop() and code == 0:  # too late to stop anything, but never lost
            return signals.exit_code()
        return code


def _say_stopping() -> None:
    print_line(stderr(), "Stopping when the work at hand lets go; Ctrl-C again ends it at once.", "dim")


def _run_command(given: list[str], handed_in: HandedIn) -> int:
    as_json, debug = "--json" in given, "--debug" in given
    try:
        code = app(given, prog_name="modellab", standalone_mode=False, obj=handed_in)
    except TyperException as error:
        return _wrong_usage(error, as_json=as_json)
    except (Abort, Interrupted, KeyboardInterrupt) as error:
        return _interrupted(error if isinstance(error, Interrupted) else Interrupted(), as_json=as_json)
    except Exception as error:
        if debug:
            raise
        known = as_lab_error(error, _home())
        _report(known, as_json=as_json)
        return known.exit_code
    if code == _BY_TYPER:
        return _interrupted(Interrupted(), as_json=as_json)
    return code if isinstance(code, int) else 0


def _home() -> Path | None:
    """Where the lab is, for errors that name no place; None where the settings are what is wrong."""
    from modellab.settings import Lab

    try:
        return Lab.from_environment().home
    except LabError:
        return None


def _interrupted(error: Interrupted, *, as_json: bool) -> int:
    _report(error, as_json=as_json)
    return signals.exit_code()


def _wrong_usage(error: TyperException, *, as_json: bool) -> int:
    error.message = legible(redact(error.message))
    if as_json:
        print_json({"error": {"type": type(error).__name__, "message": error.format_message()}})
    else:
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]  # typed by the class that Typer keeps to itself
    return error.exit_code


def _report(error: LabError, *, as_json: bool) -> None:
    if as_json:
        finished = error.finished if isinstance(error, Interrupted) else {}
        print_json({**finished, **error_document(error)})
    else:
        print_line(stderr(), marked("✗", "red", error.told()))
