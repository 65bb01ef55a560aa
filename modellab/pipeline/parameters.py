"""What the parameters of steps and operators are, in words, from their JSON Schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from modellab.media.operators import OPERATORS

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "none"}
_OPERATOR_KEYS = ["name", "parameters"]
_LIMITS = (("minimum", "≥ "), ("exclusiveMinimum", "> "), ("maximum", "≤ "), ("exclusiveMaximum", "< "))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    name: str
    type: str
    required: bool
    default: Any
    """Value when it is not given; means nothing when it is required."""
    allowed: str
    """Values it may have beyond its type; empty when the type says it all."""
    description: str


def describe_parameters(model: type[BaseModel]) -> list[Parameter]:
    """The parameters of a step or operator, in order."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    required = schema.get("required", ())
    return [
        Parameter(
            name=name,
            type=_type(field, definitions),
            required=name in required,
            default=field.get("default"),
            allowed=_allowed(field),
            description=field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def names_at(model: type[BaseModel], values: Any, location: Sequence[str | int]) -> list[str]:
    """The names that are allowed where an unknown one was found; none where that is not known.

    Args:
        model: what the values were to be.
        location: the path to the unknown name, as pydantic gives it.
    """
    if len(location) == 1:
        return list(model.model_fields)
    match values, location:
        case Mapping(), (str(key), int(number), str(name)):
            calls = values.get(key)
            call = calls[number] if isinstance(calls, Sequence) and number < len(calls) else None
            if isinstance(call, Mapping) and call.get("name") in OPERATORS:
                # An operator's errors name its parameters without the key they lie under.
                return _OPERATOR_KEYS if name in call else list(OPERATORS[call["name"]].parameters.model_fields)
    return []


def _type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return _type(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        return " or ".join(_type(choice, definitions) for choice in field["anyOf"])
    kind = str(field.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    if kind == "object":
        return f"{{{', '.join(field.get('properties', {}))}}}"
    return _TYPES.get(kind, kind)


def _allowed(field: Mapping[str, Any]) -> str:
    parts = [part for choice in field.get("anyOf", ()) if (part := _allowed(choice))]
    if "enum" in field:
        parts.append(", ".join(map(str, field["enum"])))
    if "const" in field:
        parts.append(str(field["const"]))
    if limits := [f"{sign}{field[key]:g}" for key, sign in _LIMITS if key in field]:
        parts.append(" and ".join(limits))
    if "pattern" in field:
        parts.append(f"like {field['pattern']}")
    return " or ".join(parts)
