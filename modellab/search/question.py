"""What people type, as what is looked for: words, and phrases in quotation marks."""

import re
from dataclasses import dataclass

from modellab.errors import UsageError
from modellab.search.words import composed, words_of

MOST_WORDS = 64
_ALLOWED = 'words, and phrases in quotation marks: budget "next year"'
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_PART = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Part:
    """A word, or several that are to follow each other."""

    words: tuple[str, ...]
    is_required: bool
    """Whether it stood in quotation marks: what has not got it is no hit."""


def parts_of(text: str) -> list[Part]:
    """What a question looks for, each once. What is written together (`well-known`, `d'accord`, 来年度) is a phrase.

    Raises:
        UsageError: it has no words, too many, or a quotation mark without its second.
    """
    straight = composed(text).translate(_QUOTES)
    if straight.count('"') % 2:
        raise UsageError(
            "a quotation mark in what is searched has no second one",
            found=text,
            allowed=_ALLOWED,
            hint="In a shell, put all of it into single quotation marks: modellab search '\"next year\" budget'.",
        )
    parts: dict[tuple[str, ...], Part] = {}
    for match in _PART.finditer(straight):
        quoted, bare = match.groups()
        words = tuple(spot.word for spot in words_of(quoted if bare is None else bare))
        if words and (bare is None or words not in parts):
            parts[words] = Part(words, is_required=bare is None)
    if not parts:
        raise UsageError(
            "there is no word in what is searched", found=repr(text), allowed=f"letters and digits: {_ALLOWED}"
        )
    if (many := sum(len(part.words) for part in parts.values())) > MOST_WORDS:
        raise UsageError("too many words are searched at once", found=str(many), allowed=f"up to {MOST_WORDS}")
    return list(parts.values())
