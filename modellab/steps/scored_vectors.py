"""How vectors are scored: each among those that the same system made of the dataset's other recordings."""

from collections.abc import Mapping

import numpy as np

from modellab.artifacts.fingerprint import ABSENT
from modellab.artifacts.kindred import kindred
from modellab.datasets.reference import Reference
from modellab.datasets.references import References
from modellab.files import canonical_json
from modellab.metrics.score import Score
from modellab.metrics.suites import embed
from modellab.metrics.vectors import Vector
from modellab.outside import RESULT, parse_json
from modellab.steps.definition import Outside, OutsideRead
from modellab.steps.embed import STEP
from modellab.steps.scoring import Judged
from modellab.surfaces.sounds import SoundVectors


def _others(outside: Outside) -> str | None:
    """Which vectors there are of all recordings of the datasets that have this one, made as its own was.

    The list is the same for each of those recordings, and is kept once: the digest stands for it.
    """
    own = outside.reads.get("vectors")
    if own is None or own.startswith(ABSENT):
        return None
    references = References(outside.lab.references)
    made = kindred(outside.lab.artifacts, STEP.name).like(own)
    listed = {
        dataset: sorted(
            [known.case.case_id, known.reference, made[recording]]
            for recording, cases in references.cases(dataset).items()
            if recording in made
            for known in cases
        )
        for dataset in sorted({known.case.dataset for known in references.of(outside.input.sha256)})
    }
    return references.keep_list(canonical_json(listed)) if any(listed.values()) else None


OTHERS = OutsideRead("others", "the same system's vectors of the dataset's other recordings", _others)


def among_others(judged: Judged) -> Mapping[str, list[Score]]:
    """Whether the nearest recordings of the case's dataset are of the same voice."""
    own = judged.read("vectors", SoundVectors)
    if own is None:
        return {}
    return {"vectors": embed.scores(judged.reference, vector_of(own), _known(judged))}


def vector_of(found: SoundVectors) -> Vector | None:
    """The recording's own vector."""
    return None if found.recording is None else np.array(found.recording.vector, dtype=np.float64)


def _known(judged: Judged) -> list[tuple[Reference, Vector]]:
    listed = judged.outside.get(OTHERS.role)
    if listed is None:
        return []
    found = []
    by_dataset = parse_json(judged.references.read_list(listed), "a list of results", RESULT)
    for case_id, reference, fingerprint in by_dataset[judged.case.dataset]:
        if case_id == judged.case.case_id or fingerprint == judged.reads["vectors"].fingerprint:
            continue
        artifact = judged.stored(STEP.name, fingerprint)
        if artifact is not None and (vector := vector_of(artifact.read(SoundVectors))) is not None:
            found.append((judged.references.read(reference), vector))
    return found
