"""RNNoise against the functions of the package that brings it."""

from collections.abc import Callable

import numpy as np

from modellab.media.audio import Waveform
from models.rnnoise.adapter import DELAY_SAMPLES, RNNoise


def test_it_gives_what_pyrnnoise_gives_before_rounding(load_model: Callable[[str], RNNoise], sample: Waveform) -> None:
    from pyrnnoise import RNNoise as Reference

    # Taken for 48 kHz sound: what it is does not matter to whether two ways agree.
    integers = np.rint(sample.samples[: 480 * 100] * 32_768).astype(np.int16)
    reference = np.concatenate([frame[0] for _, frame in Reference(48_000).denoise_chunk(integers[None], partial=True)])
    stream = load_model("rnnoise").stream()
    found = np.concatenate([stream.push(integers.astype(np.float32) / np.float32(32_768)), stream.finish()]) * 32_768
    expected = reference[DELAY_SAMPLES:]
    assert len(expected) == 480 * 98
    # pyrnnoise cuts the fraction off.
    assert np.abs(np.trunc(found[: len(expected)]) - expected).max() <= 1
