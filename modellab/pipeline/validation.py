"""Checking a template's file: every problem at once, each with its line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from modellab.errors import LabError, TemplateError, TextRefused, UsageError
from modellab.names import nearest, unknown_name
from modellab.outside import YAML, compose_yaml, construct_yaml, read_text
from modellab.pipeline.parameters import names_at
from modellab.pipeline.system import helper_model, step_model, wrong_reads
from modellab.pipeline.template import NAME, NAME_RULE, TEMPLATES, TemplateFile, TemplateStep
from modellab.pipeline.user_templates import refuse_taken
from modellab.registry.registry import ModelRegistry
from modellab.steps.catalogue import get_step, steps_by_name
from modellab.steps.definition import StepDefinition

_Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a template's file."""

    line: int
    """From 1; of what is missing, the line of what it is missing from."""
    column: int
    """From 1."""
    where: str
    """Path of keys, such as `steps[2].parameters.beam_size`; empty for the file as a whole."""
    error: LabError

    def __str__(self) -> str:
        return f"{self.where}: {self.error}" if self.where else str(self.error)


def check_template(path: Path, registry: ModelRegistry, *, as_name: str | None = None) -> list[Problem]:
    """Everything that is wrong with a template's file, in order of lines; empty when it can be run.

    After a mistake in the YAML itself nothing more is known of the file, so that is then the only problem.

    Args:
        as_name: the name it is to have, in place of the one it says; otherwise its name must be its file's, and free.

    Raises:
        UsageError: the file can't be read.
    """
    try:
        text = read_text(path, YAML)
    except OSError as error:
        raise UsageError(f"template {path} can't be read: {error}", hint="Give a file or a pipeline's name.") from error
    except TextRefused as error:
        raise error.become(UsageError, "template ") from error
    try:
        root = compose_yaml(text, "it")
        check = _Check(path, registry, root, as_name)
        check.duplicate_keys(root, ())
        check.file(construct_yaml(root, "it"))
    except TextRefused as error:
        return [_not_yaml(error)]
    return sorted(check.problems, key=lambda problem: (problem.line, problem.column))


def _not_yaml(error: TextRefused) -> Problem:
    cause = error.__cause__
    if not isinstance(cause, yaml.MarkedYAMLError):  # a date such as 2026-99-99 has no place
        reason = error.what.removeprefix("it can't be read: ")
        return Problem(1, 1, "", TemplateError(reason, found=error.found, allowed=error.allowed, hint=error.hint))
    what = " ".join(part for part in (cause.context, cause.problem) if part)
    words = what if error.allowed else f"not YAML: {what}"
    mark = cause.problem_mark or cause.context_mark
    return Problem(*_position(mark), "", TemplateError(words, allowed=error.allowed, hint=cause.note))


