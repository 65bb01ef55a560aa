"""Words in another language or script than the transcript's."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength, flag, stretches
from modellab.text.languages import LANGUAGE_NAMES, language_name
from modellab.text.sentences import tokens
from modellab.text.stopwords import stop_words

_WINDOW_WORDS = 15
_FEW_WORDS = 3
"""So many words in another script in a row are told; a name or a quotation is shorter."""
_LEAST_OTHER = 0.4
"""Share of a window's words that are another language's stop words: of any text, a third to a half are its own's."""
_MOST_OWN = 0.1
_WRITTEN_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH"})
"""Japanese is written in all of these; its stop words in the first two."""
_COMMON_SCRIPT = "LATIN"
"""Names, brands and formulas are written in it in every language."""


def other_language(heard: Heard) -> Iterator[Flag]:
    """Stretches in another script, and stretches whose small words are another language's.

    A piece of which the model itself said that it is in another language is held against that one.
    """
    yield from _other_script(heard)
    spoken = _languages(heard)
    for language in dict.fromkeys(spoken):
        if language and stop_words(language):
            yield from _other_words(heard, [of == language for of in spoken], language)


def _languages(heard: Heard) -> list[str | None]:
    """The language that each word is supposed to be in."""
    whole = heard.transcript.language
    return [u.language or whole for u in heard.transcript.utterances for _ in u.words]


def _other_script(heard: Heard) -> Iterator[Flag]:
    foreign = []
    for word, language in zip(heard.words, _languages(heard), strict=True):
        own = _scripts_of(language)
        found = {_script(c) for c in word.text if c.isalpha()}
        foreign.append(bool(own and found) and not found & (own | {_COMMON_SCRIPT}))
    for first, end in stretches(foreign):
        letters = next(c for word in heard.words[first:end] for c in word.text if c.isalpha())
        script, language = _script(letters).capitalize(), _languages(heard)[first]
        yield flag(
            heard,
            FlagKind.LANGUAGE,
            Strength.STRONG if end - first >= _FEW_WORDS else Strength.WEAK,
            (first, end),
            f"{script} letters, in a transcript in {language_name(str(language))}.",
            words=end - first,
            few_words=_FEW_WORDS,
        )


def _other_words(heard: Heard, spoken: Sequence[bool], language: str) -> Iterator[Flag]:
    counts = np.zeros((len(heard.words) + 1, len(_others())), dtype=np.int32)
    own = np.zeros(len(heard.words) + 1, dtype=np.int32)
    index, mine = _index(), stop_words(language)
    for number, word in enumerate(heard.words):
        for token in tokens(word.text) if spoken[number] else ():
            if token in index:
                counts[number + 1, index[token]] = 1
            own[number + 1] |= token in mine
    totals, of_own = counts.cumsum(axis=0), own.cumsum()
    width = min(_WINDOW_WORDS, len(heard.words))
    if width < _WINDOW_WORDS:
        return
    shares = (totals[width:] - totals[:-width]) / width
    own_shares = (of_own[width:] - of_own[:-width]) / width
    foreign = (shares.max(axis=1) >= _LEAST_OTHER) & (own_shares <= _MOST_OWN)
    marked = np.convolve(foreign, np.ones(width)) > 0
    for first, end in stretches(marked.tolist()):
        of_stretch = (totals[end] - totals[first]) / (end - first)
        likely = _others()[int(of_stretch.argmax())]
        yield flag(
            heard,
            FlagKind.LANGUAGE,
            Strength.STRONG,
            (first, end),
            f"The words look {language_name(likely)}, in a transcript in {language_name(language)}.",
            share_of_other_language=float(of_stretch.max()),
            share_of_own_language=float((of_own[end] - of_own[first]) / (end - first)),
            least_share=_LEAST_OTHER,
        )


@cache
def _others() -> tuple[str, ...]:
    """Languages that have a list of stop words and a name."""
    return tuple(code for code in sorted(LANGUAGE_NAMES) if stop_words(code))


@cache
def _index() -> dict[str, npt.NDArray[np.intp]]:
    """Stop word -> the languages that it is one of, as places in `_others`."""
    found: dict[str, list[int]] = {}
    for place, language in enumerate(_others()):
        for word in stop_words(language):
            found.setdefault(word, []).append(place)
    return {word: np.array(places) for word, places in found.items()}


@cache
def _scripts_of(language: str | None) -> frozenset[str]:
    """The scripts that a language's stop words are written in; none where it has no list."""
    if language is None:
        return frozenset()
    found = frozenset(_script(c) for word in stop_words(language) for c in word if c.isalpha())
    return found | _WRITTEN_TOGETHER if "HIRAGANA" in found else found


@cache
def _script(character: str) -> str:
    """The script of a letter, by the first word of its name: `LATIN`, `CYRILLIC`, `CJK`, `HIRAGANA`."""
    return unicodedata.name(character, "UNKNOWN").split()[0]
