"""What the warehouse's tests share: a recorder, artifacts, rows made by hand, and the whole content of a database."""

import hashlib
import importlib.util
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from modellab.search import index
from modellab.settings import Lab
from modellab.steps.catalogue import steps_by_name
from modellab.warehouse import derived, schema
from modellab.warehouse.query import connect
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.schema import columns_by_table

_PROCESS = Path(__file__).with_name("recording_process.py")


@pytest.fixture(scope="session")
def life() -> ModuleType:
    """The module `recording_process`: how steps are recorded."""
    spec = importlib.util.spec_from_file_location("recording_process", _PROCESS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def recorder(lab: Lab) -> Recorder:
    return Recorder(lab)


@pytest.fixture(scope="session")
def content() -> Any:
    """`content(lab)`: every row of every table, in an order that does not depend on how they came in."""

    def read(lab: Lab) -> dict[str, list[tuple[Any, ...]]]:
        with connect(lab) as connection:
            tables = {table: connection.execute(f"FROM {table}").fetchall() for table in columns_by_table()}
        return {table: sorted(rows, key=repr) for table, rows in tables.items()}

    return read


@pytest.fixture
def tables_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[None]]:
    """`with tables_of(sql):` what runs there has other tables than the project's, and one view."""

    @contextmanager
    def patched(sql: str) -> Iterator[None]:
        tables, views = tmp_path / "schema.sql", tmp_path / "views.sql"
        tables.write_text(sql)
        views.write_text("CREATE VIEW answer AS SELECT count(*) + 41 AS n FROM steps;")
        try:
            with monkeypatch.context() as patch:
                patch.setattr(schema, "SCHEMA", tables)
                patch.setattr(schema, "VIEWS", views)
                # Of such tables nothing follows.
                patch.setattr(derived, "refresh", lambda connection, *, everything: None)
                patch.setattr(index, "refresh", lambda connection, *, new, forgotten: None)
                patch.setattr(index, "is_stale", lambda connection: False)
                _forget_tables()
                yield
        finally:
            _forget_tables()

    return patched


def _forget_tables() -> None:
    schema.blank_tables.cache_clear()
    schema.columns_by_table.cache_clear()


MODEL = {
    **{"variant": "v", "name": "A", "runtime": "native", "package": "a", "devices": ["cpu"], "ci": True},
    **{"licence": "MIT", "languages": ["en"], "sample_rate_hz": 16000, "gated": False, "is_default": True},
    **{"status": "candidate", "environment": "main", "recorded_at": "2026-03-01T10:00:00+00:00"},
}


