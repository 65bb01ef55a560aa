"""K-weighting against pyloudnorm's filters and SciPy's arithmetic, bit for bit: names of results rest on that."""

import subprocess
import sys

import numpy as np
import pytest
from pyloudnorm import Meter
from scipy.signal import lfilter

from modellab.media.weighting import Floats, KWeighting, high_pass, high_shelf

RATES_HZ = (4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000, 384_000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_coefficients_are_pyloudnorms(rate_hz: int) -> None:
    filters = Meter(rate_hz)._filters
    for ours, theirs in ((high_shelf, filters["high_shelf"]), (high_pass, filters["high_pass"])):
        assert np.array_equal(ours(rate_hz), [*theirs.b, *theirs.a])


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_weighted_sound_is_scipys_bit_for_bit_however_it_is_cut(rate_hz: int) -> None:
    chance = np.random.default_rng(rate_hz)
    sound = chance.normal(0, 0.2, 2 * rate_hz).astype(np.float32)
    sound[rate_hz // 2 : rate_hz] = 0.0
    sound[:8] = [1.0, -1.0, 1e10, -1e10, 1e-38, 0.0, 1e-45, -1e-45]
    expected: Floats = sound.astype(np.float64)
    for coefficients in (high_shelf(rate_hz), high_pass(rate_hz)):
        expected = lfilter(coefficients[:3], coefficients[3:], expected)
    weighting, edges = KWeighting(rate_hz), np.sort(chance.choice(len(sound) - 1, 7, replace=False) + 1)
    found = np.concatenate([weighting.weighted(block) for block in np.split(sound, edges)])
    assert np.array_equal(found, expected)


def test_measuring_loudness_imports_no_scipy() -> None:
    code = (
        "import sys, numpy as np\nfrom modellab.media.loudness import sustained_loudness_lufs\n"
        "assert sustained_loudness_lufs(np.ones(16000, dtype=np.float32), 16000) is not None\n"
        "assert not {'scipy', 'pyloudnorm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
