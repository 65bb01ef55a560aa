"""A sentence cut into what times are made of: words, numbers, punctuation."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\d+(?:[.:/-]\d+)+"  # 2026-12-05, 12/05, 10:30, 2-3
    r"|\d+(?:st|nd|rd|th|am|pm)?\b"
    r"|[ap]\.m\.?"
    r"|\d+"
    r"|[^\W\d_]+(?:['’](?!s\b)[^\W\d_]+|-[^\W\d_]+)*"  # I'll, won't, twenty-first
    r"|['’]s\b"
    r"|\S",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One of them, and where it stands."""

    text: str
    """In lower case, with straight apostrophes."""
    start: int
    end: int
    capital: bool
    """Whether it begins with a capital letter."""

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()


def tokenize(text: str) -> list[Token]:
    """The tokens of a text, in order."""
    return [
        Token(match[0].lower().replace("’", "'"), match.start(), match.end(), match[0][0].isupper())
        for match in _TOKEN.finditer(text)
    ]
