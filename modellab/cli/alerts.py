"""`modellab alerts`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.alerts.alert import Alert
    from modellab.alerts.delivery import Channel
    from modellab.alerts.outbox import Delivery, Outbox
    from modellab.alerts.settings import AlertSettings
    from modellab.settings import Lab

app = typer.Typer(
    name="alerts",
    help="Failures, regressions and bad drops, told by log, webhook, chat and e-mail.",
    no_args_is_help=True,
)


@app.command("list")
def list_alerts(
    *,
    topic: Annotated[
        str | None,
        typer.Option(
            "--of",
            metavar="TOPIC",
            help="Only failures, regressions or drops.",
            autocompletion=completion.alert_topics,
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List what was told or is to be, the newest first, and how it went out.

    [bold]Examples[/bold]

    $ modellab alerts list
    $ modellab alerts list --of regressions --json
    """
    from rich.text import Text

    from modellab.alerts.alert import TOPICS
    from modellab.alerts.outbox import Outbox
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.names import one_of
    from modellab.settings import Lab
    from modellab.units import plural

    lab = Lab.from_environment()
    wanted = one_of("topic", topic, TOPICS) if topic is not None else None
    with Outbox(lab) as outbox:
        found, more = outbox.alerts(limit, wanted)  # type: ignore[arg-type]
    if as_json:
        shown = [{**alert.document(), "deliveries": list(map(_delivery, each))} for alert, each in found]
        print_json({"alerts": shown, "more": more})
        return
    console = stdout()
    if not found:
        print_line(console, Text("There was nothing to tell.", style="dim"))
        return
    for alert, deliveries in found:
        _print_alert(alert, deliveries, lab.timezone)
    if more:
        print_line(console, Text(f"… and {plural(more, 'earlier one')}: --limit {limit + more}", style="dim"))


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Show where alerts go, what each channel lacks, and what waits to be sent.

    Exit code 1: a channel can't be used.

    [bold]Example[/bold]

    $ modellab alerts status
    """
    from modellab.alerts.looking import LOOKED, SINCE
    from modellab.alerts.outbox import Outbox
    from modellab.cli.console import print_json
    from modellab.settings import Lab

    lab = Lab.from_environment()
    settings = _settings(lab)
    with Outbox(lab) as outbox:
        channels = [_channel(name, settings, outbox) for name in settings.names]
        since, looked = outbox.note(SINCE), outbox.note(LOOKED)
    if as_json:
        print_json({"file": lab.alerts_file, "since": since, "looked_at": looked, "channels": channels})
    else:
        _print_status(lab, channels, since, looked)
    if any(one["problem"] for one in channels):
        raise typer.Exit(1)


@app.command()
def test(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[CHANNEL]", help="Only this one.", autocompletion=completion.alert_channels, show_default=False
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Send a test message by each channel now, and say what came of it.

    Exit code 1: one did not take it.

    [bold]Examples[/bold]

    $ modellab alerts test
    $ modellab alerts test ops
    """
    from modellab.alerts.alert import Finding, make_alert
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.errors import LabError
    from modellab.settings import Lab
    from modellab.trouble import as_lab_error
    from modellab.wall_clock import stamp

    lab = Lab.from_environment()
    settings = _settings(lab)
    if name is not None and name not in settings.names:
        settings.get(name)  # names the nearest
    names = settings.names if name is None else [name]
    asked = Finding.of("test", ["failures"], "warning", "this is a test", ["Somebody ran: modellab alerts test"])
    alert = make_alert([asked], lab, stamp())
    came = []
    for each in names:
        error = None
        try:
            settings.get(each).deliver(alert)
        except Exception as found:  # also what a channel's library raises by mistake: it is what was asked for
            if name is not None and not isinstance(found, LabError):
                raise
            error = as_lab_error(found)
        came.append({"channel": each, "sent": error is None, "error": error and str(error)})
        if not as_json:
            said = f"{each}: {error.told()}" if error else f"{each} took it"
            print_line(stdout(), marked("✗" if error else "✓", "red" if error else "green", said))
    if as_json:
        print_json({"alert": alert.id, "channels": came})
    if not all(one["sent"] for one in came):
        raise typer.Exit(1)


