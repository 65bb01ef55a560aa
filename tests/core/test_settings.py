"""What a `.env` file's paths mean, and how servers of models are named."""

from pathlib import Path

import pytest

from modellab.errors import UsageError
from modellab.settings import Address, Lab, Settings


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


def test_models_on_servers_are_named_with_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_REMOTE_MODELS", "faster_whisper=gpu.example:8150, silero_vad=[::1]:1,")
    settings = Settings(_env_file=None)
    assert hash(settings) == hash(Settings(_env_file=None))  # labs are told apart by theirs
    servers = dict(settings.remote_models)
    assert servers == {"faster_whisper": Address("gpu.example", 8150), "silero_vad": Address("::1", 1)}
    assert [str(address) for address in servers.values()] == ["gpu.example:8150", "[::1]:1"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("silero_vad", "silero_vad: write ID=HOST:PORT, such as faster_whisper=127.0.0.1:8150"),
        ("silero_vad=host", "write ID=HOST:PORT"),
        ("silero_vad=host:0", "write ID=HOST:PORT"),
        ("silero_vad=host:65536", "write ID=HOST:PORT"),
        ("silero_vad:v6=host:1", "write ID=HOST:PORT"),
        ("silero_vad=::1:8150", "write ID=HOST:PORT"),
        ("silero_vad=a:1,silero_vad=b:1", "silero_vad is named twice"),
    ],
)
def test_an_address_of_a_server_that_is_none_is_named(value: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_REMOTE_MODELS", value)
    with pytest.raises(UsageError) as caught:
        Lab.from_environment()
    assert words in str(caught.value)


def test_the_token_of_a_server_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_SERVE_TOKEN", "not to be shown to anybody")
    settings = Settings(_env_file=None)
    assert "not to be shown" not in repr(settings)
    assert "not to be shown" not in str(UsageError("it said not to be shown to anybody"))
