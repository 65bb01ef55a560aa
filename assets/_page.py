"""What the UI shows of a result: Markdown, and the figures every step has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from modellab.units import clock
from resources.engine import StepResult


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; cells may hold any text."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def duration(time_s: float) -> str:
    """A span of time with the unit that reads best."""
    if time_s < 1:
        return f"{time_s * 1000:.0f} ms"
    return f"{time_s:.2f} s" if time_s < 60 else clock(time_s, 1)


def share(part: float, whole: float) -> str:
    """A percentage; a dash of nothing."""
    return f"{part / whole:.0%}" if whole else "-"


def level(decibels: float | None, unit: str) -> str:
    """A level with its unit; a dash for silence."""
    return "-" if decibels is None else f"{decibels:.1f} {unit}"


def step_page(result: StepResult, page: Mapping[str, Any]) -> dict[str, Any]:
    """A step's own page, then what every step shows: the input, the models, timings, and where the result lies."""
    record = result.record
    common: dict[str, Any] = {
        "input": f"{result.source.name} ({result.source.extent})",
        "timings": dg.MetadataValue.md(_timings(result)),
        "cached": record.cached,
        "artifact": dg.MetadataValue.md(_folder(str(record.artifact))),
    }
    if record.model:
        common["model"] = record.model
    if record.helpers:
        common["helpers"] = ", ".join(f"{helper.model} ({helper.role})" for helper in record.helpers)
    if not record.cached:
        common["seconds"] = round(record.total_s, 4)
        if record.inference_s > 0:
            # A number, so that the UI plots it over the partitions; never given for a result from the cache.
            common["speed"] = round(record.audio_s / record.inference_s, 2)
        if record.peak_memory_mib:
            common["peak_memory_mib"] = round(record.peak_memory_mib, 1)
    if record.reproduced is not None:
        common["reproduced"] = record.reproduced
    return {**page, **common}


def _folder(path: str) -> str:
    """A folder of the lab, its name in two halves: on one line it would be cut off in a window of 1,400 pixels."""
    parent, _, name = path.rpartition("/")
    half = (len(name) + 1) // 2
    return f"`{parent}/`  \n`{name[:half]}`  \n`{name[half:]}`"


def _timings(result: StepResult) -> str:
    record = result.record
    if record.cached:
        made = result.artifact.manifest["made"]
        return f"Found in the cache in {duration(record.total_s)}; made {made['at'][:16].replace('T', ' ')} UTC."
    rows = [
        ["loading the model", duration(record.load_s), share(record.load_s, record.total_s)],
        ["inference", duration(record.inference_s), share(record.inference_s, record.total_s)],
        ["other (reading, writing)", duration(record.other_s), share(record.other_s, record.total_s)],
        ["**total**", f"**{duration(record.total_s)}**", ""],
    ]
    text = table(["", "time", "share"], rows if record.inference_s else rows[2:])
    if record.inference_s > 0:
        text += f"\n\n{record.audio_s / record.inference_s:.1f} x real time"
        text += f" on {record.device}" if record.device else ""
        text += f", {record.compute_type}, {record.threads} threads" if record.threads else ""
        text += f", batches of {record.batch_size}" if record.batch_size else ""
    if gone := [one.model for one in record.evictions]:
        text += f"\n\nFrom memory went: {', '.join(gone)} (`model_evictions` says why)"
    return text
