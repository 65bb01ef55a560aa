"""The asset `promotions`: which system is in use for what, and every decision about it."""

from collections.abc import Sequence

import dagster as dg

from assets._page import table
from modellab.local_days import local_time
from modellab.promotion.ledger import Decision, in_use

PROMOTIONS_ASSET = dg.AssetSpec(
    "promotions",
    description="Which system is in use for which use case, since when and why; and all that was decided before.",
    group_name="warehouse",
)
"""No run makes it: the sensor says it anew whenever somebody decides."""


def promotions(decided: Sequence[Decision], zone: str) -> dg.AssetMaterialization:
    """What is in use and what was decided, as a page.

    Args:
        decided: the oldest first.
        zone: time zone whose days count.
    """
    now = {use_case: those[-1] for use_case, those in in_use(decided).items()}
    header = ["use case", "system", "since", "by", "why", "evidence"]
    rows = [
        [one.use_case, one.system, _at(one, zone), one.decided_by or "-", one.reason, one.verdict]
        for _, one in sorted(now.items())
    ]
    before = [
        [_at(one, zone), one.use_case, one.event, one.system, one.after or "nothing", one.reason]
        for one in reversed(decided)
    ]
    past = ["when", "use case", "what", "system", "in use from then on", "why"]
    return dg.AssetMaterialization(
        PROMOTIONS_ASSET.key,
        metadata={
            "in use": dg.MetadataValue.md(table(header, rows)),
            "decisions": dg.MetadataValue.md(table(past, before)),
            "use cases with a system": len(now),
            "overridden": sum(one.verdict == "overridden" for one in now.values()),
        },
    )


def _at(one: Decision, zone: str) -> str:
    return f"{local_time(one.at, zone):%Y-%m-%d %H:%M}"
