"""What the warehouse's tests share: a recorder, real artifacts, and the whole content of a database."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modellab.settings import Lab
from modellab.warehouse import schema
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
                _forget_tables()
                yield
        finally:
            _forget_tables()

    return patched


def _forget_tables() -> None:
    schema.blank_tables.cache_clear()
    schema.columns_by_table.cache_clear()
