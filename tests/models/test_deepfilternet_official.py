"""The authors' DeepFilterNet through its real loader, on checkpoints of random numbers."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import ModelUnavailable, WeightsCorrupt, WeightsMissing
from modellab.media.audio import Samples
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from models.deepfilternet_official import adapter
from models.deepfilternet_official.blocks import BlockStream

INSTALLED = importlib.util.find_spec("df") is not None and importlib.util.find_spec("libdf") is not None
needs_package = pytest.mark.skipif(not INSTALLED, reason="the package deepfilternet is not installed")
RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as published, but for its numbers: `config.ini` and `checkpoints/model_1.ckpt.best`."""
    adapter._make_df_importable()
    import torch
    from df.config import config
    from df.deepfilternet3 import init_model

    root = tmp_path_factory.mktemp("weights") / "deepfilternet_official" / "v3"
    (root / "checkpoints").mkdir(parents=True)
    config.use_defaults(allow_reload=True)
    config.set("MODEL", "deepfilternet3", str, section="train")
    torch.manual_seed(0)
    network = init_model()
    config.save(str(root / "config.ini"))
    torch.save(network.state_dict(), root / "checkpoints" / "model_1.ckpt.best")
    return root


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> adapter.OfficialDeepFilterNet:
    registry = ModelRegistry()
    home = tmp_path_factory.mktemp("home")
    settings = Settings(_env_file=None, home=home, weights=folder.parents[1], offline=True, device="cpu")
    loaded = Models(Lab(settings), registry).acquire(registry.resolve("deepfilternet_official")[1]).model
    assert isinstance(loaded, adapter.OfficialDeepFilterNet)
    return loaded


def noise(samples: int) -> Samples:
    return np.random.default_rng(0).normal(0, 0.05, samples).astype(np.float32)


@needs_package
def test_it_gives_what_the_package_gives(model: adapter.OfficialDeepFilterNet, folder: Path) -> None:
    import torch
    from df.enhance import enhance, init_df

    samples = noise(RATE)
    network, transform, _ = init_df(str(folder), log_level="none", log_file=None)
    expected = enhance(network, transform, torch.from_numpy(samples[None]))[0].numpy()
    stream = model.stream()
    found = np.concatenate([stream.push(samples), stream.finish()])
    assert np.abs(expected).max() > 0.001
    np.testing.assert_allclose(found, expected, atol=1e-6)


@needs_package
def test_blocks_differ_little_from_the_whole(model: adapter.OfficialDeepFilterNet) -> None:
    samples = noise(round(9.3 * RATE))
    whole = model.enhance(samples)
    stream = BlockStream(model.enhance, 2 * RATE, adapter.BEFORE_SAMPLES, adapter.AFTER_SAMPLES)
    found = np.concatenate([stream.push(samples[: 3 * RATE]), stream.push(samples[3 * RATE :]), stream.finish()])
    assert found.shape == whole.shape == samples.shape
    assert np.sqrt(np.mean((found - whole) ** 2)) < 0.01 * np.sqrt(np.mean(whole**2))


@needs_package
def test_a_checkpoint_with_gaps_is_refused(folder: Path, tmp_path: Path) -> None:
    import torch

    state = torch.load(folder / "checkpoints" / "model_1.ckpt.best")
    name = next(iter(state))
    del state[name]
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.ini").write_bytes((folder / "config.ini").read_bytes())
    torch.save(state, tmp_path / "checkpoints" / "model_7.ckpt.best")
    with pytest.raises(WeightsCorrupt, match=r"1 of \d+ weights missing or of another shape, such as "):
        adapter.OfficialDeepFilterNet(tmp_path, "cpu")


def test_without_package_or_checkpoint_the_error_says_what_to_do(tmp_path: Path) -> None:
    registry = ModelRegistry()
    settings = Settings(_env_file=None, home=tmp_path, weights=None, offline=True)
    with Models(Lab(settings), registry) as models, pytest.raises((WeightsMissing, ModelUnavailable)) as caught:
        models.identity(registry.resolve("deepfilternet_official:v2")[1])
    if INSTALLED:
        assert "Put config.ini, checkpoints/*.ckpt.best (from https://github.com/Rikorose/" in str(caught.value)
        assert "DeepFilterNet2.zip) into <folder>/deepfilternet_official/v2/" in str(caught.value)
        assert "rnnoise:v0.2" in str(caught.value)
    else:
        assert "pip install --no-deps deepfilternet" in str(caught.value)


def run(blocks: Sequence[int], block: int, before: int, after: int) -> tuple[Samples, Samples]:
    """Through a model that adds up three samples: one before, the one itself, and one after."""
    samples = np.arange(1, sum(blocks) + 1, dtype=np.float32)

    def process(heard: Samples) -> Samples:
        assert len(heard) <= before + block + after
        padded = np.pad(heard, 1)
        return padded[:-2] + padded[1:-1] + padded[2:]

    stream = BlockStream(process, block, before, after)
    parts = [stream.push(part) for part in np.split(samples, np.cumsum(blocks))]
    padded = np.pad(samples, 1)
    return np.concatenate([*parts, stream.finish()]), padded[:-2] + padded[1:-1] + padded[2:]


@given(
    blocks=st.lists(st.integers(0, 40), max_size=12),
    block=st.integers(1, 15),
    before=st.integers(1, 9),
    after=st.integers(1, 5),
)
def test_every_block_hears_what_is_around_it(blocks: list[int], block: int, before: int, after: int) -> None:
    found, expected = run(blocks, block, before, after)
    assert np.array_equal(found, expected)
