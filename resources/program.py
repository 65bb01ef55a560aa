"""The program `modellab` as a child of a Dagster run, for work that launches runs of its own.

A process of its own, so that what it holds (models, locks, slots) is gone when it ends, and stopping it is what Ctrl-C
is on a terminal. It is told to stop when its parent is stopped, and by the system when its parent is killed
(`modellab_dagster.command`).
"""

import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.errors import TextRefused
from modellab.outside import RESULT, parse_json

_PATIENCE_S = 30.0
"""A run stops between two calls of a model."""
_KEPT_LINES = 20


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended."""

    code: int
    """Its exit code."""
    document: Any
    """What it printed with `--json`; None where that is no JSON."""
    said: str
    """Its last lines on standard error."""


def run_program(arguments: Sequence[str], say: Callable[[str], None]) -> Ended:
    """Run `modellab ARGUMENTS --json` to its end.

    Args:
        say: told each line of its standard error.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "modellab_dagster.command", *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # what the terminal sends is for the parent, which says what becomes of it
    )
    lines: deque[str] = deque(maxlen=_KEPT_LINES)

    def follow() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.rstrip())
            say(line.rstrip())

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    try:
        assert process.stdout is not None
        printed = process.stdout.read()
        code = process.wait()
    except BaseException:
        _stop(process)
        raise
    reader.join()
    try:
        document = parse_json(printed, "what modellab printed", RESULT)
    except TextRefused:
        document = None
    return Ended(code, document, "\n".join(lines))


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
