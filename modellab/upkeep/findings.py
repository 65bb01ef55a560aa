"""What an audit finds, and what was done about it."""

from dataclasses import dataclass
from typing import Literal

FindingKind = Literal[
    "damaged result",
    "wrong fingerprint",
    "unlisted file",
    "orphan result",
    "result gone",
    "damaged pruned result",
    "damaged record",
    "record gone",
    "run without a start",
    "unknown input",
    "rows differ",
    "rows can't be made",
    "lake file gone",
    "lake file damaged",
    "lake lacks rows",
    "database repaired",
    "damaged input",
    "damaged reference",
    "reference gone",
    "damaged names",
    "damaged events",
    "events of no run",
    "decision about nothing",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: FindingKind
    where: str
    """What it is about: a file or folder, relative to the lab's home where it lies inside, or a table."""
    what: str
    """What is wrong, in a sentence."""
    remedy: str
    """What to do, or what was done, in a sentence."""
    fixable: bool
    """Whether `--fix` can derive what is right."""
    fixed: bool = False
    """Whether it did."""
    sources: tuple[str, ...] = ()
    """Ids of the records, or fingerprints of the results, that it is about."""
