"""`modellab runs`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion, runs_audit, runs_compare, runs_kill, runs_prune, runs_quarantine, runs_retry
from modellab.cli.console import JsonOption
from modellab.cli.launching import launcher_of
from modellab.cli.promote import promote_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from modellab.pipeline.record import StepRecord
    from modellab.runs.meetings import TranscriptFormat
    from modellab.runs.past import PastRun
    from modellab.settings import Lab
    from modellab.steps.definition import Kind

app = typer.Typer(name="runs", help="What has been run, and what came of it.", no_args_is_help=True)
app.command("quarantine", no_args_is_help=True)(runs_quarantine.quarantine)
app.command("audit")(runs_audit.audit)
app.command("compare", no_args_is_help=True)(runs_compare.compare)
app.command("prune", no_args_is_help=True)(runs_prune.prune)
app.command("kill", no_args_is_help=True)(runs_kill.kill)
app.command("promote", no_args_is_help=True)(promote_run)
app.command("retry", no_args_is_help=True)(runs_retry.retry)

RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's key, a Dagster run id, or what its input is called; keys may be shortened. Or: latest.",
        show_default=True,
        autocompletion=completion.runs,
    ),
]


@app.command("list")
def list_runs(
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="INPUT",
            help="Only runs on this input: its key, slug or file name; the beginning of a key is enough.",
            autocompletion=completion.inputs,
        ),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATUS",
            help="Only completed, failed, canceled, interrupted or running ones.",
            autocompletion=completion.statuses,
        ),
    ] = None,
    quarantined: Annotated[bool, typer.Option("--quarantined", help="Only those that no board counts.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List runs, the newest first.

    [bold]Example[/bold]

    $ modellab runs list --status failed
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.cli.run_table import print_runs
    from modellab.runs.past import past_runs
    from modellab.units import plural

    lab = lab_to_ask()
    runs, more = past_runs(lab, source=source, status=status, quarantined=quarantined, limit=limit)
    if as_json:
        print_json({"runs": runs, "more": more})
        return
    console = stdout()
    if not runs:
        print_line(console, Text("No run matches.", style="dim"))
        return
    print_runs(console, runs, lab.timezone)
    if more:
        print_line(console, Text(f"… and {plural(more, 'earlier run')}: --limit {len(runs) + more}", style="dim"))


@app.command()
def show(run: RunArgument = "latest", as_json: JsonOption = False) -> None:
    """Show one run: its steps, how long each took, and its errors.

    [bold]Example[/bold]

    $ modellab runs show latest
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.board import state_of
    from modellab.cli.console import marked, print_block, print_json, print_line, stdout
    from modellab.cli.marks import MARKS, doubt_line
    from modellab.cli.report import timings
    from modellab.runs.doubts import all_doubts
    from modellab.runs.meetings import meeting_of
    from modellab.runs.outcome import missing_parts, pack_file, step_document
    from modellab.runs.past import (
        LATEST,
        attempt_number,
        attempt_with,
        checks_of,
        find_run,
        past_results,
        records_of,
        source_of,
    )
    from modellab.steps.definition import Kind

    lab = lab_to_ask()
    found = find_run(lab, run)
    # Its results may be those of an earlier attempt; `latest` is the newest run, whatever others have.
    name = found.run if run == LATEST else run
    attempt = attempt_number(lab, found)
    with_pack, with_words = (attempt_with(lab, name, kind) for kind in (Kind.PACK, Kind.TRANSCRIPT))
    records, checks = records_of(lab, found), checks_of(lab, found)
    # A run that could not be begun has no step, and maybe no input.
    source = source_of(lab, found) if records or with_words else None
    pack = past_results(lab, records_of(lab, with_pack), needed=False)(Kind.PACK) if with_pack else None
    told = records_of(lab, with_words) if with_words else []
    meeting = meeting_of(source, past_results(lab, told, needed=False), lab) if source else None
    speakers = {person.id: person.name for person in meeting.participants} if meeting else {}
    if as_json:
        steps = [step_document(record, checks.get(record.step, ()), lab) for record in records]
        bundle = pack_file(pack) if pack else None
        print_json(
            {
                "run": found,
                "attempt": attempt,
                "speakers": speakers,
                "warnings": list(source.warnings) if source else [],
                "steps": steps,
                "bundle": bundle,
                "bundle_of": with_pack.dagster_run_id if with_pack else None,
            }
        )
        return
    console = stdout()
    for name, value in (*_facts(found, lab.timezone, attempt), *_sound(lab, records), *_gone(lab, records)):
        print_line(console, _fact(name, value))
    if speakers:
        print_line(console, _fact("Speakers", ", ".join(speakers.values())))
    if pack:
        print_line(console, _fact("Meeting Pack", str(pack.file("pack/index.html"))))
        if with_pack and with_pack != found:
            print_line(console, _fact("", Text(f"of the attempt of {_moment(with_pack, lab)}", style="yellow")))
        for what, why in missing_parts(pack).items():
            print_line(console, _fact("", Text(f"without {what}: {why}", style="yellow")))
    console.print()
    if source is None:
        if found.error:
            print_line(console, f"✗ {found.error}", "red")
        return
    print_block(console, timings(records))
    if doubtful := all_doubts(lab, records, checks, source.warnings):
        console.print()
        for doubt in doubtful:
            print_line(console, doubt_line(doubt))
    for record in records:
        if record.error:
            reason = f"not run because {record.error}" if record.status == "not_run" else record.error
            console.print()
            print_line(console, marked(*MARKS[state_of(record)], f"{record.step}: {record.error_page or reason}"))


