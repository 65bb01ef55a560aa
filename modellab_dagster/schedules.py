"""Schedules, and the jobs that they start."""

import dagster as dg

from assets.warehouse import warehouse

housekeeping = dg.define_asset_job(
    "housekeeping", selection=dg.AssetSelection.assets(warehouse), description="Puts the lab in order."
)

nightly_housekeeping = dg.ScheduleDefinition(
    name="nightly_housekeeping",
    job=housekeeping,
    cron_schedule="0 3 * * *",
    description="Every night at three: housekeeping.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
