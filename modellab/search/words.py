"""What counts as a word of a text, and which words are the same to somebody who searches.

Two words are the same when their stems are, in the language that was spoken, whatever their case and accents.
Languages that are written without spaces, and Korean, whose particles stick to its words, have no words here but
characters: what is looked for in them is a phrase of characters.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

VERSION = "1"
"""Raise it when a text would have other words, or words other stems: the index is then made anew."""

_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\uac00-\ud7a3"  # Korean syllables
)
"""Characters that stand for themselves."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
)
"""Accents, points and vowel signs that people leave out."""
_VOWELS = "\u0900-\u0963\u0971-\u0df3"
"""Scripts of India, whose vowel signs are no letters to Python but belong to words."""
_JOINERS = "\u200c\u200d"
_WORD = re.compile(f"[{_ALONE}]|(?:(?![_{_ALONE}])[\\w{_MARKS}{_VOWELS}{_JOINERS}])+")
_LEFT_OUT = re.compile(f"[{_MARKS}{_JOINERS}\u0640]")
_AS_ASCII = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})
"""Letters that Unicode takes for letters of their own, and people for accented ones."""

_ALGORITHMS: Mapping[str, str] = {
    **{"ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english"},
    **{"es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french"},
    **{"ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian"},
    **{"lt": "lithuanian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish"},
    **{"pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil"},
    **{"tr": "turkish", "yi": "yiddish"},
}
"""Language, as transcripts name it -> Snowball's algorithm."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A word where it stands in a text."""

    word: str
    start: int
    """Characters before it."""
    end: int


class _Stems(Protocol):
    def stemWord(self, word: str, /) -> str: ...  # noqa: N802 (the package's name for it)


def composed(text: str) -> str:
    """A text with its accents in their letters (Unicode's NFC), as it is searched and shown."""
    return unicodedata.normalize("NFC", text)


def words_of(text: str) -> Iterator[Spot]:
    """The words of a text, one after the other.

    Args:
        text: as `composed` gives it.
    """
    return (Spot(match[0], match.start(), match.end()) for match in _WORD.finditer(text))


def is_cut_into_characters(word: str) -> bool:
    """Whether a word is one character of a language without words here."""
    return re.fullmatch(f"[{_ALONE}]", word) is not None


def folded(word: str) -> str:
    """A word without case, accents and width: `Élan` is `elan`, and `Straße` is `strasse`."""
    bare = _LEFT_OUT.sub("", unicodedata.normalize("NFKD", word).casefold().translate(_AS_ASCII))
    return composed(bare) or word


def stems(word: str, language: str | None) -> tuple[str, str]:
    """What a word is known by, twice over: two are the same to somebody who searches when one or the other is equal.

    The stem without accents; and the stem of the word without accents, for whoever types none (`creees` is `créées`).
    A word in a language without rules is its own stem.

    Args:
        language: ISO 639-1; None where nobody knows.
    """
    stemmer = _stemmer(language)
    plain = folded(word)
    if stemmer is None:
        return plain, plain
    stem = folded(stemmer.stemWord(word.lower()))
    return stem, stem if plain == word.lower() else folded(stemmer.stemWord(plain))


@cache
def _stemmer(language: str | None) -> _Stems | None:
    algorithm = _ALGORITHMS.get(language or "")
    if algorithm is None:
        return None
    import snowballstemmer

    stemmer: _Stems = snowballstemmer.stemmer(algorithm)
    return stemmer
