"""From records and artifacts to rows. The same functions serve when something happens and when all is rebuilt."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from modellab.artifacts.pruned import Pruned
from modellab.artifacts.store import Artifact
from modellab.steps.catalogue import definitions
from modellab.warehouse.records import KINDS, Kind, Record
from modellab.warehouse.schema import columns_by_table

Row = Mapping[str, Any]
Tables = dict[str, list[Row]]
"""Table -> rows. The last table is the marker of the source: it always has a row, written after all others."""

MARKER_BY_KIND: Mapping[Kind, str] = {kind: kind for kind in KINDS}
"""Kind of record -> the table that always has a row of it: the one of its name."""

ARTIFACT_MARKER = "artifacts"
"""The table that always has a row of an artifact."""

PRUNED_MARKER = "pruned"
"""The table that always has a row of a pruned result."""

MARKERS = frozenset({*MARKER_BY_KIND.values(), ARTIFACT_MARKER, PRUNED_MARKER})
"""Tables that tell whether a source's rows are all there: written last, deleted first."""


def rows_of_record(record: Record) -> Tables:
    """The rows that follow from a record.

    Raises:
        KeyError: the record lacks a field.
    """
    if several := _OF_SEVERAL_TABLES.get(record.kind):
        return several(record)
    row = {**record.content, **_of_record(record)}
    if record.kind == "inputs":
        row = {"kind": "media", **row}  # inputs of labs from before there were texts do not say what they are
    if record.kind == "steps":
        row |= _of_definition(row["step"], row["model"], row.get("place"))
    return {MARKER_BY_KIND[record.kind]: [row]}


def _of_record(record: Record) -> Row:
    """What the record's own fields give, where its table has a column for it."""
    columns = columns_by_table()[MARKER_BY_KIND[record.kind]]
    values = {"recorded_at": record.recorded_at, "sequence": record.sequence}
    return {column: value for column, value in values.items() if column in columns}


def _of_definition(step: str, model: str | None, place: int | None) -> Row:
    """What this version knows of a step; nothing of one that it lacks."""
    definition = definitions().get(step)
    if definition is None:
        return {"surface": None, "gives": None}
    in_order = list(definitions()).index(step)
    return {
        "surface": _surface(step, model),
        "gives": list(definition.gives),
        "place": in_order if place is None else place,
    }


def _surface(step: str, model: str | None) -> str | None:
    """What a step's results are evidence of; None for a step without a model, or that this version lacks."""
    definition = definitions().get(step)
    return definition.surface if definition and model else None


def _registry_rows(record: Record) -> Tables:
    at = {"recorded_at": record.recorded_at}
    return {
        "claims": [{**claim, **at} for claim in record.content["claims"]],
        "models": [{**variant, **at} for variant in record.content["models"]],
    }


def _dataset_rows(record: Record) -> Tables:
    facts, cases = record.content["dataset"], record.content["cases"]
    of = {"dataset": facts["dataset"], "version": facts["version"], "recorded_at": record.recorded_at}
    return {"cases": [{**case, **of} for case in cases], "datasets": [{**facts, "cases": len(cases), **of}]}


def _baseline_rows(record: Record) -> Tables:
    state = record.content["state"]
    of = {"baseline": record.id, "dataset": state["dataset"], "system": state["system"]}
    figures: list[Row] = [
        {
            **of,
            **figure["measure"],
            **{
                name: value
                for name, value in figure.items()
                if name not in ("measure", "cluster", "tags", "components")
            },
        }
        for figure in state["figures"]
    ]
    row = {
        **of,
        "version": state["version"],
        "cases": len({figure["case_id"] for figure in figures}),
        "set_by": record.content["set_by"],
        "reason": record.content["reason"],
        **_of_record(record),
    }
    return {"baseline_figures": figures, "baselines": [row]}


def _gate_rows(record: Record) -> Tables:
    content = {name: value for name, value in record.content.items() if name != "findings"}
    findings: list[Row] = [{"gate": record.id, **finding} for finding in record.content["findings"]]
    return {"gate_findings": findings, "gates": [{"gate": record.id, **content, **_of_record(record)}]}


