"""The rooms of the code: what may import what, read from every import that there is."""

import importlib.util
import re
import sys
from itertools import pairwise
from types import ModuleType

import pytest

from modellab.settings import PROJECT_ROOT


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT_ROOT / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return loaded("rooms")


def test_no_room_reaches_itself_through_others(tool: ModuleType) -> None:
    between = tool.between_rooms(tool.imports())
    way = tool.circle({room: set(others) for room, others in between.items()})
    assert [(one, other, between[one][other]) for one, other in pairwise(way)] == []


def test_a_circle_is_found_and_named(tool: ModuleType) -> None:
    rooms = {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"e"}, "e": {"b"}}
    assert tool.circle(rooms) == ["b", "d", "e", "b"]
    assert tool.circle({**rooms, "e": set()}) == []


def test_packages_import_only_those_before_them(tool: ModuleType) -> None:
    order = {package: place for place, package in enumerate(tool.PACKAGES)}
    upwards = [
        one
        for one in tool.imports()
        if order.get(one.imported.partition(".")[0], -1) > order[one.importer.partition(".")[0]]
    ]
    assert upwards == []


def test_the_library_and_the_models_import_no_dagster(tool: ModuleType) -> None:
    found = [
        one
        for one in tool.imports()
        if one.importer.partition(".")[0] in ("modellab", "models")
        and one.imported.partition(".")[0].startswith("dagster")
    ]
    assert found == []


def test_the_foundation_imports_no_room(tool: ModuleType) -> None:
    assert tool.between_rooms(tool.imports())[tool.FOUNDATION] == {}


def test_the_architecture_names_every_room_and_every_module_of_the_foundation(tool: ModuleType) -> None:
    told = (PROJECT_ROOT / "docs" / "architecture.md").read_text()
    rooms = {tool.room(name) for name in tool.modules()} - {tool.FOUNDATION}
    folders = {f"{room}/" if room in tool.PACKAGES else f"modellab/{room}/" for room in rooms}
    foundation = {
        file.name
        for name, file in tool.modules().items()
        if tool.room(name) == tool.FOUNDATION and file.name != "__init__.py"
    }
    assert {name for name in folders | foundation if name not in told} == set()


def test_every_file_that_the_architecture_names_is_there() -> None:
    told = (PROJECT_ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`([\w/.-]+\.(?:py|sql|txt|md))`", told))
    folders = ("modellab", "models", "resources", "assets", "modellab_dagster", "tests", "tools", "warehouse")
    files = {path.relative_to(PROJECT_ROOT) for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.*")}
    endings = {"/".join(file.parts[-n:]) for file in files for n in range(1, len(file.parts) + 1)}
    assert {"modellab/redaction.py", "fingerprint.py"} <= named
    assert named - endings == set()


def test_the_picture_of_the_rooms_is_of_this_code(tool: ModuleType) -> None:
    picture = loaded("picture")
    assert picture.TARGET.read_text() == picture.picture(), "run: python tools/picture.py"
