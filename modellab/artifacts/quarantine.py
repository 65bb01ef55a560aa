"""Results that quarantined runs made: no later run takes them for its own.

What was decided lies in the lab's records of the kind `lifecycle_events`; the last decision about a run counts. A
step that would find such a result gets another identity, which says so (`instead_of`), and so another result beside it:
nothing that was made is changed, moved or overwritten, and a run that is released has its results back at once.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.errors import TextRefused
from modellab.outside import Limits, read_json

INSTEAD_OF = "instead_of"
"""The key of `StepIdentity.reads` under which a result says which one it replaces."""
_SAID = "quarantined: "
"""Begins its value: a fingerprint alone would say that the result rests on that one."""
_EXPIRED = "expired: "
_RUN_EVENTS = ("quarantined", "released")
_LIMITS = Limits(bytes=64 << 20, nodes=2_000_000)
_log = logging.getLogger(__name__)


class Quarantine:
    """What is quarantined in a lab, as it is each time it is asked: other processes decide as well.

    Args:
        records: the lab's folder of records.
    """

    def __init__(self, records: Path) -> None:
        self._folder = records / "lifecycle_events"
        self._looked: dict[Path, int] = {}
        """Day -> when its folder had changed last, as it was read."""
        self._decisions: dict[Path, tuple[int, str, str, tuple[str, ...]]] = {}
        """File -> number, run, event and results of each decision about a run; the number is -1 of all other files."""
        self._fingerprints: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def fingerprints(self) -> frozenset[str]:
        """The results that are not to be used."""
        try:
            days = {day: day.stat().st_mtime_ns for day in self._folder.iterdir() if not day.name.startswith(".")}
        except FileNotFoundError:
            return frozenset()
        with self._lock:
            if changed := [day for day, at in days.items() if self._looked.get(day) != at]:
                for path in (path for day in changed for path in sorted(day.glob("*.json"))):
                    if path not in self._decisions:
                        self._decisions[path] = _decision(path)
                self._looked = days
                self._fingerprints = self._work_out()
            return self._fingerprints

    def _work_out(self) -> frozenset[str]:
        last: dict[str, tuple[str, tuple[str, ...]]] = {}
        for number, run, event, results in sorted(self._decisions.values()):
            if number >= 0:
                last[run] = event, results
        return frozenset(one for event, results in last.values() if event == "quarantined" for one in results)


def replaced(
    identity: StepIdentity,
    quarantined: frozenset[str],
    expired: Callable[[StepIdentity, str], bool] = lambda identity, name: False,
) -> StepIdentity:
    """An identity whose result is neither quarantined nor expired: the same, unless that one's is.

    Args:
        expired: whether the result of an identity and its fingerprint is too old.
    """
    while True:
        name = fingerprint(identity)
        if name in quarantined:
            said = _SAID
        elif expired(identity, name):
            said = _EXPIRED
        else:
            return identity
        identity = replace(identity, reads={**identity.reads, INSTEAD_OF: f"{said}{name}"})


def _decision(path: Path) -> tuple[int, str, str, tuple[str, ...]]:
    try:
        record = read_json(path, _LIMITS)
        content: Mapping[str, Any] = record["content"]
        if content["subject_kind"] != "run" or content["event"] not in _RUN_EVENTS:
            return -1, "", "", ()
        evidence = content["evidence"] or {}
        results = tuple(map(str, evidence.get("fingerprints") or ()))
        return int(record["sequence"]), str(content["subject"]), str(content["event"]), results
    except (OSError, TextRefused, KeyError, TypeError, ValueError, AttributeError) as error:
        _log.warning("the decision %s can't be read, and does not count: %s", path, error)
        return -1, "", "", ()
