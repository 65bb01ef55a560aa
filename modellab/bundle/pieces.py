"""Paragraphs in pieces: words against which nothing is said, and words that were probably never said."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from modellab.bundle.paragraphs import Paragraph, join
from modellab.speech.hallucinations.flags import Flag
from modellab.surfaces.results import Word

NEVER_SAID = "May never have been said"
"""What readers are told of words that were probably never said, before why."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a paragraph in a row; never empty."""

    words: tuple[Word, ...]
    first_word: int
    """Number of the first, counting the words of all paragraphs."""
    why: str
    """What speaks against them, in sentences; empty where nothing does."""

    @property
    def text(self) -> str:
        return join(self.words)


def parted(paragraph: Paragraph, flags: Sequence[Flag]) -> list[Piece]:
    """A paragraph in pieces, in order.

    Args:
        flags: of the whole transcript, numbered like the paragraph's words.
    """
    end = paragraph.first_word + len(paragraph.words)
    here = [flag for flag in flags if flag.first_word < end and flag.end_word > paragraph.first_word]
    cuts = {paragraph.first_word, end}
    for flag in here:
        cuts |= {max(flag.first_word, paragraph.first_word), min(flag.end_word, end)}
    places = sorted(cuts)
    pieces = []
    for first, behind in pairwise(places):
        whys = dict.fromkeys(flag.why for flag in here if flag.first_word <= first and behind <= flag.end_word)
        said = paragraph.words[first - paragraph.first_word : behind - paragraph.first_word]
        pieces.append(Piece(said, first, " ".join(whys)))
    return pieces
