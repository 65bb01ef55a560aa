"""The word lists of the English rules, from `english.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any

from modellab.outside import read_yaml

_FILE = Path(__file__).with_name("english.yaml")


@cache
def word_list(name: str) -> tuple[str, ...]:
    """A list by name, in the file's order, lower case."""
    return tuple(str(_lists()[name]).split())


@cache
def phrase_list(name: str) -> tuple[str, ...]:
    """A list of phrases by name, in the file's order, lower case."""
    return tuple(" ".join(phrase.split()) for phrase in str(_lists()[name]).split(","))


def alternatives(name: str) -> str:
    """A list as a regular expression's alternatives."""
    return "|".join(word_list(name))


@cache
def _lists() -> dict[str, Any]:
    content: dict[str, Any] = read_yaml(_FILE)
    return content
