import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from modellab.settings import Lab
from modellab_dagster.server import Server
from modellab_dagster.ui import main


def test_a_port_in_use_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr("sys.argv", ["ui", "--port", str(port)])
        with pytest.raises(SystemExit) as stopped:
            main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        f"✗ port {port} of 127.0.0.1 can't be used; found Address already in use. "
        f"If Model Lab's UI is running already, open http://127.0.0.1:{port}; else: make ui PORT={port + 1}\n"
    )


def test_started_in_the_background_it_says_when_it_is_ready_and_obeys_sigterm(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ui = subprocess.Popen(
        # SIGINT is ignored, as for what a shell starts with `&`.
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "modellab_dagster.ui", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ui.stdout is not None
    said = [ui.stdout.readline()]
    while said[-1] and "is ready" not in said[-1]:
        said.append(ui.stdout.readline())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info") as answer:
        assert answer.status == 200
    ui.send_signal(signal.SIGINT)
    ui.send_signal(signal.SIGTERM)
    rest, _ = ui.communicate()
    assert ui.returncode == 0
    assert said[0] == f"Model Lab in Dagster is starting, for the lab {lab.home}.\n"
    assert said[-1] == (
        f"Model Lab is ready: http://127.0.0.1:{port} (only this machine can reach it). Ctrl-C stops it.\n"
    )
    assert rest == "Stopping; Ctrl-C again ends it at once.\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_what_processes_say_is_shown_without_leaks_and_their_last_words_go_to_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    script = "print('nanobind: leaked 3!\\n - leaked type x\\na \\x1b[2J warning'); raise SystemExit(3)"
    code = Server([sys.executable, "-c", script], os.environ, tmp_path).run("http://127.0.0.1:9")
    for number, handler in zip((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), before, strict=True):
        signal.signal(number, handler)
    out, err = capfd.readouterr()
    assert (code, out) == (1, "")
    assert sorted(err.splitlines()) == [
        "a _[2J warning",
        f"✗ Dagster ended by itself (exit code 3); see {tmp_path / 'ui.log'}",
    ]
    assert "leaked type x" in (tmp_path / "ui.log").read_text()
