"""Which input people mean: by its key, its slug, a file name it had, or the beginning of its key or SHA-256."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from modellab.errors import UnknownName
from modellab.inputs.keys import DIGITS, slug_of, without_ending
from modellab.names import did_you_mean, nearest

WAYS = "an input's key, its slug, a file name it had (also without its ending), or the beginning of its key or SHA-256"
_MOST_LISTED = 10


class Named(Protocol):
    """What an input is called."""

    @property
    def key(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]:
        """File names it was registered under, the first one first."""


Input = TypeVar("Input", bound=Named)


def meant_by(called: str, inputs: Iterable[Input]) -> list[Input]:
    """The inputs that are called so, in their order: none, one or several.

    Whole names count before beginnings: those by key or digits, else by a file name, else by a file name without its
    ending, else by slug, else by the beginning of a key or SHA-256.
    """
    everything = list(inputs)
    ways: tuple[Callable[[Input], bool], ...] = (
        lambda each: called in (each.key, each.sha256[:DIGITS], each.sha256),
        lambda each: called in each.names,
        lambda each: called in map(without_ending, each.names),
        lambda each: called == slug_of(each.key),
        lambda each: each.key.startswith(called) or each.sha256.startswith(called),
    )
    for way in ways if called else ():
        if found := [each for each in everything if way(each)]:
            return found
    return []


def the_one_meant(called: str, inputs: Iterable[Input]) -> Input:
    """The one input that is called so.

    Raises:
        UnknownName: none is called so, or several are; says which come near, or which those are.
    """
    everything = list(inputs)
    match meant_by(called, everything):
        case [one]:
            return one
        case []:
            raise unknown_input(called, everything)
        case several:
            raise ambiguous_input(called, several)


def unknown_input(called: str, inputs: Iterable[Named]) -> UnknownName:
    """The error for a name that no input has, with those that come near."""
    known = {text for each in inputs for text in (slug_of(each.key), each.key, *each.names) if text}
    near = nearest(called, known)
    return UnknownName(
        f"there is no input {called!r}",
        allowed=WAYS,
        hint=did_you_mean(near) or "modellab inputs list shows what there is.",
    )


def ambiguous_input(called: str, several: list[Input]) -> UnknownName:
    """The error for a name that several inputs have, with their keys."""
    listed = [f"{each.key} ({each.names[0]})" for each in several[:_MOST_LISTED]]
    if more := len(several) - len(listed):
        listed.append(f"{more} more")
    return UnknownName(f"{called!r} can mean {len(several)} inputs", found=", ".join(listed), hint="Give a whole key.")
