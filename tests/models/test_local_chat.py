"""A chat model in a folder of one's own: what it says, what it is known by, and what it refuses to read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modellab.errors import LabError, ModelUnavailable, StepFailed, WeightsMissing
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

ChatFolder = Callable[[Path, dict[str, str]], Path]
HELLO = {"be brief\n\nwhat?\n": "hello"}


def at(folder: Path) -> ModelRef:
    return ModelRef(id="local_chat", variant="transformers", folder=folder)


@pytest.fixture
def models(lab: Lab) -> Iterator[Models]:
    with Models(lab, ModelRegistry()) as models:
        yield models


def ask(models: Models, folder: Path, answer_tokens: int = 40) -> str:
    with models.lease(at(folder)) as loaded:
        return str(loaded.model.complete("be brief", "what?", answer_tokens))


def test_it_answers_and_says_what_it_is(chat_folder: ChatFolder, models: Models, tmp_path: Path) -> None:
    folder = chat_folder(tmp_path / "a", HELLO)
    assert ask(models, folder) == "hello"
    with models.lease(at(folder)) as loaded:
        assert loaded.load_s == 0.0, "one load serves every question"
        assert loaded.model.name == "local gpt2 model of 0.5 million parameters"
        with pytest.raises(StepFailed, match="too long") as caught:
            loaded.model.complete("be brief", "what?", 4090)
    assert "4096 tokens together" in str(caught.value)


def test_its_identity_is_what_its_files_hold_wherever_they_lie(
    chat_folder: ChatFolder, models: Models, tmp_path: Path
) -> None:
    folder = chat_folder(tmp_path / "a", HELLO)
    identity = models.identity(at(folder))
    assert (identity.id, identity.variant, identity.device, identity.compute_type, identity.sample_rate_hz) == (
        *("local_chat", "transformers", "cpu", "as stored"),
        None,
    )
    assert identity.runtime_version.startswith("transformers ") and ", torch " in identity.runtime_version
    (folder / "README.md").write_text("A model.")
    assert models.identity(at(folder)) == identity
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / "b")
    assert models.identity(at(moved)) == identity
    weights = moved / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    other = models.identity(at(moved))
    assert other.weights_sha256 != identity.weights_sha256
    weights.write_bytes(whole)
    assert models.identity(at(moved)) == identity
    (moved / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    assert models.identity(at(moved)) != identity, "how it is asked belongs to it"


def test_weights_that_are_replaced_are_loaded_anew(chat_folder: ChatFolder, models: Models, tmp_path: Path) -> None:
    folder = chat_folder(tmp_path / "a", HELLO)
    assert ask(models, folder) == "hello"
    chat_folder(folder, {next(iter(HELLO)): "hi"})
    assert ask(models, folder) == "hi"
    assert models.loaded == [at(folder)]


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_a_model_is_named(models: Models, tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "none"
    if made:
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "pytorch_model.bin").write_bytes(b"")
    said = f"{folder} has no *.safetensors" if made else f"there is no {folder}"
    told = (
        f"no weights for model local_chat:transformers; found the folder that is named: {said}. Give the folder of a "
        "downloaded transformers chat model, with its weights as safetensors. No other model of its kind is ready."
    )
    with pytest.raises(WeightsMissing) as caught:
        models.identity(at(folder))
    assert str(caught.value) == told
    state = models.availability(at(folder))
    assert (state.ok, state.weights, state.missing) == (False, "not found", "weights missing")
    assert state.reason == told.removesuffix(" No other model of its kind is ready.")


def test_without_a_folder_it_is_there_to_be_used(models: Models) -> None:
    state = models.availability(ModelRef(id="local_chat", variant="transformers"))
    assert (state.ok, state.weights) == (True, "in a folder that is named where it is used")


def test_what_lies_outside_the_folder_is_not_read(chat_folder: ChatFolder, models: Models, tmp_path: Path) -> None:
    folder = chat_folder(tmp_path / "a", HELLO)
    away = folder / "model.safetensors"
    away.rename(tmp_path / "model.safetensors")
    (folder / "other.safetensors").write_bytes((tmp_path / "model.safetensors").read_bytes())
    index = {"metadata": {}, "weight_map": {"transformer.wte.weight": "../model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match=r"names files outside its folder; found \.\./model\.safetensors"):
        ask(models, folder)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/elsewhere"}))
    with pytest.raises(ModelUnavailable, match="holds changes to a model"):
        ask(models, folder)


def test_code_that_a_folder_brings_is_not_run(chat_folder: ChatFolder, models: Models, tmp_path: Path) -> None:
    folder = chat_folder(tmp_path / "a", HELLO)
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": own}))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(LabError, match="can't be loaded"):
        ask(models, folder)
    assert not (tmp_path / "ran").exists()
