"""Keys of inputs: what partitions, tables and commands call a recording by.

`weekly-sync-0a1b2c3d4e5f6789`: a readable slug of the name it was first registered under, for people, and the first 16
digits of its SHA-256, which alone say which input it is. Labs from before have inputs whose key is the digits alone:
a key never changes, since everything that was recorded of the input goes by it.
"""

import re

from anyascii import anyascii

DIGITS = 16
"""Of the SHA-256; a second input with the same ones is refused."""
NO_NAME = "input"
"""The slug of a name that has no letter or digit that could be written in ASCII."""
_LONGEST_SLUG = 40
"""Characters: keys stand in columns of grids and in tags of runs, beside a system's key."""
_KEY = re.compile(rf"(?:[a-z0-9]+-)*[0-9a-f]{{{DIGITS}}}")
_HEX = re.compile(r"[0-9a-f]{1,64}")
_ENDING = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,8}$")
_APOSTROPHES = re.compile("['`\u2019]")


def input_key(name: str, sha256: str) -> str:
    """The key of an input that is first registered under a file name."""
    return f"{slug(name)}-{sha256[:DIGITS]}"


def slug(name: str) -> str:
    """A file name without its ending in lower-case ASCII letters, digits and single hyphens, at most 40 characters.

    Other scripts are transliterated (`Köln` is `koln`); without a letter that can be, the slug is neutral.
    """
    plain = _APOSTROPHES.sub("", anyascii(without_ending(name))).lower()
    words = re.findall(r"[a-z0-9]+", plain)
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word[:_LONGEST_SLUG]
        if len(longer) > _LONGEST_SLUG:
            break
        kept = longer
    return kept or NO_NAME


def without_ending(name: str) -> str:
    """A file name without its ending, if it has one."""
    return _ENDING.sub("", name)


def digits_of(key: str) -> str | None:
    """The digits that a key ends with; None for what can't be a key."""
    return key[-DIGITS:] if _KEY.fullmatch(key) else None


def slug_of(key: str) -> str | None:
    """The readable part of a key; None of a key that is the digits alone."""
    return key[: -DIGITS - 1] or None


def is_hex(text: str) -> bool:
    """Whether it may be (the beginning of) an input's digits or SHA-256."""
    return _HEX.fullmatch(text) is not None
