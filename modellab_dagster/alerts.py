"""Alerts in Dagster: a sensor that looks for what went wrong, and sends what is to be told.

Sensors take turns in the daemon, so a tick waits for servers a moment only; threads go on sending after it. What they
have not sent when the process ends waits in the outbox.
"""

from typing import Any

import dagster as dg

from modellab.alerts.found import FailedRun
from modellab.alerts.looking import look, make_alerts
from modellab.alerts.outbox import Outbox
from modellab.alerts.sending import send
from modellab.alerts.settings import alert_settings
from modellab.settings import Lab
from modellab.units import plural
from resources.tags import SENSOR_NAME_TAG

_INTERVAL_S = 30
_WAIT_S = 5.0
_AT_ONCE = 500
"""Events that are read at once."""
_WATCHING = "audio_drops"
"""The sensor that starts the runs of dropped files."""


class DagsterFailures:
    """The runs of an instance that failed, by its log of how runs change: also those that the daemon ended."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def last(self) -> str:
        return self._instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=1).cursor

    def after(self, mark: str) -> tuple[list[FailedRun], str]:
        found: dict[str, FailedRun] = {}
        more = True
        while more:
            page = self._instance.fetch_run_status_changes(
                dg.DagsterEventType.RUN_FAILURE, limit=_AT_ONCE, cursor=mark, ascending=True
            )
            for record in page.records:
                entry = record.event_log_entry
                run = self._instance.get_run_by_id(entry.run_id)
                if run is not None:  # one that somebody deleted is of no interest
                    is_dropped = run.tags.get(SENSOR_NAME_TAG) == _WATCHING
                    said = _why(entry.get_dagster_event())
                    found[run.run_id] = FailedRun(run.run_id, run.job_name, said, is_dropped, entry.timestamp)
            mark, more = page.cursor, page.has_more
        return list(found.values()), mark

    def came_right(self, job: str, since: float) -> bool:
        last = self._instance.get_run_records(
            dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1
        )
        return bool(last) and (last[0].end_time or 0.0) > since


def _why(event: dg.DagsterEvent) -> str:
    """The words of the step that failed first, with what lies behind them; else those of the run."""
    # None of a run that was reported as failed from outside, whatever its type says.
    data: Any = event.event_specific_data
    step: dg.DagsterEvent | None = data and data.first_step_failure_event
    error = step.step_failure_data.error if step is not None else data and data.error
    while error is not None and error.cause is not None:
        error = error.cause
    said = error.message.strip() if error is not None else (event.message or "").strip()
    return f"{step.step_key}: {said}" if step is not None and step.step_key else said


@dg.sensor(
    description="Finds runs that failed, what the regression gate found and dropped files that were of no use, and"
    " tells people: by log, webhook, chat and e-mail. alerts.yaml in the lab's home says where, and modellab alerts"
    " status how it stands.",
    minimum_interval_seconds=_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One look, and a round of sending; starts no runs."""
    lab = Lab.from_environment()
    settings = alert_settings(lab)
    if settings is None:
        if lab.alerts.exists():
            with Outbox(lab) as outbox:
                outbox.forget_untold()
        return dg.SkipReason(f"Nobody is told of what goes wrong: {lab.alerts_file} would say how (docs/alerts.md).")
    with Outbox(lab) as outbox:
        look(lab, outbox, DagsterFailures(context.instance))
        made = make_alerts(lab, outbox, settings)
    for error in settings.broken.values():
        context.log.error(str(error))
    came = send(lab, settings)
    is_done = came.wait(_WAIT_S)
    with Outbox(lab) as outbox:
        waiting = len(outbox.waiting())
    said = [plural(made, "new alert"), f"{came.sent} sent", f"{waiting} to be sent"]
    if not is_done:
        said.append("sending goes on")
    said += [f"{name} is at work already" for name in came.busy] + [f"{name} is broken" for name in settings.broken]
    return dg.SkipReason(", ".join(said))
