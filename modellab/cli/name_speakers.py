"""`modellab runs name-speakers`: who the speakers of a run are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from modellab.artifacts.fingerprint import fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.bundle.meeting import Meeting, Participant, display_name
from modellab.cli.console import print_block, print_json, print_line, stderr, stdout, table
from modellab.cli.history import PastRun, artifact_of, attempt_with, find_run, records_of, source_of
from modellab.cli.marks import speaker_styles
from modellab.cli.meetings import WORDS, meeting_of, told_apart_by
from modellab.cli.outcome import PACK_STEP, pack_file
from modellab.errors import ArtifactMissing, StepFailed, UsageError
from modellab.media.inputs import RegisteredInput
from modellab.names import unknown_name
from modellab.pipeline.events import observed_by
from modellab.pipeline.identity import Identities
from modellab.pipeline.speaker_names import SpeakerNames, checked_name
from modellab.pipeline.system import System, resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.units import clock, length

if TYPE_CHECKING:
    from modellab.cli.launch import LaunchResult

_LONGEST_QUOTE = 100
"""Characters: enough to know who would say that."""


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run whose speakers are told apart, and by what."""

    run: PastRun
    source: RegisteredInput
    told_apart: Artifact
    """The result that the names belong to."""
    meeting: Meeting


def _open(lab: Lab, run: PastRun) -> NamedRun:
    """A run with its speakers.

    Raises:
        ArtifactMissing: nobody told its speakers apart.
    """
    records = records_of(lab, run)
    source = source_of(lab, run)

    def artifact(step: str) -> Artifact | None:
        return artifact_of(lab, records, step)

    meeting = meeting_of(source, artifact, lab)
    told_apart = told_apart_by(artifact)
    if meeting is None or told_apart is None or not meeting.participants:
        raise ArtifactMissing(
            f"run {run.run} ({run.name}, {run.system}) has no speakers to name",
            hint="Run a pipeline that tells speakers apart, such as meeting.",
        )
    return NamedRun(run, source, told_apart, meeting)


def new_names(meeting: Meeting, assignments: Sequence[str], *, clear: bool) -> dict[str, str]:
    """The names of a meeting's speakers, by label, after what was asked for.

    Two speakers may be given the same name: they stay two, in the pack too.

    Args:
        assignments: `SPEAKER=NAME` each; the speaker by label or by the name that is shown.
        clear: forget the names they have first.

    Raises:
        UsageError: an assignment that is not understood, a speaker named twice, or a name that can't be.
        UnknownName: no speaker is called that.
    """
    asked: dict[str, str] = {}
    for assignment in assignments:
        called, separator, name = assignment.partition("=")
        if not separator:
            raise UsageError(
                f"{assignment!r} is not understood", allowed="SPEAKER=NAME", hint='For example "SPEAKER_00=Ann Lee".'
            )
        speaker = _speaker(meeting, called.strip())
        given = checked_name(speaker, name)
        if asked.setdefault(speaker, given) != given:
            raise UsageError(f"{speaker} is named twice", found=f"{asked[speaker]} and {given}", allowed="one name")
    names = {**({} if clear else meeting.names), **asked}
    _check_not_anothers(meeting, names)
    return names


def _speaker(meeting: Meeting, called: str) -> str:
    """The label of the speaker that is called so."""
    wanted = called.casefold()
    labels = [person.id for person in meeting.participants]
    by_label = [label for label in labels if label.casefold() == wanted]
    shown = [p.id for p in meeting.participants if wanted in (display_name(p.id).casefold(), p.name.casefold())]
    found = by_label or shown
    if len(found) > 1:
        raise UsageError(
            f"{called!r} can mean {len(found)} speakers", found=", ".join(found), hint="Give one of these labels."
        )
    if not found:
        names = {name for p in meeting.participants for name in (p.id, display_name(p.id), p.name)}
        raise unknown_name("speaker of the run called", called, names)
    return found[0]


def _check_not_anothers(meeting: Meeting, names: Mapping[str, str]) -> None:
    """Nobody may be given a name by which a speaker without one is shown."""
    unnamed = {
        display_name(person.id).casefold(): person.id for person in meeting.participants if person.id not in names
    }
    for speaker, name in names.items():
        if other := unnamed.get(name.casefold()):
            raise UsageError(
                f"{speaker} can't be called {name!r}: {other} is shown under that name", hint=f"Name {other} too."
            )


def _remake(lab: Lab, named: NamedRun, names: Mapping[str, str]) -> "LaunchResult | None":
    """Keep the names, and run the run's system again, so that what shows names is made anew and the rest is found.

    Returns:
        How that went; None when the system has no step that shows names, and nothing was run.

    Raises:
        UsageError: the system would now tell speakers apart anew, by other code or another model: what it makes would
            lack the names.
    """
    system = resolve_system(named.run.system, ModelRegistry(), lab)
    shows = any(step.definition.names_from for step in system.steps)
    if shows:
        _check_still_current(lab, named, system)
    SpeakerNames(lab).write(named.told_apart.fingerprint, names)
    return _run_again(lab, named, system) if shows else None


