"""References of a lab's recordings, kept by content: what is known of a recording, and which cases say so.

`references/documents/<aa>/<sha256>.json` holds one `Reference`, `references/sounds/` the sound that references name,
`references/datasets/<id>.json` the cases of one dataset as it was enrolled last. The first two never change; a dataset
that is enrolled again replaces its list, so a case that it has no more is no more held against anything.
"""

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from modellab.at_once import at_once
from modellab.datasets.reference import CaseId, Reference, ReferenceSound
from modellab.documents import load, to_json
from modellab.errors import ArtifactMissing, TextRefused
from modellab.files import atomic_path, canonical_json, sha256_file, write_atomic
from modellab.outside import read_json

_ALWAYS_THERE = frozenset({"language", "evaluated", "stems"})
"""Fields that tell how a reference is to be read, or are empty where nothing is known."""


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A case that some recording is the input of."""

    case: CaseId
    reference: str
    """SHA-256 of the reference's document."""
    parts: tuple[str, ...]
    """What the reference knows: names of the fields of `Reference` that say something, in order of name."""


@dataclass(frozen=True, slots=True)
class EnrolledCase:
    """One case of a dataset, as it is enrolled."""

    case_id: str
    input_sha256: str
    reference: Reference
    given: str | None = None
    """SHA-256 of what the manifest says of it (`Manifest.given_of`); None where no manifest says it."""


@dataclass(frozen=True, slots=True)
class ListedCase:
    """One case of a dataset, as it was enrolled last."""

    input_sha256: str
    reference: str
    """SHA-256 of the reference's document."""
    given: str | None
    """SHA-256 of what the manifest said of it; None where that is not known."""


def known_parts(reference: Reference) -> tuple[str, ...]:
    """Names of a reference's fields that say something, in order of name."""
    names = (one.name for one in fields(Reference) if one.name not in _ALWAYS_THERE)
    known = [name for name in names if getattr(reference, name) is not None]
    return tuple(sorted([*known, "stems"] if reference.stems else known))


