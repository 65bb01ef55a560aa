"""A scorer run on results that a test made, against a reference that it states."""

from collections.abc import Mapping
from pathlib import Path

from modellab.artifacts.store import Artifact, describe_files
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.documents import Kept, save
from modellab.files import canonical_json
from modellab.inputs.registered import RegisteredInput
from modellab.metrics.scored import Scores
from modellab.steps.definition import StepContext, StepDefinition, StepParameters, Timings
from modellab.steps.scoring import REFERENCES


def kept(folder: Path, results: Mapping[str, Kept]) -> dict[str, Artifact]:
    """Role -> result as it is stored, with the role for its fingerprint."""
    found = {}
    for role, result in results.items():
        place = folder / role
        place.mkdir()
        save(result, place)
        names = {"step": role, "fingerprint": role, "content_sha256": role, "summary": {}}
        found[role] = Artifact(place, {**names, "files": describe_files(place)})
    return found


def judged(scorer: StepDefinition, folder: Path, reference: Reference, reads: Mapping[str, Artifact]) -> Scores:
    """What the scorer gives of them for the case `talks/one`."""
    references = References(folder / "references")
    references.enrol("talks", "1", [EnrolledCase("one", "f" * 64, reference)])
    [known] = references.of("f" * 64)
    output = folder / "out"
    output.mkdir()
    context = StepContext(
        input=RegisteredInput("f" * 16, "f" * 64, "x", folder, 20.0, 16000, 1, "wav", 1, "2026-03-12T08:00:00+00:00"),
        system="test",
        parameters=StepParameters(),
        reads=reads,
        absent={},
        output=output,
        progress=lambda fraction: None,
        timings=Timings(),
        outside={REFERENCES: canonical_json([["talks", "1", "one", known.reference]])},
        references=references.root,
    )
    scorer.run(context)
    return Artifact(output, {"files": describe_files(output)}).read(Scores)
