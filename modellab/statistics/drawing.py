"""Draws of recordings, and numbers that are the same on every machine.

Draws come from PCG64 by whole numbers alone. Sums of products differ in their last digits from processor to processor,
so what is told of them is rounded, and what is equal but for those digits counts as equal.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from modellab.statistics.sums import Floats

DRAWS = 10_000
"""How many draws an interval and a p value rest on, as Bisani & Ney (2004) take."""
_BLOCK = 4_000_000
"""Numbers that are held at once."""
_DIGITS = 12


def subsets(units: int, draws: int, seed: int) -> tuple[Iterator[Floats], int, bool]:
    """Subsets of the units as rows of 0 and 1, in blocks, of which none is empty and none is everything.

    All of them, up to their complements, where there are no more than `draws`; else so many at random, among which an
    empty or a full one is no harm: there are more than 14 units then.

    Returns:
        Blocks of rows, how many subsets there are with the empty one, and whether these are all.
    """
    whole = 2 ** (units - 1)
    if whole <= draws:
        numbers = np.arange(1, whole)
        return iter([((numbers[:, None] >> np.arange(units)) & 1).astype(np.float64)]), whole, True
    return _random_subsets(units, draws, seed), draws + 1, False


def _random_subsets(units: int, draws: int, seed: int) -> Iterator[Floats]:
    random = np.random.Generator(np.random.PCG64(seed))
    columns = -(-units // 8)
    for rows in _blocks(draws, units):
        packed = random.integers(0, 256, (rows, columns), dtype=np.uint8)
        yield np.unpackbits(packed, axis=1, count=units).astype(np.float64)


def resamples(units: int, draws: int, seed: int) -> Iterator[Floats]:
    """How often each unit is drawn, when as many are drawn with replacement as there are; rows in blocks."""
    random = np.random.Generator(np.random.PCG64(seed))
    for rows in _blocks(draws, units):
        drawn = random.integers(0, units, (rows, units))
        places: npt.NDArray[np.int64] = drawn + units * np.arange(rows)[:, None]
        yield np.bincount(places.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def _blocks(draws: int, units: int) -> Iterator[int]:
    most = max(1, _BLOCK // units)
    for start in range(0, draws, most):
        yield min(most, draws - start)


def told(value: float, scale: float = 0.0) -> float:
    """A computed number without the digits in which machines differ; what is nothing beside `scale` is 0."""
    return 0.0 if abs(value) <= scale * 10.0**-_DIGITS else float(f"{value:.{_DIGITS}g}")
