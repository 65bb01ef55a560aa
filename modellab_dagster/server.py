"""Running `dagster dev` as a child: it is told to stop in the one way it obeys, and its last words go to a file.

Started by a shell's `&` it would ignore SIGINT, and then SIGTERM as well, for it gives both one handler. On a Ctrl-C
that reaches all its processes at once each prints a stack trace, and libraries list what they leak. So it runs in a
session of its own, where only this process's signal reaches it.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from modellab.legible import legible

LOG = "ui.log"
"""In Dagster's home: all that the processes said since the UI was started last."""
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LEAKS = re.compile(r"nanobind: | - leaked | - \.\.\. skipped remainder|See https://nanobind")
_PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`."""
_POLL_S = 0.3
_PATIENCE_S = 90.0
"""Longer than Dagster gives its own processes to end."""


class Server:
    """One `dagster dev` with the processes it starts.

    Args:
        command: what to run.
        environment: its variables.
        folder: where it runs, and where its log goes.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._command, self._environment, self._folder = command, environment, folder
        self._signals = 0
        self._wake = threading.Event()

    def run(self, url: str) -> int:
        """Serve until a signal comes or the server ends by itself; returns the exit code.

        Args:
            url: where it answers when it is ready, which is then printed.
        """
        for number in _STOPPING:
            ignored = signal.getsignal(number) is signal.SIG_IGN
            # A handler, not "ignore": that the child would inherit.
            signal.signal(number, self._ignore if ignored else self._stop)
        process = subprocess.Popen(
            self._command,
            env=dict(self._environment),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no threads yet
        )
        assert process.stdout is not None
        reader = threading.Thread(target=self._pass_on, args=(process.stdout,), daemon=True)
        reader.start()
        self._serve(process, url)
        if not self._signals:
            print(f"✗ Dagster ended by itself (exit code {process.returncode}); see {self._log}", file=sys.stderr)
        else:
            print("Stopping; Ctrl-C again ends it at once.", flush=True)
            self._end(process)
        _kill_all(process)
        reader.join(timeout=_POLL_S)
        return 0 if self._signals else 1

    @property
    def _log(self) -> Path:
        return self._folder / LOG

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._wake.set()

    def _ignore(self, _number: int, _frame: FrameType | None) -> None:
        return

    def _serve(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        is_ready = False
        while process.poll() is None and not self._signals:
            if not is_ready and _answers(url):
                is_ready = True
                print(f"Model Lab is ready: {url} (only this machine can reach it). Ctrl-C stops it.", flush=True)
            self._wake.wait(_POLL_S)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Ask Dagster to end and wait; a second signal, or too long a wait, ends that."""
        asked_at_once = self._signals
        process.send_signal(signal.SIGINT)
        for _ in range(round(_PATIENCE_S / _POLL_S)):
            self._wake.clear()
            if process.poll() is not None or self._signals > asked_at_once:
                return
            self._wake.wait(_POLL_S)

    def _pass_on(self, output: IO[bytes]) -> None:
        """Every line to the log, and to the terminal what is of use there: nothing any more when it is stopped."""
        with self._log.open("wb") as log:
            for line in output:
                log.write(line)
                log.flush()
                text = line.decode("utf-8", "replace").rstrip("\n")
                if not self._signals and not _LEAKS.match(text):
                    print(_plain(text), file=sys.stderr, flush=True)


def end_with_parent() -> None:
    """In the child: have the system send SIGINT when the parent is killed, so that no server is left alone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _plain(text: str) -> str:
    """Dagster's line as a terminal may have it: its colours stay where it is one."""
    parts = re.split(r"(\x1b\[[0-9;]*m)", text)
    colours = parts[1::2] if sys.stderr.isatty() else [""] * (len(parts) // 2)
    return "".join(legible(part) + colour for part, colour in zip(parts[::2], [*colours, ""], strict=True))


def _answers(url: str) -> bool:
    """Whether the web server answers; it does when the code location is loaded."""
    try:
        with urllib.request.urlopen(f"{url}/server_info", timeout=_POLL_S * 10) as answer:  # loopback only
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _kill_all(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the session: code servers whose parent was killed, and the parent."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
