"""How the words of a transcript are pronounced, put together from the words a dictionary has."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice, product

_MOST_READINGS = 4
"""Readings of one word that are tried; a long number could be read in many ways."""
_EDGES = re.compile(r"^[^\w$€£']+|[^\w%']+$")
"""Punctuation around a word; an apostrophe may belong to it ('em), and signs of currency and percent are read."""
_PARTS = re.compile(r"[^\w'%$€£.,]+|_|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=[A-Za-z])[.,]|[.,](?=[A-Za-z])")
"""Where a compound is taken apart: twenty-five, and/or, FaceTime, MP3, example.com."""
_NUMBER = re.compile(r"^([$€£]?)(\d[\d,]*(?:\.\d+)?)(%|st|nd|rd|th|s)?$", re.IGNORECASE)
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds"}
_YEARS = range(1100, 2100)
"""Numbers that may be read as years."""

Lookup = Callable[[str], str | None]
"""A word in small letters -> its phones with spaces between them, or None."""


def plain(word: str) -> str:
    """A word without the punctuation around it, with straight apostrophes."""
    text = unicodedata.normalize("NFKC", word).replace("’", "'").replace("‘", "'")
    return _EDGES.sub("", text)


def pronunciations(word: str, lookup: Lookup) -> list[str]:
    """Ways to pronounce a word that the dictionary does not have as it is; empty when there is none.

    Numbers are read out, compounds taken apart, capitals spelled, and an 's is added to what it follows.

    Args:
        word: as `plain` gives it.

    Returns:
        Phones with spaces between them.
    """
    parts = [part for part in _PARTS.split(word) if part]
    by_part = [list(dict.fromkeys(_of_part(part, lookup))) for part in parts]
    return [" ".join(phones) for phones in islice(product(*by_part), _MOST_READINGS)] if parts else []


def _of_part(part: str, lookup: Lookup) -> Iterator[str]:
    if number := _NUMBER.match(part):
        for reading in _read_number(*number.groups(default="")):
            phones = [lookup(word) for word in reading.split()]
            if all(phones):
                yield " ".join(filter(None, phones))
    elif known := lookup(part.lower()):
        yield known
    elif part.isupper() and part.isalpha():
        letters = [lookup(f"{letter}.") for letter in part.lower()]
        if all(letters):
            yield " ".join(filter(None, letters))
    elif part.lower().endswith(("'s", "s'")) and (owner := lookup(part.lower().removesuffix("'s").removesuffix("'"))):
        yield f"{owner} Z" if part.lower().endswith("'s") else owner


def _read_number(currency: str, digits: str, ending: str) -> Iterator[str]:
    """A number in words: as an amount, as a year where it may be one, digit by digit."""
    from num2words import num2words

    digits, ending = digits.replace(",", ""), ending.lower()
    if ending in ("st", "nd", "rd", "th"):
        if "." not in digits:
            yield _words(num2words(int(digits), to="ordinal"))
        return
    after = " percent" if ending == "%" else f" {_CURRENCIES[currency]}" if currency else ""
    if "." in digits:
        yield _words(num2words(float(digits))) + after
        return
    value = int(digits)
    amount = _words(num2words(value))
    if ending == "s":  # the 90s: its last word in the plural
        yield re.sub(r"(\w+)$", lambda last: _plural(last[1]), amount)
        return
    if value in _YEARS and not after:
        yield _words(num2words(value, to="year"))
    yield amount.replace(" and ", " ") + after
    yield amount + after
    if not after and len(digits) > 1:
        yield " ".join(_words(num2words(int(digit))) for digit in digits)


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", text))
