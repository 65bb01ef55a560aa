"""`modellab voices`: people whose voices are known, and where else a voice speaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from modellab.runs.launching import OpenLauncher
    from modellab.settings import Lab
    from modellab.steps.voice_book import KnownVoice

app = typer.Typer(
    name="voices",
    help="People whose voices you make known: on this machine alone. And where else a voice speaks.",
    no_args_is_help=True,
)

SpeakerOption = Annotated[
    str | None, typer.Option(metavar="LABEL", help="Which of the run's speakers, such as SPEAKER_00.")
]


@app.command(no_args_is_help=True)
def add(  # noqa: PLR0917 (Typer hands options over by name)
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the person is called.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A recording of the person alone, to be heard now.", show_default=False),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="A run that made vectors (pipelines embed, meeting_known_voices); as in runs show.",
            autocompletion=completion.runs,
        ),
    ] = None,
    speaker: SpeakerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a person's voice known: from a speaker of a run, or from a recording of them alone.

    What is kept is a name with a vector of 192 numbers, in the lab's folder [bold]voices[/bold], which only you can
    open. The same name again adds a further vector. Ask people before you do: a voice tells who somebody is.

    [bold]Examples[/bold]

    $ modellab voices add "Ann Lee" --from latest --speaker SPEAKER_00
    $ modellab voices add Bob bob-alone.wav
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.errors import UsageError
    from modellab.runs.voices import make_known, voice_of
    from modellab.settings import Lab
    from modellab.steps.voice_book import name_of_person

    if (file is None) == (run is None):
        raise UsageError("a voice comes from one place", allowed="--from RUN, or FILE")
    name = name_of_person(name)
    lab = Lab.from_environment()
    if file is not None:
        run = _heard_now(lab, launcher_of(context), file)
    assert run is not None
    lab = lab_to_ask()
    known = make_known(lab, name, voice_of(lab, run, speaker))
    if as_json:
        print_json(_document(known))
        return
    print_line(stdout(), f"{known.name} is known now, by {known.heard_s:.0f} s of speech ({known.model}).")
    print_line(stdout(), "Used by: modellab run RECORDING --pipeline meeting_known_voices", "dim")


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the people whose voices are known, with what each rests on."""
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.inputs.keys import slug_of
    from modellab.settings import Lab
    from modellab.steps.voice_book import VoiceBook

    voices = VoiceBook(Lab.from_environment().voices).all()
    if as_json:
        print_json({"voices": [_document(voice) for voice in voices]})
        return
    if not voices:
        print_line(stdout(), "Nobody's voice is known. modellab voices add NAME --from RUN makes one known.")
        return
    rows = table("Name", "Heard", "Model", "Recording", "Speaker", "Added", right=("Heard",))
    for one in voices:
        heard, day = f"{one.heard_s:.0f} s", f"{one.added_at:%Y-%m-%d}"
        recording = slug_of(one.input) or one.input
        rows.add_row(one.name, heard, one.model, recording, one.speaker or "", day)
    print_block(stdout(), rows)


@app.command(no_args_is_help=True)
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As in voices list.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Delete a person's vectors from the disk. Later runs know them no more.

    Packs made before keep the name; run the recording again to make one without it.
    """
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.settings import Lab
    from modellab.steps.voice_book import VoiceBook

    removed = VoiceBook(Lab.from_environment().voices).remove(name)
    if as_json:
        print_json({"name": name, "removed": removed})
        return
    print_line(stdout(), f"{name} is known no more: {removed} vector{'' if removed == 1 else 's'} deleted.")


@app.command(no_args_is_help=True)
def find(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="As in runs show: a recording's name does.", autocompletion=completion.runs),
    ],
    speaker: SpeakerOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Voices to show at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Where else a voice speaks: the voices of the lab's other recordings, the most alike first.

    Only recordings are looked through that a pipeline with the step embed heard. A cosine of 0.65 and more is
    most likely the same person where both recordings are clear; on other microphones less can be the same, on one
    telephone line more can be another.

    [bold]Examples[/bold]

    $ modellab voices find interview.wav
    $ modellab voices find latest --speaker SPEAKER_01
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.runs.voices import elsewhere, voice_of
    from modellab.steps.known_voices import THRESHOLD

    lab = lab_to_ask()
    voice = voice_of(lab, run, speaker)
    found = elsewhere(lab, voice, limit)
    if as_json:
        about = {
            "run": voice.run.run,
            "input": voice.run.input,
            "speaker": voice.one.speaker,
            "model": voice.space.model,
        }
        print_json({**about, "threshold": THRESHOLD, "voices": found})
        return
    if not found:
        print_line(
            stdout(), f"No other recording has a vector by {voice.space.model}: modellab run FILES --pipeline embed"
        )
        return
    rows = table("Alike", "", "Recording", "Speaker", "Heard", right=("Alike", "Heard"))
    for one in found:
        said = "likely the same" if one.cosine >= THRESHOLD else ""
        called = f"{one.called} ({one.speaker})" if one.called else one.speaker or ""
        rows.add_row(f"{one.cosine:.2f}", said, one.name, called, f"{one.heard_s:.0f} s")
    print_block(stdout(), rows)


def _heard_now(lab: "Lab", start: "OpenLauncher", file: Path) -> str:
    """Run the pipeline that makes vectors on a file; the run's key.

    Raises:
        LabError: the file is refused.
        StepFailed: the run failed.
    """
    from modellab.cli.live import run_watched
    from modellab.errors import StepFailed
    from modellab.inputs.store import InputStore
    from modellab.pipeline.system import resolve_system
    from modellab.registry.registry import ModelRegistry
    from modellab.runs.voices import PIPELINE

    system = resolve_system(PIPELINE, ModelRegistry(), lab)
    done = run_watched(start, lab, system, InputStore(lab).register(file, kind="media"))
    if done.run is None or done.status == "failed":
        raise StepFailed(f"the voice in {file.name} could not be heard: {done.error}")
    return done.run


def _document(voice: "KnownVoice") -> dict[str, Any]:
    """A known voice in a JSON document, without its vector."""
    told = {name: getattr(voice, name) for name in ("name", "model", "heard_s", "input", "speaker")}
    return {**told, "added_at": voice.added_at}
