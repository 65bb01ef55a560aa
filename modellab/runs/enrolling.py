"""Bringing a dataset into the lab: its media as inputs, what is known of them as references, both into the tables.

A case that can't be had keeps no other from being enrolled. Nothing is done twice: a recording that the lab has is
known by its digest, whether or not it can still be had where the manifest says. So is what is known of it: where a file
of a reference is missing, and the manifest says of the case what it said when it was there, what the lab has stays.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from modellab.at_once import at_once
from modellab.datasets.catalogue import Dataset
from modellab.datasets.manifest import Case
from modellab.datasets.places import Located, TextPlace
from modellab.datasets.reading import ReferenceReader
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References, known_parts
from modellab.datasets.sources import Sources
from modellab.errors import ArtifactCorrupt, ArtifactMissing, InputDamaged, LabError, MediaChanged, MediaMissing
from modellab.inputs.registered import RegisteredInput, check_copy
from modellab.inputs.store import InputStore
from modellab.settings import Lab
from modellab.trouble import as_lab_error
from modellab.wall_clock import rising
from modellab.warehouse.recorder import Recorder

DURATION = "duration"
"""The slice that the lab adds."""
_LENGTHS_S = ((5.0, "0-5 s"), (15.0, "5-15 s"), (60.0, "15-60 s"), (600.0, "1-10 min"), (3600.0, "10-60 min"))
_LONGEST = "over 1 h"


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What came of one case."""

    case: Case
    source: RegisteredInput | None
    """None where its media can't be had."""
    reference: Reference | None
    """None where what is known of it can't be read, or its media can't be had."""
    error: LabError | None
    kept: LabError | None = None
    """Why the reference is that of the last time: a file of it is missing now."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came of a dataset."""

    dataset: Dataset
    outcomes: list[CaseOutcome]

    @property
    def inputs(self) -> list[RegisteredInput]:
        """The inputs of the cases that are enrolled, each once, in their order."""
        enrolled = (one.source for one in self.outcomes if one.error is None and one.source is not None)
        return list({source.key: source for source in enrolled}.values())

    @property
    def failed(self) -> list[CaseOutcome]:
        """The cases that are not enrolled, each with its error."""
        return [one for one in self.outcomes if one.error is not None]

    @property
    def kept(self) -> list[CaseOutcome]:
        """The cases whose references can't be read now, so that those of the last time stay."""
        return [one for one in self.outcomes if one.kept is not None]


def enrol(
    lab: Lab, dataset: Dataset, sources: Sources, progress: Callable[[CaseOutcome], None] = lambda _: None
) -> Enrolment:
    """Enrol a dataset as it is now; a build then shows it in SQL.

    Args:
        progress: called with each case when it is done, in their order; what it raises ends the enrolling.
    """
    enrolling = _Enrolling(lab, dataset, sources)
    outcomes: list[CaseOutcome] = []
    with enrolling.recorder.holding_rows():
        for outcome in at_once(enrolling.case, zip(dataset.manifest.cases, rising(), strict=False)):
            outcomes.append(outcome)
            progress(outcome)
        enrolling.finish(outcomes)
    return Enrolment(dataset, outcomes)


def length_slice(duration_s: float) -> str:
    """The slice of a recording's length, such as `15-60 s`."""
    return next((name for most_s, name in _LENGTHS_S if duration_s < most_s), _LONGEST)


class _Enrolling:
    def __init__(self, lab: Lab, dataset: Dataset, sources: Sources) -> None:
        self._dataset, self._sources = dataset, sources
        self.recorder = Recorder(lab)
        self._home, self._store = lab.home, InputStore(lab)
        self._references = References(lab.references)
        self._listed = self._references.listed(dataset.id)
        self._reader = ReferenceReader(sources, self._references.keep_sound)

    def case(self, given: tuple[Case, datetime]) -> CaseOutcome:
        """What comes of a case that is enrolled at a time."""
        case, at = given
        source = None
        try:
            source = self._input(case, at)
            self.recorder.input(source)
            reference, kept = self._reference(case, source)
        except Exception as error:
            return CaseOutcome(case, source, None, as_lab_error(error, self._home))
        return CaseOutcome(case, source, reference, None, kept)

    def _reference(self, case: Case, source: RegisteredInput) -> tuple[Reference, LabError | None]:
        """What is known of a case; and the error, where that is what was known the last time.

        Raises:
            LabError: it can't be read, and the lab has nothing that would still be right.
        """
        reference, problems = self._reader.try_read(self._dataset, case, source.duration_s)
        if not problems:
            return reference, None
        # A file that is there and can't be read, or is another one, is a change: what was known is no more true.
        changed = [error for error in problems.values() if not isinstance(error, MediaMissing)]
        stored = None if changed else self._stored(case, source)
        first = next(iter([*changed, *problems.values()]))
        if stored is None:
            raise first
        return stored, first

    def _stored(self, case: Case, source: RegisteredInput) -> Reference | None:
        listed = self._listed.get(case.id)
        given = self._dataset.manifest.given_of(case)
        if listed is None or (listed.input_sha256, listed.given) != (source.sha256, given):
            return None
        try:
            return self._references.read(listed.reference)
        except (ArtifactMissing, ArtifactCorrupt):
            return None

    def finish(self, outcomes: list[CaseOutcome]) -> None:
        manifest = self._dataset.manifest
        digests = self._references.enrol(
            manifest.id,
            manifest.version,
            [
                EnrolledCase(one.case.id, one.source.sha256, one.reference, manifest.given_of(one.case))
                for one in outcomes
                if one.source is not None and one.reference is not None
            ],
        )
        facts = {
            "dataset": manifest.id,
            "version": manifest.version,
            "description": manifest.description,
            "licence": manifest.licence,
            "tasks": list(manifest.tasks),
            "languages": manifest.languages,
            "manifest_sha256": manifest.digest,
        }
        self.recorder.dataset(facts, [self._row(one, digests.get(one.case.id)) for one in outcomes])

    def _row(self, outcome: CaseOutcome, reference_sha256: str | None) -> dict[str, Any]:
        case, source = outcome.case, outcome.source
        of_length = {DURATION: length_slice(source.duration_s)} if source and source.kind == "media" else {}
        return {
            "case_id": case.id,
            "input": source.key if source else None,
            "language": self._dataset.manifest.language_of(case),
            "speakers": case.speakers,
            "reference_sha256": reference_sha256,
            "known": list(known_parts(outcome.reference)) if outcome.reference else None,
            "tags": {**of_length, **case.tags},
            "error": outcome.error.what if outcome.error else None,
        }

    def _input(self, case: Case, at: datetime) -> RegisteredInput:
        if isinstance(case.source, TextPlace):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{case.id}.txt"
                path.write_text(case.source.text, encoding="utf-8")
                return self._store.register(path, "text", at)
        return self._known(case.source) or self._registered(case.source, at)

    def _known(self, place: Located) -> RegisteredInput | None:
        """The input with the digest of a place, if the lab has it and it is intact."""
        known = self._store.with_sha256(place.sha256) if place.sha256 else None
        if known is None:
            return None
        try:
            check_copy(known, seen_is_enough=True)
        except InputDamaged:
            return None  # registering it again mends it
        return known

    def _registered(self, place: Located, at: datetime) -> RegisteredInput:
        path = self._sources.find(place, self._dataset.folder)
        source = self._store.register(path, at=at)
        if source.sha256 != place.sha256:
            raise MediaChanged(f"{place} changed while it was read", hint="Try again.")
        return source
