"""What the gate says, as Markdown: what got worse first, with the cases it got worse in."""

from collections.abc import Iterator
from typing import get_args

from modellab.bundle.page import escape_markdown
from modellab.legible import one_line
from modellab.regression.gate import NAMED_CASES, Finding, GateVerdict, WorseCase
from modellab.regression.judged import Judged, Sweep

_HEADINGS: dict[GateVerdict, str] = {
    "regressed": "Got worse",
    "not measured": "Could not be measured",
    "doubtful": "May have got worse",
    "no baseline": "Measured for the first time",
    "kept": "As good as it was",
}


def markdown(sweep: Sweep) -> str:
    """The whole report."""
    lines = ["# Regression gate", "", f"{'Passed' if sweep.passed else '**Failed**'}: {summary(sweep)}."]
    for verdict, heading in _HEADINGS.items():
        if judged := sweep.of(verdict):
            lines += ["", f"## {heading}"]
            for one in judged:
                lines += ["", *_judged(one)]
    return "\n".join(lines) + "\n"


def summary(sweep: Sweep) -> str:
    """What came of it in a sentence: `2 of 9 got worse, 1 could not be measured`."""
    count = {verdict: len(sweep.of(verdict)) for verdict in get_args(GateVerdict)}
    told = [f"{count['regressed']} of {len(sweep.judged)} got worse" if count["regressed"] else "nothing got worse"]
    told += [f"{count['not measured']} could not be measured"] if count["not measured"] else []
    told += [f"{count['doubtful']} may have got worse"] if count["doubtful"] else []
    told += [f"{count['no baseline']} measured for the first time"] if count["no baseline"] else []
    told += [f"{count['kept']} as good as before"] if count["kept"] else []
    return ", ".join(told)


def _judged(one: Judged) -> Iterator[str]:
    found = one.judgement
    version = f" {found.version}" if found.version else ""
    yield f"### {_text(found.system)} on {_text(found.dataset)}{_text(version)} ({one.status})"
    yield ""
    if found.why:
        yield f"- {_text(found.why)}"
    if one.baseline_set:
        yield f"- its figures are the baseline from now on ({one.baseline_set})"
    for finding in found.findings:
        yield f"- {finding.kind}: {_text(finding.said)}"
        if finding.kind in ("regressed", "doubtful"):
            yield from _cases(finding)
    for pace in found.speeds:
        yield f"- {pace.kind}: {_text(pace.said)}"
    for change in found.changed:
        yield f"- what changed: {_text(change)}"


def _cases(finding: Finding) -> Iterator[str]:
    if not finding.cases:
        return
    yield ""
    yield f"  | case | {finding.measure.metric} then | now |"
    yield "  |---|---|---|"
    for one in finding.cases[:NAMED_CASES]:
        yield f"  | {_text(one.case_id)} | {_figure(one, now=False)} | {_figure(one, now=True)} |"
    yield ""


def _figure(one: WorseCase, *, now: bool) -> str:
    amounts = one.now if now else one.then
    if amounts is None:
        return _text(f"none: {one.error}") if now else "none"
    return (
        f"{amounts.numerator / amounts.denominator:.3f}" if amounts.denominator else f"{amounts.numerator:g} in nothing"
    )


def _text(said: str) -> str:
    return escape_markdown(one_line(said))
