"""Phrases over and over, and text that says little new."""

import zlib
from collections.abc import Iterator

import numpy as np

from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength, flag, stretches
from modellab.text.repetition import repetitions

_WINDOW_CHARACTERS = 300
"""About 20 s of speech: long enough to compress, short enough that a loop of 5 s shows."""
_STEP_CHARACTERS = 60
_MOST_COMPRESSION = 2.2
"""Over an hour and a half of real transcripts in eight languages no window of 300 characters is above 2.0."""


def loops(heard: Heard) -> Iterator[Flag]:
    """Phrases of any length that come too often in a row; each speaker's words by themselves, for two may talk at
    once."""
    for speaker in dict.fromkeys(word.speaker for word in heard.words):
        numbers = [number for number, word in enumerate(heard.words) if word.speaker == speaker]
        for each in repetitions([heard.words[number].text for number in numbers]):
            yield flag(
                heard,
                FlagKind.LOOP,
                Strength.STRONG,
                (numbers[each.first_word], numbers[each.end_word - 1] + 1),
                f"“{each.shown}” comes {each.times} times in a row.",
                times=each.times,
                phrase_words=(each.end_word - each.first_word) // each.times,
            )


def compression(heard: Heard) -> Iterator[Flag]:
    """Stretches of which some window compresses too well: loops with small changes, lists that go nowhere.

    The ratio is Whisper's: bytes of the text over bytes of its zlib compression. Measured over windows of about
    `_WINDOW_CHARACTERS`, wherever utterances end, so that long and short ones are held against the same limit.
    """
    if not heard.words:
        return
    pieces = [(" " if word.space_before else "") + word.text for word in heard.words]
    ends = np.cumsum([len(piece) for piece in pieces])
    marked = np.zeros(len(pieces), dtype=bool)
    highest = np.zeros(len(pieces))
    first = 0
    while first < len(pieces):
        begin = int(ends[first - 1]) if first else 0
        end = int(np.searchsorted(ends, begin + _WINDOW_CHARACTERS)) + 1
        if end > len(pieces):
            break
        ratio = compression_ratio("".join(pieces[first:end]))
        if ratio > _MOST_COMPRESSION:
            marked[first:end] = True
            highest[first:end] = np.maximum(highest[first:end], ratio)
        first = max(first + 1, int(np.searchsorted(ends, begin + _STEP_CHARACTERS)))
    for first, end in stretches(marked.tolist()):
        ratio = float(highest[first:end].max())
        yield flag(
            heard,
            FlagKind.COMPRESSION,
            Strength.STRONG,
            (first, end),
            f"The text says little new: it compresses {ratio:.1f} times, speech at most {_MOST_COMPRESSION:g} times.",
            compression_ratio=ratio,
            allowed=_MOST_COMPRESSION,
        )


def compression_ratio(text: str) -> float:
    """Bytes of a text over bytes of its zlib compression, as Whisper reckons it."""
    data = text.strip().encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
