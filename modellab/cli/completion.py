"""What the shell offers when someone presses Tab: pipelines, models, datasets, steps, settings, runs and recordings.

Each press starts the program anew, so nothing heavy is imported (no step, unless its parameters are asked for), nothing
is built or written, and whatever goes wrong offers nothing and says nothing.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import typer

_ASKED = "_MODELLAB_COMPLETE"
"""Set by the shell's script, as Typer writes it."""
_MOST = 50
"""The newest runs and inputs that are offered."""
_BREAKS = re.compile(r"[:=]+")
"""Where bash divides words besides at white space."""

Offer = str | tuple[str, str]
"""A value, or a value with a remark, which some shells show beside it."""
Where = ParamSpec("Where")


def is_asked() -> bool:
    """Whether a shell asks what to offer, or for the script that makes it ask."""
    return bool(os.environ.get(_ASKED))


def answer(run: Callable[[], object]) -> int:
    """Answer the shell.

    Args:
        run: the command line, which answers by itself and then exits; but it does not know how bash divides words.
    """
    if os.environ[_ASKED] != "complete_bash":
        return _exit_code(run)
    given = os.environ.get("COMP_WORDS", "").split("\n")
    words, place = joined_words(given, int(os.environ.get("COMP_CWORD", len(given) - 1)))
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(words), str(place)
    word = words[place] if place < len(words) else ""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = _exit_code(run)
    # Bash puts what is offered in place of what follows the last break.
    known = word[: max(word.rfind(mark) for mark in ":=") + 1]
    for line in printed.getvalue().splitlines():
        sys.stdout.write(line.removeprefix(known) + "\n")
    return code


def joined_words(words: list[str], place: int) -> tuple[list[str], int]:
    """Words as they were typed, from those that bash divides at `:` and `=`; and the place of the one at the cursor."""
    joined: list[str] = []
    at, open_end = 0, False
    for number, word in enumerate(words):
        is_break = bool(_BREAKS.fullmatch(word))
        if joined and number and (is_break or open_end) and len(joined) > 1:
            joined[-1] += word
        else:
            joined.append(word)
        open_end = is_break
        if number == place:
            at = len(joined) - 1
    return joined, at if place < len(words) else len(joined)


def _exit_code(run: Callable[[], object]) -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _quietly(offer: Callable[Where, Iterable[Offer]]) -> Callable[Where, list[Offer]]:
    @wraps(offer)
    def offered(*args: Where.args, **kwargs: Where.kwargs) -> list[Offer]:
        try:
            return list(offer(*args, **kwargs))
        except Exception:  # a message would land in the middle of what is being typed
            return []

    return offered


@_quietly
def pipelines() -> Iterator[Offer]:
    """Pipelines, shipped and one's own, then models, which are pipelines too."""
    from modellab.surfaces.of_texts import TEXT_SURFACES

    for path in _templates():
        yield path.stem
    for name, config in _configs():
        surfaces = [surface for surface in config.get("surfaces", ()) if surface not in TEXT_SURFACES]
        if surfaces:
            yield from _with_variants(name, config)
        if len(surfaces) > 1:
            yield from (f"{name}:{one}@{surface}" for one in config.get("variants", ()) for surface in surfaces)


@_quietly
def measured_systems() -> Iterator[Offer]:
    """Systems that have scores."""
    sql = """
        SELECT system, count(DISTINCT input) || ' recordings scored' FROM counted_steps
        WHERE fingerprint IN (SELECT fingerprint FROM scores) GROUP BY system ORDER BY system LIMIT ?
    """
    yield from _query(sql)


@_quietly
def own_pipelines() -> Iterator[Offer]:
    """The user's own pipelines."""
    for path in _own_templates():
        yield path.stem


@_quietly
def models() -> Iterator[Offer]:
    """Models, and each with each of its variants."""
    yield from _models_with(None)


@_quietly
def model_ids() -> Iterator[Offer]:
    """Models without their variants."""
    for name, config in _configs():
        yield name, str(config.get("name", ""))