@app.command()
def send(*, as_json: JsonOption = False) -> None:
    """Send what waits now, whenever it would have been tried next.

    Looking for what went wrong is the daemon's (make ui). Exit code 1: something is still to be sent.

    [bold]Example[/bold]

    $ modellab alerts send
    """
    from modellab.alerts.outbox import Outbox
    from modellab.alerts.sending import send as send_waiting
    from modellab.cli.console import print_json, print_line, stderr, stdout
    from modellab.settings import Lab
    from modellab.units import plural

    lab = Lab.from_environment()
    settings = _settings(lab)
    came = send_waiting(lab, settings, at_once=True)
    came.wait(None)
    with Outbox(lab) as outbox:
        waiting = outbox.waiting()
    if as_json:
        print_json({"sent": came.sent, "waiting": list(map(_delivery, waiting)), "busy": came.busy})
    else:
        print_line(stdout(), f"{plural(came.sent, 'message')} sent, {len(waiting)} to be sent")
        for one in waiting:
            print_line(stderr(), f"! {one.channel}: {one.said or 'not tried yet'}", "yellow")
    if waiting:
        raise typer.Exit(1)


def _settings(lab: "Lab") -> "AlertSettings":
    from modellab.alerts.settings import alert_settings
    from modellab.errors import AlertsError

    found = alert_settings(lab)
    if found is None:
        raise AlertsError(
            "nobody is told of what goes wrong",
            found=f"no {lab.alerts_file}",
            hint="Write one: docs/alerts.md shows how.",
        )
    return found


def _delivery(one: "Delivery") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "due_at": _iso(one.due_at), "changed_at": _iso(one.changed_at)}


def _channel(name: str, settings: "AlertSettings", outbox: "Outbox") -> dict[str, Any]:
    waiting = outbox.waiting(name)
    channel = settings.usable.get(name)
    problem = str(settings.broken[name]) if channel is None else _missing(channel)
    sent = outbox.last_sent(name)
    return {
        "channel": name,
        "kind": channel and channel.kind,
        "of": list(channel.of) if channel else [],
        "problem": problem,
        "waiting": len(waiting),
        "next_try": _iso(waiting[0].due_at) if waiting else None,
        "last_error": waiting[0].said if waiting else None,
        "last_sent": _iso(sent) if sent is not None else None,
    }


def _missing(channel: "Channel") -> str | None:
    from modellab.variables import find_secret

    unset = [name for name in channel.wanted_variables() if find_secret(name) is None]
    return f"{', '.join(unset)} not set" if unset else None


def _print_status(lab: "Lab", channels: list[dict[str, Any]], since: str | None, looked: str | None) -> None:
    from rich.text import Text

    from modellab.cli.console import print_block, print_line, stdout, table

    console = stdout()
    rows = table("Channel", "Kind", "Tells of", "Waiting", "Last sent", "Problem", right=("Waiting",))
    for one in channels:
        sent = _local(one["last_sent"], lab.timezone) if one["last_sent"] else "never"
        problem = one["problem"] or one["last_error"] or ""
        rows.add_row(
            one["channel"], one["kind"] or "?", ", ".join(one["of"]), str(one["waiting"]), sent, Text(problem, "yellow")
        )
    print_block(console, rows)
    if looked is None or since is None:
        print_line(console, "Nobody has looked yet: the daemon does (make ui).", "dim")
    else:
        zone = lab.timezone
        print_line(
            console, f"Told is what goes wrong since {_local(since, zone)}; last looked {_local(looked, zone)}.", "dim"
        )


def _print_alert(alert: "Alert", deliveries: "list[Delivery]", zone: str) -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_line, stdout

    console = stdout()
    mark, style = ("✗", "red") if alert.severity == "error" else ("!", "yellow")
    print_line(console, marked(mark, style, f"{_local(alert.made_at, zone)} {alert.title}"))
    for text in alert.text().splitlines()[1:-1]:
        if text:
            print_line(console, Text(f"  {text}"))
    for one in deliveries:
        said = f": {one.said}" if one.said else ""
        tried = f", tried {one.tries} times" if one.tries > 1 else ""
        print_line(console, Text(f"    {one.channel}: {one.status}{tried}{said}", style="dim"))


def _iso(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _local(moment: str, zone: str) -> str:
    from datetime import datetime

    from modellab.local_days import local_time

    return f"{local_time(datetime.fromisoformat(moment), zone):%Y-%m-%d %H:%M:%S}"
