"""Long rows of phonemes, cut where a speaker would breathe."""

from collections.abc import Iterator

_BREAKS = (",;:—", " ")
"""Signs behind which a row is cut, the better ones first; without any it is cut where it must be."""


def within(phonemes: str, longest: int) -> Iterator[str]:
    """A row of phonemes in pieces of at most `longest`, which joined are the row, without spaces where it was cut.

    Each piece is as long as its kind of break allows: after a comma or the like, else after a word.
    """
    rest = phonemes.strip(" ")
    while len(rest) > longest:
        # The break may be the sign behind the piece: a space there is dropped anyway.
        head = rest[: longest + 1]
        ends = (max(head[:longest].rfind(sign) for sign in _BREAKS[0]), head.rfind(_BREAKS[1]) - 1)
        end = next((end for end in ends if end > 0), longest - 1) + 1
        yield rest[:end].rstrip(" ")
        rest = rest[end:].lstrip(" ")
    if rest:
        yield rest
