"""Sound on its way to a service that transcribes, and what came back on its way to words.

An adapter says how one piece of sound is asked about (`hear`); packing, placing in the recording's time and guessed
times for words without any are `modellab.speech.by_pieces`, as for every other model.
"""

import io
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from modellab.media.audio import Samples
from modellab.services.access import TooLarge
from modellab.speech.by_pieces import Heard
from modellab.speech.pieces import quietest
from modellab.speech.word_times import split_words
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Word
from modellab.text.languages import LANGUAGE_NAMES

FLAC = "audio/flac"
_CODES = {name.lower(): code for code, name in LANGUAGE_NAMES.items()}
_SENT = 0.3
"""Of the progress of a piece; the rest is the service's work."""
_LOOK_S = 0.25
"""So often whoever waits is asked whether to go on."""
_SHORTEST_SPLIT_S = 20.0
"""A piece as short as this that is too large for a service is no longer parted."""
_MIDDLE = 0.2
"""A piece is parted at the quietest place within this share of its length around its middle."""


class OneHearing:
    """One piece on its way: what is told of it never falls, also when it is sent again."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._told = progress, 0.0

    def sent(self, fraction: float) -> None:
        self._say(_SENT * fraction)

    def heard(self, fraction: float = 1.0) -> None:
        self._say(_SENT + (1.0 - _SENT) * fraction)

    def pause(self, seconds: float) -> None:
        """Wait, for as long as nobody stops it."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            self._progress(self._told)
            time.sleep(min(left_s, _LOOK_S))

    def _say(self, fraction: float) -> None:
        self._told = max(self._told, fraction)
        self._progress(self._told)


class Upload(io.BytesIO):
    """Sound to be sent: says how much of it is read."""

    def __init__(self, content: bytes, hearing: OneHearing) -> None:
        super().__init__(content)
        self._bytes, self._hearing = len(content), hearing

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._hearing.sent(self.tell() / self._bytes)
        return block


def flac(samples: Samples, sample_rate_hz: int) -> bytes:
    """Sound as a FLAC file of 16 bits: as it is for those who hear it, at about half the bytes."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1.0, 1.0), sample_rate_hz, format="FLAC", subtype="PCM_16")
    return file.getvalue()


HearOne = Callable[[Samples, OneHearing], Heard]
"""What a service makes of one piece of sound."""


def one_by_one(hear: HearOne, sample_rate_hz: int) -> Callable[[Sequence[Samples], Progress], list[Heard]]:
    """Asks about each piece of a batch. One that is too large for the service is asked about in parts."""

    def each(sounds: Sequence[Samples], progress: Progress) -> list[Heard]:
        return [
            _in_parts(hear, sound, sample_rate_hz, _share(progress, place, len(sounds)))
            for place, sound in enumerate(sounds)
        ]

    return each


def _share(progress: Progress, place: int, of: int) -> Progress:
    return lambda fraction: progress((place + fraction) / of)


def _in_parts(hear: HearOne, sound: Samples, rate: int, progress: Progress) -> Heard:
    try:
        return hear(sound, OneHearing(progress))
    except TooLarge:
        if len(sound) < 2 * _SHORTEST_SPLIT_S * rate:
            raise
    reach = int(len(sound) * _MIDDLE / 2)
    middle = quietest(sound, rate, len(sound) // 2 - reach, len(sound) // 2 + reach)
    first = _in_parts(hear, sound[:middle], rate, lambda fraction: progress(fraction / 2))
    second = _in_parts(hear, sound[middle:], rate, lambda fraction: progress(0.5 + fraction / 2))
    return _joined(first, second, middle / rate)


def _joined(first: Heard, second: Heard, after_s: float) -> Heard:
    text = " ".join(filter(None, (first.text.strip(), second.text.strip())))
    words = None
    if first.words is not None and second.words is not None:
        later = [replace(w, start_s=w.start_s + after_s, end_s=w.end_s + after_s) for w in second.words]
        words = [*first.words, *later]
    return Heard(text, words, language=first.language or second.language)


@dataclass(frozen=True, slots=True)
class Timed:
    """A word as a service lists it, seconds from the start of the sound."""

    text: str
    start_s: float
    end_s: float
    probability: float | None = None


def written(text: str, words: Iterable[Timed]) -> list[Word]:
    """A service's words as its text has them: with the punctuation that the list may lack, and with a space before
    each that has one there. A word that is not what comes next in the text stays as it is listed.

    Times are put in order: no word begins before the one before it, or ends before it begins.
    """
    listed = [word for word in words if word.text.strip()]
    places = list(_places(text, [word.text.strip() for word in listed]))
    found: list[Word] = []
    behind_s, behind = 0.0, 0
    for number, (word, place) in enumerate(zip(listed, places, strict=True)):
        shown, space = word.text.strip(), True
        if place is not None:
            start, end = place
            gap = text[behind:start]
            space = not behind or any(map(str.isspace, gap))
            after = next((other[0] for other in places[number + 1 :] if other is not None), len(text))
            shown = f"{_before(gap) if space else ''}{text[start:end]}{_after(text[end:after])}"
            behind = end
        behind_s = max(word.start_s, behind_s)
        found.append(Word(shown, behind_s, max(word.end_s, behind_s), word.probability, space))
    return found


def _places(text: str, words: Iterable[str]) -> Iterator[tuple[int, int] | None]:
    """Where in the text each word is: the next one, unless letters lie between that no word before it has."""
    lowered = text.lower()
    by_letters = len(lowered) == len(text)  # not where a capital has two small letters
    at, lost = 0, 0
    for word in words:
        start = lowered.find(word.lower(), at) if by_letters else text.find(word, at)
        between = sum(map(str.isalnum, text[at:start]))
        if start < 0 or between > lost:
            lost += 2 * len(word)
            yield None
            continue
        at, lost = start + len(word), 0
        yield start, at


def _before(gap: str) -> str:
    """What of a gap opens the word after it: `¿`, `(`, a quotation mark."""
    return re.split(r"[\s\w]", gap)[-1]


def _after(gap: str) -> str:
    """What of a gap closes the word before it: a comma, a full stop."""
    return re.split(r"[\s\w]", gap, maxsplit=1)[0]


def spread(text: str, start_s: float, end_s: float) -> list[Word]:
    """The words of a text of which two times are known, each with its share by letters; marked as guessed."""
    words = list(split_words(text))
    letters = [max(1, sum(map(str.isalnum, word.text))) for word in words]
    ends = [start_s + (end_s - start_s) * done / sum(letters) for done in accumulate(letters)]
    return (
        [
            replace(word, start_s=start, end_s=end, estimated=True)
            for word, start, end in zip(words, [start_s, *ends[:-1]], ends, strict=True)
        ]
        if words
        else []
    )


def language_code(said: str | None) -> str | None:
    """ISO 639-1 code of what a service calls a language: `en`, `en-US`, `en_us`, `english`; None where it says none."""
    if not said:
        return None
    name = said.strip().lower()
    return _CODES.get(name) or re.split("[-_]", name)[0]


def terms(text: str | None) -> list[str]:
    """Words and phrases to expect, from a text that lists them with commas or slashes between."""
    return [term.strip() for term in re.split(r"[,/;]", text or "") if term.strip()]
