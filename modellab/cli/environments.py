"""`modellab models install`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.registry.environment_builder import Tell
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

_LONGEST_LINE = 60
"""Characters of what a program says that are shown while it works."""


def install(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Models that run in an environment of their own, by their ids.",
            autocompletion=completion.environments,
            show_default=False,
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Build it anew, also where it is there.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove environments instead, also those of models that are gone.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build the environments of models whose packages clash with the lab's, or remove them.

    Exit code 0 when all are there, or were removed, 1 otherwise.

    [bold]Examples[/bold]

    $ modellab models install deepfilternet_official
    $ modellab models install --remove deepfilternet_official
    """
    from modellab.cli.console import marked, print_json, print_line, stderr, stdout
    from modellab.errors import EnvironmentFailed, Interrupted, UsageError
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    if force and remove:
        raise UsageError("--force builds environments and --remove removes them", hint="Give one of them.")
    lab, registry = Lab.from_environment(), ModelRegistry()
    models = list(dict.fromkeys(models))
    _check(models, lab, registry, remove=remove)
    done: list[dict[str, Any]] = []
    for model in models:
        try:
            document = _removed(lab, model) if remove else _installed(lab, registry, model, force=force)
        except KeyboardInterrupt:
            raise Interrupted({"environments": done}) from None
        except EnvironmentFailed as error:
            if len(models) == 1:
                raise
            document = {"model": model, "status": "failed", "error": str(error)}
            if not as_json:
                print_line(stderr(), marked("✗", "red", error.told()))
        else:
            if not as_json:
                print_line(stdout(), marked("✓", "green", _sentence(document)))
        done.append(_EMPTY | document)
    if as_json:
        print_json({"environments": done})
    if any(document["status"] == "failed" for document in done):
        raise typer.Exit(1)


_EMPTY = dict.fromkeys(("model", "status", "path", "built_at", "seconds", "size_bytes", "packages", "error"))


def _check(models: Sequence[str], lab: "Lab", registry: "ModelRegistry", *, remove: bool) -> None:
    """Nothing is begun where a name means nothing."""
    from modellab.names import one_of
    from modellab.registry.environment_builder import require_own
    from modellab.registry.environments import Environments

    for model in models:
        if remove:
            one_of("environment of a model", model, Environments(lab.environments).ids())
        else:
            require_own(registry.get(model))


def _installed(lab: "Lab", registry: "ModelRegistry", model: str, *, force: bool) -> dict[str, Any]:
    from modellab.registry.environment_builder import install as build
    from modellab.registry.environment_builder import size_bytes

    with _telling(model) as tell:
        found = build(lab, registry.get(model), registry.folder(model), tell, force=force)
    return {
        "model": model,
        "status": "built" if found.new else "present",
        "path": found.environment.folder,
        "built_at": found.environment.built_at,
        "seconds": round(found.seconds, 1),
        "size_bytes": size_bytes(found.environment.folder),
        "packages": found.environment.versions(),
    }


def _removed(lab: "Lab", model: str) -> dict[str, Any]:
    from modellab.registry.environment_builder import remove

    return {"model": model, "status": "removed", "path": remove(lab, model)}


def _sentence(document: dict[str, Any]) -> str:
    from modellab.units import plural, size

    model, path = document["model"], document["path"]
    if document["status"] == "removed":
        return f"{model}: {path} is removed"
    holds = f"{plural(len(document['packages']), 'package')}, {size(document['size_bytes'])}, in {path}"
    if document["status"] == "present":
        return f"{model}: its environment is there already: {holds}"
    return f"{model}: {holds}, built in {document['seconds']:.0f} s"


@contextmanager
def _telling(model: str) -> "Iterator[Tell]":
    """On a terminal what is being done and said, in place; elsewhere a line for each stage."""
    from rich.text import Text

    from modellab.cli.console import print_line, stderr

    console = stderr()
    if console.is_terminal:
        with console.status(Text(model)) as status:
            yield lambda stage, line: status.update(Text(f"{model}: {stage}  {line[:_LONGEST_LINE]}"))
        return
    yield _lines(lambda stage: print_line(console, f"{model}: {stage}"))


def _lines(say: Callable[[str], None]) -> "Tell":
    said: list[str] = []

    def tell(stage: str, _line: str) -> None:
        if stage not in said:
            said.append(stage)
            say(stage)

    return tell
