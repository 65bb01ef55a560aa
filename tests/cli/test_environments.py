"""`modellab models install`; what it really builds is tested in tests/registry/test_environments.py."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modellab.files import canonical_json
from modellab.registry.environments import DESCRIPTION, Environment
from modellab.registry.pythons import LABS_OWN
from modellab.registry.requirements import read_requirements
from modellab.settings import PROJECT_ROOT, Lab

Call = Callable[..., tuple[int, str, str]]
MODEL = "deepfilternet_official"


def put(lab: Lab, model: str, packages: dict[str, str]) -> Environment:
    """An environment as it lies on the disk: for the requirements of the real model, with packages that are names."""
    environment = Environment(lab.environments / model, "2026-11-30T08:00:00+00:00")
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    for name, number in packages.items():
        place = environment.packages / f"{name}-{number}.dist-info"
        place.mkdir(parents=True)
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
    digest = read_requirements(PROJECT_ROOT / "models" / MODEL).digest(LABS_OWN)
    (environment.folder / DESCRIPTION).write_text(canonical_json({"digest": digest, "built_at": environment.built_at}))
    return environment


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "lab"


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MODELLAB_HOME", str(home))
    return Lab.from_environment()


def test_names_that_mean_nothing_are_refused_before_anything_is_built(call: Call, home: Path) -> None:
    code, _, said = call("models", "install", "deepfilternet_oficial")
    assert (code, "Did you mean deepfilternet_official" in said) == (2, True)
    code, _, said = call("models", "install", MODEL, "rnnoise")
    assert (code, "model rnnoise runs in the lab's own environment, so there is none to build" in said) == (2, True)
    code, _, said = call("models", "install", "--remove", MODEL)
    assert (code, f"there is no environment of a model '{MODEL}'" in said) == (2, True)
    assert call("models", "install", "--remove", "--force", MODEL)[0] == 2
    assert not home.exists()


def test_one_that_can_not_be_built_is_a_short_error_with_its_log(
    call: Call, here: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    code, printed, said = call("models", "install", MODEL)
    assert (code, printed) == (1, "")
    assert said.startswith(f"{MODEL}: making the environment\n{MODEL}: installing its packages\n✗ the environment of ")
    assert "No matching distribution found for deepfilternet==0.5.6" in said
    assert f"All that was said: {here.environments / f'{MODEL}.log'}" in said


def test_one_that_is_there_is_said_to_be_in_every_list(call: Call, here: Lab) -> None:
    packages = {"deepfilternet": "0.5.6", "deepfilterlib": "0.5.6", "numpy": "1.26.4", "torch": "2.13.0"}
    environment = put(here, MODEL, packages)
    code, printed, _ = call("models", "install", MODEL)
    assert (code, f"✓ {MODEL}: its environment is there already: 4 packages, " in printed) == (0, True)
    code, printed, _ = call("models", "install", MODEL, "--json")
    [document] = json.loads(printed)["environments"]
    assert (document["status"], document["path"], document["packages"], document["error"]) == (
        "present",
        str(environment.folder),
        packages,
        None,
    )
    _, printed, _ = call("models", "show", MODEL)
    assert "its own: deepfilternet 0.5.6, deepfilterlib 0.5.6, torch 2.13.0, numpy 1.26.4, in " in " ".join(
        printed.split()
    )
    _, printed, _ = call("models", "show", MODEL, "--json")
    shown = json.loads(printed)
    assert (shown["environment"], shown["installed"]["packages"]) == ("own", packages)
    assert shown["variants"]["v3"]["availability"]["missing"] == "weights missing"
    _, printed, _ = call("doctor")
    assert f"environments  of models' own: {MODEL}" in printed


def test_one_that_is_not_there_is_said_to_be_missing(call: Call) -> None:
    _, printed, _ = call("models", "list", "--surface", "enhance", "--json")
    [model] = [model for model in json.loads(printed)["models"] if model["id"] == MODEL]
    availability = model["variants"]["v3"]["availability"]
    assert availability["missing"] == "environment missing, weights missing"
    assert f"Install it with: modellab models install {MODEL} (about 1,100 MiB)" in availability["reason"]
    assert json.loads(call("models", "show", MODEL, "--json")[1])["installed"] is None
    shown = call("models", "show", MODEL)[1].splitlines()
    assert ["environment", "its own, not installed"] in [line.split(maxsplit=1) for line in shown]


def test_that_of_a_model_that_is_gone_is_named_and_can_be_removed(call: Call, here: Lab) -> None:
    environment = put(here, "gone", {"numpy": "1.0"})
    _, printed, _ = call("doctor")
    assert f"! the environment {environment.folder} (" in printed
    assert "is of no model that there is. modellab models install --remove gone removes it." in " ".join(
        printed.split()
    )
    code, printed, _ = call("models", "install", "--remove", "gone")
    assert (code, printed) == (0, f"✓ gone: {environment.folder} is removed\n")
    assert not environment.folder.exists()
    assert json.loads(call("doctor", "--json")[1])["home"]["environments"] == []
