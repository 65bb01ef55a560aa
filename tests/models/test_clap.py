"""CLAP: the loader and the adapter with tiny random models in transformers' files, whose windows are 2 s."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples, Waveform
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Segment
from modellab.surfaces.sounds import read_labels
from models._transformers.loading import import_transformers
from models.clap.random_weights import write

pytestmark = pytest.mark.random_weights
RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 48_000
WINDOWS = [(0.0, 2.0), (1.0, 3.0), (2.0, 4.0), (3.0, 4.3)]
"""Of 4.3 s, in seconds: each begins a second after the one before, until all is heard."""


@pytest.fixture(scope="module")
def audio() -> Waveform:
    """Noise that becomes darker and darker, so that its windows differ."""
    white = np.random.default_rng(0).normal(0, 0.2, round(4.3 * RATE))
    mixed = np.convolve(white, np.ones(40) / 40, mode="same")
    share = np.linspace(0.0, 1.0, len(white))
    return Waveform(((1 - share) * white + share * mixed).astype(np.float32), RATE)


class Own:
    """Transformers alone, on the same files."""

    def __init__(self, folder: Path) -> None:
        transformers = import_transformers()
        self.model = transformers.ClapModel.from_pretrained(folder, use_safetensors=False).eval()
        self.processor = transformers.AutoProcessor.from_pretrained(folder)

    def asked(self, samples: Samples, labels: list[str]) -> Any:
        texts = [f"This is a sound of {label}." for label in labels]
        inputs = self.processor(text=texts, audio=samples, sampling_rate=RATE, return_tensors="pt", padding=True)
        return self.model(**inputs)

    def scores(self, samples: Samples, labels: list[str]) -> Samples:
        found: Samples = self.asked(samples, labels).logits_per_audio.softmax(dim=-1)[0].detach().numpy()
        return found

    def vector(self, samples: Samples) -> Samples:
        found: Samples = self.asked(samples, ["rain"]).audio_embeds[0].detach().numpy()
        return found


def cut(audio: Waveform, start_s: float, end_s: float) -> Samples:
    return audio.samples[round(start_s * RATE) : round(end_s * RATE)]


@pytest.mark.parametrize("variant", ["htsat-unfused", "htsat-fused"])
def test_its_scores_and_vectors_are_those_of_transformers(
    random_model: RandomModel, audio: Waveform, variant: str
) -> None:
    model, folder = random_model(f"clap:{variant}")
    own, labels, told = Own(folder), ["rain", "a dog that barks", "wind"], list[float]()
    found = model.classify(audio, labels, told.append)
    expected = np.array([own.scores(cut(audio, *window), labels) for window in WINDOWS])
    assert (found.classes, found.window_s, found.hop_s) == (labels, 2.0, 1.0)
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).min() > 1e-4  # windows are not all the same
    assert told == [0.25, 0.5, 0.75, 1.0]

    spans = [Segment(0.0, 1.0), Segment(2.5, 4.3)]
    whole, two, short = model.embed_sound(
        audio, [[Segment(0.0, 4.3)], spans, [Segment(1.0, 1.1)]], lambda fraction: None
    )
    assert whole.shape == (512,) and whole.dtype == np.float32
    joined = np.concatenate([cut(audio, span.start_s, span.end_s) for span in spans])
    for row, pieces in (
        (whole, [cut(audio, *window) for window in WINDOWS]),
        (two, [joined[: 2 * RATE], joined[RATE:]]),
        (short, [cut(audio, 1.0, 1.1)]),
    ):
        mean = np.mean([own.vector(piece) for piece in pieces], axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)


def test_labels_in_another_order_have_the_same_scores(random_model: RandomModel, audio: Waveform) -> None:
    model, _ = random_model("clap:htsat-unfused")
    one = model.classify(audio, ["rain", "a dog"], lambda fraction: None)
    other = model.classify(audio, ["a dog", "rain"], lambda fraction: None)
    np.testing.assert_allclose(one.scores, other.scores[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(one.scores.sum(axis=1), 1.0, atol=1e-5)


def test_whoever_names_no_labels_gets_those_of_the_variant(random_model: RandomModel, audio: Waveform) -> None:
    model, _ = random_model("clap:htsat-unfused")
    found = model.classify(audio, None, lambda fraction: None)
    config = ModelRegistry().get("clap")
    for variant in config.variants.values():
        assert tuple(found.classes) == read_labels(str(variant.parameters["labels"]))
    assert len(found.classes) == 25 and {"speech", "typing on a keyboard", "silence"} <= set(found.classes)


@pytest.mark.parametrize(("samples", "frames"), [(0, 1), (1, 1), (96_000, 1), (96_001, 2), (144_000, 2), (144_001, 3)])
def test_every_sample_is_in_a_window(random_model: RandomModel, samples: int, frames: int) -> None:
    model, _ = random_model("clap:htsat-unfused")
    found = model.classify(Waveform(np.zeros(samples, dtype=np.float32), RATE), ["a", "b"], lambda fraction: None)
    assert found.scores.shape == (frames, 2)
    assert np.isfinite(found.scores).all()


class _Runs:
    """Unpickling it makes a file."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self._made,)


@pytest.mark.parametrize("is_protected", [True, False])
def test_its_pickle_of_weights_can_run_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_protected: bool
) -> None:
    """And with what protects it taken away the same file does run: else the test would say nothing.

    That is the default of `torch.load`'s caller in transformers, which heeds no option of `from_pretrained` here.
    """
    folder, made = tmp_path / "clap" / "htsat-unfused", tmp_path / "made"
    folder.mkdir(parents=True)
    write(folder, "htsat-unfused")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"logit_scale_a": _Runs(made)}, protocol=2))
    if not is_protected:
        load = torch.load
        monkeypatch.setattr(torch, "load", lambda *given, **options: load(*given, **{**options, "weights_only": False}))
    registry = RandomRegistry()
    lab = Lab(Settings.model_validate({"home": tmp_path / "home", "weights": tmp_path, "offline": True}))
    with Models(lab, registry) as models, pytest.raises(WeightsCorrupt, match="does not hold what ClapModel reads"):
        models.acquire(registry.resolve("clap:htsat-unfused")[1])
    assert made.exists() is not is_protected
