"""`modellab runs name-speakers`: who the speakers of a run are."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from modellab.bundle.meeting import Meeting, Participant
from modellab.cli.asking import lab_to_ask
from modellab.cli.console import print_block, print_json, print_line, stderr, stdout, table
from modellab.cli.marks import speaker_styles
from modellab.errors import StepFailed, UsageError
from modellab.runs.outcome import pack_file
from modellab.runs.past import attempt_with, find_run, past_results, records_of
from modellab.runs.speaker_naming import NamedRun, give_names, new_names, run_with_speakers
from modellab.steps.definition import Kind
from modellab.units import clock, length

if TYPE_CHECKING:
    from modellab.runs.launching import OpenLauncher

_LONGEST_QUOTE = 100
"""Characters: enough to know who would say that."""


def _document(named: NamedRun, person: Participant) -> dict[str, Any]:
    """One speaker in a JSON document."""
    quote = _quote(named.meeting, person.id)
    return {
        "id": person.id,
        "name": person.name,
        "given_name": named.given.get(person.id),
        "name_by_voice": named.by_voice(person.id),
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


def _table(named: NamedRun) -> RenderableType:
    meeting = named.meeting
    styles = speaker_styles([person.id for person in meeting.participants])
    rows = table("Label", "Name", "Talks", "Share", "Words", "For example", right=("Talks", "Share", "Words"))
    for person in meeting.participants:
        quote = _quote(meeting, person.id)
        rows.add_row(
            person.id,
            Text.assemble(
                (person.name, styles[person.id]), (" (by voice)" if named.by_voice(person.id) else "", "dim")
            ),
            length(person.talk_s),
            f"{person.share:.0%}",
            f"{person.words:,}",
            f"{clock(quote[0], 1)}  {quote[1]}" if quote else "",
        )
    return rows


def name_speakers(
    start: "OpenLauncher", wanted: str, assignments: Sequence[str], *, clear: bool, as_json: bool
) -> None:
    """List the speakers of a run, or name them and make what shows names again.

    Args:
        start: makes the launcher.
        wanted: names the run.
        assignments: `SPEAKER=NAME` each; without any, and without `clear`, the speakers are listed.
        clear: forget the names that there are first.
        as_json: print a JSON document.

    Raises:
        LabError: there is no such run or speaker, a name can't be, or making the pack again failed.
    """
    if "=" in wanted:
        raise UsageError(
            f"{wanted!r} is no run", hint=f'The run comes first: modellab runs name-speakers latest "{wanted}"'
        )
    from modellab.cli.live import run_watched

    lab = lab_to_ask()
    named = run_with_speakers(lab, attempt_with(lab, wanted, Kind.TRANSCRIPT) or find_run(lab, wanted))
    again: list[str] | None = None
    if assignments or clear:
        names = new_names(named, assignments, clear=clear)
        for name, speakers in Counter(names.values()).items():
            if speakers > 1:
                print_line(stderr(), f"{speakers} speakers are called {name}; they stay {speakers} speakers", "yellow")
        done = give_names(lab, named, names, lambda system: run_watched(start, lab, system, named.source))
        if done is not None and done.status == "failed":
            raise StepFailed(f"the names are kept, but the pack could not be made with them: {done.error}")
        again = [record.step for record in done.records if not record.cached] if done else []
        again_named = done.run if done and done.run else named.run.run
        named = run_with_speakers(lab, attempt_with(lab, again_named, Kind.TRANSCRIPT) or find_run(lab, again_named))
    pack = past_results(lab, records_of(lab, named.run))(Kind.PACK)
    if as_json:
        people = [_document(named, person) for person in named.meeting.participants]
        bundle = pack_file(pack) if pack else None
        print_json({"run": named.run.run, "speakers": people, "made_again": again, "bundle": bundle})
        return
    print_block(stdout(), _table(named))
    if again is not None:
        stdout().print()
        print_line(stdout(), f"Made again: {', '.join(again) or 'nothing'}.", "dim")
        if pack:
            print_line(stdout(), f"Meeting Pack  {pack.file('pack/index.html')}")