class HandMade:
    """Rows made by hand, in tables and views of their own.

    Attempts are numbered as a lab numbers them; all are of the same moment, so that nothing can go by the clock.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._sequence = 0

    def add(self, table: str, **values: Any) -> None:
        self._rows[table].append(values)

    def attempt(self, system: str, source: str, step: str = "asr", **values: Any) -> None:
        """A row of `steps`: one attempt at one step."""
        self._sequence += 1
        shared = {"run": f"{system} {source}", "dagster_run_id": "d", "input": source, "system": system, "step": step}
        moment = "2026-03-01T10:00:00+00:00"
        spent = {"load_s": 0.0, "inference_s": 0.0, "other_s": 0.0, "audio_s": 30.0}
        attempt = {"id": f"s{self._sequence}", "status": "completed", "cached": False, "sequence": self._sequence}
        known = steps_by_name()
        if step in known:
            attempt |= {"gives": list(known[step].gives), "place": list(known).index(step)}
        self.add("steps", **{**attempt, "started_at": moment, "ended_at": moment, **shared, **spent, **values})

    def result(
        self,
        system: str,
        source: str,
        step: str = "asr",
        *,
        device: str | None = "cpu",
        machine: str | None = "m1",
        model: str | None = "m:v",
        surface: str | None = "asr",
        reads: Mapping[str, str] | None = None,
        summary: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> str:
        """A step's result, and the attempt that made it. Returns its fingerprint."""
        fingerprint = hashlib.sha256(str((system, source, step, self._sequence)).encode()).hexdigest()
        ran = {"model": model, "surface": surface if model else None, "device": device, "machine": machine}
        self.attempt(system, source, step, fingerprint=fingerprint, **ran, **values)
        self.add(
            "artifacts",
            **{"fingerprint": fingerprint, "content_sha256": "c", "step": step, "code_version": "1", "parameters": {}},
            **{"summary": summary or {}, "files": 1, "bytes": 1, "path": "p", "made_at": "2026-03-01T10:00:00+00:00"},
            **{"reads": reads or {}, **ran},
        )
        return fingerprint

    def score(
        self, fingerprint: str, case: str | None, errors: float | None, length: float | None, **values: Any
    ) -> None:
        """A word error rate of a result; without `errors` the scorer could not judge it."""
        rate = errors / length if errors is not None and length else None
        self.add(
            "scores",
            **{
                **{"fingerprint": fingerprint, "content_sha256": "c", "scored_at": "2026-03-01T10:00:00+00:00"},
                **{"dataset": "calls", "dataset_version": "1", "case_id": case},
                **{"metric": "wer", "unit": "ratio", "better": "lower", "protocol": "n", "scorer_version": "1"},
                **{"value": rate, "numerator": errors, "denominator": length},
                "components": {} if errors is None else {"substitutions": errors, "length": length},
                "error": "nothing to judge" if errors is None else None,
                **values,
            },
        )

    def scored(self, system: str, case: str, errors: float, length: float, **result: Any) -> str:
        """A transcript of a case, whose input is called like it, and its word error rate."""
        fingerprint = self.result(system, case, **result)
        self.score(fingerprint, case, errors, length)
        return fingerprint

    def case(self, case: str, source: str | None = None) -> None:
        self.add(
            "cases",
            **{"dataset": "calls", "version": "1", "case_id": case, "input": source or case},
            recorded_at="2026-03-01T10:00:00+00:00",
        )

    def segment(self, fingerprint: str, position: int, start_s: float, end_s: float, **values: Any) -> None:
        """An utterance of a result, unless another kind is named."""
        row = {
            "fingerprint": fingerprint,
            "kind": "utterance",
            "position": position,
            "start_s": start_s,
            "end_s": end_s,
        }
        self.add("segments", **{**row, **values})

    def event(self, event: str, **values: Any) -> None:
        """The start or end of a run."""
        self._sequence += 1
        self.add("runs", event=event, sequence=self._sequence, **values)

    def model(self, name: str, *surfaces: str) -> None:
        """A variant of a model, as the registry has it now."""
        self.add("models", **MODEL, model=f"{name}:v", id=name, surfaces=list(surfaces))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        for table, rows in self._rows.items():
            lines = self._folder / f"{table}.ndjson"
            lines.write_text("".join(json.dumps({"source": "by-hand", **row}) + "\n" for row in rows))
            columns = ", ".join(f"'{name}': '{kind}'" for name, kind in columns_by_table()[table].items())
            self._connection.execute(f"INSERT INTO {table} FROM read_json('{lines}', columns = {{{columns}}})")
        if self._rows:
            derived.refresh(self._connection, everything=True)
        self._rows.clear()
        return self._connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def _views() -> Iterator[duckdb.DuckDBPyConnection]:
    """The project's tables and views, empty."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        schema.create_tables(connection)
        connection.execute(schema.DERIVED.read_text())
        connection.execute(schema.VIEWS.read_text())
        yield connection


@pytest.fixture
def hand_made(_views: duckdb.DuckDBPyConnection, tmp_path: Path) -> Iterator[HandMade]:
    """Rows made by hand, gone after the test."""
    _views.execute("BEGIN")
    yield HandMade(_views, tmp_path)
    _views.execute("ROLLBACK")
