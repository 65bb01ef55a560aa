"""What is asked of stretches of a recording: a length, a place inside it, no overlap."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Protocol, TypeVar

TOLERANCE_S = 1e-3


class Timed(Protocol):
    """A stretch of a recording."""

    @property
    def start_s(self) -> float:
        """Its beginning."""

    @property
    def end_s(self) -> float:
        """Its end."""


T = TypeVar("T", bound=Timed)


def is_inside(stretch: Timed, duration_s: float) -> bool:
    """Whether it has a length and lies inside a recording, to a millisecond."""
    return -TOLERANCE_S <= stretch.start_s < stretch.end_s <= duration_s + TOLERANCE_S


def overlapping(stretches: Iterable[T]) -> Iterator[T]:
    """Those that begin more than a millisecond before the one ahead of them ends."""
    return (after for before, after in pairwise(stretches) if after.start_s < before.end_s - TOLERANCE_S)
