"""What every enhancing model must do, asked of each."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import soxr
from scipy.signal import correlate

from modellab.media.audio import Samples, Waveform
from modellab.surfaces.contracts import EnhanceModel

RATES = {"deepfilternet": 48_000, "rnnoise": 48_000, "nsnet2": 16_000}


@pytest.fixture(scope="module", params=list(RATES))
def name(request: pytest.FixtureRequest) -> str:
    given: str = request.param
    return given


@pytest.fixture(scope="module")
def model(name: str, load_model: Callable[[str], Any]) -> EnhanceModel:
    loaded: EnhanceModel = load_model(name)
    return loaded


@pytest.fixture(scope="module")
def rate(name: str) -> int:
    return RATES[name]


@pytest.fixture(scope="module")
def speech(sample: Waveform, rate: int) -> Samples:
    """4 s of speech at the model's rate."""
    return np.asarray(soxr.resample(sample.samples[7 * 16_000 : 11 * 16_000], 16_000, rate), dtype=np.float32)


def enhance(model: EnhanceModel, samples: Samples, blocks: Sequence[int] = ()) -> Samples:
    stream = model.stream()
    parts = [stream.push(part) for part in np.split(samples, np.cumsum(blocks))]
    return np.concatenate([*parts, stream.finish()])


def si_sdr_db(estimate: Samples, reference: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio (Le Roux et al., 2019)."""
    target = reference * (estimate @ reference) / (reference @ reference)
    return float(10 * np.log10((target @ target) / ((estimate - target) @ (estimate - target))))


@pytest.mark.parametrize("length", [0, 1, 479, 480, 1_441, 24_007])
def test_the_output_is_as_long_as_the_input(model: EnhanceModel, speech: Samples, length: int) -> None:
    assert enhance(model, speech[:length]).shape == (length,)


def test_the_output_is_in_time_to_the_sample(model: EnhanceModel, speech: Samples) -> None:
    output = enhance(model, speech)
    correlation = correlate(output, speech, mode="full", method="fft")
    assert int(correlation.argmax()) - (len(speech) - 1) == 0


def test_an_impulse_stays_where_it_is(model: EnhanceModel, rate: int) -> None:
    impulse = np.zeros(rate, dtype=np.float32)
    impulse[6_345] = 0.5
    assert int(np.abs(enhance(model, impulse)).argmax()) == 6_345


def test_blocks_of_any_size_give_the_same(model: EnhanceModel, speech: Samples, rate: int) -> None:
    part = speech[:rate]
    assert np.array_equal(enhance(model, part, [1, 479, 7, 20_000, 481]), enhance(model, part))


def test_a_stream_knows_nothing_of_others(model: EnhanceModel, speech: Samples, rate: int) -> None:
    first = enhance(model, speech[:rate])
    enhance(model, np.random.default_rng(0).normal(0, 0.3, rate).astype(np.float32))
    assert np.array_equal(enhance(model, speech[:rate]), first)


def test_noise_is_taken_out_of_speech(model: EnhanceModel, speech: Samples) -> None:
    noise = np.random.default_rng(1).normal(0, 1, len(speech)).astype(np.float32)
    noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2) / 10 ** (5 / 10))
    noisy = speech + noise
    before, after = si_sdr_db(noisy, speech), si_sdr_db(enhance(model, noisy), speech)
    assert before == pytest.approx(5, abs=0.2)
    assert after > before + 3


def test_silence_stays_silent(model: EnhanceModel, rate: int) -> None:
    assert np.abs(enhance(model, np.zeros(rate, dtype=np.float32))).max() < 1e-4


def test_nothing_wraps_around_at_full_scale(model: EnhanceModel, speech: Samples) -> None:
    loud = speech / np.abs(speech).max()
    output = enhance(model, loud)
    assert np.isfinite(output).all()
    # A sample that wrapped around would jump by twice the full scale.
    assert np.abs(np.diff(output)).max() < 1.2
    assert si_sdr_db(output, loud) > 5