def _check_still_current(lab: Lab, named: NamedRun, system: System) -> None:
    step = named.told_apart.step
    with Models(lab, ModelRegistry()) as models:
        identities = Identities(
            models,
            ArtifactStore(lab.artifacts),
            system,
            named.source,
            names=SpeakerNames(lab),
            timezone=lab.timezone,
            without={},
        )
        if system.step(step) and fingerprint(identities.of(step)) == named.told_apart.fingerprint:
            return
    raise UsageError(
        f"run {named.run.run} is out of date: {named.run.system} would tell its speakers apart anew",
        found=f"a result of the step {step} by an earlier version of its code, its model or the pipeline",
        hint=f"Run {named.run.system} on the recording again, then name the speakers of that run.",
    )


def _run_again(lab: Lab, named: NamedRun, system: System) -> "LaunchResult":
    from modellab.cli.launch import Launcher
    from modellab.cli.live import watcher

    with watcher(stderr(), system) as watching, observed_by(watching.observe), Launcher(lab) as launcher:
        watching.files(1)
        watching.taken_up(Path(named.source.name))
        watching.registered(named.source)
        return launcher.run(system.key, named.source)


def _document(meeting: Meeting, person: Participant) -> dict[str, Any]:
    """One speaker in a JSON document."""
    quote = _quote(meeting, person.id)
    return {
        "id": person.id,
        "name": person.name,
        "given_name": meeting.names.get(person.id),
        "talk_s": round(person.talk_s, 3),
        "share": round(person.share, 4),
        "words": person.words,
        "quote": {"start_s": round(quote[0], 3), "text": quote[1]} if quote else None,
    }


def _quote(meeting: Meeting, speaker: str) -> tuple[float, str] | None:
    """When a speaker says most at once, and how that begins."""
    said = [paragraph for paragraph in meeting.paragraphs if paragraph.speaker == speaker]
    if not said:
        return None
    most = max(said, key=lambda paragraph: len(paragraph.words))
    text = most.text
    if len(text) > _LONGEST_QUOTE:
        text = text[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
    return most.start_s, text


def _table(meeting: Meeting) -> RenderableType:
    styles = speaker_styles([person.id for person in meeting.participants])
    rows = table("Label", "Name", "Talks", "Share", "Words", "For example", right=("Talks", "Share", "Words"))
    for person in meeting.participants:
        quote = _quote(meeting, person.id)
        rows.add_row(
            person.id,
            Text(person.name, style=styles[person.id]),
            length(person.talk_s),
            f"{person.share:.0%}",
            f"{person.words:,}",
            f"{clock(quote[0])}  {quote[1]}" if quote else "",
        )
    return rows


def name_speakers(wanted: str, assignments: Sequence[str], *, clear: bool, as_json: bool) -> None:
    """List the speakers of a run, or name them and make what shows names again.

    Raises:
        LabError: there is no such run or speaker, a name can't be, or making the pack again failed.
    """
    if "=" in wanted:
        raise UsageError(
            f"{wanted!r} is no run", hint=f'The run comes first: modellab runs name-speakers latest "{wanted}"'
        )
    lab = Lab.from_environment()
    named = _open(lab, attempt_with(lab, wanted, WORDS) or find_run(lab, wanted))
    again: list[str] | None = None
    if assignments or clear:
        names = new_names(named.meeting, assignments, clear=clear)
        for name, speakers in Counter(names.values()).items():
            if speakers > 1:
                print_line(stderr(), f"{speakers} speakers are called {name}; they stay {speakers} speakers", "yellow")
        done = _remake(lab, named, names)
        if done is not None and done.status == "failed":
            raise StepFailed(f"the names are kept, but the pack could not be made with them: {done.error}")
        again = [record.step for record in done.records if not record.cached] if done else []
        again_named = done.run if done and done.run else named.run.run
        named = _open(lab, attempt_with(lab, again_named, WORDS) or find_run(lab, again_named))
    pack = artifact_of(lab, records_of(lab, named.run), PACK_STEP)
    if as_json:
        people = [_document(named.meeting, person) for person in named.meeting.participants]
        bundle = pack_file(pack) if pack else None
        print_json({"run": named.run.run, "speakers": people, "made_again": again, "bundle": bundle})
        return
    print_block(stdout(), _table(named.meeting))
    if again is not None:
        stdout().print()
        print_line(stdout(), f"Made again: {', '.join(again) or 'nothing'}.", "dim")
        if pack:
            print_line(stdout(), f"Meeting Pack  {pack.file('pack/index.html')}")
