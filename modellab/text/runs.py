"""Stretches of a sequence in which one piece comes over and over: its runs, of every length, without trying lengths.

A run is a stretch that repeats with some period at least twice and can't be made longer. Every run contains a longest
Lyndon word, of one order of the symbols or its reverse, as long as its period (Bannai et al., "The 'runs' theorem",
SIAM Journal on Computing 46, 2017); so the longest Lyndon word from each place, stretched as far as it repeats, gives
them all. Equal pieces are found in ranks of pieces of 1, 2, 4, ... symbols (Karp, Miller and Rosenberg 1972), so that
n symbols take n log n steps, whatever is in them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Run:
    """`period` symbols over and over, from `start` up to `end` (exclusive); the last time they may break off."""

    start: int
    end: int
    period: int


def runs(symbols: npt.ArrayLike, *, times: int = 2) -> list[Run]:
    """The runs that hold their piece at least so many times in full, by period, then by place.

    Args:
        symbols: integers, shape `(n,)`; equal ones are the same symbol.
        times: 2 or more.
    """
    codes = np.unique(np.asarray(symbols, dtype=np.int64), return_inverse=True)[1].astype(np.int64)
    if len(codes) < times:
        return []
    ranks = _ranks(codes)
    starts = np.arange(len(codes), dtype=np.int64)
    periods = np.concatenate([_lyndon_lengths(ranks[-1]), _lyndon_lengths(_ranks(codes.max() - codes)[-1])])
    starts = np.concatenate([starts, starts])
    inside = starts + periods < len(codes)
    starts, periods = starts[inside], periods[inside]
    first = starts - _equal_before(ranks, starts, starts + periods)
    end = starts + periods + _equal_from(ranks, starts, starts + periods)
    repeated = end - first >= times * periods
    found = np.unique(np.stack([periods, first, end], axis=1)[repeated], axis=0)
    return [Run(int(first), int(end), int(period)) for period, first, end in found]


def _ranks(codes: _Numbers) -> list[_Numbers]:
    """For each power of two up to the length the rank of the piece of so many symbols from each place; pieces that go
    over the end come before those they begin. The last ranks all suffixes."""
    levels, size = [codes], 1
    while size < len(codes):
        behind = np.full(len(codes), -1, dtype=np.int64)
        behind[:-size] = levels[-1][size:]
        pairs = levels[-1] * (len(codes) + 1) + behind + 1
        levels.append(np.unique(pairs, return_inverse=True)[1].astype(np.int64))
        size *= 2
    return levels


def _lyndon_lengths(ranks: _Numbers) -> _Numbers:
    """Length of the longest Lyndon word from each place: up to the next suffix that comes before it."""
    order, lengths = ranks.tolist(), np.empty(len(ranks), dtype=np.int64)
    waiting: list[int] = [len(order)]
    for place in range(len(order) - 1, -1, -1):
        while waiting[-1] < len(order) and order[waiting[-1]] > order[place]:
            waiting.pop()
        lengths[place] = waiting[-1] - place
        waiting.append(place)
    return lengths


def _equal_from(ranks: list[_Numbers], here: _Numbers, there: _Numbers) -> _Numbers:
    """How many symbols from `here` on equal those from `there` on, a later place."""
    total, equal = len(ranks[0]), np.zeros(len(here), dtype=np.int64)
    for level in range(len(ranks) - 1, -1, -1):
        at, other = here + equal, there + equal
        fits = other + 2**level <= total
        same = np.zeros(len(here), dtype=bool)
        same[fits] = ranks[level][at[fits]] == ranks[level][other[fits]]
        equal[same] += 2**level
    return equal


def _equal_before(ranks: list[_Numbers], here: _Numbers, there: _Numbers) -> _Numbers:
    """How many symbols before `here` equal those before `there`, a later place."""
    equal = np.zeros(len(here), dtype=np.int64)
    for level in range(len(ranks) - 1, -1, -1):
        at, other = here - equal - 2**level, there - equal - 2**level
        fits = at >= 0
        same = np.zeros(len(here), dtype=bool)
        same[fits] = ranks[level][at[fits]] == ranks[level][other[fits]]
        equal[same] += 2**level
    return equal
