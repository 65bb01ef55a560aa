"""Naming the speakers of a past run, and making what shows their names again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from modellab.artifacts.expiry import Expiry
from modellab.artifacts.quarantine import Quarantine
from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.bundle.meeting import Meeting, display_name
from modellab.errors import ArtifactMissing, UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.names import unknown_name
from modellab.pipeline.identity import Identities
from modellab.pipeline.system import System, resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.runs.launching import LaunchResult
from modellab.runs.meetings import meeting_of, speaker_source
from modellab.runs.past import PastRun, past_results, records_of, source_of
from modellab.settings import Lab
from modellab.steps.outside import shows_names
from modellab.steps.speaker_names import SpeakerNames, checked_name
from modellab.wall_clock import now


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run whose speakers are told apart, and by what."""

    run: PastRun
    source: RegisteredInput
    told_apart: Artifact
    """The result that the names belong to."""
    meeting: Meeting
    """With the names that are shown."""
    given: Mapping[str, str]
    """Speaker's label -> the name that people gave."""

    def by_voice(self, speaker: str) -> str | None:
        """The name that a speaker has for the voice alone; None where people gave one, or there is none."""
        return None if speaker in self.given else self.meeting.names.get(speaker)


def run_with_speakers(lab: Lab, run: PastRun) -> NamedRun:
    """A run with its speakers.

    Raises:
        ArtifactMissing: nobody told its speakers apart.
    """
    source = source_of(lab, run)
    results = past_results(lab, records_of(lab, run))
    meeting, told_apart = meeting_of(source, results, lab), speaker_source(results)
    if meeting is None or told_apart is None or not meeting.participants:
        raise ArtifactMissing(
            f"run {run.run} ({run.name}, {run.system}) has no speakers to name",
            hint="Run a pipeline that tells speakers apart, such as meeting.",
        )
    return NamedRun(run, source, told_apart, meeting, SpeakerNames(lab).of(told_apart.fingerprint))


def new_names(named: NamedRun, assignments: Sequence[str], *, clear: bool) -> dict[str, str]:
    """The names that a run's speakers are given, by label, after what was asked for.

    Two speakers may be given the same name: they stay two, in the pack too. Names by voice are none that people gave.

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
        speaker = _speaker(named.meeting, called.strip())
        given = checked_name(speaker, name)
        if asked.setdefault(speaker, given) != given:
            raise UsageError(f"{speaker} is named twice", found=f"{asked[speaker]} and {given}", allowed="one name")
    names = {**({} if clear else named.given), **asked}
    _check_not_anothers(named, names)
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


def _check_not_anothers(named: NamedRun, names: Mapping[str, str]) -> None:
    """Nobody may be given a name by which a speaker to whom people gave none is shown."""
    unnamed = {
        (named.by_voice(person.id) or display_name(person.id)).casefold(): person.id
        for person in named.meeting.participants
        if person.id not in names
    }
    for speaker, name in names.items():
        if other := unnamed.get(name.casefold()):
            raise UsageError(
                f"{speaker} can't be called {name!r}: {other} is shown under that name", hint=f"Name {other} too."
            )


def give_names(
    lab: Lab, named: NamedRun, names: Mapping[str, str], run_again: Callable[[System], LaunchResult]
) -> LaunchResult | None:
    """Keep the names, and run the run's system again, so that what shows names is made anew and the rest is found.

    Args:
        lab: where names are kept.
        named: whose speakers they are.
        names: label -> name, all there are.
        run_again: runs a system on the run's input.

    Returns:
        How that went; None when the system has no step that shows names, and nothing was run.

    Raises:
        UsageError: the system would now tell speakers apart anew, by other code or another model: what it makes would
            lack the names.
    """
    system = resolve_system(named.run.system, ModelRegistry(), lab)
    shows = any(shows_names(step.definition) for step in system.steps)
    if shows:
        _check_still_current(lab, named, system)
    SpeakerNames(lab).write(named.told_apart.fingerprint, names)
    return run_again(system) if shows else None


def _check_still_current(lab: Lab, named: NamedRun, system: System) -> None:
    step = named.told_apart.step
    with Models(lab, ModelRegistry()) as models:
        identities = Identities(
            models,
            ArtifactStore(lab.artifacts),
            system,
            named.source,
            lab=lab,
            without={},
            quarantine=Quarantine(lab.records),
            expiry=Expiry(lab.settings.service_results_days, now()),
        )
        if system.step(step) and identities.fingerprint(step) == named.told_apart.fingerprint:
            return
    raise UsageError(
        f"run {named.run.run} is out of date: {named.run.system} would tell its speakers apart anew",
        found=f"a result of the step {step} by an earlier version of its code, its model or the pipeline",
        hint=f"Run {named.run.system} on the recording again, then name the speakers of that run.",
    )
