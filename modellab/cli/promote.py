"""`modellab promote`, `modellab demote`, `modellab promotions` and `modellab runs promote`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from modellab.promotion.deciding import Promoted
    from modellab.promotion.ledger import Decision

app = typer.Typer(
    name="promotions", help="Which system is in use for what, since when, and on what evidence.", no_args_is_help=True
)

ForUseCase = Annotated[
    str,
    typer.Option("--use-case", "-u", metavar="USE_CASE", help="For what.", autocompletion=completion.use_cases),
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; left out: what the evidence came to.")
]
OverrideOption = Annotated[
    bool, typer.Option("--override", help="Promote it whatever the evidence says; --reason says why.")
]


def promote(
    system: Annotated[
        str,
        typer.Argument(
            metavar="SYSTEM", help="A model or pipeline.", autocompletion=completion.pipelines, show_default=False
        ),
    ],
    *,
    use_case: ForUseCase,
    reason: ReasonOption = None,
    override: OverrideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let a system be the one in use for a use case, if it is not worse than the present one by what was measured.

    It must meet every constraint, be measured by each figure that counts, and have no lower score than the present one,
    within the use case's margin, even where every difference lies at the unfavourable end of its 95 % interval; and no
    slice may be surely worse. From then on modellab run --use-case takes it, and modellab regress watches it as
    production.

    Exit code 1: the evidence does not allow it.

    [bold]Examples[/bold]

    $ modellab promote faster_whisper:base --use-case noisy_phone_calls
    $ modellab promote meeting -u laptop_meeting_notes --override --reason "the only one with summaries"
    """
    from modellab.cli.console import print_json, stdout
    from modellab.disk import require_writable
    from modellab.promotion.deciding import promote as decide
    from modellab.settings import Lab

    lab = Lab.from_environment()
    require_writable(lab.home)
    made = decide(lab, system, use_case, reason=reason, override=override)
    if as_json:
        print_json(made.decision.document())
    else:
        _print_promoted(stdout(), made)


