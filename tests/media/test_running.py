"""Running means and extremes against SciPy's filters, bit for bit: names of results rest on that."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d

from modellab.media.running import running_maximum, running_mean, running_minimum


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("window", [1, 2, 5, 9, 151])
def test_they_are_scipys_bit_for_bit(kind: type, window: int) -> None:
    chance = np.random.default_rng(window)
    for length in (1, 2, 3, 5, 8, 9, 10, 150, 151, 152, 3001):
        values: npt.NDArray[Any] = chance.normal(0, 10.0 ** chance.integers(-6, 6), length).astype(kind)
        assert np.array_equal(running_mean(values, window), uniform_filter1d(values, window))
        assert running_mean(values, window).dtype == kind
        assert np.array_equal(running_minimum(values, window), minimum_filter1d(values, window))
        assert np.array_equal(running_maximum(values > 0, window), maximum_filter1d(values > 0, window))
