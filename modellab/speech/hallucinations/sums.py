"""Stretches in which small doubts add up."""

from collections.abc import Iterator, Sequence


def greatest_sums(values: Sequence[float], least: float) -> Iterator[tuple[int, int]]:
    """Disjoint stretches whose sum is at least so much, each from where its sum starts to grow to where it is greatest
    (Kadane's scan; the next one begins behind it)."""
    place = 0
    while place < len(values):
        total, best, start, end, first = 0.0, 0.0, place, place, place
        number = place
        while number < len(values):
            total += values[number]
            if total <= 0.0:
                if best >= least:
                    break
                total, best, first = 0.0, 0.0, number + 1
            elif total > best:
                best, start, end = total, first, number + 1
            elif best >= least and best - total >= least:
                break
            number += 1
        if best < least:
            return
        yield start, end
        place = end
