"""The best way to give each utterance of a reference to one of several streams of a transcript (for ORC-WER).

Exactly, by going through all places in all streams at once, where there are few; else by moving utterances one at a
time for as long as that helps, from where cpWER pairs their speakers: the errors are then never fewer than the fewest.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = NDArray[np.integer[Any]]

MAX_STEPS = 30_000_000
"""Cells of the exact search, about half a second; above it utterances are moved."""
_MAX_ROUNDS = 50


def is_small(utterances: "Sequence[Row]", streams: "Sequence[Row]", limit: int = MAX_STEPS) -> bool:
    """Whether the exact search is cheap; with one stream there is nothing to search."""
    if len(streams) <= 1:
        return True
    cells = np.prod([float(len(stream) + 1) for stream in streams])
    return bool(cells * sum(len(one) for one in utterances) * len(streams) <= limit)


def fewest_errors(utterances: "Sequence[Row]", streams: "Sequence[Row]") -> int:
    """The fewest edits over all ways to give utterances to streams, each in its order.

    A cell says the fewest edits when so many words of each stream are used up. With n utterances' words and streams of
    lengths a, b, ... it takes n * (a + 1) * (b + 1) * ... steps for each stream.
    """
    if not streams:
        return sum(len(one) for one in utterances)
    if len(streams) == 1:
        from rapidfuzz.distance import Levenshtein

        return int(Levenshtein.distance([word for one in utterances for word in one.tolist()], streams[0].tolist()))
    cells = sum(np.ix_(*(_places(stream) for stream in streams)), start=np.zeros((), dtype=np.int32))
    for utterance in utterances:
        cells = np.minimum.reduce([_after(cells, stream, utterance, 1, axis) for axis, stream in enumerate(streams)])
    return int(cells[(-1,) * len(streams)])


def few_errors(utterances: "Sequence[Row]", streams: "Sequence[Row]", given: Sequence[int]) -> int:
    """Edits after utterances were moved from stream to stream, one at a time, while that makes them fewer.

    Args:
        given: for each utterance the stream to begin with.
    """
    if not streams:
        return sum(len(one) for one in utterances)
    best = list(given)
    # With two for a substitution only words that are right draw an utterance to a stream: the way out of a poor start.
    for wrong in (2, 1):
        total = _cost(utterances, streams, best, wrong)
        for _ in range(_MAX_ROUNDS):
            moved = _round(utterances, streams, best, wrong)
            cost = _cost(utterances, streams, moved, wrong)
            if cost >= total:
                break
            best, total = moved, cost
    return min(total, _cost(utterances, streams, given, 1))


def _round(utterances: "Sequence[Row]", streams: "Sequence[Row]", given: Sequence[int], wrong: int) -> list[int]:
    """Each utterance once, in order of time, to where it costs least, all others as they are.

    Args:
        wrong: what a substitution costs; a deletion or an insertion is 1.
    """
    rest = [
        _backward([one for one, k in zip(utterances, given, strict=True) if k == n], s, wrong)
        for n, s in enumerate(streams)
    ]
    rows = [_places(stream) for stream in streams]
    costs = [int(backward[0][0]) for backward in rest]
    done = [0] * len(streams)
    result = []
    for utterance, own in zip(utterances, given, strict=True):
        done[own] += 1
        without = int(np.min(rows[own] + rest[own][done[own]]))
        best, gain, row = own, 0, None
        kept = costs[own] - without
        # What adding it elsewhere costs is at least minus its length: all its words right.
        if kept > -len(utterance):
            for stream in range(len(streams)):
                if stream != own:
                    after = _after(rows[stream], streams[stream], utterance, wrong)
                    added = int(np.min(after + rest[stream][done[stream]])) - costs[stream]
                    if added - kept < gain:
                        best, gain, row = stream, added - kept, after
        if best != own:
            costs[best] += gain + kept
            costs[own] = without
        rows[best] = _after(rows[best], streams[best], utterance, wrong) if row is None else row
        result.append(best)
    return result


def _cost(utterances: "Sequence[Row]", streams: "Sequence[Row]", given: Sequence[int], wrong: int) -> int:
    rows = [_places(stream) for stream in streams]
    for utterance, k in zip(utterances, given, strict=True):
        rows[k] = _after(rows[k], streams[k], utterance, wrong)
    return sum(int(row[-1]) for row in rows)


def _backward(utterances: "Sequence[Row]", stream: "Row", wrong: int) -> "list[Row]":
    """For every n, the edits of the utterances from n on against what of the stream is left at each place."""
    row = _places(stream)
    rows = [row[::-1]]
    for utterance in reversed(utterances):
        row = _after(row, stream[::-1], utterance[::-1], wrong)
        rows.append(row[::-1])
    return rows[::-1]


def _after(cells: "Row", stream: "Row", utterance: "Row", wrong: int, axis: int = 0) -> "Row":
    """The cells after an utterance was held against a stream, which is along an axis."""
    cells = np.moveaxis(cells, axis, -1)
    ahead = _places(stream)
    for word in utterance.tolist():
        new = cells + 1
        np.minimum(new[..., 1:], cells[..., :-1] + np.int32(wrong) * (stream != word), out=new[..., 1:])
        cells = np.minimum.accumulate(new - ahead, axis=-1) + ahead
    return np.moveaxis(cells, -1, axis)


def _places(stream: "Row") -> "Row":
    return np.arange(len(stream) + 1, dtype=np.int32)
