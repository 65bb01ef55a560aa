"""Errors that are only a boundary between words: `web site` for `website`, `Bahn Hof` for `Bahnhof`.

By the fewest edits such a place costs two errors, though every letter is right. Here the transcript is parted there as
the reference is, and counted again.
"""

from bisect import bisect_left
from collections.abc import Sequence

from modellab.metrics.alignment import Alignment, align

MOST_WORDS = 4
"""That are joined to be compared with one word: German compounds rarely have more parts."""


def rejoined(found: Alignment) -> Alignment:
    """The alignment with the transcript's words parted as the reference's, wherever that makes errors fewer.

    Looked at are stretches of nothing but errors. In them, one word of one side and two to `MOST_WORDS` consecutive
    words of the other are the same when their letters are. Both sides parted differently (`an ice` for `a nice`) is an
    error of words.
    """
    words = list(found.hypothesis)
    changed = False
    # From the end, so that places before it stay what they are.
    for reference, hypothesis in reversed(list(found.runs())):
        expected = [found.reference[place] for place in reference]
        heard = [found.hypothesis[place] for place in hypothesis]
        if (better := _parted_alike(expected, heard)) is not None:
            words[hypothesis.start : hypothesis.stop] = better
            changed = True
    return align([found.reference], [words])[0] if changed else found


def _parted_alike(expected: Sequence[str], heard: Sequence[str]) -> list[str] | None:
    """What was heard, parted as what was expected; None where no boundary is the only error, or it saves none."""
    places = _same_letters(expected, heard)
    if not places:
        return None
    words: list[str] = []
    cost = start = begin = 0
    for first, count, other, other_count in [*places, (len(expected), 0, len(heard), 0)]:
        cost += max(first - start, other - begin)
        words += [*heard[begin:other], *expected[first : first + count]]
        start, begin = first + count, other + other_count
    return words if cost < max(len(expected), len(heard)) else None


def _same_letters(expected: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """From left to right, stretches of both that are the same but for boundaries: place and number of words on each
    side."""
    joined, single = _joins(heard, 2, MOST_WORDS), _joins(heard, 1, 1)
    found: list[tuple[int, int, int, int]] = []
    place = next_heard = 0
    while place < len(expected):
        options = [(place, 1, *there) for there in _from(next_heard, joined.get(expected[place], ()))]
        for count in range(2, min(MOST_WORDS, len(expected) - place) + 1):
            whole = "".join(expected[place : place + count])
            options += [(place, count, *there) for there in _from(next_heard, single.get(whole, ()))]
        if options:
            nearest = min(options, key=lambda option: option[2])
            found.append(nearest)
            place, next_heard = place + nearest[1], nearest[2] + nearest[3]
        else:
            place += 1
    return found


def _joins(words: Sequence[str], least: int, most: int) -> dict[str, list[tuple[int, int]]]:
    """What consecutive words are together -> where they begin and how many they are, in order of place."""
    found: dict[str, list[tuple[int, int]]] = {}
    for place in range(len(words)):
        for count in range(least, min(most, len(words) - place) + 1):
            found.setdefault("".join(words[place : place + count]), []).append((place, count))
    return found


def _from(least: int, places: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """The first of the places that is not before `least`, if there is one."""
    first = bisect_left(places, (least, 0))
    return places[first : first + 1]
