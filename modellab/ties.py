"""Choosing the best of computed numbers so that rounding never chooses.

What a matrix product or a sum gives in its last digits depends on the CPU that computes it. Of numbers that are equal
but for those digits the first counts, on every machine.
"""

import numpy as np
import numpy.typing as npt


def first_largest(values: npt.ArrayLike, slack: float) -> int:
    """Index of the first value that is at most `slack` below the largest; there is at least one value."""
    numbers = np.asarray(values, dtype=np.float64)
    return int(np.argmax(numbers >= numbers.max() - slack))


def first_smallest(values: npt.ArrayLike, slack: float) -> int:
    """Index of the first value that is at most `slack` above the smallest; there is at least one value."""
    numbers = np.asarray(values, dtype=np.float64)
    return int(np.argmax(numbers <= numbers.min() + slack))
