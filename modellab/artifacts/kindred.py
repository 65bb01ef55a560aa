"""Results of one step that were made the same way, whichever recording they are of.

Two results were made the same way where everything that decided them was equal but for the recording: their steps'
code, parameters and models, and so on for all that they read.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from modellab.artifacts.quarantine import INSTEAD_OF, Quarantine
from modellab.artifacts.store import MANIFEST
from modellab.errors import TextRefused
from modellab.files import canonical_json
from modellab.outside import read_json

RECORDING = "input"
"""The role by which a step reads the registered bytes (`modellab.steps.outside.INPUT`)."""


class Kindred:
    """What there is of one step, told apart by how it was made. Results never change, so each is read once.

    Args:
        root: the folder of artifacts.
        step: whose results.
    """

    def __init__(self, root: Path, step: str) -> None:
        self._root, self._step = root, step
        self._looked: dict[Path, int] = {}
        """Folder of results -> when it had changed last, as it was looked at."""
        self._traced: dict[str, tuple[str, str | None]] = {}
        """Fingerprint -> how it was made, and SHA-256 of the recording."""
        self._by_way: defaultdict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        """How it was made -> SHA-256 of a recording -> its results: several where one was made instead of another."""
        self._beneath: dict[str, frozenset[str]] = {}
        """Fingerprint -> its own, and those of all that it rests on."""
        self._instead: dict[str, int] = {}
        """Fingerprint -> how much of that was made instead of something quarantined."""
        self._quarantine = Quarantine(root / "records")

    def like(self, fingerprint: str) -> Mapping[str, str]:
        """SHA-256 of a recording -> fingerprint of its result, of all made as this one was; none where it is gone.

        What is quarantined is left out with all that rests on it: what was made instead stands for it, unless it was
        released.
        """
        self._look()
        way, _ = self._traced.get(fingerprint, ("", None))
        if not way:
            return {}
        doubted = self._quarantine.fingerprints()
        trusted = {
            recording: [one for one in made if not self._beneath[one] & doubted]
            for recording, made in self._by_way[way].items()
        }
        return {recording: min(made, key=self._instead.__getitem__) for recording, made in trusted.items() if made}

    def _look(self) -> None:
        for folder in sorted((self._root / self._step).glob("[0-9a-f][0-9a-f]")):
            changed_ns = folder.stat().st_mtime_ns
            if self._looked.get(folder) == changed_ns:
                continue
            for place in sorted(folder.iterdir()):
                if place.name not in self._traced and (found := self._trace(place)) is not None:
                    way, recording = found
                    if recording is not None:
                        self._by_way[way][recording].append(place.name)
            self._looked[folder] = changed_ns

    def _trace(self, place: Path) -> tuple[str, str | None] | None:
        """How a result was made and of which recording; None where its manifest can't be read."""
        try:
            identity: dict[str, Any] = dict(read_json(place / MANIFEST)["identity"])
        except (OSError, TextRefused, KeyError, TypeError):
            return None
        recording: str | None = None
        ways: dict[str, Any] = {}
        instead = int(identity.get("reads", {}).pop(INSTEAD_OF, None) is not None)
        beneath = frozenset({place.name})
        for role, read in sorted(identity.pop("reads", {}).items()):
            if role == RECORDING:
                recording = read
            elif (found := self._of(read)) is not None:
                ways[role], other = found
                recording = recording or other
                beneath |= self._beneath[read]
                instead += self._instead[read]
            else:
                ways[role] = read
        way = hashlib.sha256(canonical_json({"identity": identity, "reads": ways}).encode()).hexdigest()
        self._traced[place.name] = way, recording
        self._beneath[place.name], self._instead[place.name] = beneath, instead
        return way, recording

    def _of(self, fingerprint: object) -> tuple[str, str | None] | None:
        """The same of a result that was read, of whatever step; None of what is no result."""
        if not isinstance(fingerprint, str) or len(fingerprint) != 64:
            return None
        if fingerprint in self._traced:
            return self._traced[fingerprint]
        places = self._root.glob(f"[a-z]*/{fingerprint[:2]}/{fingerprint}")
        return next((found for place in places if (found := self._trace(place)) is not None), None)


@cache
def kindred(root: Path, step: str) -> Kindred:
    """The same object for a step each time: it remembers what it has read."""
    return Kindred(root, step)