@_quietly
def environments() -> Iterator[Offer]:
    """Models with an environment of their own, and those of which one is left."""
    from modellab.settings import Lab

    own = [name for name, config in _configs() if config.get("environment") == "own"]
    left = sorted(path.parent.name for path in Lab.from_environment().environments.glob("*/environment.json"))
    yield from dict.fromkeys([*own, *left])


@_quietly
def steps() -> Iterator[Offer]:
    """Steps that pipelines have."""
    yield from _steps(None)


@_quietly
def settings(ctx: typer.Context, incomplete: str) -> Iterator[Offer]:
    """What `--set` takes: `step=model` and `step.parameter=value`, of the pipeline's steps where it is known."""
    slot, given, _ = incomplete.partition("=")
    step, dotted, parameter = slot.partition(".")
    surfaces = {surface for _, config in _configs() for surface in config.get("surfaces", ())}
    if not dotted and not given:
        for name in _steps(ctx.params.get("pipeline") or ctx.params.get("source")):
            if name in surfaces:
                yield f"{name}=", "another model"
            yield f"{name}.", "a parameter"
    elif not dotted:
        yield from (f"{step}={model}" for model in _models_with(step if step in surfaces else _surface(step)))
    else:
        yield from _parameters(step, parameter if given else None)


@_quietly
def runs() -> Iterator[Offer]:
    """`latest`, and the newest runs."""
    yield "latest", "the newest run"
    sql = """
        SELECT run, coalesce(any_value(inputs.name), '') || ', ' || any_value(system)
        FROM runs LEFT JOIN inputs USING (input)
        WHERE event = 'started' GROUP BY run ORDER BY max(sequence) DESC NULLS LAST, max(occurred_at) DESC LIMIT ?
    """
    yield from _query(sql)


@_quietly
def inputs() -> Iterator[Offer]:
    """Names and keys of the newest recordings."""
    newest = list(_query("SELECT name, input FROM inputs ORDER BY registered_at DESC LIMIT ?"))
    yield from newest
    yield from ((key, name) for name, key in newest)


@_quietly
def datasets() -> Iterator[Offer]:
    """Datasets, shipped and one's own; a manifest's place tells its id."""
    from modellab.settings import PROJECT_ROOT, Lab

    for root in (PROJECT_ROOT / "datasets", Lab.from_environment().datasets):
        yield from sorted(
            {*(path.stem for path in root.glob("*.yaml")), *(path.parent.name for path in root.glob("*/dataset.yaml"))}
        )


@_quietly
def experiments() -> Iterator[Offer]:
    """Experiments, with their questions."""
    yield from _query("SELECT experiment, coalesce(question, '') FROM current_experiments ORDER BY experiment LIMIT ?")


@_quietly
def use_cases() -> Iterator[Offer]:
    """Use cases, shipped and one's own."""
    from modellab.settings import PROJECT_ROOT, Lab

    for root in (PROJECT_ROOT / "use-cases", Lab.from_environment().use_cases):
        yield from sorted(path.stem for path in root.glob("*.yaml"))


@_quietly
def inboxes() -> Iterator[Offer]:
    """Watched folders."""
    from modellab.drops.inboxes import inboxes_of
    from modellab.settings import Lab

    yield from inboxes_of(Lab.from_environment()).names


@_quietly
def alert_channels() -> Iterator[Offer]:
    """Channels by which alerts go out."""
    from modellab.alerts.settings import alert_settings
    from modellab.settings import Lab

    if settings := alert_settings(Lab.from_environment()):
        yield from settings.names


@_quietly
def alert_topics() -> Iterator[Offer]:
    """What alerts are about."""
    from modellab.alerts.alert import TOPICS

    yield from TOPICS


@_quietly
def tasks() -> Iterator[Offer]:
    """What datasets can be for."""
    from modellab.datasets.manifest import TASKS

    yield from TASKS


@_quietly
def dataset_formats() -> Iterator[Offer]:
    """Layouts in which folders are imported as datasets."""
    yield from ("beside", "transcripts", "nemo", "kaldi", "lhotse", "librispeech", "ami", "voxconverse")
    yield from ("common_voice", "audiofolder", "esc50", "musdb", "pairs")


@_quietly
def input_kinds() -> Iterator[Offer]:
    """What inputs can be."""
    yield from ("media", "text")


