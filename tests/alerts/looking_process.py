"""Looks and sends as the daemon does. For each line of standard input, `{"commit": N, "failed": [ID, ...]}`, it forks a
child that is killed before its N-th change to the outbox is kept, and says whether it came so far: `killed` or `done`.
"""

import json
import os
import signal
import sys
from typing import Any

import duckdb  # noqa: F401  # once here, and not in every child
import httpx2  # noqa: F401
import standardwebhooks  # noqa: F401

from modellab.alerts.found import FailedRun
from modellab.alerts.looking import look, make_alerts
from modellab.alerts.outbox import Outbox
from modellab.alerts.sending import send
from modellab.alerts.settings import alert_settings
from modellab.settings import Lab
from modellab.state_file import StateFile


class Failed:
    """The orchestrator's failed runs."""

    def __init__(self, identifiers: list[str]) -> None:
        self._runs = [FailedRun(one, f"job of {one}", "it died", False, 1.0) for one in identifiers]

    def last(self) -> str:
        return str(len(self._runs))

    def after(self, mark: str) -> tuple[list[FailedRun], str]:
        return self._runs[int(mark) :], self.last()

    def came_right(self, job: str, since: float) -> bool:
        return False


def tick(lab: Lab, failed: list[str]) -> None:
    settings = alert_settings(lab)
    assert settings is not None
    with Outbox(lab) as outbox:
        look(lab, outbox, Failed(failed))
        make_alerts(lab, outbox, settings)
    send(lab, settings).wait(None)


def _die_at(commit: int) -> None:
    count, run = 0, StateFile._run

    def counted(self: StateFile, sql: str, *values: Any) -> Any:
        nonlocal count
        count += sql == "COMMIT"
        if count == commit:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, sql, *values)

    StateFile._run = counted  # type: ignore[method-assign]


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _die_at(asked["commit"])
            tick(Lab.from_environment(), asked["failed"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "done" if status == 0 else "failed", flush=True)


if __name__ == "__main__":
    main()
