"""Resemblyzer against its own package, and on two people on the telephone."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.ndimage
import torch

from modellab.errors import WeightsCorrupt
from modellab.formats.rttm import read_rttm
from modellab.installed import inside_package
from modellab.media.audio import Waveform
from modellab.surfaces.contracts import EmbedSoundModel
from modellab.surfaces.results import Segment
from modellab.surfaces.speakers import alone
from models.resemblyzer.adapter import WEIGHTS, Resemblyzer, window_starts

if inside_package("resemblyzer", WEIGHTS) is None:
    pytest.skip("Resemblyzer is not installed", allow_module_level=True)
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], Resemblyzer]) -> Resemblyzer:
    loaded = load_model("resemblyzer")
    assert isinstance(loaded, EmbedSoundModel)
    return loaded


@pytest.fixture(scope="module")
def package() -> ModuleType:
    # It imports one function from where SciPy had it once.
    old = ModuleType("scipy.ndimage.morphology")
    old.binary_dilation = scipy.ndimage.binary_dilation  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, old.__name__, old)
        from resemblyzer import voice_encoder
    module: ModuleType = voice_encoder
    return module


def embed(
    model: Resemblyzer, audio: Waveform, *heard: list[Segment]
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return model.embed_sound(audio, heard, lambda fraction: None)


@pytest.mark.parametrize("seconds", [0.5, 1.61, 5.0])
def test_its_numbers_are_the_packages(
    model: Resemblyzer, package: ModuleType, sample: Waveform, seconds: float
) -> None:
    from resemblyzer.audio import normalize_volume

    piece = sample.samples[7 * RATE_HZ : round((7 + seconds) * RATE_HZ)]
    encoder = package.VoiceEncoder("cpu", verbose=False)
    expected = encoder.embed_utterance(normalize_volume(piece, -30, increase_only=True))
    [found] = embed(model, sample, [Segment(7.0, 7.0 + seconds)])
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("samples", [1, 8_000, 25_600, 37_000, 38_000, 160_000])
def test_windows_begin_where_the_package_has_them(package: ModuleType, samples: int) -> None:
    _, theirs = package.VoiceEncoder.compute_partial_slices(samples, 1.3, 0.75)
    assert list(window_starts(samples)) == [one.start for one in theirs]


def test_one_speakers_halves_are_nearer_than_two_speakers(
    model: Resemblyzer, sample: Waveform, sample_wav: Path
) -> None:
    turns = alone(read_rttm(sample_wav.with_suffix(".rttm"))["sample"])
    halves = [spans[part::2] for spans in turns.values() for part in (0, 1)]
    first, again, second, other = embed(model, sample, *halves)
    same = [float(first @ again), float(second @ other)]
    others = [float(one @ two) for one in (first, again) for two in (second, other)]
    assert min(same) > max(others)
    assert np.isfinite(embed(model, Waveform(np.zeros(RATE_HZ, np.float32), RATE_HZ), [Segment(0.0, 1.0)])).all()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"model_state": {"lstm.weight": torch.zeros(2)}}, tmp_path / WEIGHTS)
    with pytest.raises(WeightsCorrupt, match=r"pretrained\.pt does not hold Resemblyzer's network"):
        Resemblyzer(tmp_path / WEIGHTS, "cpu")