def promote_run(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="As in runs show; there is no default here.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    *,
    use_case: ForUseCase,
    reason: ReasonOption = None,
    override: OverrideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Promote the system of a run, as modellab promote does: what one run gave is no evidence by itself.

    [bold]Example[/bold]

    $ modellab runs promote latest --use-case laptop_meeting_notes
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.runs.past import find_run

    system = find_run(lab_to_ask(), run).system
    promote(system, use_case=use_case, reason=reason, override=override, as_json=as_json)


def demote(
    use_case: Annotated[
        str, typer.Argument(metavar="USE_CASE", help="Its id.", autocompletion=completion.use_cases, show_default=False)
    ],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    entirely: Annotated[bool, typer.Option("--entirely", help="Nothing is promoted for it afterwards.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take the present promotion for a use case back: what was promoted before it is in use again.

    [bold]Example[/bold]

    $ modellab demote noisy_phone_calls --reason "invents words in hold music"
    """
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.disk import require_writable
    from modellab.promotion.deciding import demote as decide
    from modellab.settings import Lab

    lab = Lab.from_environment()
    require_writable(lab.home)
    made = decide(lab, use_case, reason, entirely=entirely)
    if as_json:
        print_json(made.document())
        return
    now = f"{made.after} is in use again" if made.after else "nothing is promoted for it now"
    print_line(stdout(), marked("✓", "green", f"{made.before} is no longer promoted for {use_case}: {now}"))


@app.command("list")
def list_promotions(
    *,
    use_case: Annotated[
        str | None,
        typer.Option(
            "--use-case", "-u", metavar="USE_CASE", help="Only for this one.", autocompletion=completion.use_cases
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what was promoted and demoted, the newest first, and what is in use now.

    [bold]Example[/bold]

    $ modellab promotions list
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.local_days import local_time
    from modellab.promotion.ledger import decisions, in_use

    lab = lab_to_ask()
    found = decisions(lab, use_case)
    now = {those[-1].id for those in in_use(found).values()}
    if as_json:
        print_json({"promotions": [{**one.document(), "in_use": one.id in now} for one in reversed(found)]})
        return
    if not found:
        print_line(stdout(), Text("Nothing was promoted yet: modellab recommend USE_CASE.", style="dim"))
        return
    rows = table("Use case", "System", "What", "When", "By", "Why", "Id")
    for one in reversed(found):
        what = Text("in use", style="green") if one.id in now else Text(_what(one))
        when = f"{local_time(one.at, lab.timezone):%Y-%m-%d %H:%M}"
        rows.add_row(one.use_case, one.system, what, when, one.decided_by or "-", one.reason, one.id[:8])
    print_block(stdout(), rows)


@app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A use case, for what is in use for it now; or a promotion's id, whose beginning is enough.",
            autocompletion=completion.use_cases,
            show_default=False,
        ),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show one promotion with all that it rests on: figures, comparison, worst slices, runs.

    [bold]Example[/bold]

    $ modellab promotions show noisy_phone_calls
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stdout
    from modellab.promotion.ledger import decision

    lab = lab_to_ask()
    found = decision(lab, name)
    if as_json:
        print_json(found.document())
    else:
        _print_decision(stdout(), found, lab.timezone)


def _what(one: "Decision") -> str:
    return f"{one.event}, {one.verdict}" if one.verdict else one.event


def _print_promoted(console: "Console", made: "Promoted") -> None:
    from modellab.cli.console import marked, print_line

    done, found = made.decision, made.hearing
    instead = f" in place of {done.before}" if done.before not in (None, done.system) else ""
    mark = ("!", "yellow") if found.objections else ("✓", "green")
    print_line(console, marked(*mark, f"{done.system} is promoted for {done.use_case}{instead}: {done.reason}"))
    for objection in found.objections:
        print_line(console, f"    against the evidence: {objection}", "yellow")
    _print_figures(console, done)
    print_line(
        console, f"    modellab run --use-case {done.use_case} FILE takes it; modellab regress watches it", "dim"
    )


def _print_decision(console: "Console", one: "Decision", zone: str) -> None:
    from rich.text import Text

    from modellab.cli.console import print_line
    from modellab.local_days import local_time
    from modellab.units import plural

    print_line(console, Text.assemble((one.use_case, "bold"), f"   {_what(one)}: {one.system}"))
    by = f" by {one.decided_by}" if one.decided_by else ""
    facts = [
        ("Decided", f"{local_time(one.at, zone):%Y-%m-%d %H:%M:%S}{by}"),
        ("Why", one.reason),
        ("Before", one.before or "nothing"),
        ("Since then", one.after or "nothing"),
        ("Id", one.id),
    ]
    for name, value in facts:
        print_line(console, Text.assemble((f"{name:<12}", "bold"), value))
    for objection in one.evidence.get("objections", ()):
        print_line(console, f"! against the evidence: {objection}", "yellow")
    if one.evidence.get("system"):
        console.print()
        _print_figures(console, one)
        counted = (("run", "runs"), ("result", "fingerprints"))
        rests = " and ".join(plural(len(one.evidence.get(name, ())), word) for word, name in counted)
        print_line(console, f"Rests on {rests}: --json names them, and nothing prunes them", "dim")


def _print_figures(console: "Console", one: "Decision") -> None:
    from modellab.cli.console import print_block, print_line, table
    from modellab.cli.part_figures import part_figure, part_interval, part_name

    evidence = one.evidence
    system, against = evidence.get("system"), evidence.get("against")
    if not system:
        return
    rows = table("Counts", "Figure", "95 %", "Recordings", "Worst slice", right=("Recordings",))
    for part, weighed in zip(system["parts"], _by_part(evidence, system["parts"]), strict=True):
        worst = (weighed or {}).get("worst_slice")
        slice_ = f"{worst['tag']}={worst['value']} {worst['figure']:.3f}" if worst else "-"
        counts = part_name(part, evidence["datasets"])
        rows.add_row(counts, part_figure(part), part_interval(part), str(part["n"]), slice_)
    print_block(console, rows)
    if against and against.get("score_low") is not None:
        low, high = against["score_low"], against["score_high"]
        print_line(console, f"Against {against['system']}, by the score {low:+.3f} to {high:+.3f}:")
        for weighed in evidence["criteria"]:
            if weighed["said"]:
                print_line(console, f"  {weighed['said']}")


def _by_part(evidence: "Mapping[str, Any]", parts: "Sequence[Mapping[str, Any]]") -> "list[Mapping[str, Any] | None]":
    """What was weighed of each part; None of one that was not measured."""
    asked = [(part["metric"], part["dataset"], part["where"]) for part in parts]
    known = {(one["metric"], one["dataset"], str(one["where"])): one for one in evidence["criteria"]}
    return [known.get((metric, dataset, str(where))) for metric, dataset, where in asked]
