"""Taking what was dropped: hash, decode, register. Not for a sensor's tick; a bad file never stops the others."""

import fcntl
import logging
import math
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from modellab.drops.inboxes import Inbox, system_of
from modellab.drops.listing import entry_at
from modellab.drops.remembered import Drop
from modellab.drops.state import DropState
from modellab.errors import InputRefused, PathRefused, StorageError
from modellab.files import confine_to
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.legible import one_line
from modellab.settings import Lab
from modellab.trouble import as_lab_error
from modellab.warehouse.recorder import Recorder

_log = logging.getLogger(__name__)

MOST_TRIES = 3
"""So often a process may die, or fail as nobody thought of, over one file."""
_GONE = "it was deleted, or moved out of the folder, before it was taken"
_KINDS: Mapping[str, str] = {
    "link": "is a link: links are not followed, for they may lead out of the folder. Drop the file itself.",
    "special": "is a pipe, socket or device, not a file.",
    "folder": "is a folder that can't be looked into. Give this user the right to read it: its files are then taken.",
}


@dataclass(slots=True)
class Taken:
    """What taking did."""

    registered: int = 0
    refused: int = 0
    gone: int = 0
    waiting: int = 0
    """Were not complete after all."""


class Taker:
    """Takes drops of one lab; one process of the lab at a time.

    Args:
        inboxes: those whose drops are taken.
        tell: called with each input that a drop became, before the drop counts as taken.
        clock: gives seconds since 1970.
    """

    def __init__(
        self,
        lab: Lab,
        state: DropState,
        inboxes: Sequence[Inbox],
        tell: Callable[[RegisteredInput], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lab, self._state, self._tell, self._clock = lab, state, tell, clock
        self._inboxes = {inbox.key: inbox for inbox in inboxes}
        self._systems = {inbox.key: system_of(lab, inbox) for inbox in inboxes}
        self._store, self._recorder = InputStore(lab), Recorder(lab)
        self.taken = Taken()

    def take_all(self, for_s: float = math.inf) -> Taken:
        """Take every drop that is ready.

        Args:
            for_s: begin with none after so many seconds; the rest stays ready.

        Raises:
            StorageError: the lab's disk refuses; the drops stay ready.
        """
        until = self._clock() + for_s
        for drop in self._state.ready(list(self._inboxes)):
            if self._clock() > until:
                break
            self._take(drop, self._inboxes[drop.folder])
        return self.taken

    def _take(self, drop: Drop, inbox: Inbox) -> None:
        name = one_line(drop.file.name)
        tries = self._state.begin(drop)
        if tries > MOST_TRIES:
            self._refuse(drop, f"{name} can't be read: the process that did ended without a word, {MOST_TRIES} times.")
            return
        try:
            source = self._register(drop, inbox)
        except FileNotFoundError:
            self.taken.gone += self._state.end_if_gone(drop, _GONE)
        except _NotComplete:
            self.taken.waiting += 1
            self._state.wait_again(drop, self._clock())
        except (InputRefused, PathRefused) as error:
            self._refuse(drop, str(error))
        except Exception as error:
            known = as_lab_error(error, self._lab.home)
            if isinstance(known, StorageError):
                self._state.take_back_try(drop)
                raise known from error
            _log.warning("%s could not be taken: %s", name, known, exc_info=error)
            if tries == MOST_TRIES:
                self._refuse(drop, str(known))
        else:
            self._tell(source)
            self._state.registered(drop, source, self._systems[inbox.key], self._clock())
            self.taken.registered += 1

    def _register(self, drop: Drop, inbox: Inbox) -> RegisteredInput:
        """The input that a drop's file becomes.

        Raises:
            FileNotFoundError: it is not there.
            _NotComplete: it is not as it was when it seemed complete, or becomes so meanwhile.
            InputRefused: it can't be used.
        """
        _require_unchanged(drop)
        name = one_line(drop.file.name)
        if drop.kind != "file":
            raise InputRefused(f"{name} {_KINDS[drop.kind]}")
        confine_to(drop.file.parent, inbox.folder)
        _require_unwritten(drop)
        try:
            source = self._store.register(drop.file, "media")
        except InputRefused:
            _require_unchanged(drop)  # else it is refused for what it was while it changed
            raise
        _require_unchanged(drop)
        self._recorder.input(source)
        return source

    def _refuse(self, drop: Drop, reason: str) -> None:
        self._state.refuse(drop, reason)
        self.taken.refused += 1


class _NotComplete(Exception):
    """A file changed after it had seemed complete."""


def _require_unchanged(drop: Drop) -> None:
    try:
        entry = entry_at(drop.file)
        if drop.kind == "folder" and os.access(drop.file, os.R_OK | os.X_OK):
            raise _NotComplete
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError from error
    except OSError as error:
        raise InputRefused(f"{one_line(drop.file.name)} can't be looked at", found=error.strerror) from error
    if drop.kind != "folder" and entry.version != (drop.size, drop.mtime_ns, drop.kind):
        raise _NotComplete


def _require_unwritten(drop: Drop) -> None:
    """Ask the system whether any process has the file open for writing; where it can't say, its size and time must do.

    Linux grants a read lease on a file only while nobody has it open for writing (fcntl(2), F_SETLEASE), to its owner.
    """
    try:
        descriptor = os.open(drop.file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return  # who registers it says why
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError as error:
        raise _NotComplete from error
    except (OSError, AttributeError):
        return  # another's file, a network disk, or no Linux
    finally:
        os.close(descriptor)
