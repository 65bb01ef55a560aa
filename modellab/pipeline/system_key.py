"""The text of a system's key: what it may hold, and the one way in which each system is written.

A key is a template's name and overrides, `slot=value`, joined by `+`. A value may be any text. What a key can't hold is
written as in web addresses, `%20` for a space: Dagster's partition keys have no `| , [ ]`, quotes or `...`, `+` divides
overrides, and a key is pasted into shells. Letters of every script stay what they are.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from modellab.errors import TemplateError

_NAME = re.compile(r"[A-Za-z0-9_.:/@-]+")
"""Of a template or model, and of a slot."""
_KEPT = frozenset("_.:=/@-")
_ENDS_A_RANGE = "..."
"""Dagster takes it for a range of partitions."""


def system_key(base: str, overrides: Mapping[str, str]) -> str:
    """The key of a template, or of a key, with overrides (`slot` or `step.parameter` -> value), in a fixed order."""
    return "+".join([base, *(f"{slot}={_written(text_of(slot, value))}" for slot, value in sorted(overrides.items()))])


def parse_key(key: str) -> tuple[str, dict[str, str]]:
    """The name that a key begins with, and slot or `step.parameter` -> value. Characters of a value need not be written
    as `system_key` writes them, except `+` and `%`.

    Raises:
        TemplateError: a name or an override that can't be one, or two for the same slot.
    """
    base, *parts = key.split("+")
    if not _NAME.fullmatch(base) or _ENDS_A_RANGE in base:
        raise TemplateError(
            f"system key {key!r} has characters that can't be used in a pipeline's name",
            found=base,
            allowed="letters, digits and _ . : / @ -",
        )
    overrides: dict[str, str] = {}
    for part in parts:
        slot, value = _override(part, key)
        if slot in overrides:
            raise TemplateError(f"system key {key!r} sets {slot} twice", allowed="one value")
        overrides[slot] = value
    return base, overrides


def _override(part: str, key: str) -> tuple[str, str]:
    slot, _, value = part.partition("=")
    if not (_NAME.fullmatch(slot) and value):
        raise TemplateError(
            f"override {part!r} of system {key!r} is not understood",
            allowed="step=model or step.parameter=value, such as asr=faster_whisper:base or asr.language=de",
            hint="A plus sign in a value is written %2B." if "=" not in part else None,
        )
    return slot, text_of(slot, unquote(value, errors="surrogateescape"))


def text_of(slot: str, value: str) -> str:
    """A slot's value in the form in which equal texts are equal: a letter with its accent is one character (NFC).

    Raises:
        TemplateError: it has bytes that are no text, as what a shell hands over may.
    """
    try:
        value.encode()
    except UnicodeError as error:
        raise TemplateError(f"the value of {slot} is no text", found=repr(value), allowed="UTF-8") from error
    return unicodedata.normalize("NFC", value)


def value_text(value: Any) -> str:
    """A parameter's value as an override says it, the same for every way of writing it.

    Args:
        value: as JSON has it.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value).removesuffix(".0")
        case list():
            return "/".join(map(value_text, value))
        case _:
            return str(value)


def _written(value: str) -> str:
    text = "".join(one if _stays(one) else quote(one, safe="") for one in value)
    return text.replace(_ENDS_A_RANGE, "%2E" * len(_ENDS_A_RANGE))


def _stays(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in _KEPT
    return unicodedata.category(character)[0] not in "CZ"  # no control or format characters, no spaces of any kind
