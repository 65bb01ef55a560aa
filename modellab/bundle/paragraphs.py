"""A transcript's words as paragraphs: what one speaker says before someone else does, in lengths people read."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from modellab.bundle.naming import clean
from modellab.speech.word_times import ends_sentence
from modellab.surfaces.results import Transcript, Utterance, Word

PAUSE_S = 3.0
"""A silence this long inside one speaker's words begins a new paragraph."""
LONG_S = 30.0
"""A paragraph this long ends at the next end of a sentence."""
LONGEST_S = 90.0
"""A paragraph this long ends at the next word."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words of one speaker in a row; never empty. Every word carries the paragraph's speaker."""

    words: tuple[Word, ...]
    first_word: int
    """Number of its first word, counting the words of all paragraphs from 0."""

    @property
    def speaker(self) -> str | None:
        return self.words[0].speaker

    @property
    def start_s(self) -> float:
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        return max(word.end_s for word in self.words)

    @property
    def text(self) -> str:
        return join(self.words)


def join(words: Sequence[Word]) -> str:
    """Words as running text, with spaces only where the language has them."""
    return "".join((" " if word.space_before else "") + word.text for word in words).strip()


def timed_words(utterance: Utterance) -> list[Word]:
    """An utterance's words, cleaned, each with its speaker.

    Where the model gave no words, the text's own pieces, with the utterance's time shared out by their lengths.
    """
    words = utterance.words or list(_spread(utterance))
    return [
        replace(word, text=text, speaker=word.speaker or utterance.speaker)
        for word in words
        if (text := clean(word.text))
    ]


def _spread(utterance: Utterance) -> Iterator[Word]:
    pieces = clean(utterance.text).split(" ")
    total = sum(map(len, pieces))
    start_s = utterance.start_s
    for piece in pieces:
        end_s = start_s + (utterance.end_s - utterance.start_s) * len(piece) / max(total, 1)
        yield Word(piece, start_s, end_s, estimated=True)
        start_s = end_s


def paragraphs(transcript: Transcript, begin_at: Collection[int] = ()) -> list[Paragraph]:
    """A transcript's words in paragraphs, in its own order.

    Args:
        begin_at: numbers of words, counting those of all paragraphs, that begin a paragraph in any case.
    """
    done: list[Paragraph] = []
    current: list[Word] = []
    number = 0
    for word in (word for utterance in transcript.utterances for word in timed_words(utterance)):
        if current and (number in begin_at or _breaks(current, word)):
            done.append(Paragraph(tuple(current), number - len(current)))
            current = []
        current.append(word)
        number += 1
    return [*done, Paragraph(tuple(current), number - len(current))] if current else done


def _breaks(current: Sequence[Word], word: Word) -> bool:
    last = current[-1]
    length_s = last.end_s - current[0].start_s
    return (
        word.speaker != last.speaker
        or word.start_s - last.end_s >= PAUSE_S
        or length_s >= LONGEST_S
        or (length_s >= LONG_S and ends_sentence(last.text))
    )
