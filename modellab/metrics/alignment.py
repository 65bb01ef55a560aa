"""Which word of a reference became which word of a transcript, by the fewest edits.

jiwer (RapidFuzz) aligns. Of several alignments with as few edits it gives one; sclite weighs a substitution 4 and a
deletion or an insertion 3, and may give another with the same or more edits (docs/metrics/wer.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, NamedTuple

from modellab.metrics.normalisers import Normaliser

Op = Literal["equal", "substitute", "delete", "insert"]


class Piece(NamedTuple):
    """A stretch in which the same happened to every word: `reference[start:end]` became `hypothesis[start:end]`."""

    op: Op
    reference_start: int
    reference_end: int
    hypothesis_start: int
    hypothesis_end: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two rows of words and how one became the other."""

    reference: Sequence[str]
    hypothesis: Sequence[str]
    pieces: Sequence[Piece]
    """In order, without a gap on either side."""

    def counts(self) -> dict[str, int]:
        """Components of an error rate: length of the reference, substitutions, deletions, insertions."""
        of = dict.fromkeys(("substitute", "delete", "insert"), 0)
        for op, start, end, begin, stop in self.pieces:
            if op != "equal":
                of[op] += (end - start) or (stop - begin)
        return {
            "length": len(self.reference),
            "substitutions": of["substitute"],
            "deletions": of["delete"],
            "insertions": of["insert"],
        }

    def equal(self) -> Iterator[tuple[int, int]]:
        """Places in reference and hypothesis of the words that are the same."""
        for op, start, end, begin, stop in self.pieces:
            if op == "equal":
                yield from zip(range(start, end), range(begin, stop), strict=True)

    def runs(self) -> Iterator[tuple[range, range]]:
        """Places of the words between those that are the same: stretches of nothing but errors."""
        start = begin = 0
        for piece in self.pieces:
            if piece.op == "equal":
                if piece.reference_start > start or piece.hypothesis_start > begin:
                    yield range(start, piece.reference_start), range(begin, piece.hypothesis_start)
                start, begin = piece.reference_end, piece.hypothesis_end
        if start < len(self.reference) or begin < len(self.hypothesis):
            yield range(start, len(self.reference)), range(begin, len(self.hypothesis))


class AlignedWord(NamedTuple):
    """One word of the reference, of the transcript, or of both."""

    op: Op
    reference: str | None
    hypothesis: str | None


def align(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> list[Alignment]:
    """The alignment of each reference with its hypothesis, both as words (or characters)."""
    import jiwer

    found = jiwer.process_words(list(references), list(hypotheses), _as_they_are, _as_they_are)
    return [
        Alignment(
            reference,
            hypothesis,
            [Piece(one.type, one.ref_start_idx, one.ref_end_idx, one.hyp_start_idx, one.hyp_end_idx) for one in chunks],
        )
        for reference, hypothesis, chunks in zip(references, hypotheses, found.alignments, strict=True)
    ]


def alignment(reference: str, hypothesis: str, normaliser: Normaliser) -> list[AlignedWord]:
    """The words of two texts side by side, as the normaliser leaves them (characters, if it compares those)."""
    (found,) = align([normaliser.tokens(reference)], [normaliser.tokens(hypothesis)])
    return [
        AlignedWord(piece.op, word, other)
        for piece in found.pieces
        for word, other in zip_longest(
            found.reference[piece.reference_start : piece.reference_end],
            found.hypothesis[piece.hypothesis_start : piece.hypothesis_end],
        )
    ]


def _as_they_are(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    return rows