class _Check:
    """One file under check: what was found so far."""

    def __init__(self, path: Path, registry: ModelRegistry, root: yaml.Node | None, as_name: str | None) -> None:
        self.path, self.registry, self.root = path, registry, root
        self.as_name = as_name
        self.pipeline = as_name or path.stem
        self.problems: list[Problem] = []
        self._looked_at: set[int] = set()

    def add(self, location: _Location, error: LabError) -> None:
        self.problems.append(Problem(*_position(_mark(self.root, location)), _path(location), error))

    def duplicate_keys(self, node: yaml.Node | None, location: _Location) -> None:
        """YAML's parser keeps the last of two equal keys and says nothing. An alias may lead back to itself."""
        if id(node) in self._looked_at:
            return
        self._looked_at.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.duplicate_keys(item, (*location, number))
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    where = (*location, name)
                    error = TemplateError(f"{name!r} is given twice", allowed="one value")
                    self.problems.append(Problem(*_position(key.start_mark), _path(where), error))
                seen.add(name)
                self.duplicate_keys(value, (*location, name))

    def file(self, content: Any) -> None:
        try:
            TemplateFile.model_validate(content)
        except ValidationError as error:
            self.invalid(error, (), TemplateFile)
        if not isinstance(content, dict):
            return
        self.name(content.get("name"))
        steps = content.get("steps")
        if isinstance(steps, list):
            self.steps(steps)

    def name(self, name: Any) -> None:
        if self.as_name is not None or not isinstance(name, str):
            return
        if not NAME.match(name):
            self.add(("name",), TemplateError(f"{name!r} can't be a pipeline's name", allowed=NAME_RULE))
        elif name != self.path.stem:
            self.add(("name",), TemplateError("the name is not the file's", found=name, allowed=self.path.stem))
        if self.path.resolve().parent != TEMPLATES:
            try:
                refuse_taken(name, self.registry)
            except LabError as error:
                self.add(("name",), error)

    def steps(self, steps: Sequence[Any]) -> None:
        """Steps whose name is mistyped count as the nearest one there is, so that one mistake is one problem."""
        names = [_step_name(step) for step in steps]
        for number, (step, name) in enumerate(zip(steps, names, strict=True)):
            location: _Location = ("steps", number)
            if not isinstance(step, dict) or not isinstance(written := step.get("step"), str):
                continue
            try:
                get_step(written)
            except LabError as error:
                self.add((*location, "step"), error)
                continue
            if name in names[:number]:
                first = _position(_mark(self.root, ("steps", names.index(name))))[0]
                self.add((*location, "step"), TemplateError(f"step {name!r} is there twice", found=f"line {first}"))
            self.model(location, step.get("model"), get_step(written))
            self.parameters(location, step.get("parameters", {}), get_step(written))
            before, after = (
                [get_step(name) for name in part if name] for part in (names[:number], names[number + 1 :])
            )
            for wrong in wrong_reads(self.pipeline, get_step(written), before, after):
                self.add((*location, "step"), wrong)

    def model(self, location: _Location, model: Any, definition: StepDefinition) -> None:
        if model is None or isinstance(model, str):
            try:
                step_model(self.pipeline, definition, model, self.registry)
            except LabError as error:
                self.add((*location, "model") if model else location, error)

    def parameters(self, location: _Location, parameters: Any, definition: StepDefinition) -> None:
        if isinstance(parameters, dict):
            try:
                valid = definition.parameters.model_validate(parameters)
            except ValidationError as error:
                kind = f"parameter of {definition.name}"
                self.invalid(error, (*location, "parameters"), definition.parameters, kind, parameters)
                return
            for helper in definition.helpers(valid).values():
                try:
                    helper_model(self.pipeline, definition, helper, self.registry)
                except LabError as error:
                    self.add((*location, "parameters", helper.parameter), error)

    def invalid(
        self,
        error: ValidationError,
        location: _Location,
        model: type[BaseModel],
        kind: str = "key",
        values: Any = None,
    ) -> None:
        """What pydantic found, in the lab's words where it names things."""
        for found in error.errors():
            inside = tuple(found["loc"])
            known = names_at(model, values, inside) or list(TemplateStep.model_fields if model is TemplateFile else ())
            self.add((*location, *inside), _worded(found, inside, kind, known))


def _worded(found: Any, inside: _Location, kind: str, known: Sequence[str]) -> LabError:
    if found["type"] == "extra_forbidden":
        if known:
            return unknown_name(kind if kind == "key" or len(inside) == 1 else "parameter", str(inside[-1]), known)
        return TemplateError(
            f"there is no parameter {inside[-1]!r} here",
            hint="See: modellab pipelines steps, modellab pipelines operators",
        )
    if found["type"] == "missing":
        return TemplateError(f"{inside[-1]!r} is missing")
    value = found["input"]
    if found["type"] == "model_type":
        hint = f"Write it as: step: {value}" if inside[:1] == ("steps",) and isinstance(value, str) else None
        return TemplateError("keys with values are expected here", found=repr(value), hint=hint)
    if cause := found.get("ctx", {}).get("error"):
        return cause.__cause__ if isinstance(cause.__cause__, LabError) else TemplateError(str(cause))
    hint = None
    if isinstance(value, bool) and not found["type"].startswith("bool"):
        hint = "YAML takes a bare no, off, yes or on for a truth value: put it in quotes."
    return TemplateError(found["msg"], found=repr(value), hint=hint)


def _step_name(step: Any) -> str | None:
    """The step that an entry means: the one it names, or the nearest to a name that is none."""
    name = step.get("step") if isinstance(step, dict) else None
    near = nearest(name, steps_by_name(), most=1) if isinstance(name, str) else []
    return near[0] if near else None


def _mark(root: yaml.Node | None, location: _Location) -> yaml.Mark | None:
    """Where a location begins: its key, or its entry in a list; the nearest thing around it when it is not there."""
    node = root
    mark: yaml.Mark | None = root.start_mark if root else None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = _entry(node, str(part))
            if found is None and (inner := _entry(node, "parameters")) and isinstance(inner[1], yaml.MappingNode):
                # An operator's errors name its parameters without the key they lie under.
                found = _entry(inner[1], str(part))
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
        else:
            break
    return mark


def _entry(node: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The last entry of that name: the one that counts."""
    return next(((key, value) for key, value in reversed(node.value) if key.value == name), None)


def _position(mark: yaml.Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _path(location: _Location) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")
