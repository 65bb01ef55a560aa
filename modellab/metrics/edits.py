"""Fewest edits between rows of words: plain, by RapidFuzz, and where only words near in time may be one another's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_numbers(*rows: Sequence[str]) -> "list[NDArray[np.int64]]":
    """Rows of words as rows of numbers, the same word the same number in all of them."""
    numbers: dict[str, int] = {}
    return [np.array([numbers.setdefault(word, len(numbers)) for word in row], dtype=np.int64) for row in rows]


def distances(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> "NDArray[np.int64]":
    """The fewest edits between each of the one and each of the other, (references, hypotheses)."""
    from rapidfuzz.distance import Levenshtein

    # RapidFuzz is fastest on text: a letter for each word.
    letters = ["".join(map(chr, row.tolist())) for row in as_numbers(*references, *hypotheses)]
    known, found = letters[: len(references)], letters[len(references) :]
    rows = [[Levenshtein.distance(one, other) for other in found] for one in known]
    return np.array(rows, dtype=np.int64).reshape(len(known), len(found))


def timed_edits(
    reference: "NDArray[np.int64]",
    hypothesis: "NDArray[np.int64]",
    reference_times_s: "NDArray[np.float64]",
    hypothesis_times_s: "NDArray[np.float64]",
) -> tuple[int, int]:
    """The fewest edits where a word may only be, or stand for, one that it overlaps in time; the substitutions in them.

    Of several ways with as few edits it is the one with the fewest substitutions: the most words are right. Time that
    two words only touch in is no overlap. Every word of the reference is held against the words of a band of the
    hypothesis, outside of which there are only deletions and insertions.

    Args:
        reference_times_s: (words, 2), start and end of each.
        hypothesis_times_s: the same; a collar is already in them.
    """
    length, other = len(reference), len(hypothesis)
    if not length or not other:
        return length + other, 0
    starts, ends = hypothesis_times_s[:, 0], hypothesis_times_s[:, 1]
    # No word before `low` ends after the reference's word begins, none from `high` on begins before it ends; both are
    # made to never go back, also where words are out of order.
    low = np.searchsorted(np.maximum.accumulate(ends), reference_times_s[:, 0], side="right")
    low = np.minimum.accumulate(low[::-1])[::-1]
    high = np.searchsorted(np.minimum.accumulate(starts[::-1])[::-1], reference_times_s[:, 1], side="left")
    high = np.maximum(np.maximum.accumulate(high), low)

    edit = length + other + 1  # one edit outweighs all substitutions
    row, left = np.zeros(1, dtype=np.int64), 0
    steps = edit * np.arange(other + 1, dtype=np.int64)
    for word, (start_s, end_s), first, beyond in zip(
        reference.tolist(), reference_times_s.tolist(), low.tolist(), high.tolist(), strict=True
    ):
        # Cells: so many words of the hypothesis are used up, from `first` to `beyond`.
        known = left + len(row) - 1
        before = np.concatenate([row, row[-1] + steps[1 : beyond - known + 1]])[first - left :]
        near = slice(first, beyond)
        allowed = (starts[near] < end_s) & (ends[near] > start_s)
        costs = np.where(hypothesis[near] == word, 0, edit + 1)
        after = before + edit
        np.minimum(after[1:], np.where(allowed, before[:-1] + costs, after[1:]), out=after[1:])
        ahead = steps[: len(after)]
        row, left = np.minimum.accumulate(after - ahead) + ahead, first
    total = int(row[-1]) + edit * (other - (left + len(row) - 1))
    return total // edit, total % edit
