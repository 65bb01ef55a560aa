"""Naming the models' files that can't be read, beside the list that goes on without them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modellab.registry.registry import BrokenFile


def print_broken(files: "Iterable[BrokenFile]") -> None:
    """A line on standard error for each, with what is wrong with it."""
    from modellab.cli.console import print_line, stderr

    for one in files:
        print_line(stderr(), f"! {one.error}", "yellow")
