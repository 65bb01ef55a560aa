"""Schedules, and the jobs of the lab's own assets."""

import dagster as dg

from assets.arsenal import arsenal
from assets.audit import audit_report
from assets.regression import RegressionConfig, regression
from assets.warehouse import warehouse
from modellab.regression.pace import REPEATS
from modellab.settings import Lab
from modellab.upkeep.dagster_settings import ONE_AT_A_TIME

housekeeping = dg.define_asset_job(
    "housekeeping",
    selection=dg.AssetSelection.assets(warehouse, arsenal),
    description="Puts the lab in order, and takes stock of it.",
)

nightly_housekeeping = dg.ScheduleDefinition(
    name="nightly_housekeeping",
    job=housekeeping,
    cron_schedule="0 3 * * *",
    execution_timezone=Lab.from_environment().timezone,
    description="Every night at three by the lab's clock: housekeeping.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

regression_sweep = dg.define_asset_job(
    "regression_sweep",
    selection=dg.AssetSelection.assets(regression) | dg.AssetSelection.checks_for_assets(regression),
    description="Holds what models measure now against their baselines.",
    tags={ONE_AT_A_TIME: "regression_sweep"},  # dagster.yaml says so many at once
)

audit_job = dg.define_asset_job(
    "audit",
    selection=dg.AssetSelection.assets(audit_report) | dg.AssetSelection.checks_for_assets(audit_report),
    description="Whether all that the lab keeps is whole: modellab runs audit. Which runs, a quick look and"
    " mending are in its configuration.",
)

nightly_regressions = dg.ScheduleDefinition(
    name="nightly_regressions",
    job=regression_sweep,
    cron_schedule=Lab.from_environment().settings.regression_cron,
    execution_timezone=Lab.from_environment().timezone,
    description="Every night: what got worse since it was accepted. Only what has no result yet is run.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

weekly_speed = dg.ScheduleDefinition(
    name="weekly_speed",
    job=regression_sweep,
    cron_schedule=Lab.from_environment().settings.speed_cron,
    execution_timezone=Lab.from_environment().timezone,
    run_config=dg.RunConfig(ops={"regression": RegressionConfig(repeats=REPEATS)}),
    description=f"Every week: what is watched is run {REPEATS} times anew, and its speed held against the baseline's.",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)

SCHEDULED_JOBS = (housekeeping, regression_sweep)
SCHEDULES = (nightly_housekeeping, nightly_regressions, weekly_speed)
