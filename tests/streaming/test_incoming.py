"""Audio in pieces of any size is the same audio, resampled once."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.errors import UsageError
from modellab.media.audio import Audio, Samples
from modellab.media.resampling import resample
from modellab.streaming.incoming import IncomingAudio

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000)


def noise(channels: int, samples: int) -> Samples:
    return np.random.default_rng(samples).normal(0, 0.2, (channels, samples)).astype(np.float32)


def received(incoming: IncomingAudio, pieces: list[Samples] | list[bytes]) -> Samples:
    return np.concatenate([*(incoming.push(piece) for piece in pieces), incoming.finish()])


@settings(max_examples=60)
@given(
    st.sampled_from(RATES), st.integers(1, 3), st.integers(0, 9_000), st.lists(st.integers(0, 9_000), max_size=8),
)  # fmt: skip
def test_pieces_together_are_the_whole_resampled_at_once(
    rate_hz: int, channels: int, length: int, cuts: list[int]
) -> None:
    samples = noise(channels, length)
    pieces = np.split(samples, sorted(min(cut, length) for cut in cuts), axis=1)
    incoming = IncomingAudio(rate_hz, channels, 16_000)
    heard = received(incoming, pieces)
    whole = resample(Audio(samples.mean(axis=0, dtype=np.float32, keepdims=True), rate_hz), 16_000)
    assert np.array_equal(heard, whole.mono)
    assert incoming.sent_s == length / rate_hz


@given(st.integers(1, 3), st.lists(st.integers(0, 4_000), max_size=8))
def test_bytes_may_be_cut_in_the_middle_of_a_sample(channels: int, cuts: list[int]) -> None:
    numbers = np.random.default_rng(3).integers(-32768, 32768, (600, channels)).astype("<i2")
    data = numbers.tobytes()
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(at)]
    heard = received(IncomingAudio(16_000, channels, 16_000), pieces)
    expected = (numbers.T / np.float32(32768)).astype(np.float32).mean(axis=0, dtype=np.float32)
    assert np.array_equal(heard, expected)


def test_full_scale_and_a_rest_of_half_a_sample() -> None:
    incoming = IncomingAudio(16_000, 1, 16_000)
    assert incoming.push(memoryview(b"\x00\x80\xff\x7f\x00\x40\x01")).tolist() == [-1.0, 32767 / 32768, 0.5]
    assert (incoming.finish().tolist(), incoming.sent_s) == ([], 3 / 16_000)


@pytest.mark.parametrize(("rate_hz", "channels"), [(3_999, 1), (192_001, 1), (16_000, 0), (16_000, 17)])
def test_what_no_sender_has_is_refused(rate_hz: int, channels: int) -> None:
    with pytest.raises(UsageError, match="a stream has no such"):
        IncomingAudio(rate_hz, channels, 16_000)


def test_audio_of_another_shape_is_refused_and_not_heard() -> None:
    incoming = IncomingAudio(16_000, 2, 16_000)
    for bad in (np.zeros(4, np.float32), np.zeros((3, 4), np.float32), np.zeros((2, 2, 2), np.float32)):
        with pytest.raises(UsageError, match="can't be streamed"):
            incoming.push(bad)
    assert incoming.sent_s == 0.0
