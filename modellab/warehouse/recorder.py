"""Writing down what happens: first the record, which is what counts, then the rows that follow from it, in the lake."""

import hashlib
import logging
import os
import platform
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic_core import to_jsonable_python

from modellab.artifacts.store import Artifact
from modellab.errors import LabError
from modellab.files import canonical_json
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import CheckRecord, Launch, RunIdentity, StepRecord
from modellab.pipeline.system import System
from modellab.processes import user_name
from modellab.registry.claims import CLAIMS, load_claims
from modellab.registry.config import ModelConfig
from modellab.registry.machine import Machine, known_machine
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.wall_clock import stamp
from modellab.warehouse.lake import Lake
from modellab.warehouse.liveness import ProcessMark
from modellab.warehouse.records import Kind, Record, RecordStore
from modellab.warehouse.rows import Row, Tables, rows_of_artifact, rows_of_record

_log = logging.getLogger(__name__)

_COPIED = (
    *("id", "name", "surfaces", "runtime", "package", "devices", "status", "ci", "licence", "sample_rate_hz"),
    *("memory_mib", "environment"),
)
"""Fields of a model's config that are columns of the table `models`."""

EndStatus = Literal["completed", "failed", "canceled", "interrupted"]


class Recorder:
    """Keeps what happens in a lab. Never touches the database, so any number of processes may record at once.

    When rows can't be written to the lake (a full disk, say) the record is still there, and the next build makes them.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._records = RecordStore(lab.records)
        self._lake = Lake(lab.lake)
        self._hosts_known: set[str] = set()
        self._holders = 0
        self._held: dict[str, dict[str, list[Row]]] = defaultdict(dict)
        self._lock = threading.Lock()

    @contextmanager
    def holding_rows(self) -> Iterator[None]:
        """Rows that are recorded while the block runs go to the lake together, when `write_held` is called and at the
        end, and not a file for each table and source: in a batch of short files that is much of the time.

        What a process that dies held is made again from the records by the next build, as whatever lacks its rows.
        """
        with self._lock:
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
            self.write_held()

    def write_held(self) -> None:
        """Write the rows that are held."""
        with self._lock:
            tables, self._held = self._held, defaultdict(dict)
        with self._saying_what_is_missing(f"{sum(map(len, tables.values()))} records"):
            self._lake.write_all(tables)

    @cached_property
    def _process(self) -> ProcessMark:
        return ProcessMark(self.lab)

    def step(self, record: StepRecord, artifact: Artifact | None) -> None:
        """One attempt at a step. The rows of a result that was there already are not written again."""
        entry = self._records.write(Record("steps", record.id, record.ended_at, asdict(record)))
        if record.machine is not None:
            self.host(known_machine(record.machine))
        if artifact is not None and not record.cached and record.reproduced is None:
            self._write_rows(artifact.fingerprint, lambda: rows_of_artifact(artifact, self.lab.home))
        if entry is not None:
            self._derive(entry)

    def checks(self, record: StepRecord, checks: Sequence[CheckRecord]) -> None:
        """What checks said about the result of one attempt at a step; call it once, and not without any."""
        content = {
            "step_id": record.id,
            "run": record.run,
            "dagster_run_id": record.dagster_run_id,
            "input": record.input,
            "system": record.system,
            "step": record.step,
            "fingerprint": record.fingerprint,
            "judged_at": stamp(),
            "checks": [_check_row(check) for check in checks],
        }
        self._write_once("checks", record.id, record.ended_at, content)

    def input(self, source: RegisteredInput) -> None:
        """A registered input; recording it again adds at most another name of it."""
        path = source.path.resolve()
        content = asdict(source)
        content["input"] = content.pop("key")
        if source.kind == "text":
            content |= dict.fromkeys(("duration_s", "sample_rate_hz", "channels"))
        content["path"] = str(path.relative_to(self.lab.home) if path.is_relative_to(self.lab.home) else path)
        names = {source.name, *content.pop("names")}
        self._write_once("inputs", source.key, source.registered_at, content)
        for name in sorted(names):
            identifier = f"{source.key}-{_digest(name)}"
            self._write_once("input_names", identifier, source.registered_at, {"input": source.key, "name": name})

    def drop(self, attempt: str, row: Row) -> None:
        """What came of a file in a watched folder; once for each attempt.

        Args:
            attempt: names it: letters, digits, _ and -.
            row: the columns of the table `drops`.
        """
        self._write_once("drops", attempt, str(row["ended_at"]), dict(row))

    def dataset(self, facts: Row, cases: Sequence[Row]) -> None:
        """A dataset as it is enrolled now, with its cases; written when it differs from how it was last recorded.

        Args:
            facts: columns of the table `datasets` that the manifest tells.
            cases: columns of the table `cases`, without the dataset's own, a row each.
        """
        self._snapshot("datasets", facts["dataset"], {"dataset": dict(facts), "cases": [dict(case) for case in cases]})

    def system(self, system: System) -> None:
        """A system as it is now; written when it differs from how it was last recorded."""
        steps = [
            {
                "step": step.name,
                "model": str(step.model) if step.model else None,
                "parameters": step.parameters.model_dump(mode="json"),
                "sources": dict(step.sources),
                "code_version": step.definition.code_version,
                **({"helpers": {role: str(ref) for role, ref in step.helpers.items()}} if step.helpers else {}),
            }
            for step in system.steps
        ]
        self._snapshot("systems", system.key, {"system": system.key, "template": system.template, "steps": steps})

    def models(self, registry: ModelRegistry) -> None:
        """The model folders as they are now, without broken ones, which the log names; written when one differs from
        how it was last recorded."""
        broken = registry.broken()
        for one in broken:
            _log.warning("of the models' folders this one is broken and left out: %s", one.error)
        unreadable = {one.file for one in broken}
        configs = list(registry.configs())
        folders = [registry.folder(config.id) for config in configs]
        content = {
            "models": [row for config in configs for row in _variant_rows(config)],
            "claims": [row for folder in folders if folder / CLAIMS not in unreadable for row in _claim_rows(folder)],
        }
        self._snapshot("models", "registry", content)

    def host(self, machine: Machine | None) -> None:
        """A machine, as far as numbers depend on it; written when no record of it is there. None: not known here."""
        if machine is None or machine.id in self._hosts_known:
            return
        self._snapshot("hosts", machine.id, {"machine": machine.id, **asdict(machine)})
        self._hosts_known.add(machine.id)

    def run_started(
        self, run: RunIdentity, source: RegisteredInput, system: System, launch: Launch | None = None
    ) -> None:
        """A run begins, in this process, for one input and one system.

        Args:
            launch: who or what asked for it; None when nobody did but this process itself.
        """
        self.input(source)
        self.system(system)
        self._run_begins(run, source.key, system.key, system.template, launch)

    def run_refused(
        self, dagster_run_id: str, error: str, source: str, system: str, launch: Launch | None = None
    ) -> None:
        """A run that can't be begun: its input or system does not exist, say.

        Args:
            source: key of the input that was asked for, empty when none was named; likewise `system`.
            launch: as in `run_started`.
        """
        run = RunIdentity(_digest(canonical_json({"input": source, "system": system})), dagster_run_id)
        self._run_begins(run, source, system, None, launch)
        self.run_ended(run, "failed", error)

    def _run_begins(
        self, run: RunIdentity, source: str, system: str, template: str | None, launch: Launch | None
    ) -> None:
        self._run_event(
            "started",
            run,
            input=source,
            system=system,
            template=template,
            host=platform.node(),
            pid=os.getpid(),
            process=self._process.name,
            user_name=user_name(),
            **(asdict(launch) if launch else {}),
        )

    def run_ended(self, run: RunIdentity, status: EndStatus, error: str | None = None) -> None:
        """A run is over, for its input and system."""
        self._run_event("ended", run, status=status, error=error)

    def _run_event(self, event: str, run: RunIdentity, **details: Any) -> None:
        now = stamp()
        content = {"event": event, "run": run.run, "dagster_run_id": run.dagster_run_id, "occurred_at": now, **details}
        self._write_once("runs", uuid.uuid4().hex, now, content)

    def baseline(self, identifier: str, at: str, content: dict[str, Any]) -> None:
        """What a system is held against from now on.

        Args:
            at: when that was decided, ISO 8601 in UTC.
            content: `state`, a `modellab.regression.state.State` as JSON has it, and `reason`.
        """
        self._write_once("baselines", identifier, at, {**content, "set_by": user_name()})

    def gate(self, identifier: str, at: str, content: dict[str, Any]) -> None:
        """What the regression gate said of a system on a dataset.

        Args:
            at: when it was judged, ISO 8601 in UTC.
            content: columns of the table `gates`, and `findings`: columns of `gate_findings`, a row each.
        """
        self._write_once("gates", identifier, at, content)

    def lifecycle_event(self, content: dict[str, Any]) -> str:
        """What somebody decided about a system, a model or a run; returns the event's id.

        Args:
            content: `event`, `subject_kind`, `subject`, `reason`, `evidence`, and of a system `use_case`,
                `system_before` and `system_after`: columns of the table `lifecycle_events`.
        """
        at, identifier = stamp(), uuid.uuid4().hex[:16]
        self._write_once("lifecycle_events", identifier, at, {**content, "decided_by": user_name(), "occurred_at": at})
        return identifier

    def verification(self, content: dict[str, Any]) -> None:
        """What came of examining a model.

        Args:
            content: columns of the table `verifications`.
        """
        self._write_once("verifications", uuid.uuid4().hex[:16], stamp(), content)

    def claim(self, content: dict[str, Any]) -> None:
        """What somebody read about a model.

        Args:
            content: columns of the table `recorded_claims`, without `recorded_by` and the time.
        """
        self._write_once("recorded_claims", uuid.uuid4().hex[:16], stamp(), {**content, "recorded_by": user_name()})

    def experiment(self, name: str, content: dict[str, Any]) -> None:
        """An experiment's definition, or that there is none any more; written when it differs from the last.

        Args:
            content: columns of the table `experiments`, without `set_by` and the time.
        """
        self._snapshot("experiments", name, {"experiment": name, **content, "set_by": user_name()})

    def sweep(self, identifier: str, at: str, content: dict[str, Any]) -> None:
        """What came of a sweep on a dataset.

        Args:
            at: when it was over, ISO 8601 in UTC.
            content: columns of the table `sweeps`, and `systems`: columns of `sweep_systems`, a row each.
        """
        self._write_once("sweeps", identifier, at, content)

    def _snapshot(self, kind: Kind, subject: str, content: dict[str, Any]) -> None:
        if written := self._records.write_if_changed(kind, _digest(subject), content, stamp()):
            self._derive(written)

    def _write_once(self, kind: Kind, identifier: str, recorded_at: str, content: dict[str, Any]) -> None:
        if written := self._records.write(Record(kind, identifier, recorded_at, content)):
            self._derive(written)

    def _derive(self, record: Record) -> None:
        self._write_rows(record.id, lambda: rows_of_record(record))

    def _write_rows(self, source: str, tables: Callable[[], Tables]) -> None:
        with self._saying_what_is_missing(source):
            made = tables()
            with self._lock:
                if self._holders:
                    for table, rows in made.items():
                        self._held[table][source] = rows
                    return
            for table, rows in made.items():
                self._lake.write(table, source, rows)

    @contextmanager
    def _saying_what_is_missing(self, sources: str) -> Iterator[None]:
        try:
            yield
        except (LabError, OSError, duckdb.Error) as error:
            _log.warning("the rows of %s are not in the lake yet; the next build makes them: %s", sources, error)


def _check_row(check: CheckRecord) -> dict[str, Any]:
    row = asdict(check)
    # What is odd in a check's figures must not keep its verdict from being recorded.
    row["metadata"] = to_jsonable_python(row["metadata"], inf_nan_mode="null", fallback=str)
    return {"check_name": row.pop("check"), **row}


def _variant_rows(config: ModelConfig) -> list[dict[str, Any]]:
    dump = config.model_dump(mode="json")
    shared = {column: dump[column] for column in _COPIED}
    return [
        {
            **shared,
            "model": f"{config.id}:{name}",
            "variant": name,
            "languages": variant.languages or config.languages,
            "gated": variant.gated,
            "is_default": name == config.default_variant,
            "size_mib": variant.size_mib,
        }
        for name, variant in config.variants.items()
    ]


def _claim_rows(folder: Path) -> list[dict[str, Any]]:
    if not (folder / CLAIMS).is_file():
        return []
    claims = [claim.model_dump(mode="json") for claim in load_claims(folder)]
    return [{"model_id": folder.name, "stated_in": claim.pop("source"), **claim} for claim in claims]


def _digest(text: str) -> str:
    """16 hex digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
