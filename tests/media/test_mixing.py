from collections.abc import Callable

import numpy as np
import pytest

from modellab.media.audio import Samples
from modellab.media.mixing import ChannelPowers, Mix, choose_mix

Tone = Callable[..., Samples]
STEREO = ("FL", "FR")
SURROUND = ("FL", "FR", "FC", "LFE", "BL", "BR")


def mix_of(samples: Samples, layout: tuple[str, ...]) -> Mix:
    return choose_mix(ChannelPowers.of(np.array_split(samples, 7, axis=1), len(layout)), layout)


def noise(channels: int, seed: int = 0) -> Samples:
    return (0.1 * np.random.default_rng(seed).standard_normal((channels, 16_000))).astype(np.float32)


def test_stereo_counts_equally() -> None:
    assert mix_of(noise(2), STEREO) == Mix((0.5, 0.5))
    assert mix_of(noise(2), ("NONE", "NONE")) == Mix((0.5, 0.5))


def test_surround_as_itu_says_without_the_low_frequency_channel() -> None:
    weights = np.array(mix_of(noise(6), SURROUND).weights)
    assert weights == pytest.approx(np.array([0.7071, 0.7071, 1.0, 0.0, 0.5, 0.5]) / 3.4142, abs=1e-4)


def test_channels_without_names_count_equally() -> None:
    assert mix_of(noise(6), ("NONE",) * 6).weights == pytest.approx([1 / 6] * 6)


def test_a_silent_channel_does_not_halve_the_level() -> None:
    samples = noise(2)
    samples[1] *= 5e-4
    assert mix_of(samples, STEREO) == Mix((1.0, 0.0), "channel 2 is silent and left out")


def test_a_quiet_channel_is_kept() -> None:
    samples = noise(2)
    samples[1] *= 5e-3
    assert mix_of(samples, STEREO) == Mix((0.5, 0.5))


def test_opposite_phase_uses_the_louder_channel(tone: Tone) -> None:
    samples = np.stack([-0.9 * tone(1.0), tone(1.0)])
    assert mix_of(samples, STEREO) == Mix((0.0, 1.0), "the channels cancel each other; channel 2 is used alone")


def test_channels_in_quadrature_do_not_cancel(tone: Tone) -> None:
    samples = np.stack([tone(1.0), np.roll(tone(1.0), 9)])
    assert mix_of(samples, STEREO) == Mix((0.5, 0.5))


def test_silence_has_the_plain_mix() -> None:
    assert mix_of(np.zeros((2, 100), np.float32), STEREO) == Mix((0.5, 0.5))


def test_a_low_frequency_channel_alone_is_used() -> None:
    assert mix_of(noise(1), ("LFE",)).weights == (1.0,)
