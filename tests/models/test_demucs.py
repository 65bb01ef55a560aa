"""Demucs through its real loader, on tiny networks of its own classes, against the package's own separation."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import UsageError, WeightsCorrupt, WeightsMissing
from modellab.media.audio import Audio, Samples
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from models.demucs.adapter import Demucs
from models.demucs.overlap import OverlapAdd

RATE = 44_100


@pytest.fixture(scope="module")
def load_tiny(demucs_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Demucs]]:
    registry = ModelRegistry()
    settings = Settings(
        _env_file=None, home=tmp_path_factory.mktemp("home"), weights=demucs_weights, offline=True, device="cpu"
    )
    with Models(Lab(settings), registry) as models:
        yield lambda name: models.acquire(registry.resolve(name)[1]).model


def music(seconds: float) -> Audio:
    samples = round(seconds * RATE)
    noise = np.random.default_rng(3).normal(0.02, 0.1, (2, samples))
    return Audio((noise * np.linspace(0.2, 1, samples)).astype(np.float32), RATE)


def reference(model: Demucs, audio: Audio) -> Samples:
    """The package's own way (demucs/api.py, `Separator.separate_tensor`), without random shifts."""
    import torch
    from demucs.apply import apply_model

    wav = torch.from_numpy(audio.samples)
    mono = wav.mean(0)
    mean, std = mono.mean(), mono.std() + 1e-8
    out = apply_model(model._bag, ((wav - mean) / std)[None], shifts=0, overlap=0.25)[0]
    stems: Samples = (out * std + mean).numpy()
    return stems


@pytest.mark.parametrize("variant", ["htdemucs", "htdemucs_ft", "htdemucs_6s", "mdx_extra"])
def test_segments_are_joined_as_the_package_joins_them(load_tiny: Callable[[str], Demucs], variant: str) -> None:
    model = load_tiny(f"demucs:{variant}")
    six = ("guitar", "piano") if variant == "htdemucs_6s" else ()
    assert model.stems == ("drums", "bass", "other", "vocals", *six)
    audio = music(2.6)
    seen: list[float] = []
    found = np.concatenate(list(model.separate(audio, seen.append)), axis=-1)
    assert found.shape == (len(model.stems), 2, audio.samples.shape[1])
    expected = reference(model, audio)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 2


@pytest.mark.parametrize("samples", [1, 1_000, round(1.5 * RATE), round(1.5 * RATE) + 1])
def test_any_length_comes_back_whole(load_tiny: Callable[[str], Demucs], samples: int) -> None:
    model = load_tiny("demucs")
    audio = Audio(music(2.0).samples[:, :samples], RATE)
    found = np.concatenate(list(model.separate(audio, lambda share: None)), axis=-1)
    assert found.shape == (4, 2, samples)
    assert np.isfinite(found).all()


def test_silence_gives_finite_stems(load_tiny: Callable[[str], Demucs]) -> None:
    silence = Audio(np.zeros((2, RATE), np.float32), RATE)
    found = np.concatenate(list(load_tiny("demucs").separate(silence, lambda share: None)), axis=-1)
    assert np.abs(found).max() < 1e-6


def test_other_audio_than_its_own_is_refused(load_tiny: Callable[[str], Demucs]) -> None:
    with pytest.raises(UsageError, match="found 1 channels at 16000 Hz; allowed: 2 channels at 44100 Hz"):
        next(load_tiny("demucs").separate(Audio(np.zeros((1, 100), np.float32), 16_000), lambda share: None))


@given(
    length=st.integers(1, 120), segment=st.integers(1, 40), overlap=st.floats(0, 0.5), seed=st.integers(0, 2**32 - 1)
)
def test_overlap_add_is_the_weighted_mean(length: int, segment: int, overlap: float, seed: int) -> None:
    stride = max(1, int((1 - overlap) * segment))
    rng = np.random.default_rng(seed)
    weight = [min(index + 1, segment - index) for index in range(segment)]
    total, weights = np.zeros((2, length)), np.zeros(length)
    joined = OverlapAdd(segment, stride)
    parts = []
    for start in range(0, length, stride):
        values = rng.normal(size=(2, min(segment, length - start))).astype(np.float32)
        parts.append(joined.add(values))
        for index in range(values.shape[1]):
            total[:, start + index] += weight[index] * values[:, index]
            weights[start + index] += weight[index]
    found = np.concatenate([*parts, joined.finish()], axis=1)
    np.testing.assert_allclose(found, total / weights, atol=1e-4)


def test_missing_weights_say_where_they_go(tmp_path: Path) -> None:
    registry = ModelRegistry()
    settings = Settings(_env_file=None, home=tmp_path, weights=None, offline=True)
    with Models(Lab(settings), registry) as models, pytest.raises(WeightsMissing) as caught:
        models.identity(registry.resolve("demucs")[1])
    text = str(caught.value)
    assert "put htdemucs.yaml, 955717e8.safetensors into <folder>/demucs/htdemucs/ and set MODELLAB_WEIGHTS" in text
    assert "adefossez/HTDemucs" in text
    assert "No other model of its kind is ready." in text


@pytest.mark.parametrize("metadata", [{"klass": "subprocess.Popen"}, {}, None])
def test_a_file_that_makes_something_else_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "x.safetensors", metadata=metadata)
    (tmp_path / "bag.yaml").write_text("models: [x]")
    with pytest.raises(WeightsCorrupt, match="not a network of Demucs"):
        Demucs(tmp_path, "cpu")