class References:
    """The references below one folder, `Lab.references`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def enrol(self, dataset: str, version: str, cases: Iterable[EnrolledCase]) -> Mapping[str, str]:
        """Keep the cases of a dataset, in place of those it had; gives case -> SHA-256 of its reference's document."""
        given = list(cases)
        listed = [
            {
                "case": one.case_id,
                "input": one.input_sha256,
                "reference": kept,
                "parts": known_parts(one.reference),
                "given": one.given,
            }
            for one, kept in zip(given, at_once(self._keep, (one.reference for one in given)), strict=True)
        ]
        write_atomic(self._lists / f"{dataset}.json", canonical_json({"version": version, "cases": listed}))
        return {str(one["case"]): str(one["reference"]) for one in listed}

    def listed(self, dataset: str) -> Mapping[str, ListedCase]:
        """The cases of a dataset as it was enrolled last, by their ids; none where it never was."""
        path = self._lists / f"{dataset}.json"
        cases = read_json(path)["cases"] if path.is_file() else []
        return {one["case"]: ListedCase(one["input"], one["reference"], one.get("given")) for one in cases}

    def of(self, input_sha256: str) -> Sequence[KnownCase]:
        """The cases that a recording is the input of, in order of dataset and case."""
        found = (
            known
            for path in sorted(self._lists.glob("*.json"))
            for known in _cases_in(path, path.stat().st_mtime_ns).get(input_sha256, ())
        )
        return list(found)

    def cases(self, dataset: str) -> Mapping[str, Sequence[KnownCase]]:
        """SHA-256 of an input -> its cases in one dataset; none of a dataset that is not enrolled."""
        path = self._lists / f"{dataset}.json"
        return _cases_in(path, path.stat().st_mtime_ns) if path.is_file() else {}

    def keep_list(self, text: str) -> str:
        """Keep a text that many results depend on, by content; gives its SHA-256."""
        return self._kept(text)

    def read_list(self, sha256: str) -> str:
        """A text that `keep_list` kept.

        Raises:
            ArtifactMissing: the lab has none of that digest.
        """
        path = self._document(sha256)
        if not path.is_file():
            raise ArtifactMissing(f"there is no list {sha256}", hint="Run the bench of its dataset again.")
        return path.read_text(encoding="utf-8")

    def read(self, sha256: str) -> Reference:
        """A reference by the SHA-256 of its document.

        Raises:
            ArtifactMissing: the lab has none of that digest.
            ArtifactCorrupt: the document can't be read.
        """
        path = self._document(sha256)
        if not path.is_file():
            raise ArtifactMissing(f"there is no reference {sha256}", hint="Enrol its dataset again.")
        return load(Reference, path)

    def keep_sound(self, path: Path) -> ReferenceSound:
        """Copy a sound file that a reference names into the lab.

        Raises:
            OSError: it can't be read.
        """
        sound = ReferenceSound(sha256_file(path), path.name)
        place = self._sound(sound)
        if not place.is_file():
            with atomic_path(place) as temporary:
                shutil.copyfile(path, temporary)
        return sound

    def sound(self, sound: ReferenceSound) -> Path:
        """The lab's copy of a sound that a reference names.

        Raises:
            ArtifactMissing: it is not there.
        """
        place = self._sound(sound)
        if not place.is_file():
            raise ArtifactMissing(f"the reference sound {sound.name} is missing", hint="Enrol its dataset again.")
        return place

    def damage(self) -> Iterator[tuple[Path, str]]:
        """Files that are not what their names say, lists that can't be read, and what lists name and is not there."""
        for path in sorted(self.root.glob("documents/*/*.json")) + sorted(self.root.glob("sounds/*.*")):
            if (found := sha256_file(path)) != path.stem:
                yield path, f"its bytes have the digest {found[:16]}…, not that of its name"
        for path in sorted(self._lists.glob("*.json")):
            try:
                listed = self.listed(path.stem)
            except (OSError, TextRefused, KeyError, TypeError, AttributeError) as error:
                yield path, f"it can't be read: {error}"
                continue
            for case, known in listed.items():
                if not self._document(known.reference).is_file():
                    yield (
                        self._document(known.reference),
                        f"it is gone: the case {case} of {path.stem} has no reference",
                    )

    def _keep(self, reference: Reference) -> str:
        # Its digest says whether what is known has changed: not so when references learn to say something more.
        return self._kept(to_json(reference, without_defaults=True))

    def _kept(self, text: str) -> str:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        if not self._document(sha256).is_file():
            write_atomic(self._document(sha256), text)
        return sha256

    def _document(self, sha256: str) -> Path:
        return self.root / "documents" / sha256[:2] / f"{sha256}.json"

    def _sound(self, sound: ReferenceSound) -> Path:
        return self.root / "sounds" / f"{sound.sha256}{Path(sound.name).suffix.lower()}"

    @cached_property
    def _lists(self) -> Path:
        return self.root / "datasets"


_read_lists: dict[Path, tuple[int, Mapping[str, list[KnownCase]]]] = {}
"""List of a dataset's cases -> when it was written, and what it says: a run asks once for each input and step."""


def _cases_in(path: Path, written_ns: int) -> Mapping[str, list[KnownCase]]:
    """SHA-256 of an input -> its cases in one dataset."""
    kept = _read_lists.get(path)
    if kept is None or kept[0] != written_ns:
        content = read_json(path)
        found: defaultdict[str, list[KnownCase]] = defaultdict(list)
        for one in content["cases"]:
            case = CaseId(path.stem, content["version"], one["case"])
            found[one["input"]].append(KnownCase(case, one["reference"], tuple(one["parts"])))
        kept = _read_lists[path] = written_ns, dict(found)
    return kept[1]
