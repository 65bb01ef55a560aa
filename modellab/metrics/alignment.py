"""Which word of a reference became which word of a transcript, by the fewest edits.

jiwer (RapidFuzz) aligns. Of several alignments with as few edits it gives one; sclite weighs a substitution 4 and a
deletion or an insertion 3, and may give another with the same or more edits (docs/metrics/wer.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, NamedTuple, Protocol

from modellab.metrics.normalisers import Normaliser

Op = Literal["equal", "substitute", "delete", "insert"]


class Piece(Protocol):
    """A stretch in which the same happened to every word, as jiwer tells it: `reference[ref_start_idx:ref_end_idx]`
    became `hypothesis[hyp_start_idx:hyp_end_idx]`."""

    type: Op
    ref_start_idx: int
    ref_end_idx: int
    hyp_start_idx: int
    hyp_end_idx: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two rows of words and how one became the other."""

    reference: Sequence[str]
    hypothesis: Sequence[str]
    pieces: Sequence[Piece]
    """In order, without a gap on either side."""

    def counts(self) -> dict[str, int]:
        """Components of an error rate: length of the reference, substitutions, deletions, insertions."""
        substitutions = deletions = insertions = 0
        for piece in self.pieces:
            match piece.type:
                case "substitute":
                    substitutions += piece.ref_end_idx - piece.ref_start_idx
                case "delete":
                    deletions += piece.ref_end_idx - piece.ref_start_idx
                case "insert":
                    insertions += piece.hyp_end_idx - piece.hyp_start_idx
        return {
            "length": len(self.reference),
            "substitutions": substitutions,
            "deletions": deletions,
            "insertions": insertions,
        }

    def equal(self) -> Iterator[tuple[int, int]]:
        """Places in reference and hypothesis of the words that are the same."""
        for op, one, other in self.steps():
            if op == "equal" and one is not None and other is not None:
                yield one, other

    def steps(self) -> Iterator[tuple[Op, int | None, int | None]]:
        """Word by word: what happened, and its place in reference and hypothesis, None where it has none."""
        for piece in self.pieces:
            places = range(piece.ref_start_idx, piece.ref_end_idx), range(piece.hyp_start_idx, piece.hyp_end_idx)
            for one, other in zip_longest(*places):
                yield piece.type, one, other

    def runs(self) -> Iterator[tuple[range, range]]:
        """Places of the words between those that are the same: stretches of nothing but errors."""
        start = begin = 0
        for piece in self.pieces:
            if piece.type == "equal":
                if piece.ref_start_idx > start or piece.hyp_start_idx > begin:
                    yield range(start, piece.ref_start_idx), range(begin, piece.hyp_start_idx)
                start, begin = piece.ref_end_idx, piece.hyp_end_idx
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
        Alignment(reference, hypothesis, pieces)
        for reference, hypothesis, pieces in zip(references, hypotheses, found.alignments, strict=True)
    ]


def alignment(reference: str, hypothesis: str, normaliser: Normaliser) -> list[AlignedWord]:
    """The words of two texts side by side, as the normaliser leaves them (characters, if it compares those)."""
    (found,) = align([normaliser.tokens(reference)], [normaliser.tokens(hypothesis)])
    return [
        AlignedWord(
            op,
            None if one is None else found.reference[one],
            None if other is None else found.hypothesis[other],
        )
        for op, one, other in found.steps()
    ]


def _as_they_are(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    return rows
