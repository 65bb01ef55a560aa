"""What a `.env` file's paths mean."""

from pathlib import Path

import pytest

from modellab.settings import Lab, Settings


def test_relative_paths_in_an_env_file_begin_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELLAB_HOME")
    file = tmp_path / "project" / ".env"
    file.parent.mkdir()
    file.write_text("MODELLAB_HOME=labs/mine\nMODELLAB_WEIGHTS=../weights\n")
    monkeypatch.chdir(tmp_path)
    settings = Settings(_env_file=file)
    assert Lab(settings).home == tmp_path / "project" / "labs" / "mine"
    assert settings.weights is not None
    assert settings.weights.resolve() == tmp_path / "weights"


def test_a_relative_path_in_the_environment_begins_where_the_command_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("MODELLAB_HOME=labs/mine\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("MODELLAB_HOME", "other")
    assert Lab(Settings(_env_file=file)).home == tmp_path / "elsewhere" / "other"
