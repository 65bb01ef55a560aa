"""Parts of a candidate's score, as `field_document` has them, for people."""

from collections.abc import Mapping
from typing import Any

from modellab.evaluation.use_cases import SPEED

_ANY_SPEED = 1e4
"""Times real time: from here on an interval's end says that the recordings set none."""


def part_name(part: Mapping[str, Any], versions: Mapping[str, str] | None = None) -> str:
    """`wer of calls 1 where channel=telephone`; the version where it is known."""
    where = ", ".join(f"{tag}={value}" for tag, value in part["where"].items())
    version = f" {versions[part['dataset']]}" if versions else ""
    return f"{part['metric']} of {part['dataset']}{version}" + (f" where {where}" if where else "")


def part_figure(part: Mapping[str, Any], name: str = "value") -> str:
    """`0.153`; of speed `12.0x`; a dash where it was not measured."""
    if part[name] is None:
        return "-"
    if part["metric"] != SPEED:
        return f"{part[name]:.3f}"
    return f"{part[name]:.1f}x" if part[name] < _ANY_SPEED else "any"


def part_interval(part: Mapping[str, Any]) -> str:
    """`0.120 to 0.190`; a dash where the recordings set none."""
    return "-" if part["low"] is None else f"{part_figure(part, 'low')} to {part_figure(part, 'high')}"
