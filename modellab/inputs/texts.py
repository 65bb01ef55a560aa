"""Texts as inputs: what a model may speak, told by the ending `.txt`."""

import unicodedata
from pathlib import Path

from modellab.errors import InputRefused, TextRefused
from modellab.inputs.registered import InputKind
from modellab.media.opening import open_regular
from modellab.outside import Limits, parse_text

ENDING = ".txt"
FORMAT = "text/utf-8"
LIMITS = Limits(bytes=1 << 20)
"""About a day of speech."""
_LAYOUT = frozenset("\t\n\f\r")
"""Control characters that texts have."""


def kind_of(path: Path) -> InputKind:
    """What a file is to be, by its ending: a text, or a recording."""
    return "text" if path.suffix.lower() == ENDING else "media"


def check_text(path: Path, name: str) -> None:
    """Make sure that a file is a text that can be spoken.

    Args:
        name: what errors call it.

    Raises:
        InputRefused: it is missing, no file, empty, too large, not UTF-8, has nothing to say or control characters.
    """
    with open_regular(path, name) as file:
        try:
            data = file.read(LIMITS.bytes + 1)
        except OSError as error:
            raise InputRefused(f"{name} can't be read", found=error.strerror) from error
    try:
        text = parse_text(data, name, LIMITS)
    except TextRefused as error:
        raise error.become(InputRefused) from error
    for place, character in enumerate(text):
        if unicodedata.category(character) == "Cc" and character not in _LAYOUT:
            raise InputRefused(
                f"{name} is not plain text",
                found=f"the control character U+{ord(character):04X} at {place}",
                allowed="text, tabs and line breaks",
            )
    if not any(character.isalnum() for character in text):
        raise InputRefused(f"{name} has nothing to say", found=f"{len(text)} characters", allowed="letters or digits")
