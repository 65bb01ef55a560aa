"""`modellab search`."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console
    from rich.text import Text

    from modellab.search.finding import Found, Hit

_TIME = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)|(\d+(?:\.\d+)?))")
_AROUND = 160
"""Characters that are shown of a long utterance before and after what was found; `--json` has all of it."""


def search(  # noqa: PLR0917 (Typer hands options over by name)
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT", help="Words, and phrases in quotation marks: 'budget \"next year\"'."),
    ],
    speaker: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only what this speaker says: a label, a name you gave, or a known voice."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="INPUT",
            help="Only this recording: its key, slug or file name; the beginning of a key is enough.",
            autocompletion=completion.inputs,
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM",
            help="Only transcripts by this pipeline or model.",
            autocompletion=completion.measured_systems,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Recordings that came into the lab on this day or later: 2026-11-30."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="Recordings that came into the lab on this day or before.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Only from this time in the recording on: 12:05, or seconds."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Only up to this time in the recording.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Hits to show at most.")] = 20,
    all_systems: Annotated[
        bool, typer.Option("--all-systems", help="Every system's transcript of a recording, not one alone.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Search what was said, in all transcripts: the best hits first.

    Words are found in all their forms (budgets, budgeting), by the transcript's language, whatever their case and
    accents. Of several words any may be there; what stands in quotation marks must, one word after the other. Of each
    recording one transcript is searched: the newest that says who speaks, else the newest.

    [bold]Examples[/bold]

    $ modellab search budget
    $ modellab search '"next year" budget' --speaker Anna --since 2026-11-01
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stdout
    from modellab.runs.past import inputs_called
    from modellab.search.finding import find
    from modellab.search.ranking import Scope
    from modellab.warehouse.query import connect

    first_day, last_day = _day("--since", since), _day("--until", until)
    from_s, to_s = _seconds("--from", begin), _seconds("--to", end)
    lab = lab_to_ask()
    scope = Scope(
        systems=None if system is None else [system],
        inputs=None if source is None else inputs_called(lab, source),
        registered_from=_midnight(first_day, lab.timezone),
        registered_before=_midnight(last_day, lab.timezone, days=1),
        speaker=speaker,
        from_s=from_s,
        to_s=to_s,
        all_systems=all_systems,
    )
    with connect(lab) as connection:
        found = find(connection, " ".join(text), scope, limit)
    if as_json:
        print_json({"searched": " ".join(text), **_document(found)})
    else:
        _print(stdout(), found)


def _day(option: str, text: str | None) -> "date | None":
    from datetime import date

    from modellab.errors import UsageError

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} is no day", found=repr(text), allowed="a date such as 2026-11-30") from error


def _midnight(day: "date | None", zone: str, *, days: int = 0) -> str | None:
    """When a day begins by the lab's clock, or a later one."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days), datetime.min.time(), ZoneInfo(zone)).isoformat()


def _seconds(option: str, text: str | None) -> float | None:
    from modellab.errors import UsageError

    if text is None:
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        allowed = "seconds (75.5), minutes and seconds (12:05), or with hours (1:02:03)"
        raise UsageError(f"{option} is no time in a recording", found=repr(text), allowed=allowed)
    hours, minutes, seconds, alone = match.groups()
    return float(alone) if alone else 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds)


def _document(found: "Found") -> dict[str, object]:
    return {
        "hits": found.hits,
        "more": found.total - len(found.hits),
        "recordings": found.recordings,
        "query_ms": round(1000 * found.seconds, 1),
    }


def _print(console: "Console", found: "Found") -> None:
    from rich.text import Text

    from modellab.cli.console import print_line
    from modellab.units import clock, plural

    for hit in found.hits:
        place = [clock(hit.at_s), *([hit.speaker] if hit.speaker else []), hit.system]
        print_line(console, Text.assemble((f"{hit.rank:>3}  ", "dim"), (hit.name, "bold"), f"  {'  '.join(place)}"))
        shown = _shown(hit)
        shown.pad_left(5)
        console.print(shown, soft_wrap=not console.is_terminal)
    more = f", {plural(found.total - len(found.hits), 'more hit')}: --limit N" if found.total > len(found.hits) else ""
    searched = f"{plural(len(found.hits), 'hit')}{more}; {plural(found.recordings, 'recording')} searched"
    print_line(console, Text(f"{searched} in {1000 * found.seconds:.0f} ms", style="dim"))


def _shown(hit: "Hit") -> "Text":
    """What was said around the first word that was found, with all that were found marked."""
    from rich.text import Text

    text = Text(hit.text)
    for start, end in hit.marks:
        text.stylize("bold reverse", start, end)
    begin, end = hit.marks[0][0] - _AROUND, hit.marks[0][1] + _AROUND
    begin = 0 if begin <= 0 else hit.text.find(" ", begin, hit.marks[0][0]) + 1 or begin
    shown = text[begin:end] if end < len(hit.text) else text[begin:]
    return Text.assemble("… " if begin else "", shown, " …" if end < len(hit.text) else "")
