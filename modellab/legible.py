"""Text from outside (names of files, tags, what models and libraries say), made fit to be stored and shown."""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_COMMANDS = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1: a terminal takes them for commands
    "\u2028\u2029"  # line and paragraph separator
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates: text would be shown in an order it has not
    "]"
)
_SURROGATES = re.compile("[\ud800-\udfff]+")


def legible(text: str) -> str:
    """The text without what is no text: control characters become `_`, bytes that are not UTF-8 become U+FFFD.

    Tab and line feed stay, and so does all that scripts need: joiners, marks of direction, spaces of every kind.
    """
    return _COMMANDS.sub("_", as_text(text))


def as_text(text: str) -> str:
    """The text as UTF-8 can hold it: bytes that are not UTF-8 (in names of files, say) become U+FFFD."""
    return _SURROGATES.sub(_whole, text)


def one_line(text: str) -> str:
    """`legible`, on one line: tabs and line feeds become `_`. For names."""
    return legible(text).replace("\n", "_").replace("\t", "_")


def _whole(match: re.Match[str]) -> str:
    """Lone surrogates stand for bytes that were not UTF-8 (PEP 383)."""
    try:
        return match[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return REPLACEMENT * len(match[0])
