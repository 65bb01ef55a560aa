"""Ids of cases, made of what a layout calls its recordings: short, readable, each once."""

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Sequence

from anyascii import anyascii

from modellab.media.folders import sound_endings

_OTHER = re.compile(r"[^A-Za-z0-9_.]+")
_LONGEST = 100
_DIGITS = 8


def case_ids(names: Sequence[str]) -> list[str]:
    """An id for each name, in the names' order: the last part of a path, more of it where that is there twice."""
    ids = [_id(posixpath.basename(_without_ending(name))) for name in names]
    for longer in (_without_ending, str):
        counts = Counter(ids)
        ids = [_id(longer(name)) if counts[known] > 1 else known for name, known in zip(names, ids, strict=True)]
    taken: set[str] = set()
    unique = []
    for known in ids:
        number, one = 1, known
        while one in taken:
            number += 1
            one = f"{known}-{number}"
        taken.add(one)
        unique.append(one)
    return unique


def _without_ending(name: str) -> str:
    stem, ending = posixpath.splitext(name)
    return stem if ending.lower() in sound_endings() else name


def _id(name: str) -> str:
    """A name in the letters that an id may have. Other scripts are transliterated."""
    plain = _OTHER.sub("-", anyascii(name)).strip("-._") or "case"
    if len(plain) > _LONGEST:
        return f"{plain[:_LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]}"
    return plain
