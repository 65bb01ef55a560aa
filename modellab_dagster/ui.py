"""The Dagster UI of the lab: `python -m modellab_dagster.ui --port 3000`."""

import argparse
import os
import socket
import sys
from pathlib import Path

from modellab.disk import require_space, require_writable
from modellab.errors import UsageError
from modellab.leftovers import remove_leftovers
from modellab.settings import Lab
from modellab.trouble import as_lab_error
from modellab.upkeep.dagster_settings import missing_needs
from modellab_dagster.home import WORKSPACE, open_instance
from modellab_dagster.jobs import STEPS_BY_JOB
from modellab_dagster.left_out import nothing_yet
from modellab_dagster.server import Server

_HOST = "127.0.0.1"
"""Loopback only: whoever reaches the UI can run code."""


_QUIET = ["--log-level", "warning"]
_NO_ADVICE = "ignore:Function `dev_command`"
"""`dagster dev` recommends a newer command, which takes a project laid out another way."""


def command(port: int) -> list[str]:
    """The command that serves the UI with its daemon: schedules, sensors, the run queue."""
    dagster = Path(sys.executable).with_name("dagster")
    return [str(dagster), "dev", "--workspace", str(WORKSPACE), "--host", _HOST, "--port", str(port), *_QUIET]


def environment(lab: Lab) -> dict[str, str]:
    """What the UI's processes need to find the lab, and nothing of the folder they start in."""
    return {
        **os.environ,
        "MODELLAB_HOME": str(lab.home),
        "DAGSTER_HOME": str(lab.dagster_home),
        "PYTHONSAFEPATH": "1",
        "PYTHONWARNINGS": _NO_ADVICE,
    }


def require_free(port: int) -> None:
    """Refuse a port that something listens on: two daemons over one lab disturb each other.

    Raises:
        UsageError: it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {_HOST} can't be used",
                found=error.strerror,
                hint=f"If Model Lab's UI is running already, open http://{_HOST}:{port}; else: make ui PORT={port + 1}",
            ) from error


def main() -> None:
    """Prepare the lab's Dagster home, run `dagster dev` until someone stops it, and end with 0 when it was stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000, help="port on the loopback interface (default 3000)")
    port = parser.parse_args().port
    try:
        require_free(port)
        lab = Lab.from_environment()
        require_writable(lab.home)
        require_space(lab.home, 0, "the UI")
        remove_leftovers(lab)
        with open_instance(lab) as instance:
            for event in nothing_yet(instance, STEPS_BY_JOB):
                instance.report_runless_asset_event(event)
    except Exception as error:
        print(f"✗ {as_lab_error(error)}", file=sys.stderr)
        raise SystemExit(2) from error
    for need in missing_needs(lab):
        print(f"! {need}", file=sys.stderr)
    print(f"Model Lab in Dagster is starting, for the lab {lab.home}.", flush=True)
    url = f"http://{_HOST}:{port}"
    raise SystemExit(Server(command(port), environment(lab), lab.dagster_home).run(url))


if __name__ == "__main__":
    main()
