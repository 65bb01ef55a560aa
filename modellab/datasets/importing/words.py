"""What layouts write in many ways: languages, and slices such as accent or gender."""

import re
from collections.abc import Mapping
from typing import Any

from modellab.text.languages import LANGUAGE_NAMES

_BY_NAME = {name.lower(): code for code, name in LANGUAGE_NAMES.items()} | {"mandarin": "zh"}
_CODE = re.compile(r"([a-zA-Z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)")
_TAGS = {
    "accent": "accent",
    "accents": "accent",
    "dialect": "accent",
    "domain": "domain",
    "noise": "noise",
    "condition": "noise",
    "overlap": "overlap",
    "channel_type": "channel",
    "gender": "gender",
    "sex": "gender",
    "age": "age",
    "age_group": "age",
    "variant": "variant",
    "fold": "fold",
    "split": "split",
}
"""Column -> slice."""
_GENDERS = {"m": "male", "male_masculine": "male", "f": "female", "female_feminine": "female"}
"""As corpora and Common Voice write them."""


def language_code(written: str | None) -> str | None:
    """`en` of `English`, `pt-BR` of `pt_BR`; None of what is neither a code nor an English name of a language."""
    if not written or not (written := written.strip()):
        return None
    if code := _BY_NAME.get(written.lower()):
        return code
    if not (found := _CODE.fullmatch(written)):
        return None
    return found[1].lower() + found[2].replace("_", "-")


def gender(written: str) -> str:
    """`male` of `M`; any other word as it is, in small letters."""
    return _GENDERS.get(written.strip().lower(), written.strip().lower())


def tags_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """The slices that fields with well-known names tell; what is empty tells nothing."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        tag = _TAGS.get(name.strip().lower())
        if tag is None or not isinstance(value, str | int | float) or isinstance(value, bool):
            continue
        if text := " ".join(str(value).split()):
            found[tag] = gender(text) if tag == "gender" else text
    return found
