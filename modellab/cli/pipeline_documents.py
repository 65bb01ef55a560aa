"""Pipelines, steps and what is wrong with them, as the JSON documents that docs/cli.md describes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from modellab.pipeline.parameters import describe_parameters
from modellab.pipeline.readiness import Readiness
from modellab.pipeline.system import System, SystemStep
from modellab.pipeline.template import Template
from modellab.pipeline.validation import Problem
from modellab.registry.registry import ModelRegistry
from modellab.steps.catalogue import can_fill
from modellab.steps.definition import StepDefinition
from modellab.steps.outside import INPUT


def template_document(template: Template) -> dict[str, Any]:
    """A pipeline as its file has it."""
    return {
        "name": template.name,
        "description": template.description,
        "shipped": template.shipped,
        "file": template.path,
        "steps": [step.model_dump(mode="json") for step in template.steps],
    }


def system_document(system: System) -> dict[str, Any]:
    """A pipeline with every slot filled."""
    steps = [_filled_step(step) for step in system.steps]
    return {"system": system.key, "template": system.template, "steps": steps}


def resolved_document(system: System, ready: Mapping[str, Readiness]) -> dict[str, Any]:
    """A pipeline with every slot filled, and how each step would run here."""
    steps = [{**_filled_step(step), "reads": sources(step), **asdict(ready[step.name])} for step in system.steps]
    runs_here = not any(here.missing for here in ready.values())
    return {"system": system.key, "template": system.template, "runs_here": runs_here, "steps": steps}


def sources(step: SystemStep) -> dict[str, str | None]:
    """Role -> where it comes from; None for an optional one that nothing gives."""
    outside: dict[str, str | None] = {one.role: one.what for one in step.definition.outside}
    return outside | {read.role: step.sources.get(read.role) for read in step.definition.reads}


def step_document(step: StepDefinition, registry: ModelRegistry) -> dict[str, Any]:
    """A step there is, with the models that can run it."""
    return {
        "step": step.name,
        "description": step.description,
        "code_version": step.code_version,
        "reads_recording": INPUT in step.outside,
        "reads_outside": {one.role: one.what for one in step.outside},
        "reads": [{**asdict(read), "candidates": can_fill(read, step)} for read in step.reads],
        "gives": step.gives,
        "surface": step.surface,
        "model_surface": step.model_surface,
        "model_required": step.surface is not None and step.model_required,
        "models": registry.select(surface=step.model_surface) if step.model_surface else [],
        **parameters_document(step.parameters),
    }


def parameters_document(model: type[BaseModel]) -> dict[str, Any]:
    """Parameters as a list to read, and as the JSON Schema they come from."""
    return {"parameters": describe_parameters(model), "schema": model.model_json_schema()}


def problem_documents(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """What is wrong with a file."""
    return [
        {
            "line": problem.line,
            "column": problem.column,
            "where": problem.where,
            "message": str(problem.error),
            "what": problem.error.what,
            "found": problem.error.found,
            "allowed": problem.error.allowed,
            "hint": problem.error.hint,
        }
        for problem in problems
    ]


def _filled_step(step: SystemStep) -> dict[str, Any]:
    return {
        "step": step.name,
        "description": step.definition.description,
        "code_version": step.definition.code_version,
        "model": str(step.model) if step.model else None,
        "parameters": step.parameters.model_dump(mode="json"),
        "reads": step.sources,
        "helpers": {role: str(ref) for role, ref in step.helpers.items()},
    }
