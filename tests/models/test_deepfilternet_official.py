"""The authors' DeepFilterNet through its real loader, on checkpoints of random numbers."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import EnvironmentMissing, WeightsCorrupt, WeightsMissing
from modellab.media.audio import Samples
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab, Settings
from models.deepfilternet_official.blocks import BlockStream

from .conftest import OwnEnvironment

MODEL = "deepfilternet_official"
RATE = 48_000
REFERENCE = """
import sys
import numpy as np
sys.path.append(sys.argv[2])
from models.deepfilternet_official import adapter
adapter._make_df_importable()
import torch
from df.config import config
from df.deepfilternet3 import init_model
from df.enhance import enhance, init_df

root, samples = sys.argv[1], np.load(sys.argv[1] + "/samples.npy")
config.use_defaults(allow_reload=True)
config.set("MODEL", "deepfilternet3", str, section="train")
torch.manual_seed(0)
network = init_model()
config.save(root + "/config.ini")
torch.save(network.state_dict(), root + "/checkpoints/model_1.ckpt.best")
state = network.state_dict()
del state[next(iter(state))]
torch.save(state, root + "/gaps.ckpt.best")
network, transform, _ = init_df(root, log_level="none", log_file=None)
np.save(root + "/expected.npy", enhance(network, transform, torch.from_numpy(samples[None]))[0].numpy())
"""
"""Makes a checkpoint as published, but for its numbers, and what the package itself gives with it; no code of ours but
what makes the package importable."""


@pytest.fixture(scope="module")
def installed(own_environment: OwnEnvironment) -> tuple[Lab, Environment]:
    """A lab with the model's environment, really installed."""
    return own_environment(MODEL)


@pytest.fixture(scope="module")
def folder(installed: tuple[Lab, Environment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, the samples that were given to the package, and what it gave."""
    root = tmp_path_factory.mktemp("weights") / MODEL / "v3"
    (root / "checkpoints").mkdir(parents=True)
    np.save(root / "samples.npy", noise(round(9.3 * RATE)))
    command = [*installed[1].interpreter, "-c", REFERENCE, str(root), str(PROJECT_ROOT)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return root


def models(lab: Lab, folder: Path) -> Models:
    settings = Settings(_env_file=None, home=lab.home, weights=folder.parents[1], offline=True, device="cpu")
    return Models(Lab(settings), ModelRegistry())


def noise(samples: int) -> Samples:
    return np.random.default_rng(0).normal(0, 0.05, samples).astype(np.float32)


@pytest.mark.environments
def test_its_packages_clash_with_the_labs_and_it_gives_what_they_give(
    installed: tuple[Lab, Environment], folder: Path
) -> None:
    expected, samples = np.load(folder / "expected.npy"), np.load(folder / "samples.npy")
    assert np.__version__ != "1.26.4"
    with models(installed[0], folder) as ready:
        ref = ready.registry.resolve(MODEL)[1]
        assert ready.availability(ref).ok
        assert ready.identity(ref).runtime_version == (
            f"deepfilternet 0.5.6, deepfilterlib 0.5.6, torch {installed[1].version('torch')}, numpy 1.26.4, adapter 1"
        )
        assert ready.loaded == []
        stream = ready.acquire(ref).model.stream()
        found = np.concatenate([stream.push(samples[: 3 * RATE]), stream.push(samples[3 * RATE :]), stream.finish()])
    assert found.shape == samples.shape
    assert np.abs(expected).max() > 0.001
    np.testing.assert_allclose(found, expected, atol=1e-6)


BLOCKS = """
import sys
import numpy as np
sys.path.append(sys.argv[2])
from pathlib import Path
from models.deepfilternet_official import adapter
root, samples, rate = sys.argv[1], np.load(sys.argv[1] + "/samples.npy"), 48_000
model = adapter.OfficialDeepFilterNet(Path(root), "cpu")
stream = adapter.BlockStream(model.enhance, 2 * rate, adapter.BEFORE_SAMPLES, adapter.AFTER_SAMPLES)
np.save(root + "/blocks.npy", np.concatenate([stream.push(samples), stream.finish()]))
"""


@pytest.mark.environments
def test_blocks_differ_little_from_the_whole(installed: tuple[Lab, Environment], folder: Path) -> None:
    command = [*installed[1].interpreter, "-c", BLOCKS, str(folder), str(PROJECT_ROOT)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    whole, found = np.load(folder / "expected.npy"), np.load(folder / "blocks.npy")
    assert found.shape == whole.shape
    assert np.sqrt(np.mean((found - whole) ** 2)) < 0.01 * np.sqrt(np.mean(whole**2))


@pytest.mark.environments
def test_a_checkpoint_with_gaps_is_refused(installed: tuple[Lab, Environment], folder: Path, tmp_path: Path) -> None:
    place = tmp_path / MODEL / "v3"
    (place / "checkpoints").mkdir(parents=True)
    shutil.copy(folder / "config.ini", place)
    shutil.copy(folder / "gaps.ckpt.best", place / "checkpoints" / "model_7.ckpt.best")
    with (
        models(installed[0], place) as ready,
        pytest.raises(WeightsCorrupt, match=r"1 of \d+ weights missing or of another shape, such as "),
    ):
        ready.acquire(ready.registry.resolve(MODEL)[1])


@pytest.mark.environments
def test_without_a_checkpoint_the_error_says_what_to_do(installed: tuple[Lab, Environment], tmp_path: Path) -> None:
    with models(installed[0], tmp_path / "a" / "b") as ready, pytest.raises(WeightsMissing) as caught:
        ready.identity(ready.registry.resolve(f"{MODEL}:v2")[1])
    assert "Put config.ini, checkpoints/*.ckpt.best (from https://github.com/Rikorose/" in str(caught.value)
    assert "DeepFilterNet2.zip) into <folder>/deepfilternet_official/v2/" in str(caught.value)
    assert "rnnoise:v0.2" in str(caught.value)


def test_without_its_environment_the_error_says_what_to_do(lab: Lab) -> None:
    with Models(lab, ModelRegistry()) as ready, pytest.raises(EnvironmentMissing) as caught:
        ready.identity(ready.registry.resolve(MODEL)[1])
    assert "Install it with: modellab models install deepfilternet_official (about 1,100 MiB)" in str(caught.value)


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