@_quietly
def statuses() -> Iterator[Offer]:
    """How runs can stand."""
    yield from ("completed", "failed", "canceled", "interrupted", "running")


@_quietly
def transcript_formats() -> Iterator[Offer]:
    """What transcripts are printed as."""
    yield from ("txt", "srt", "vtt", "json", "md", "rttm", "ctm", "stm", "seglst")


def of_models(key: str) -> Callable[[], list[Offer]]:
    """What the models' configs have under a key, such as `surfaces` or `runtime`."""

    @_quietly
    def values() -> Iterator[Offer]:
        found = (config.get(key) or () for _, config in _configs())
        yield from sorted({one for value in found for one in ([value] if isinstance(value, str) else value)})

    return values


def _templates() -> list[Path]:
    from modellab.settings import PROJECT_ROOT

    return [*sorted((PROJECT_ROOT / "pipelines").glob("*.yaml")), *_own_templates()]


def _own_templates() -> list[Path]:
    from modellab.settings import Lab

    return sorted(Lab.from_environment().pipelines.glob("*.yaml"))


def _configs() -> Iterator[tuple[str, dict[str, Any]]]:
    from modellab.registry.places import CONFIG, model_places, places
    from modellab.settings import Lab

    for name, (place, *_) in model_places(places(Lab.from_environment().settings.models)[0]).items():
        if (config := _mapping(place.folder / name / CONFIG)) is not None:
            yield name, config


def _mapping(path: Path) -> dict[str, Any] | None:
    """What a YAML file holds; None where it can't be read, or is no mapping: one broken file hides no other."""
    from modellab.errors import TextRefused
    from modellab.outside import read_yaml

    try:
        content = read_yaml(path)
    except (TextRefused, OSError):
        return None
    return content if isinstance(content, dict) else None


def _models_with(surface: str | None) -> Iterator[str]:
    for name, config in _configs():
        if surface is None or surface in config.get("surfaces", ()):
            yield from _with_variants(name, config)


def _with_variants(name: str, config: dict[str, Any]) -> Iterator[str]:
    yield name
    yield from (f"{name}:{variant}" for variant in config.get("variants", ()))


def _steps(pipeline: object) -> list[str]:
    """Steps of the pipelines of a name, or of all where there is none of that name."""
    named = [path for path in _templates() if path.stem == pipeline]
    steps = (_listed((_mapping(path) or {}).get("steps")) for path in named or _templates())
    return list(dict.fromkeys(name for listed in steps for step in listed if isinstance(name := step.get("step"), str)))


def _listed(content: object) -> list[dict[str, Any]]:
    """The mappings of a list, of what somebody may be in the middle of writing."""
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _surface(step: str) -> str | None:
    from modellab.steps.catalogue import get_step

    return get_step(step).model_surface or "no such surface"


def _parameters(step: str, chosen: str | None) -> Iterator[Offer]:
    """`step.parameter=` for each, or the values of the chosen one where they can be listed."""
    from modellab.pipeline.parameters import describe_parameters
    from modellab.steps.catalogue import get_step

    definition = get_step(step)
    for parameter in describe_parameters(definition.parameters):
        if chosen is None:
            yield f"{step}.{parameter.name}=", parameter.description
        elif parameter.name == chosen:
            schema = definition.parameters.model_json_schema()["properties"][chosen]
            choices = [one for part in (schema, *schema.get("anyOf", ())) for one in _choices(part)]
            yield from (f"{step}.{chosen}={choice}" for choice in choices)


def _choices(schema: dict[str, Any]) -> list[str]:
    if schema.get("type") == "boolean":
        return ["true", "false"]
    return [str(one) for one in schema.get("enum", [schema["const"]] if "const" in schema else [])]


def _query(sql: str) -> list[tuple[str, str]]:
    """Rows of the database as it is; none where there is no database yet."""
    from modellab.settings import Lab
    from modellab.warehouse.connection import attach, memory_connection

    database = Lab.from_environment().database
    if not database.is_file():
        return []
    with memory_connection() as connection:
        attach(connection, database, read_only=True)
        rows: list[tuple[str, str]] = connection.execute(sql, [_MOST]).fetchall()
        return rows
