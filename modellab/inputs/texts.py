"""Texts as inputs: what a model may speak, told by the ending `.txt`."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from modellab.errors import InputRefused, TextRefused
from modellab.inputs.registered import InputKind
from modellab.media.folders import Found, find_files
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


def find_texts(paths: Iterable[Path], home: Path) -> Found:
    """The files meant by paths: a file stands for itself, whatever it is; a folder for the texts below it.

    Args:
        home: the lab's, which never becomes input.
    """
    return find_files(paths, home, lambda path: kind_of(path) == "text", lacking="of another kind")


def read_input_text(path: Path, name: str) -> str:
    """What a file says.

    Args:
        name: what errors call it.

    Raises:
        InputRefused: it is missing, no file, too large or not UTF-8.
    """
    with open_regular(path, name) as file:
        try:
            data = file.read(LIMITS.bytes + 1)
        except OSError as error:
            raise InputRefused(f"{name} can't be read", found=error.strerror) from error
    try:
        return parse_text(data, name, LIMITS)
    except TextRefused as error:
        raise error.become(InputRefused) from error


def check_text(path: Path, name: str) -> None:
    """Make sure that a file is a text that can be spoken.

    Args:
        name: what errors call it.

    Raises:
        InputRefused: it is missing, no file, empty, too large, not UTF-8, has nothing to say or control characters.
    """
    text = read_input_text(path, name)
    for place, character in enumerate(text):
        if unicodedata.category(character) == "Cc" and character not in _LAYOUT:
            raise InputRefused(
                f"{name} is not plain text",
                found=f"the control character U+{ord(character):04X} at {place}",
                allowed="text, tabs and line breaks",
            )
    if not any(character.isalnum() for character in text):
        raise InputRefused(f"{name} has nothing to say", found=f"{len(text)} characters", allowed="letters or digits")
