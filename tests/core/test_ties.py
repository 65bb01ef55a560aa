"""What is chosen does not hang on the last digits of a sum, which another CPU rounds otherwise."""

import numpy as np
import pytest

from modellab.media.audio import Audio, Samples
from modellab.media.levels import measure_levels
from modellab.media.mixing import ChannelPowers, Mix, choose_mix
from modellab.speech.crosstalk import frame_levels, leaked_frames, same_sound
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.segmentation import best_segmentation
from modellab.text.sentences import split_sentences
from modellab.text.summary import _Chooser
from modellab.ties import first_largest, first_smallest
from models.heuristic_diarization.adapter import HeuristicDiarization

STEREO = ("FL", "FR")
RATE_HZ = 16_000
ROUNDED = (-3e-6, -1e-7, 0.0, 1e-7, 3e-6)
"""What the products of two CPUs differ by, relative to their size: single precision has 24 bits."""


def noise(seconds: float, seed: int = 0) -> Samples:
    samples = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return samples.astype(np.float32)


def test_the_first_of_those_that_are_equal_up_to_the_slack() -> None:
    assert first_largest([1.0, 2.0, 2.0 + 1e-9, 1.5], 1e-6) == 1
    assert first_largest([1.0, 2.0, 2.1], 1e-6) == 2
    assert first_largest([-np.inf, 0.0], 0.0) == 1
    assert first_smallest([3.0, 1.0 + 1e-9, 1.0], 1e-6) == 1
    assert first_smallest([np.inf, 5.0, 4.0], 1e-6) == 2


@pytest.mark.parametrize("first", ROUNDED)
@pytest.mark.parametrize("second", ROUNDED)
def test_of_equally_loud_channels_in_opposite_phase_the_first_is_used(first: float, second: float) -> None:
    sound = noise(1.0)
    powers = ChannelPowers.of([np.stack([sound, -sound])], 2)
    powers.products *= 1 + np.array([[first, 0.0], [0.0, second]])
    assert choose_mix(powers, STEREO) == Mix((1.0, 0.0), "the channels cancel each other; channel 1 is used alone")


@pytest.mark.parametrize("rounded", ROUNDED)
def test_a_channel_exactly_60_db_below_is_kept(rounded: float) -> None:
    powers = ChannelPowers(2)
    powers.products = np.array([[1.0, 0.0], [0.0, 1e-6 * (1 + rounded)]])
    assert choose_mix(powers, STEREO) == Mix((0.5, 0.5))


@pytest.mark.parametrize("rounded", ROUNDED)
def test_a_copy_exactly_as_much_quieter_as_a_leak_is_a_leak_throughout(rounded: float) -> None:
    sound = noise(2.0)
    leak = (sound * np.float64(10 ** (-12 / 20)) * (1 + rounded)).astype(np.float32)
    audio = Audio(np.stack([sound, leak]), RATE_HZ)
    leaked = leaked_frames(frame_levels(audio), 12.0)
    assert (leaked.any(axis=1).tolist(), leaked.all(axis=1).tolist()) == ([False, True], [False, True])
    assert same_sound(audio, [0, 1], 12.0) is None


def test_opposite_offsets_have_the_sign_of_the_first_channel() -> None:
    for rounded in ROUNDED:
        channel = np.full(RATE_HZ, 0.01, np.float32)
        audio = Audio(np.stack([channel, (-channel * (1 + rounded)).astype(np.float32)]), RATE_HZ)
        assert measure_levels(audio).dc_offset > 0


@pytest.mark.parametrize("seed", range(20))
def test_chapters_of_a_recording_that_repeats_itself(seed: int) -> None:
    """Two topics, and a sentence between them that belongs to either: where they part is a tie."""
    one, other = np.eye(2, 8)
    between = (one + other) / np.sqrt(2)
    vectors = np.array([one] * 6 + [between] + [other] * 6)
    weights, costs = np.ones(len(vectors)), np.full(len(vectors), 0.5)
    exact = best_segmentation(vectors, weights, costs, 2)
    assert exact in ([0, 6], [0, 7])
    rounding = np.random.default_rng(seed).uniform(-3e-7, 3e-7, vectors.shape)
    assert best_segmentation(vectors + rounding, weights, costs, 2) == exact


@pytest.mark.parametrize("seed", range(20))
def test_of_a_sentence_said_twice_the_first_stands_for_both(seed: int) -> None:
    text = "The budget for the new building was approved by the board. "
    words = [Word(word, 0.5 * i, 0.5 * i + 0.4) for i, word in enumerate((text * 3).split())]
    transcript = Transcript([Utterance(0.0, 20.0, text * 3, words)], 20.0, "en", None)
    sentences = split_sentences(transcript)
    assert len(sentences) == 3
    vectors = np.tile(np.eye(1, 8, dtype=np.float32), (3, 1))
    vectors += np.random.default_rng(seed).uniform(-3e-7, 3e-7, vectors.shape).astype(np.float32)
    chooser = _Chooser(transcript, sentences, vectors, np.ones(3))
    assert chooser.choose([0, 1, 2], 1, []) == [0]


def test_voices_that_are_equally_far_apart_are_joined_in_order_of_time() -> None:
    voices = np.repeat(np.eye(4), 3, axis=0)
    labels = set()
    for seed in range(20):
        rounding = np.random.default_rng(seed).uniform(-3e-7, 3e-7, voices.shape)
        found = HeuristicDiarization(1.1)._cluster(voices + rounding, {"num_speakers": 2})
        labels.add(tuple(found))
    assert len(labels) == 1
