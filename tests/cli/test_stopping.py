"""Ctrl-C and SIGTERM, whenever they come."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest

from modellab.cli import signals
from modellab.media.opening import MediaFile
from modellab.media.sample import sample_path
from modellab.settings import Lab
from modellab_dagster.command import main
from modellab_dagster.home import open_instance

_Call = Callable[..., tuple[int, str, str]]
Event = dg.DagsterEventType


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two recordings that differ."""
    files = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for number, file in enumerate(files):
        shutil.copy(sample_path(), file)
        with file.open("ab") as more:
            more.write(bytes([number]) * 2)
    return files


@pytest.mark.parametrize(
    ("number", "when", "finished", "status"),
    [
        (signal.SIGINT, Event.RUN_SUCCESS, 2, dg.DagsterRunStatus.SUCCESS),
        (signal.SIGTERM, Event.RUN_SUCCESS, 2, dg.DagsterRunStatus.SUCCESS),
        # The only step is through with both files; the run is not over.
        (signal.SIGTERM, Event.STEP_SUCCESS, 2, dg.DagsterRunStatus.CANCELED),
        (signal.SIGINT, Event.RUN_START, 0, dg.DagsterRunStatus.CANCELED),
    ],
)
def test_a_signal_during_dagsters_bookkeeping_is_not_lost(
    call: _Call,
    two: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    when: Event,
    finished: int,
    status: dg.DagsterRunStatus,
) -> None:
    sent = []
    handle = dg.DagsterInstance.handle_new_event

    def send(self: dg.DagsterInstance, event: dg.EventLogEntry, **more: object) -> object:
        if not sent and event.dagster_event and event.dagster_event.event_type == when:
            sent.append(event)
            signal.raise_signal(number)
        return handle(self, event, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(dg.DagsterInstance, "handle_new_event", send)
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    code, out, _ = call("ingest", "--force", "--json", *two)
    assert code == 128 + number
    document = json.loads(out)
    assert [entry["status"] for entry in document["inputs"]] == ["completed"] * finished
    assert document["error"]["type"] == "Interrupted"
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    with open_instance(Lab.from_environment()) as instance:
        newest = instance.get_runs(limit=1)[0]
    assert newest.status == status


_PROCESS = """
import hashlib, signal, sys, time
from modellab.cli import signals
with signals.watching(lambda: print("taking long", flush=True)):
    print("ready", flush=True)
    {body}
print("over", flush=True)
"""


def _start(body: str, *before: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [*before, sys.executable, "-c", _PROCESS.format(body=body)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_second_signal_ends_at_once_what_does_not_listen() -> None:
    # Native code that lets other threads run, as a model's does, and comes back in an hour.
    deaf = _start(
        """while True:
        try:
            print('deaf', flush=True)
            hashlib.pbkdf2_hmac('sha256', b'', b'', (1 << 31) - 1)
        except KeyboardInterrupt:
            pass"""
    )
    assert deaf.stdout is not None
    assert deaf.stdout.readline() == "deaf\n"  # from here on nothing raises out of it
    deaf.send_signal(signal.SIGINT)
    assert "taking long\n" in iter(deaf.stdout.readline, "")
    deaf.send_signal(signal.SIGTERM)
    assert deaf.wait(timeout=60) == 128 + signal.SIGTERM


def test_an_ignored_ctrl_c_stays_ignored_and_sigterm_works() -> None:
    background = _start(
        "signal.raise_signal(signal.SIGINT); print('still here', flush=True); time.sleep(600)",
        *("sh", "-c", 'trap "" INT; exec "$@"', "sh"),
    )
    assert background.stdout is not None
    assert background.stdout.readline() == "still here\n"
    background.send_signal(signal.SIGTERM)
    assert background.wait(timeout=60) == -signal.SIGINT  # how Python ends after a KeyboardInterrupt nobody caught


def test_nothing_is_asked_where_nobody_watches() -> None:
    assert signals.asked_to_stop() is None
    signals.check()


@pytest.mark.parametrize("command", ["check", "show", "create"])
def test_a_signal_that_libav_swallowed_ends_what_looks_at_many_recordings(
    call: _Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """An exception out of a callback of libav's is not always raised by who called it."""
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path / "lab"))
    folder = tmp_path / "talks"
    folder.mkdir()
    for number in range(3):
        shutil.copy(sample_path(), folder / f"{number}.wav")
        with (folder / f"{number}.wav").open("ab") as more:
            more.write(bytes([number]) * 2)
    if command != "create":
        assert main(["datasets", "create", "talks", str(folder), "--language", "en"]) == 0
    arguments = ["datasets", command, "talks", *([str(folder)] if command == "create" else [])]
    opened: list[str] = []
    opening = MediaFile.__init__

    def swallow(self: MediaFile, path: Path, **more: object) -> None:
        if not opened:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        opened.append(path.name)
        opening(self, path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(MediaFile, "__init__", swallow)
    assert main(arguments) == 128 + signal.SIGINT
    assert opened
    assert not (tmp_path / "lab" / "datasets" / "talks").exists() or command != "create"
