"""A text as pieces that a voice says one after the other: memory, progress and cancelling follow the pieces."""

import re
from collections.abc import Iterator

from modellab.text.sentences import segmenter

LONGEST_CHARACTERS = 300
"""Some twenty seconds of speech. Voices know best where a sentence ends and how long the pause after it is, so a piece
is as many whole sentences of a paragraph as fit."""
_PARAGRAPHS = re.compile(r"\n\s*\n|\r\n\s*\r\n|\f")
_CLAUSES = re.compile(r"(?<=[,;:—]\s)|(?<=[，、；：])")
_WORDS = re.compile(r"(?<=\s)")


def spoken_pieces(text: str, language: str) -> list[str]:
    """The pieces of a text, in order, none of them longer than `LONGEST_CHARACTERS`.

    White space within a piece is one space each. What has neither letter nor digit is no piece of its own; beside
    something that has, it stays. Together the pieces hold every letter and digit of the text, in order.

    Args:
        text: paragraphs are parted by empty lines.
        language: ISO 639-1 code, for the rules of where sentences end.
    """
    pieces = [piece for paragraph in _PARAGRAPHS.split(text) for piece in _of_paragraph(paragraph, language)]
    return [piece for piece in pieces if any(character.isalnum() for character in piece)]


def _of_paragraph(paragraph: str, language: str) -> Iterator[str]:
    whole = " ".join(paragraph.split())
    if len(whole) <= LONGEST_CHARACTERS:
        yield whole
        return
    gathered = ""
    for part in _parts(whole, language):
        if len(gathered.rstrip()) + len(part.rstrip()) > LONGEST_CHARACTERS and gathered:
            yield gathered.strip()
            gathered = ""
        gathered += part
    yield gathered.strip()


def _parts(paragraph: str, language: str) -> Iterator[str]:
    """Sentences with the space behind them; of one that is too long its clauses, words, and at last characters."""
    for sentence in _sentences(paragraph, language):
        yield from _cut(sentence, [_CLAUSES, _WORDS])


def _cut(part: str, ways: list[re.Pattern[str]]) -> Iterator[str]:
    if len(part.rstrip()) <= LONGEST_CHARACTERS:
        yield part
    elif ways:
        for smaller in ways[0].split(part):
            yield from _cut(smaller, ways[1:])
    else:
        for start in range(0, len(part), LONGEST_CHARACTERS):
            yield part[start : start + LONGEST_CHARACTERS]


def _sentences(paragraph: str, language: str) -> Iterator[str]:
    """The paragraph cut where sentences end: together they are the paragraph, whatever the rules rewrote."""
    start, place = 0, 0
    for sentence in segmenter(language).segment(paragraph):
        said = sentence.strip()
        found = paragraph.find(said, place)
        if found < 0:  # the rules rewrote it: no end that can be trusted
            break
        if found > start:
            yield paragraph[start:found]
        start, place = found, found + len(said)
    yield paragraph[start:]
