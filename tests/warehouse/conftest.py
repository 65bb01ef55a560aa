"""What the warehouse's tests share: a recorder, real artifacts, and the whole content of a database."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modellab.settings import Lab
from modellab.warehouse.query import query
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
        return {table: sorted(query(lab, f"FROM {table}").rows, key=repr) for table in columns_by_table()}

    return read
