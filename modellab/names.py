"""Answering a name that does not exist with the nearest ones."""

import difflib
from collections.abc import Iterable

from modellab.errors import UnknownName

_NEAR = 0.6
"""`difflib`'s own measure of likeness, 0 to 1."""
_AS_NEAR = 0.1
"""By how much less like it than the nearest a name may be that is named beside that one."""

_MANY = 20
"""More names than these are a wall of text in an error."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are most like a name, the nearest first, and none much farther; capitals don't count."""
    by_folded: dict[str, str] = {}
    for one in sorted(known):
        by_folded.setdefault(one.casefold(), one)
    found = difflib.get_close_matches(name.casefold(), by_folded, n=most, cutoff=_NEAR)
    likeness = [difflib.SequenceMatcher(None, near, name.casefold()).ratio() for near in found]
    return [by_folded[near] for near, like in zip(found, likeness, strict=True) if like >= likeness[0] - _AS_NEAR]


def did_you_mean(names: Iterable[str]) -> str | None:
    """The question, as a hint; None where there is nothing to ask."""
    asked = " or ".join(names)
    return f"Did you mean {asked}?" if asked else None


def unknown_name(kind: str, name: str, known: Iterable[str], *, listed_by: str | None = None) -> UnknownName:
    """The error for an unknown name: the nearest names, and all that there are.

    Args:
        listed_by: the command that lists them, which the error names in their place where they are many.
    """
    names = sorted(known)
    many = listed_by is not None and len(names) > _MANY
    return UnknownName(
        f"there is no {kind} {name!r}",
        allowed=f"{len(names)} names, listed by {listed_by}" if many else ", ".join(names) or "none are defined",
        hint=did_you_mean(nearest(name, names)),
    )


def one_of(kind: str, name: str, known: Iterable[str]) -> str:
    """A name of a closed set, as it is.

    Raises:
        UnknownName: it is not one of them.
    """
    names = list(known)
    if name not in names:
        raise unknown_name(kind, name, names)
    return name
