from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.media.audio import Samples
from modellab.media.frames import FrameStream


class LateModel:
    """Gives back what it gets, so many samples later: what a model with that delay does at best."""

    def __init__(self, delay: int) -> None:
        self._line = np.zeros(delay, dtype=np.float32)
        self.frames = 0

    def __call__(self, frames: Samples) -> Samples:
        self.frames += len(frames)
        line = np.concatenate([self._line, frames.reshape(-1)])
        self._line = line[frames.size :]
        return line[: frames.size].reshape(frames.shape)


def run(blocks: Sequence[int], frame: int, delay: int) -> tuple[Samples, Samples, LateModel]:
    samples = np.arange(1, sum(blocks) + 1, dtype=np.float32)
    model = LateModel(delay)
    stream = FrameStream(model, frame, delay)
    edges = np.cumsum([0, *blocks])
    parts = [stream.push(samples[start:end]) for start, end in pairwise(edges)]
    return samples, np.concatenate([*parts, stream.finish()]), model


@given(blocks=st.lists(st.integers(0, 50), max_size=20), frame=st.integers(1, 16), delay=st.integers(0, 40))
def test_every_sample_comes_out_in_its_place(blocks: list[int], frame: int, delay: int) -> None:
    samples, output, model = run(blocks, frame, delay)
    assert np.array_equal(output, samples)
    assert model.frames * frame < len(samples) + delay + frame, "no more frames than it takes"


def test_nothing_in_nothing_out() -> None:
    _, output, model = run([], 480, 960)
    assert len(output) == 0
    assert model.frames == 0


@pytest.mark.parametrize(("pushed", "known"), [(479, 0), (960, 0), (1439, 0), (1440, 480), (4800, 3840)])
def test_output_is_given_as_soon_as_it_is_known(pushed: int, known: int) -> None:
    stream = FrameStream(LateModel(960), 480, 960)
    assert len(stream.push(np.ones(pushed, np.float32))) == known
