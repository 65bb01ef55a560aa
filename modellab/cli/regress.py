"""`modellab regress`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion, signals
from modellab.cli.bench import FurtherModels, named_models
from modellab.cli.console import JsonOption
from modellab.cli.datasets import FolderOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.regression.judged import Judged, Sweep

_MARKS = {
    "regressed": ("✗", "red"),
    "not measured": ("✗", "red"),
    "doubtful": ("!", "yellow"),
    "no baseline": ("+", "cyan"),
    "kept": ("✓", "green"),
}


def regress(
    context: typer.Context,
    further: FurtherModels = None,
    *,
    datasets: Annotated[
        list[str] | None,
        typer.Option("--dataset", "-d", help="Only these datasets. Repeatable.", autocompletion=completion.datasets),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--models", "-m", help="Only these models or pipelines: A B, or A,B.", autocompletion=completion.pipelines
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option("--repeats", min=0, max=20, help="Run everything so many times anew, to compare speeds as well."),
    ] = 0,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="REASON", help="Let what is measured now be the baseline, and say why."),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write a Markdown report.")
    ] = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold what models measure now against their baselines, and fail where something in production got worse.

    Without options it watches each production and candidate model on the golden and smoke sets of its surfaces, or what
    regression.yaml in the lab's home says. What has no baseline yet gets one. A figure got worse when it is beyond its
    tolerance and chance would hardly make the difference, over all cases or in a slice; or when a case fails that did
    not.

    Exit code 1: a production model got worse, or could not be measured.

    [bold]Examples[/bold]

    $ modellab regress
    $ modellab regress -d asr_golden_v1 -m faster_whisper:base --junit gate.xml --markdown gate.md
    $ modellab regress -d asr_golden_v1 --accept "beam 5 is what we want"
    """
    from modellab.cli.bench_progress import watcher
    from modellab.cli.console import print_json, stderr, stdout
    from modellab.disk import require_space, require_writable
    from modellab.errors import UsageError
    from modellab.files import write_atomic
    from modellab.regression.documents import sweep_document
    from modellab.regression.junit import write_junit
    from modellab.regression.markdown import markdown as as_markdown
    from modellab.runs.regressing import regress as hold_against_baselines
    from modellab.settings import Lab

    if accept is not None and not accept.strip():
        raise UsageError("a baseline is accepted for a reason", found="none", hint='Write it: --accept "REASON"')
    lab = Lab.from_environment()
    require_writable(lab.home)
    require_space(lab.home, 0, "a regression sweep")
    for file in filter(None, (junit, markdown)):
        require_writable(file.parent)
    with watcher(stderr()) as watching:
        found = hold_against_baselines(
            lab,
            launcher_of(context),
            watching,
            datasets=datasets or [],
            systems=named_models([*(models or []), *(further or [])]),
            folders=folders or [],
            repeats=repeats,
            accept=accept,
            check_stopped=signals.check,
        )
    if junit:
        write_junit(found, junit)
    if markdown:
        write_atomic(markdown, as_markdown(found))
    if as_json:
        print_json(sweep_document(found))
    else:
        _print(stdout(), found)
    if not found.passed:
        raise typer.Exit(1)


def _print(console: "Console", found: "Sweep") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_line
    from modellab.regression.markdown import summary

    dataset = None
    for one in found.judged:
        if one.judgement.dataset != dataset:
            dataset = one.judgement.dataset
            print_line(console, Text(f"{dataset} {one.judgement.version or ''}".rstrip(), style="bold"))
        mark, style = _MARKS[one.judgement.verdict]
        print_line(console, marked(mark, style, f"{one.judgement.system}: {_verdict(one)}"))
        for said in _told(one):
            print_line(console, f"    {said}", "dim")
    print_line(console, marked("✓" if found.passed else "✗", "green" if found.passed else "red", summary(found)))


def _verdict(one: "Judged") -> str:
    said = {
        "regressed": "got worse",
        "not measured": "could not be measured",
        "doubtful": "may have got worse",
        "no baseline": "measured for the first time: this is its baseline from now on",
        "kept": "as good as it was",
    }[one.judgement.verdict]
    if one.baseline_set and one.judgement.verdict != "no baseline":
        said += "; it is the baseline from now on"
    return said if one.status == "production" else f"{said} ({one.status})"


def _told(one: "Judged") -> list[str]:
    found = one.judgement
    told = [found.why] if found.why and not found.findings else []
    for finding in found.findings:
        told.append(finding.said)
        if finding.kind in ("regressed", "doubtful") and finding.cases:
            told.append("worse in " + ", ".join(case.case_id for case in finding.cases))
    told += [pace.said for pace in found.speeds]
    return [*told, *(f"changed: {change}" for change in found.changed)]
