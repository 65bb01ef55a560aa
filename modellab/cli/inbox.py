"""`modellab inbox`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.drops.inboxes import Inbox
    from modellab.drops.remembered import Drop
    from modellab.drops.report import InboxCounts

app = typer.Typer(name="inbox", help="Folders that are watched: what is dropped there is run.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The inbox.", autocompletion=completion.inboxes, show_default=False)
]


@app.command(no_args_is_help=True)
def add(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What is to be watched.", show_default=False)],
    *,
    pipeline: Annotated[
        str | None,
        typer.Option(
            "--pipeline",
            "-p",
            help="What runs on each file: a pipeline or model; left out: meeting.",
            autocompletion=completion.pipelines,
        ),
    ] = None,
    use_case: Annotated[
        str | None,
        typer.Option(
            "--use-case",
            "-u",
            help="In the pipeline's place: what is promoted for a use case when a file is taken.",
            autocompletion=completion.use_cases,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the inbox is called; left out, as the folder is.", show_default=False)
    ] = None,
    beside: Annotated[str, typer.Option(help="What is put beside each file: nothing, transcript or pack.")] = "nothing",
    refused: Annotated[
        str, typer.Option(help="Files that can't be used: leave them, or move them to refused/.")
    ] = "leave",
    steady: Annotated[
        float, typer.Option(min=0.0, max=86400.0, help="Seconds for which a file must stay the same to be complete.")
    ] = 5.0,
    subfolders: Annotated[bool, typer.Option(help="Watch folders in it too.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Watch a folder: whatever recording is dropped there is run, as long as the Dagster UI runs (make ui).

    [bold]Examples[/bold]

    $ modellab inbox add ~/calls
    $ modellab inbox add ~/calls --pipeline fast_asr_only --beside transcript
    """
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.drops.inboxes import DEFAULT_PIPELINE, InboxOptions, add_inbox
    from modellab.errors import UsageError
    from modellab.names import one_of
    from modellab.pipeline.system import resolve_system
    from modellab.promotion.following import followed_by
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    lab, registry = Lab.from_environment(), ModelRegistry()
    if pipeline is not None and use_case is not None:
        raise UsageError("a pipeline and a use case are named", allowed="--pipeline or --use-case")
    resolve_system(
        followed_by(lab, use_case, "--use-case").system if use_case else pipeline or DEFAULT_PIPELINE, registry, lab
    )
    options = InboxOptions(
        folder=folder.expanduser().absolute(),
        **({"use_case": use_case} if use_case else {"pipeline": pipeline or DEFAULT_PIPELINE}),
        subfolders=subfolders,
        steady_s=steady,
        beside=one_of("thing beside a file", beside, ("nothing", "transcript", "pack")),
        refused=one_of("way with files that can't be used", refused, ("leave", "move")),
    )
    inbox = add_inbox(lab, name, options)
    if as_json:
        print_json({"inbox": _document(inbox)})
        return
    print_line(
        stdout(), f"✓ {inbox.folder} is watched as {inbox.name}, for {inbox.options.runs}, while the UI runs: make ui"
    )
    print_line(stdout(), f"Options: {inbox.file}", "dim")


@app.command()
def remove(name: NameArgument) -> None:
    """Watch a folder no more. What was taken from it stays in the lab.

    [bold]Example[/bold]

    $ modellab inbox remove calls
    """
    from modellab.cli.console import print_line, stdout
    from modellab.drops.inboxes import remove_inbox
    from modellab.settings import Lab

    file = remove_inbox(Lab.from_environment(), name)
    print_line(stdout(), f"✓ {name} is watched no more; {file} is deleted")


@app.command("list")
def list_inboxes(*, as_json: JsonOption = False) -> None:
    """List the watched folders, and how their files stand.

    [bold]Example[/bold]

    $ modellab inbox list
    """
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_json, print_line, stderr, stdout, table
    from modellab.drops.inboxes import inboxes_of
    from modellab.drops.report import counts_of
    from modellab.drops.state import DropState
    from modellab.media.folders import is_folder
    from modellab.settings import Lab

    lab = Lab.from_environment()
    found = inboxes_of(lab)
    with DropState(lab) as state:
        counts = [counts_of(state, inbox) for inbox in found.usable]
    if as_json:
        print_json(
            {
                "inboxes": [_document(inbox, each) for inbox, each in zip(found.usable, counts, strict=True)],
                "broken": [{"inbox": one.name, "error": str(one.error)} for one in found.broken],
            }
        )
        return
    if found.usable:
        rows = table("Inbox", "Folder", "Pipeline", "Incomplete", "To do", "Done", right=("Incomplete", "To do"))
        for inbox, each in zip(found.usable, counts, strict=True):
            done = ", ".join(f"{count} {status}" for status, count in each.ended.items())
            folder = Text(str(inbox.folder))
            rows.add_row(inbox.name, folder, inbox.options.runs, str(each.waiting), str(each.open), done or "-")
        print_block(stdout(), rows)
    elif not found.broken:
        print_line(stdout(), Text("No folder is watched: modellab inbox add FOLDER.", style="dim"))
    for inbox in found.usable:
        if not is_folder(inbox.folder):
            said = f"{inbox.name}: the folder {inbox.folder} is not there; what was taken from it is in the lab"
            print_line(stderr(), marked("!", "yellow", said))
    for one in found.broken:
        print_line(stderr(), marked("!", "yellow", f"{one.name}: {one.error.told()}"))


