"""Schedules, and the jobs that they start."""

import dagster as dg

from assets.warehouse import warehouse
from modellab.settings import Lab

housekeeping = dg.define_asset_job(
    "housekeeping", selection=dg.AssetSelection.assets(warehouse), description="Puts the lab in order."
)

nightly_housekeeping = dg.ScheduleDefinition(
    name="nightly_housekeeping",
    job=housekeeping,
    cron_schedule="0 3 * * *",
    execution_timezone=Lab.from_environment().timezone,
    description="Every night at three by the lab's clock: housekeeping.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
