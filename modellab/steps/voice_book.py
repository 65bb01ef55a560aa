"""The voices that the user made known, with the names of the people: on this machine alone, and deleted for good.

A file `voices/<digits>.json` in the lab's home for each person, in a folder that only its owner can open. Nothing makes
a voice known but the user. Removing a person deletes their file, the one place where the name stands with the vectors.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from modellab.artifacts.store import Artifact
from modellab.errors import LabError, TextRefused, UsageError
from modellab.files import canonical_json, write_atomic
from modellab.names import unknown_name
from modellab.outside import read_json
from modellab.steps.speaker_names import checked_name

_OWNER_ONLY, _OWNER_ONLY_FILE = 0o700, 0o600
_NAME_DIGITS = 16
_LIKE_A_LABEL = re.compile(r"speaker[ _]?\d*|left|right", re.IGNORECASE)
"""How speakers without a name are shown."""


class Space(NamedTuple):
    """What made a vector; only vectors of one space can be compared."""

    model: str
    """`id:variant`."""
    weights_sha256: str | None


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """One vector of a known person."""

    name: str
    model: str
    weights_sha256: str | None
    vector: list[float]
    """Of length 1."""
    heard_s: float
    """Seconds of speech that it rests on."""
    input: str
    """Key of the recording that it is of."""
    speaker: str | None
    """Label in that recording; None: all that is said in it."""
    added_at: datetime

    @property
    def space(self) -> Space:
        return Space(self.model, self.weights_sha256)


_VOICES = TypeAdapter(list[KnownVoice])


def space_of(vectors: Artifact) -> Space:
    """The space of a result of the step `embed`."""
    model = vectors.manifest["identity"]["model"]
    return Space(f"{model['id']}:{model['variant']}", model["weights_sha256"])


class VoiceBook:
    """The known voices of a lab.

    Args:
        folder: `Lab.voices`; made when the first voice is added.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[KnownVoice]:
        """Every voice, by name and then by when it was added.

        Raises:
            LabError: a file can't be read.
        """
        found = [voice for path in sorted(self._folder.glob("*.json")) for voice in _read(path)]
        return sorted(found, key=lambda voice: (voice.name.casefold(), voice.name, voice.added_at))

    def add(self, voice: KnownVoice) -> None:
        """Make a voice known; one of the same recording and speaker in the same space takes the place of the one there.

        Raises:
            UsageError: the name is none that can be shown, or is how speakers without one are.
        """
        name = name_of_person(voice.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(_OWNER_ONLY)
        kept = [one for one in self._of(name) if _place(one) != _place(voice)]
        self._write(name, [*kept, voice])

    def remove(self, name: str) -> int:
        """Delete a person's vectors from the disk; how many there were.

        Raises:
            UnknownName: nobody is called that.
        """
        voices = self._of(name)
        if not voices:
            raise unknown_name("known voice", name, sorted({voice.name for voice in self.all()}))
        self._path(name).unlink()
        return len(voices)

    def digest(self) -> str | None:
        """SHA-256 of what decides who is recognised; None without a voice."""
        told = [[voice.name, voice.model, voice.weights_sha256, voice.vector] for voice in self.all()]
        return hashlib.sha256(canonical_json(told).encode()).hexdigest() if told else None

    def _of(self, name: str) -> list[KnownVoice]:
        path = self._path(name)
        return _read(path) if path.exists() else []

    def _write(self, name: str, voices: Sequence[KnownVoice]) -> None:
        told: list[dict[str, Any]] = [{**asdict(one), "added_at": one.added_at.isoformat()} for one in voices]
        write_atomic(self._path(name), json.dumps(told, ensure_ascii=False, indent=1))
        self._path(name).chmod(_OWNER_ONLY_FILE)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.casefold().encode()).hexdigest()[:_NAME_DIGITS]}.json"


def name_of_person(name: str) -> str:
    """A name fit for a known voice.

    Raises:
        UsageError: it can't be shown, or is how speakers without one are.
    """
    checked = checked_name("the voice", name)
    if _LIKE_A_LABEL.fullmatch(checked):
        raise UsageError(
            f"nobody can be called {checked!r}: speakers without a name are shown so",
            hint="Say who it is; which of a run's speakers is meant says --speaker.",
        )
    return checked


def people_in(voices: Iterable[KnownVoice], space: Space) -> dict[str, list[KnownVoice]]:
    """Name -> their voices in a space."""
    found: dict[str, list[KnownVoice]] = {}
    for voice in voices:
        if voice.space == space:
            found.setdefault(voice.name, []).append(voice)
    return found


def _place(voice: KnownVoice) -> tuple[Space, str, str | None]:
    return voice.space, voice.input, voice.speaker


def _read(path: Path) -> list[KnownVoice]:
    try:
        return _VOICES.validate_python(read_json(path))
    except (OSError, TextRefused, ValidationError) as error:
        raise LabError(
            f"the known voice in {path} can't be read",
            found=str(error).splitlines()[0],
            hint="Delete the file, and add the voice again: modellab voices add.",
        ) from error
