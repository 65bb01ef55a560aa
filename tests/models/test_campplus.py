"""CAM++ as an embedder of voices: who is who on a real call, and the same numbers as where it diarizes."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from modellab.errors import WeightsCorrupt
from modellab.formats.rttm import read_rttm
from modellab.media.audio import Waveform
from modellab.surfaces.contracts import EmbedSoundModel, Vectors
from modellab.surfaces.results import Segment
from models.campplus.adapter import WEIGHTS, CamPlusPlus

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], CamPlusPlus]) -> CamPlusPlus:
    loaded = load_model("campplus")
    assert isinstance(loaded, EmbedSoundModel)
    return loaded


def embed(model: EmbedSoundModel, audio: Waveform, *heard: list[Segment]) -> Vectors:
    return model.embed_sound(audio, heard, lambda fraction: None)


def test_turns_of_one_speaker_are_nearer_than_those_of_two(
    model: CamPlusPlus, sample: Waveform, sample_wav: Path
) -> None:
    turns = [turn for turn in read_rttm(sample_wav.with_suffix(".rttm"))["sample"] if turn.duration_s > 1.5]
    vectors = embed(model, sample, *([Segment(turn.start_s, turn.end_s)] for turn in turns))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    near: dict[bool, list[float]] = {True: [], False: []}
    for (one, first), (other, second) in combinations(zip(turns, vectors, strict=True), 2):
        near[one.speaker == other.speaker].append(float(first @ second))
    assert min(len(near[True]), len(near[False])) >= 3
    # Turns of two seconds on one telephone line: the longer a voice is heard, the farther apart two are.
    assert np.mean(near[True]) > 0.65 and np.mean(near[False]) < 0.55
    assert np.mean(near[True]) - np.mean(near[False]) > 0.15


def test_its_numbers_are_those_that_diarization_rests_on(load_model: Callable[[str], object], sample: Waveform) -> None:
    """Another way to the same network: pyannote.audio's model interface, over one window."""
    from models.pyannote_diarization.campplus import CamPlusPlusEmbedding

    model = load_model("campplus")
    assert isinstance(model, CamPlusPlus)
    other = CamPlusPlusEmbedding().eval()
    other.network.load_state_dict(model._network.state_dict())
    piece = sample.samples[7 * RATE_HZ : 12 * RATE_HZ]
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(other(torch.from_numpy(piece)[None, None])[0], dim=0).numpy()
    [found] = embed(model, sample, [Segment(7.0, 12.0)])
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_of_stretches_only_these_are_heard_and_more_than_a_window_is_the_mean_of_windows(
    model: CamPlusPlus, sample: Waveform
) -> None:
    changed = sample.samples.copy()
    changed[: 7 * RATE_HZ] = 0.3
    spans = [Segment(7.0, 8.5), Segment(9.0, 11.0)]
    np.testing.assert_array_equal(embed(model, sample, spans), embed(model, Waveform(changed, RATE_HZ), spans))
    long = embed(model, sample, [Segment(7.0, 27.0)])
    first, second = embed(model, sample, [Segment(7.0, 17.01)], [Segment(16.98, 27.0)])
    mean = first + second
    assert float(long[0] @ (mean / np.linalg.norm(mean))) > 0.99
    assert embed(model, sample).shape == (0, 192)


@pytest.mark.parametrize("seconds", [0.5, 0.51, 1.0])
def test_the_shortest_sound_has_a_vector_and_silence_too(model: CamPlusPlus, sample: Waveform, seconds: float) -> None:
    assert model.shortest_s == 0.5
    [found] = embed(model, sample, [Segment(8.0, 8.0 + seconds)])
    assert np.isfinite(found).all()
    silence = Waveform(np.zeros(2 * RATE_HZ, dtype=np.float32), RATE_HZ)
    assert np.isfinite(embed(model, silence, [Segment(0.0, seconds)])).all()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"head.weight": torch.zeros(2)}, tmp_path / WEIGHTS)
    with pytest.raises(WeightsCorrupt, match=r"campplus\.pt does not hold CAM\+\+"):
        CamPlusPlus(tmp_path / WEIGHTS, "cpu")
