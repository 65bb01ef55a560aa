"""From what a model wrote down of a piece of speech to utterances in the audio's time.

Models that say when each word was said have their times placed (`measured`). Of those that give text alone the words
are spread over the speech (`estimated`) and marked, so that nobody takes a guess for a measurement
(`Word.estimated`); forced alignment puts them in their place. Needs no more than numpy.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise

from modellab.speech.pieces import Piece
from modellab.surfaces.results import Segment, Utterance, Word

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", "؟", "۔", "।")
_CLOSING = "\"'”’»)]」』"
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""How the Unicode names of the letters begin whose languages put no spaces between words."""

NOTHING_KNOWN = Utterance(0.0, 0.0, "")
"""What a model that says nothing but words knows about them."""


def measured(piece: Piece, words: Sequence[Word], about: Utterance = NOTHING_KNOWN) -> list[Utterance]:
    """Utterances of words whose times the model gave, parted where one stretch of the piece's speech ends.

    Args:
        words: in order, in seconds from the piece's start.
        about: what else is known of them (probabilities, language, speaker).
    """
    if not words:
        return []
    placed = [_place(piece, word) for word in words]
    return [_utterance(stretch, about) for stretch in _parted_by_pauses(placed)]


def estimated(piece: Piece, text: str, speech: Sequence[Segment], about: Utterance = NOTHING_KNOWN) -> list[Utterance]:
    """Utterances of a text without times: each word takes the share of the speech, without its pauses, that its letters
    and digits are of the text's. The words are marked as estimated.

    An utterance is a sentence; of a text without punctuation, what is said between two pauses. A word that would go
    over a pause lies before or after it, as `Piece.place` has it.

    Args:
        piece: what the model heard.
        text: what it wrote down of it.
        speech: where there is speech in the audio, in order; what lies around it in the piece gets no word.
        about: what else is known of the words.
    """
    written = list(split_words(text))
    if not written:
        return []
    spoken = piece.only(speech)
    ends = list(accumulate(max(1, sum(map(str.isalnum, word.text))) for word in written))
    second = spoken.duration_s / ends[-1]
    placed = [
        _place(spoken, replace(word, start_s=start * second, end_s=end * second, estimated=True))
        for word, start, end in zip(written, [0, *ends[:-1]], ends, strict=True)
    ]
    sentences = list(_parted_by_sentences([each.word for each in placed]))
    stretches = sentences if any(ends_sentence(word.text) for word in written) else _parted_by_pauses(placed)
    return [_utterance(stretch, about) for stretch in stretches]


def split_words(text: str) -> Iterator[Word]:
    """The words of a text, without times: what lies between spaces, and each letter of languages without them, with
    the marks and the punctuation that follow it."""
    for part in text.split():
        space_before = True
        for word in _letters(part):
            yield Word(word, 0.0, 0.0, space_before=space_before)
            space_before = False


def ends_sentence(word: str) -> bool:
    """Whether a word closes a sentence, going by its punctuation."""
    return word.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)


def _letters(part: str) -> Iterator[str]:
    """A part without spaces, parted before each letter of a language that has none between words, and after it."""
    word, alone = "", False
    for character in part:
        unspaced = _is_unspaced(character)
        letter_begins = character.isalnum() and (unspaced or alone)
        if word and letter_begins and any(map(str.isalnum, word)):
            yield word
            word = ""
        word += character
        alone = unspaced if character.isalnum() else alone
    if word:
        yield word


def _is_unspaced(character: str) -> bool:
    return unicodedata.category(character) in ("Lo", "Lm") and unicodedata.name(character, "").startswith(_UNSPACED)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word in the audio's time, and the number of the piece's span it lies in."""

    word: Word
    span: int


def _place(piece: Piece, word: Word) -> _Placed:
    start_s, end_s, span = piece.place(word.start_s, word.end_s)
    return _Placed(replace(word, start_s=start_s, end_s=end_s), span)


def _parted_by_pauses(words: Sequence[_Placed]) -> Iterator[list[Word]]:
    """Words parted where one span of speech ends and the next begins. A text whose words have spaces between them is
    never parted inside a group that has none."""
    spaced = any(placed.word.space_before for placed in words)
    stretch = [words[0].word]
    for before, after in pairwise(words):
        if after.span != before.span and (after.word.space_before or not spaced):
            yield stretch
            stretch = []
        stretch.append(after.word)
    yield stretch


def _parted_by_sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    numbers = accumulate((ends_sentence(word.text) for word in words[:-1]), initial=0)
    for _, group in groupby(zip(words, numbers, strict=True), key=lambda pair: pair[1]):
        yield [word for word, _ in group]


def _utterance(words: list[Word], about: Utterance) -> Utterance:
    text = "".join(f" {word.text}" if word.space_before else word.text for word in words).strip()
    return replace(about, start_s=words[0].start_s, end_s=words[-1].end_s, text=text, words=words)
