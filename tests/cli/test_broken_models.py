"""A model's folder that is broken stops nothing but the use of that model: every command goes on, and names it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.cli import completion
from modellab.registry.models import Models
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab_dagster.command import main
from modellab_dagster.offer import candidates, overview

Run = Callable[..., tuple[int, str, str]]

NOT_VALID, NO_YAML, NO_CLAIMS = "bad/config.yaml", "torn/config.yaml", "rnnoise/claims.yaml"
WELL = sorted(ModelRegistry().ids())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's models, two broken ones beside them, and one whose claims are no YAML."""
    path = tmp_path / "models"
    shutil.copytree(MODELS, path, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in ((NOT_VALID, "id: bad\nruntime: steam\n"), (NO_YAML, "a: ["), (NO_CLAIMS, "claims: {")):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
    monkeypatch.setattr(ModelRegistry.__init__, "__defaults__", (path,))
    monkeypatch.setattr("resources.models._registry", ModelRegistry)
    return path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command over those models; gives exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "400")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def _broken(folder: Path, printed: str) -> dict[str, str]:
    """File, as it is called in the models' folder -> its error."""
    return {str(Path(one["file"]).relative_to(folder)): one["error"] for one in json.loads(printed)["broken"]}


def _named(folder: Path, text: str) -> bool:
    return f"{folder / NOT_VALID} is not valid: " in text and f"{folder / NO_YAML} can't be read: " in text


def test_models_are_listed_and_the_broken_ones_named(run: Run, folder: Path) -> None:
    code, shown, errors = run("models", "list")
    assert code == 0
    assert all(f"\n{model} " in shown for model in WELL)
    assert _named(folder, errors) and f"{folder / NO_CLAIMS} can't be read" in errors
    code, shown, errors = run("models", "list", "--surface", "vad", "--json")
    assert (code, errors) == (0, "")
    assert [model["id"] for model in json.loads(shown)["models"]] == ["silero_vad"]
    assert sorted(_broken(folder, shown)) == [NOT_VALID, NO_CLAIMS, NO_YAML]
    assert "runtime: " in _broken(folder, shown)[NOT_VALID]


def test_a_model_with_broken_claims_is_shown_and_a_broken_model_is_an_error(run: Run, folder: Path) -> None:
    code, shown, errors = run("models", "show", "rnnoise")
    assert (code, "RNNoise" in shown, errors.count("\n")) == (0, True, 1)
    assert f"! {folder / NO_CLAIMS} can't be read" in errors
    code, shown, _ = run("models", "show", "rnnoise", "--json")
    assert (code, json.loads(shown)["claims"], list(_broken(folder, shown))) == (0, [], [NO_CLAIMS])
    code, _, errors = run("models", "show", "bad")
    assert code == 1
    assert f"{folder / NOT_VALID} is not valid: " in errors


def test_the_doctor_goes_on_and_names_what_is_broken(run: Run, folder: Path) -> None:
    code, shown, _ = run("doctor", "--json")
    found = json.loads(shown)
    assert (code, found["ready"]) == (0, True)
    assert sorted(_broken(folder, shown)) == [NOT_VALID, NO_CLAIMS, NO_YAML]
    assert {state["model"].partition(":")[0] for state in found["models"]} == set(WELL)
    told = [problem for problem in found["problems"] if str(folder) in problem["what"]]
    assert [(problem["blocking"], problem["what"]) for problem in told] == [
        (False, one["error"]) for one in found["broken"]
    ]


def test_the_doctor_says_which_step_a_broken_model_stops(run: Run, folder: Path) -> None:
    (folder / "faster_whisper" / "config.yaml").write_text("id: faster_whisper\n")
    (folder / "silero_vad" / "adapter.py").unlink()
    code, shown, _ = run("doctor", "--json")
    found = json.loads(shown)
    assert (code, found["ready"]) == (1, False)
    stopping = [problem["what"] for problem in found["problems"] if problem["blocking"]]
    broken = folder / "faster_whisper" / "config.yaml"
    assert [what.partition(": ")[0] for what in stopping] == [
        f"the {step} step of the pipeline meeting can't run" for step in ("vad", "asr")
    ]
    assert "model 'silero_vad' has no adapter" in stopping[0]
    assert f"{broken} is not valid" in stopping[1]
    assert sum(str(broken) in problem["what"] for problem in found["problems"]) == 1
    _, shown, _ = run("doctor")
    assert "✗ folder broken" in shown


