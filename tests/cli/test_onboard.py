"""`modellab models onboard`: the beginning of a folder, and the refusal to take it for a model."""

from pathlib import Path

import pytest

from modellab.errors import ModelUnavailable
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.runs.onboarding import adapter
from modellab.settings import Lab
from modellab.surfaces.contracts import CONTRACTS
from modellab_dagster.command import main


@pytest.mark.parametrize("surface", sorted(CONTRACTS))
def test_an_adapter_has_the_methods_of_its_contract_and_does_nothing(surface: str) -> None:
    names: dict[str, object] = {}
    exec(compile(adapter("toy", surface), "adapter.py", "exec"), names)
    model, load = names["Model"], names["load"]
    wanted = {name for name in vars(CONTRACTS[surface]) if not name.startswith("_")}
    assert wanted and wanted <= set(dir(model))
    assert callable(load)
    with pytest.raises(ModelUnavailable, match="the adapter of model toy is not written yet"):
        load(None)


def test_a_folder_that_was_only_begun_runs_nowhere(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELLAB_MODELS", str(tmp_path))
    assert main(["models", "onboard", "toy", "--surface", "asr"]) == 0
    assert sorted(path.name for path in (tmp_path / "toy").iterdir()) == [
        *("README.md", "__init__.py", "adapter.py", "claims.yaml", "config.yaml", "test_toy.py"),
    ]
    registry = ModelRegistry()
    assert registry.broken() == []
    with Models(lab, registry) as models:
        assert models.availability(registry.resolve("toy")[1]).missing == "package missing"
    assert main(["models", "onboard", "toy"]) == 1
    assert "still to be filled in: toy/config.yaml: NOT STATED YET" in capsys.readouterr().out
    for arguments, words in (
        (["toy", "--surface", "asr"], "there is a model toy already"),
        (["silero_vad", "--surface", "vad"], "there is a model silero_vad already"),
        (["new", "--surface", "vda"], "Did you mean vad"),
        (["No-Id", "--surface", "vad"], "'No-Id' is no id of a model"),
        (["unknown"], "no model 'unknown'"),
    ):
        assert main(["models", "onboard", *arguments]) != 0
        assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]
