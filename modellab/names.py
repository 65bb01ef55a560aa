"""Answering a name that does not exist with the nearest ones."""

import difflib
from collections.abc import Iterable

from modellab.errors import UnknownName


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for an unknown name: the nearest names first, or the whole list when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else None
    return UnknownName(f"there is no {kind} {name!r}", allowed=", ".join(names) or "none are defined", hint=hint)
