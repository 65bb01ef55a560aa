"""What one look at a watched folder says, given the looks before: a pure function.

A file is complete when it was the same in two looks far enough apart, or when it got its name by being renamed from one
that said it was not complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from modellab.drops.listing import Entry, Listing

EMPTY_S = 60.0
"""So long an empty file is waited for: many programs make the file first and fill it later."""

FileState = Literal["waiting", "taken"]
"""What is known of a name: it may still be written to, or what it named was complete and is a drop."""


@dataclass(frozen=True, slots=True)
class Known:
    """A name as it was remembered."""

    entry: Entry
    state: FileState
    since: float
    """Seconds since 1970 of the first look at which it was as it is."""


@dataclass(slots=True)
class Look:
    """What a look changes."""

    seen: list[Entry] = field(default_factory=list)
    """New, or not as they were: they are waited for."""
    complete: list[Entry] = field(default_factory=list)
    """To be taken."""
    moved: list[tuple[bytes, Entry]] = field(default_factory=list)
    """Known by another name before; all else of it stays as it is."""
    gone: list[bytes] = field(default_factory=list)
    """Names that were known and are there no more."""

    def __bool__(self) -> bool:
        return bool(self.seen or self.complete or self.moved or self.gone)


def look(known: Mapping[bytes, Known], listing: Listing, now: float, steady_s: float) -> Look:
    """What has changed.

    Args:
        known: name -> how it was remembered, of those that were there at the last look.
        now: seconds since 1970.
        steady_s: how long a file must stay as it is.
    """
    found = Look()
    absent = {path: each for path, each in known.items() if path not in listing.entries and not listing.hides(path)}
    by_identity = {each.entry.identity: path for path, each in absent.items() if each.entry.inode}
    for path, entry in listing.entries.items():
        before = known.get(path)
        if before is not None and before.entry.version == entry.version:
            if before.state == "waiting" and not entry.temporary and _is_steady(before, now, steady_s):
                found.complete.append(entry)
            continue
        earlier = by_identity.pop(entry.identity, None) if before is None else None
        if earlier is None:
            found.seen.append(entry)
            continue
        was = absent.pop(earlier)
        found.moved.append((earlier, entry))
        if was.entry.temporary and was.state == "waiting" and not entry.temporary and entry.kind == "file":
            found.complete.append(entry)
    found.gone.extend(absent)
    return found


def _is_steady(before: Known, now: float, steady_s: float) -> bool:
    wanted = steady_s if before.entry.size or before.entry.kind != "file" else max(steady_s, EMPTY_S)
    return now - before.since >= wanted
