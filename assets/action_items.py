"""The asset `action_items`: who does what by when."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._cited import every_line_was_said, nothing_rejected, rows, said_at, speaker_name
from assets._metrics import metrics_asset
from assets._step import step_asset
from modellab.steps import scorers
from modellab.steps.action_items import STEP
from modellab.text.results import ActionItem, ActionItems
from resources.engine import StepResult


def action_items_of(result: StepResult) -> ActionItems:
    """The action items that the step found."""
    return result.artifact.read(ActionItems)


def page(result: StepResult) -> Mapping[str, Any]:
    """The items with the moments they rest on, and the day that due dates are reckoned from."""
    found = action_items_of(result)
    shown: dict[str, Any] = {
        "action items": rows(
            ["said at", "who", "what", "by when"],
            [[said_at(item.evidence), speaker_name(item.assignee), item.task, _due(item)] for item in found.items],
        ),
        "recorded on": f"{found.recorded_on} ({found.recorded_on_source})",
        "backend": found.backend,
        "dagster/row_count": len(found.items),
    }
    return {**shown, "note": found.note} if found.note else shown


def _due(item: ActionItem) -> str:
    if item.due_date is None:
        return item.due_text or "-"
    return f"{item.due_date:%Y-%m-%d} ({item.due_text})"


def _not_due_before_the_recording(result: StepResult) -> Verdict:
    found = action_items_of(result)
    day = found.recorded_on
    early = [item.task for item in found.items if day and item.due_date and item.due_date < day]
    return Verdict(not early, f"{len(early)} of {len(found.items)} items are due before {day}", {"early": early})


ACTION_ITEMS = step_asset(
    STEP,
    group="meeting",
    kinds={"python", "json"},
    page=page,
    checks=[
        every_line_was_said(lambda result: [(item.task, item.evidence) for item in action_items_of(result).items]),
        Check(
            "not_due_before_the_recording",
            "Nothing is due before the day of the recording.",
            _not_due_before_the_recording,
            dg.AssetCheckSeverity.ERROR,
        ),
        nothing_rejected(lambda result: action_items_of(result).rejected),
    ],
)

TEXT_METRICS = metrics_asset(scorers.TEXT_METRICS)
