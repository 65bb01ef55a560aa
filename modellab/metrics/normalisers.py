"""Named text normalisers: the form in which a transcript is compared with its reference.

Whisper's own (Radford et al. 2022, appendix C) are the default, for published rates use them. Where they would harm a
language, the name says what is done otherwise. Each has the versions of the packages it rests on in its name, which is
part of a figure's protocol.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Literal

from modellab.names import one_of
from modellab.text.languages import UNSPACED

Unit = Literal["word", "character"]

MARKED = frozenset(
    {"as", "bn", "bo", "gu", "hi", "km", "kn", "lo", "ml", "mr", "my", "ne", "pa", "sa", "si", "ta", "te", "th"}
)
"""Languages whose vowel signs are Unicode marks. Whisper's basic normaliser puts a space in place of each, which parts
words and makes different ones equal; here they are kept."""

_LIBRARY = {
    "ar": "ArabicTextNormalizer",
    "es": "SpanishTextNormalizer",
    "fr": "FrenchTextNormalizer",
    "ru": "RussianTextNormalizer",
    "zh": "ChineseTextNormalizer",
}
"""Languages with a normaliser in `whisper_normalizer.international`."""
_COUNTED = frozenset({"de", "it", "nl", "pt"})
"""Further languages whose spelled numbers text_to_num reads."""


NAMES = (
    *("none", "basic", "basic_marks", "basic_unspaced", "basic_marks_unspaced", "english"),
    *(f"language_{code}" for code in sorted({*_LIBRARY, *_COUNTED})),
)
"""Of all normalisers."""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Brings a text into the form in which it is compared: words with one space between them, none at the ends."""

    name: str
    """With the versions of packages, as it is kept beside a result."""
    unit: Unit
    apply: Callable[[str], str]
    """Remembers the last few hundred texts: several metrics, and several systems, ask for the same reference."""

    def tokens(self, text: str) -> list[str]:
        """The text's words, or its characters."""
        normal = self.apply(text)
        return normal.split() if self.unit == "word" else list(normal)


def normaliser_for(language: str | None) -> Normaliser:
    """Whisper's normaliser for a language: its English one for English, else its basic one; marks kept in `MARKED`,
    spaces removed in languages written without them.

    Args:
        language: ISO 639-1 code, a region may follow (`en-US`); None when it is not known.
    """
    code = code_of(language)
    if code == "en":
        return named("english")
    return named("basic" + ("_marks" if code in MARKED else "") + ("_unspaced" if code in UNSPACED else ""))


def language_normaliser(language: str | None) -> Normaliser | None:
    """The normaliser that knows how the language writes numbers (and, of Arabic and Russian, letters); None where
    no library has one, and for English, whose default knows."""
    code = code_of(language)
    return named(f"language_{code}") if code in _LIBRARY or code in _COUNTED else None


def code_of(language: str | None) -> str | None:
    """`en` of `en-US` and of `EN_us`."""
    return re.split("[-_]", language.lower())[0] if language else None


_KEPT_TEXTS = 256
"""Of a normaliser: 50 MB if each were two hours of speech."""


@cache
def named(name: str) -> Normaliser:
    """A normaliser by its name without versions: one of `NAMES`.

    Raises:
        UnknownName: there is none of that name.
    """
    plain = _named(one_of("text normaliser", name, NAMES))
    return replace(plain, apply=lru_cache(_KEPT_TEXTS)(plain.apply))


def _named(name: str) -> Normaliser:
    release = version("whisper_normalizer")
    match name.split("_"):
        case ["none"]:
            return Normaliser("none", "word", lambda text: " ".join(text.split()))
        case ["english"]:
            return Normaliser(f"whisper_english-{release}", "word", _english())
        case ["basic", *parts]:
            unspaced = "unspaced" in parts
            unit: Unit = "character" if unspaced else "word"
            return Normaliser(f"whisper_{name}-{release}", unit, _basic("marks" in parts, unspaced))
        case [_, code]:
            counted = f"+text2num-{version('text2num')}" if code in _COUNTED or code in ("es", "fr") else ""
            apply = _counted(code) if code in _COUNTED else _of_library(code)
            return Normaliser(f"{name}-{release}{counted}", "character" if code in UNSPACED else "word", apply)
    raise AssertionError(f"{name} is listed and has no normaliser")


def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    return lambda text: str(normalise(text)).strip()


def _basic(marks: bool, unspaced: bool) -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer

    normalise = BasicTextNormalizer(preserve_marks=marks)
    joint = "" if unspaced else " "
    return lambda text: joint.join(normalise(text).split())


def _of_library(code: str) -> Callable[[str], str]:
    from whisper_normalizer import international

    normalise = getattr(international, _LIBRARY[code])()
    return lambda text: str(normalise(text))


def _counted(code: str) -> Callable[[str], str]:
    """Spelled numbers as digits, points between thousands removed, then Whisper's basic form."""
    from text_to_num import alpha2digit

    basic = _basic(marks=False, unspaced=False)

    def apply(text: str) -> str:
        digits = alpha2digit(text.lower(), code, threshold=0)
        return basic(re.sub(r"(?<=\d)[.\u00a0\u202f](?=\d{3}(?!\d))", "", digits))

    return apply