def _sweep_rows(record: Record) -> Tables:
    content = {name: value for name, value in record.content.items() if name != "systems"}
    of = {"sweep": content["sweep"], "dataset": content["dataset"]}
    systems: list[Row] = [{**of, **system} for system in record.content["systems"]]
    return {"sweep_systems": systems, "sweeps": [{**content, **_of_record(record)}]}


def _check_rows(record: Record) -> Tables:
    shared = {name: value for name, value in record.content.items() if name != "checks"}
    return {"checks": [{**shared, **check, **_of_record(record)} for check in record.content["checks"]]}


_OF_SEVERAL_TABLES: Mapping[Kind, Callable[[Record], Tables]] = {
    "models": _registry_rows,
    "datasets": _dataset_rows,
    "checks": _check_rows,
    "baselines": _baseline_rows,
    "gates": _gate_rows,
    "sweeps": _sweep_rows,
}
"""Kinds of record that are more than one row."""


def rows_of_artifact(artifact: Artifact, home: Path) -> Tables:
    """The rows that follow from an artifact: those of its step (if this version has that step), then its own.

    A row of the step belongs to the artifact, unless it names another result itself, as a score does.

    Args:
        home: the lab's home, which paths are relative to.

    Raises:
        LabError: a file of the artifact is missing or not valid.
        KeyError: the manifest lacks a field.
    """
    definition = definitions().get(artifact.step)
    derived: Mapping[str, Iterable[Row]] = definition.tables(artifact) if definition else {}
    with_fingerprint = {
        table: [
            {"fingerprint": artifact.fingerprint, **row} if "fingerprint" in columns_by_table().get(table, ()) else row
            for row in rows
        ]
        for table, rows in derived.items()
    }
    return {**with_fingerprint, ARTIFACT_MARKER: [_artifact_row(artifact, home)]}


def rows_of_pruned(kept: Pruned, *, whole: bool) -> Tables:
    """The rows of a pruned result.

    Args:
        whole: those that the result itself gave; else the one that says what became of it.
    """
    if whole:
        columns = columns_by_table()
        # As they were written down; what this version's tables have no place for is left out.
        return {
            table: [{name: value for name, value in row.items() if name in columns[table]} for row in rows]
            for table, rows in kept.tables.items()
            if table in columns
        }
    row = {"fingerprint": kept.fingerprint, "step": kept.step, "bytes": kept.bytes, "pruned_at": kept.pruned_at}
    return {PRUNED_MARKER: [{**row, "pruned_by": kept.pruned_by, "reason": kept.reason}]}


def _artifact_row(artifact: Artifact, home: Path) -> Row:
    manifest = artifact.manifest
    identity, made, files = manifest["identity"], manifest["made"], manifest["files"]
    model = identity["model"] or {}
    name = f"{model['id']}:{model['variant']}" if model else None
    return {
        "fingerprint": artifact.fingerprint,
        "content_sha256": artifact.content_sha256,
        "step": artifact.step,
        "surface": _surface(artifact.step, name),
        "code_version": identity["code_version"],
        "input": made.get("input"),
        "run": made.get("run"),
        "dagster_run_id": made.get("dagster_run_id"),
        "model": name,
        "weights_sha256": model.get("weights_sha256"),
        "runtime": model.get("runtime"),
        "runtime_version": model.get("runtime_version"),
        "device": model.get("device"),
        "compute_type": model.get("compute_type"),
        "machine": made.get("machine"),
        "parameters": identity["parameters"],
        "reads": identity["reads"],
        "helpers": identity.get("helpers"),  # not in what earlier versions made
        "summary": artifact.summary,
        "files": len(files),
        "bytes": sum(file["bytes"] for file in files.values()),
        "path": str(artifact.path.relative_to(home)),
        "modellab_version": made.get("modellab"),
        "made_at": made["at"],
    }