def test_pipelines_and_steps_are_listed_and_checked(run: Run, folder: Path) -> None:
    code, shown, errors = run("pipelines", "steps", "vad")
    assert (code, "models: silero_vad\n" in shown, _named(folder, errors)) == (0, True, True)
    code, shown, _ = run("pipelines", "steps", "vad", "--json")
    assert (code, json.loads(shown)["steps"][0]["models"]) == (0, ["silero_vad"])
    assert sorted(_broken(folder, shown)) == [NOT_VALID, NO_CLAIMS, NO_YAML]
    for command in (("list",), ("show", "meeting"), ("validate",), ("resolve", "silero_vad")):
        assert run("pipelines", *command)[0] == 0, command
    # An error that lists the models there are lists those that are not broken.
    code, _, errors = run("pipelines", "show", "meeting", "--set", "vad=rnnoise")
    assert (code, "allowed: silero_vad" in errors) == (2, True)
    code, _, errors = run("pipelines", "resolve", "meeting", "--set", "vad=bad")
    assert code == 1
    assert f"{folder / NOT_VALID} is not valid: " in errors


def test_runs_start_and_only_a_run_of_the_broken_model_fails(
    run: Run, folder: Path, sample_wav: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert run("run", str(sample_wav), "--pipeline", "silero_vad")[0] == 0
    assert _named(folder, caplog.text) and str(folder / NO_CLAIMS) in caplog.text
    code, shown, _ = run("sql", "SELECT DISTINCT id FROM current_models ORDER BY id", "--json")
    assert [row["id"] for row in json.loads(shown)["rows"]] == WELL
    _, shown, _ = run("sql", "SELECT DISTINCT model_id FROM current_claims", "--json")
    claimed = {row["model_id"] for row in json.loads(shown)["rows"]}
    assert "faster_whisper" in claimed and "rnnoise" not in claimed
    code, _, errors = run("run", str(sample_wav), "--pipeline", "bad")
    assert code == 1
    assert f"{folder / NOT_VALID} is not valid: " in errors


def test_dagster_offers_the_others_and_says_what_is_broken(folder: Path, lab: Lab) -> None:
    found = candidates(lab, Models(lab, ModelRegistry(folder)))
    offered = {one.key for one in found if one.on_offer}
    assert {"meeting", "faster_whisper:tiny.en"} <= offered
    broken = {one.key: one.missing for one in found if one.key in ("bad", "torn")}
    assert f"{folder / NOT_VALID} is not valid: " in broken["bad"]
    assert f"{folder / NO_YAML} can't be read: " in broken["torn"]
    assert str(folder / NOT_VALID) in overview(found, {})


def test_completion_offers_the_others(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    shutil.copytree(PROJECT_ROOT / "pipelines", tmp_path / "pipelines")
    monkeypatch.setattr("modellab.settings.PROJECT_ROOT", tmp_path)
    (folder / "torn" / "config.yaml").write_text("- no\n- mapping\n")
    lab.pipelines.mkdir(parents=True)
    (lab.pipelines / "torn.yaml").write_text("steps: [{step: asr}, asr, {}")
    assert {"silero_vad", "faster_whisper:tiny.en"} <= set(map(str, completion.models()))
    assert completion.of_models("surfaces")()
    assert "diarization" in completion.steps()


def test_a_probe_that_is_missing_is_that_models_affair(run: Run, folder: Path) -> None:
    (folder / "senko" / "probe.py").unlink()
    code, shown, _ = run("models", "list", "--json")
    senko: dict[str, Any] = next(model for model in json.loads(shown)["models"] if model["id"] == "senko")
    available = senko["variants"]["campplus"]["availability"]
    assert (code, available["ok"], "folder broken" in available["missing"]) == (0, False, True)
    assert "model senko has no probe of its native code" in available["reason"]