@app.command()
def transcript(
    run: RunArgument = "latest",
    wanted: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="txt, srt, vtt, json or md; rttm, ctm, stm or seglst for scoring tools; coloured text when not given.",
            autocompletion=completion.transcript_formats,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a run's transcript.

    [bold]Examples[/bold]

    $ modellab runs transcript
    $ modellab runs transcript 3f9c --format srt > talk.srt
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_text, stdout
    from modellab.cli.report import transcript as coloured
    from modellab.errors import ArtifactMissing
    from modellab.runs.meetings import TranscriptFormat, meeting_of, write_transcript
    from modellab.runs.past import past_results, records_of, source_of
    from modellab.steps.definition import Kind

    kind = _format(wanted)
    if as_json:
        kind = TranscriptFormat.JSON
    lab = lab_to_ask()
    found = _attempt(
        lab, run, Kind.TRANSCRIPT, "transcript", "Run a pipeline with the step asr: modellab pipelines list."
    )
    meeting = meeting_of(source_of(lab, found), past_results(lab, records_of(lab, found)), lab)
    if meeting is None:
        raise ArtifactMissing(f"the transcript of run {found.run} is gone", hint=f"Run {found.system} on it again.")
    if kind is not None:
        print_text(write_transcript(meeting, kind).rstrip("\n") + "\n")
    else:
        print_block(stdout(), coloured(meeting, most=None))


@app.command()
def bundle(
    run: RunArgument = "latest",
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to put it into.")] = Path(),
    as_zip: Annotated[bool, typer.Option("--zip", help="One zip instead of a folder.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy a run's Meeting Pack out of the lab. What is in the way is never overwritten.

    [bold]Example[/bold]

    $ modellab runs bundle latest --to ~/Desktop --zip
    """
    from modellab.bundle.export import export
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.errors import ArtifactMissing
    from modellab.runs.past import past_results, records_of
    from modellab.steps.definition import Kind

    lab = lab_to_ask()
    found = _attempt(lab, run, Kind.PACK, "Meeting Pack", "Run the pipeline meeting on it.")
    pack = past_results(lab, records_of(lab, found))(Kind.PACK)
    if pack is None:
        raise ArtifactMissing(f"the Meeting Pack of run {found.run} is gone", hint=f"Run {found.system} on it again.")
    target = export(pack, to, as_zip=as_zip)
    if as_json:
        print_json({"run": found.run, "dagster_run_id": found.dagster_run_id, "bundle": target})
    else:
        print_line(stdout(), str(target))


@app.command("name-speakers")
def name_speakers(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="As in runs show; there is no default here.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    assignments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEAKER=NAME]...",
            help="Who it is, by label or by the name shown. Without any, the speakers are listed.",
            show_default=False,
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Forget the names given before.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Name the speakers of a run, and make its Meeting Pack again with their names; nothing else is done again.

    Without names, list the speakers and what they say. Names belong to the result that told the speakers apart: other
    runs that use it show them when they are run next.

    [bold]Examples[/bold]

    $ modellab runs name-speakers latest
    $ modellab runs name-speakers latest SPEAKER_00=Ann "Speaker 2=Bob Smith"
    $ modellab runs name-speakers latest --clear
    """
    from modellab.cli.name_speakers import name_speakers as name

    name(launcher_of(context), run, assignments or [], clear=clear, as_json=as_json)


def _attempt(lab: "Lab", run: str, kind: "Kind", what: str, hint: str) -> "PastRun":
    """The newest attempt at a run that has a result; says so when that is not the newest.

    Raises:
        ArtifactMissing: none has it.
        UnknownName: no run is called so, or several are.
    """
    from modellab.cli.console import print_line, stderr
    from modellab.errors import ArtifactMissing
    from modellab.runs.past import attempt_with, find_attempts, find_run

    newest, found = find_run(lab, run), attempt_with(lab, run, kind)
    if found is None:
        others = find_attempts(lab, newest.run)
        having = attempt_with(lab, newest.run, kind) if len(others) > 1 else None
        if having:
            hint = f"Another attempt at it has one: {having.dagster_run_id}, of {_moment(having, lab)}."
        raise ArtifactMissing(f"run {newest.run} ({newest.name}, {newest.system}) has no {what}", hint=hint)
    if found != newest:
        lacks = f"the newest {'attempt at this run' if found.run == newest.run else 'run'} ({_described(newest, lab)})"
        print_line(stderr(), f"! {lacks} has no {what}: this is that of {_described(found, lab)}", "yellow")
    return found


def _described(run: "PastRun", lab: "Lab") -> str:
    return f"{run.name}, {run.system}, {run.status}, {_moment(run, lab)}"


def _moment(run: "PastRun", lab: "Lab") -> str:
    from modellab.local_days import local_time

    return f"{local_time(run.started_at, lab.timezone):%Y-%m-%d %H:%M:%S}"


def _format(wanted: str | None) -> "TranscriptFormat | None":
    """The format asked for; text when standard output is not a terminal; None for coloured text on one."""
    from modellab.cli.console import stdout
    from modellab.names import one_of
    from modellab.runs.meetings import TranscriptFormat

    if wanted is None:
        return None if stdout().is_terminal else TranscriptFormat.TXT
    return TranscriptFormat(one_of("transcript format", wanted, TranscriptFormat))


def _facts(run: "PastRun", zone: str, attempt: int) -> list[tuple[str, Any]]:
    from modellab.cli.run_table import result_text
    from modellab.local_days import local_time
    from modellab.units import length

    took = f" and took {length(run.wall_s)}" if run.wall_s is not None else ""
    here = run.launched_by in ("command line", "ui")
    by = f"{'from the' if here else 'by'} {' '.join(filter(None, (run.launched_by, run.launcher)))}"
    where = f"{f' as {run.user_name}' if run.user_name else ''}{f' on {run.host}' if run.host else ''}"
    waited = f", waited {length(run.queued_s)}" if run.queued_s and run.launched_by != "command line" else ""
    # A run that could not be begun may be for an input that does not exist, or for none.
    known = [
        *([run.name] if run.name and run.name != run.input else []),
        *([length(run.duration_s)] if run.duration_s is not None else []),
        *([f"input {run.input}"] if run.input else []),
    ]
    return [
        ("Run", run.run),
        ("Result", result_text(run)),
        ("File", ", ".join(known) or "none was named"),
        ("System", run.system or "none was named"),
        ("Started", f"{local_time(run.started_at, zone):%Y-%m-%d %H:%M:%S}{took}"),
        *([("Launched", f"{by}{where}{waited}")] if run.launched_by else []),
        *([("Attempt", f"{attempt} of {run.root}, follows {run.retry_of}")] if run.retry_of else []),
        *([("Quarantined", _quarantined(run, zone))] if run.quarantined_at else []),
        ("Dagster run", run.dagster_run_id),
    ]


def _quarantined(run: "PastRun", zone: str) -> "Text":
    from rich.text import Text

    from modellab.local_days import local_time

    assert run.quarantined_at is not None
    by = f" by {run.quarantined_by}" if run.quarantined_by else ""
    said = f"{local_time(run.quarantined_at, zone):%Y-%m-%d %H:%M:%S}{by}: {run.quarantined_because}"
    return Text(said, style="yellow")


def _sound(lab: "Lab", records: "Sequence[StepRecord]") -> list[tuple[str, Any]]:
    """Where the speech lies that a voice made in this run."""
    from modellab.runs.outcome import sound_file
    from modellab.runs.past import past_results
    from modellab.steps.definition import Kind

    spoken = past_results(lab, records, needed=False)(Kind.SPOKEN)
    return [("Sound", str(sound_file(spoken)))] if spoken else []


def _gone(lab: "Lab", records: "Sequence[StepRecord]") -> list[tuple[str, Any]]:
    """Which results have no files any more: pruned, or nobody knows why."""
    from rich.text import Text

    from modellab.artifacts.store import ArtifactStore
    from modellab.runs.past import artifact_of

    made = [record for record in records if record.status == "completed"]
    gone = [record for record in made if artifact_of(lab, [record], record.step, needed=False) is None]
    store, steps = ArtifactStore(lab.artifacts), dict[str, list[str]]()
    for record in gone:
        kept = store.pruned.read(record.step, record.fingerprint) if record.fingerprint else None
        steps.setdefault(kept.said if kept else "no longer there", []).append(record.step)
    said = [f"{why}: {', '.join(names)}. Run the recording again to make them anew." for why, names in steps.items()]
    return [("Results", Text(each, style="yellow")) for each in said]


def _fact(name: str, value: Any) -> "Text":
    from rich.text import Text

    return Text.assemble((f"{name:<14}", "bold"), value)
