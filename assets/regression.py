"""The asset `regression`: what got worse since it was accepted, by the program's own gate."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import Field

from assets._page import table
from assets._speed_page import speed_page
from assets._step import OWNER
from modellab.evaluation.pace_history import speed_series
from modellab.regression.gate import DOUBTFUL
from modellab.settings import Lab
from modellab.steps.catalogue import definitions
from modellab.units import plural
from resources.program import Ended, run_program

_KEPT = "production_kept"
_MEASURED = "production_measured"
_OTHERS = "nothing_doubtful"
_ORDER = ("regressed", "not measured", "doubtful", "no baseline", "kept")


class RegressionConfig(dg.Config):
    """What is asked of the gate; left out: everything that is watched, once."""

    datasets: list[str] = Field(default=[], description="only these")
    models: list[str] = Field(default=[], description="only these models or pipelines")
    repeats: int = Field(default=0, ge=0, description="so many times all is run anew, to compare speeds as well")


@dg.asset(
    deps=[name for name in definitions() if name.endswith("_metrics")],
    description="Measures each production and candidate model on the golden and smoke sets of its surfaces, or what "
    "`regression.yaml` in the lab's home says, and holds it against its baseline. What has none gets one.",
    group_name="regression",
    kinds={"python"},
    owners=[OWNER],
    check_specs=[
        dg.AssetCheckSpec(_KEPT, asset="regression", description="Nothing in production got worse."),
        dg.AssetCheckSpec(_MEASURED, asset="regression", description="Everything in production could be measured."),
        dg.AssetCheckSpec(
            _OTHERS,
            asset="regression",
            description="No candidate got worse or could not be measured, and nothing may have got worse.",
        ),
    ],
)
def regression(context: dg.AssetExecutionContext, config: RegressionConfig) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The gate, run as `modellab regress`; what it says, as a page and as checks."""
    arguments = ["regress", "--repeats", str(config.repeats)]
    for name in config.datasets:
        arguments += ["--dataset", name]
    for name in config.models:
        arguments += ["--models", name]
    ended = run_program(arguments, context.log.info)
    if not (isinstance(ended.document, dict) and "judged" in ended.document):
        raise dg.Failure(_error(ended), allow_retries=False)
    judged = sorted(ended.document["judged"], key=lambda one: _ORDER.index(one["verdict"]))
    header = ["dataset", "system", "status", "verdict", "why"]
    return dg.MaterializeResult(
        metadata={
            "verdicts": dg.MetadataValue.md(table(header, map(_row, judged))),
            "sweep": ended.document["sweep"],
            **{verdict: sum(one["verdict"] == verdict for one in judged) for verdict in _ORDER},
            **(_speed(judged) if config.repeats else {}),
        },
        check_results=[
            _production(_KEPT, judged, "regressed"),
            _production(_MEASURED, judged, "not measured"),
            _others(judged),
        ],
    )


def _speed(judged: list[dict[str, Any]]) -> Mapping[str, Any]:
    """How fast what was measured now was over time. A system on one kind of device of several is called `A on cuda`."""
    measured = {(one["system"].partition(" on ")[0], one["dataset"]) for one in judged}
    return speed_page(one for one in speed_series(Lab.from_environment()) if (one.system, one.dataset) in measured)


def _error(ended: Ended) -> str:
    if isinstance(ended.document, dict) and "error" in ended.document:
        return str(ended.document["error"].get("message"))
    return f"modellab regress ended with exit code {ended.code}: {ended.said or 'it said nothing'}"


def _row(one: dict[str, Any]) -> list[str]:
    return [one["dataset"], one["system"], one["status"], one["verdict"], "; ".join(_reasons(one))]


def _reasons(one: dict[str, Any]) -> list[str]:
    """Why it has its verdict, and what changed beside the figures."""
    kinds = DOUBTFUL if one["verdict"] == "doubtful" else (one["verdict"],)
    said = [finding["said"] for finding in one["findings"] if finding["kind"] in kinds]
    cases = [
        f"worse in {', '.join(case['case_id'] for case in finding['cases'])}"
        for finding in one["findings"]
        if finding["kind"] in ("regressed", "doubtful") and finding["cases"]
    ]
    return [*([one["why"]] if one["why"] else []), *said, *cases, *(f"changed: {change}" for change in one["changed"])]


def _production(name: str, judged: list[dict[str, Any]], verdict: str) -> dg.AssetCheckResult:
    asked = [one for one in judged if one["status"] == "production"]
    found = [one for one in asked if one["verdict"] == verdict]
    return _result(name, found, len(asked), dg.AssetCheckSeverity.ERROR)


def _others(judged: list[dict[str, Any]]) -> dg.AssetCheckResult:
    found = [
        one
        for one in judged
        if one["verdict"] == "doubtful"
        or (one["status"] != "production" and one["verdict"] in ("regressed", "not measured"))
    ]
    return _result(_OTHERS, found, len(judged), dg.AssetCheckSeverity.WARN)


def _result(name: str, found: list[dict[str, Any]], of: int, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    said = "; ".join(f"{one['system']} on {one['dataset']}: {'; '.join(_reasons(one))}" for one in found)
    return dg.AssetCheckResult(
        check_name=name,
        passed=not found,
        severity=severity,
        description=said or f"none of {plural(of, 'system on a dataset', 'systems on datasets')}",
        metadata={"systems": len(found)},
    )
