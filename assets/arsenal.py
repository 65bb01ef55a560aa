"""The asset `arsenal`: what the lab has, what of it is verified by what evidence, and what is not."""

import dagster as dg

from assets._page import table
from assets._step import OWNER
from modellab.arsenal.inventory import Arsenal
from modellab.arsenal.inventory import arsenal as take_stock
from modellab.arsenal.page import render_html
from modellab.arsenal.statements import gaps, verified
from modellab.files import write_atomic
from resources.database import DatabaseResource


@dg.asset(
    deps=["warehouse"],
    description="Models, datasets, pipelines and use cases, what is verified by what evidence, and what is not. Runs "
    "nothing; the page is `arsenal.html` in the lab's home.",
    group_name="warehouse",
    kinds={"python"},
    owners=[OWNER],
)
def arsenal(database: DatabaseResource) -> dg.MaterializeResult[None]:
    """Takes stock, and writes the page."""
    lab = database.lab()
    found = take_stock(lab)
    page = lab.home / "arsenal.html"
    write_atomic(page, render_html(found))
    return dg.MaterializeResult(metadata={**_tables(found), **_counts(found), "page": dg.MetadataValue.path(page)})


def _tables(found: Arsenal) -> dict[str, dg.MetadataValue]:
    models = [
        [
            one.model,
            one.verified,
            one.here,
            one.inputs,
            "; ".join(f"{each.metric} {each.said} on {each.dataset}, n = {each.n}, {each.day}" for each in one.scores)
            or ", ".join(one.judged_in),
        ]
        for one in found.models
    ]
    cases = [
        [one.use_case, one.in_use or "-", one.since or "-", one.recommended or "-", one.because]
        for one in found.use_cases
    ]
    missing = [[gap.said, gap.command or "-"] for gap in gaps(found)]
    return {
        "verified": dg.MetadataValue.md("\n".join(f"- {one}" for one in verified(found))),
        "not verified": dg.MetadataValue.md(table(["what", "what would verify it"], missing)),
        "use cases": dg.MetadataValue.md(table(["use case", "in use", "since", "by the evidence", "why"], cases)),
        "models": dg.MetadataValue.md(table(["model", "verified", "here", "recordings", "scores"], models)),
    }


def _counts(found: Arsenal) -> dict[str, int]:
    """Numbers, so that the UI plots them over time."""
    return {
        "models scored": sum(one.verified == "scored" for one in found.models),
        "models that ran": sum(one.inputs > 0 for one in found.models),
        "datasets measured": sum(bool(one.systems) for one in found.datasets),
        "gaps": len(gaps(found)),
    }
