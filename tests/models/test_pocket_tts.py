"""Pocket TTS: the package's loader and the adapter, with a tiny random model in the package's files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("pocket_tts", reason="the extra `pocket_tts` is not installed")

from modellab.errors import ModelUnavailable, WeightsCorrupt, WeightsMissing
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from models.pocket_tts.random_weights import write

pytestmark = pytest.mark.random_weights
TEXT = "Good morning, how are you?"
_FRAME = 1920
"""Samples of 80 ms, which the model makes at a time."""


def opened(home: Path, weights: Path | None) -> Models:
    return Models(Lab(Settings(_env_file=None, home=home, weights=weights, offline=True)), ModelRegistry())


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("weights")
    write(root / "pocket_tts" / "french", "french")
    return root


@pytest.fixture(scope="module")
def model(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with opened(tmp_path_factory.mktemp("home"), weights) as models:
        yield models.acquire(models.registry.resolve("pocket_tts:french")[1]).model


def test_it_says_what_the_package_says(model: Any, weights: Path, tmp_path: Path) -> None:
    import torch
    from pocket_tts import TTSModel

    folder = weights / "pocket_tts" / "french"
    told = yaml.safe_load((folder / "config.yaml").read_text())
    told["weights_path"] = str(folder / "languages/french/model.safetensors")
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(told))
    own = TTSModel.load_model(config=tmp_path / "own.yaml")
    voice = own.get_state_for_audio_prompt(folder / "voices/languages/french/embeddings/marius.safetensors")
    torch.manual_seed(7)
    expected = own.generate_audio(voice, TEXT).numpy()
    sound = model.speak(TEXT, "marius", "fr", 1.0, 7)
    assert (sound.sample_rate_hz, sound.samples.dtype, len(sound.samples) % _FRAME) == (24_000, np.float32, 0)
    np.testing.assert_allclose(sound.samples, expected, atol=1e-5)


def test_voices_and_seeds_differ_and_the_same_is_the_same(model: Any) -> None:
    import torch

    assert (set(model.voices), model.languages) == ({"alba", "marius"}, ("fr",))
    before = torch.random.get_rng_state()
    first = model.speak(TEXT, "alba", "fr", 1.0, 0).samples
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(model.speak(TEXT, "alba", "fr", 1.0, 0).samples, first)
    for voice, seed in (("alba", 1), ("marius", 0)):
        other = model.speak(TEXT, voice, "fr", 1.0, seed).samples
        assert len(other) != len(first) or not np.array_equal(other, first)


def test_twice_as_fast_takes_half_the_time(model: Any) -> None:
    slow, fast = (model.speak(TEXT, "alba", "fr", speed, 0).samples for speed in (1.0, 2.0))
    assert len(fast) == len(slow) // 2


def test_a_description_in_the_folder_is_part_of_what_identifies_it(weights: Path, tmp_path: Path) -> None:
    with opened(tmp_path, weights) as models:
        ref = models.registry.resolve("pocket_tts:french")[1]
        before = models.identity(ref).weights_sha256
        described = weights / "pocket_tts" / "french" / "config.yaml"
        text = described.read_text()
        described.write_text(text.replace("default_temperature: 0.3", "default_temperature: 0.7"))
    with opened(tmp_path, weights) as models:
        assert models.identity(ref).weights_sha256 != before
    described.write_text(text)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "pocket_tts" / "english"
    write(folder, "english")
    network = folder / "languages/english/model.safetensors"
    tensors = load_file(network)
    del tensors["flow_lm.out_eos.weight"]
    save_file(tensors, network)
    with (
        opened(tmp_path / "home", tmp_path) as models,
        pytest.raises(ModelUnavailable, match="loading state_dict for TTSModel"),
    ):
        models.acquire(models.registry.resolve("pocket_tts")[1])
    (folder / "config.yaml").write_text("flow_lm: 3\nmimi: {}\n")
    with opened(tmp_path / "home", tmp_path) as models, pytest.raises(WeightsCorrupt) as caught:
        models.acquire(models.registry.resolve("pocket_tts")[1])
    assert "does not describe a model of Pocket TTS" in str(caught.value)


def test_without_weights_it_says_which_files_and_where(tmp_path: Path) -> None:
    with opened(tmp_path, None) as models, pytest.raises(WeightsMissing) as caught:
        models.identity(models.registry.resolve("pocket_tts:german")[1])
    said = str(caught.value)
    assert "languages/german/model.safetensors, tokenizer/languages/german/tokenizer.json" in said
    assert "voices/languages/german/embeddings/*.safetensors into <folder>/pocket_tts/german/" in said