@app.command()
def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Of one inbox only.", autocompletion=completion.inboxes, show_default=False
        ),
    ] = None,
    stands: Annotated[
        str | None,
        typer.Option("--status", metavar="STATUS", help="Only files that stand so.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what came of the files that were dropped, the newest first.

    ready: complete, to be taken. registered: taken, its run to come or under way. Then how it ended: completed, failed,
    canceled, duplicate, refused, or gone (deleted before it was taken).

    [bold]Examples[/bold]

    $ modellab inbox status
    $ modellab inbox status calls --status refused
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.drops.inboxes import inboxes_of
    from modellab.drops.outcome import shown_name
    from modellab.drops.remembered import ENDED
    from modellab.drops.report import OPEN, latest_drops
    from modellab.drops.state import DropState
    from modellab.names import one_of
    from modellab.settings import Lab
    from modellab.units import plural

    lab = Lab.from_environment()
    inbox = inboxes_of(lab).get(name) if name is not None else None
    wanted = one_of("status", stands, (*OPEN, *ENDED)) if stands is not None else None
    with DropState(lab) as state:
        drops, more = latest_drops(state, inbox, wanted, limit)
    if as_json:
        print_json({"drops": [_drop_document(drop) for drop in drops], "more": more})
        return
    if not drops:
        print_line(stdout(), Text("No such file was dropped.", style="dim"))
        return
    rows = table("Dropped", "File", "Status", "Run", "Why")
    for drop in drops:
        seen = _local(drop.seen_at, lab.timezone)
        rows.add_row(seen, Text(shown_name(drop)), drop.status, drop.run or "", Text(drop.reason or ""))
    print_block(stdout(), rows)
    if more:
        print_line(stdout(), Text(f"… and {plural(more, 'earlier one')}: --limit {limit + more}", style="dim"))


@app.command()
def retry(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Names of dropped files, as status shows them.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that failed, were stopped, or were refused.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Have files done once more that failed, were stopped or were refused.

    [bold]Examples[/bold]

    $ modellab inbox retry monday.wav
    $ modellab inbox retry --all
    """
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.drops.outcome import shown_name
    from modellab.drops.report import retry as do_again
    from modellab.drops.state import DropState
    from modellab.errors import UsageError
    from modellab.settings import Lab
    from modellab.units import plural

    if bool(files) == every:
        raise UsageError(
            "say which files are to be done again", allowed="names of files, or --all", hint="modellab inbox status"
        )
    lab = Lab.from_environment()
    with DropState(lab) as state:
        drops = do_again(state, files or ())
    if as_json:
        print_json({"drops": [_drop_document(drop) for drop in drops]})
        return
    for drop in drops:
        print_line(stdout(), f"✓ {shown_name(drop)}: {drop.status} before, to be done again")
    print_line(stdout(), f"{plural(len(drops), 'file')}: done while the UI runs (make ui).", "dim")


def _document(inbox: "Inbox", counts: "InboxCounts | None" = None) -> dict[str, Any]:
    from dataclasses import asdict

    shown = {"inbox": inbox.name, **inbox.options.model_dump(mode="json"), "folder": inbox.folder, "file": inbox.file}
    if inbox.options.use_case is not None:
        shown["pipeline"] = None
    return shown | ({"files": asdict(counts)} if counts else {})


def _drop_document(drop: "Drop") -> dict[str, Any]:
    from modellab.drops.outcome import shown_name
    from modellab.legible import one_line

    return {
        "drop": drop.id,
        "attempt": drop.attempt,
        "folder": one_line(drop.folder),
        "name": shown_name(drop),
        "bytes": drop.size,
        "status": drop.status,
        "reason": drop.reason,
        "sha256": drop.digest,
        "input": drop.input,
        "system": drop.system,
        "run": drop.run,
    }


def _local(seconds: float, zone: str) -> str:
    from datetime import UTC, datetime

    from modellab.local_days import local_time

    return f"{local_time(datetime.fromtimestamp(seconds, UTC), zone):%Y-%m-%d %H:%M:%S}"
