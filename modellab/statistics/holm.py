"""Holm's correction (1979) of p values that are asked for together."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given: the chance of even one false call stays below the level they are held to.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none is smaller than one before it, or above 1.
    """
    order = np.argsort(p_values, kind="stable")
    count = len(p_values)
    stepped = np.maximum.accumulate([(count - place) * p_values[at] for place, at in enumerate(order)] or [0.0])
    result = [0.0] * count
    for place, at in enumerate(order):
        result[at] = min(1.0, float(stepped[place]))
    return result
