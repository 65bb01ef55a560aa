"""One look at what went wrong: into the outbox with it, and alerts of what is there."""

import logging
import time

from modellab.alerts.alert import Finding, make_alert
from modellab.alerts.found import (
    FailedRun,
    FailedRuns,
    bad_drops,
    drop_findings,
    failing_note,
    failure,
    gate_findings,
    parts_of,
    repeats,
    settled,
)
from modellab.alerts.outbox import Outbox
from modellab.alerts.settings import AlertSettings
from modellab.errors import LabError
from modellab.settings import Lab
from modellab.wall_clock import stamp
from modellab.warehouse.builder import build
from modellab.warehouse.records import RecordStore

LOOKED, SINCE = "looked", "since"
"""Notes: when was looked last, and since when what goes wrong is told."""
_RUNS, _NUMBER = "runs", "number"
"""Notes: how far in the orchestrator's failed runs, and in the lab's own numbers."""
_log = logging.getLogger(__name__)


def look(lab: Lab, outbox: Outbox, runs: FailedRuns) -> None:
    """Keep what went wrong since the last look. The first finds nothing: what was before it is not told.

    Raises:
        LabError: the database or the outbox can't be read or written; nothing is lost, the next look finds it.
    """
    at = stamp()
    mark, number = outbox.note(_RUNS), outbox.note(_NUMBER)
    if mark is None or number is None:
        number = str(RecordStore(lab.records).last_number())
        outbox.add([], {_RUNS: runs.last(), _NUMBER: number, SINCE: at, LOOKED: at})
        return
    gates = list(gate_findings(lab, int(number)))
    # Before the runs: the row of a dropped file comes after the end of its run, which is then among the failed ones.
    drops = bad_drops(lab, int(number))
    failed, mark = runs.after(mark)
    found, notes = _failures(lab, outbox, runs, failed)
    outbox.add(found, {**notes, _RUNS: mark})
    outbox.add([*gates, *drop_findings(drops, outbox)], {_NUMBER: str(max(int(number), settled(lab) or 0)), LOOKED: at})
    outbox.forget_old(time.time())


def _failures(
    lab: Lab, outbox: Outbox, runs: FailedRuns, failed: list[FailedRun]
) -> tuple[list[Finding], dict[str, str]]:
    if failed:
        try:
            build(lab)
        except LabError as error:
            _log.warning("what failed in runs is told without their recordings: %s", error)
    found: list[Finding] = []
    notes: dict[str, str] = {}
    for run in failed:
        parts = parts_of(lab, run)
        if not parts:
            if failing_note(run).keys() & notes.keys() or repeats(run, runs, outbox):
                continue
            notes |= failing_note(run)
        found.append(failure(run, parts))
    return found, notes


def make_alerts(lab: Lab, outbox: Outbox, settings: AlertSettings) -> int:
    """Make alerts of what was found, as far as it is time to; returns how many."""
    now = time.time()
    made = 0
    for findings in outbox.untold(settings.gather_s, now):
        alert = make_alert(findings, lab, stamp())
        # By a broken channel as well: it is mended one day.
        wanted = [name for name in settings.names if name in settings.broken or settings.usable[name].wants(alert)]
        outbox.tell(alert, findings, wanted, now)
        made += 1
    return made
