"""The scorer text_metrics: chapters, summary and action items of one recording, each held against a person's."""

from pathlib import Path

import pytest

from modellab.artifacts.store import Artifact, describe_files
from modellab.datasets.reference import CaseId, Reference, ReferenceAction, ReferenceChapter
from modellab.datasets.references import EnrolledCase, References
from modellab.documents import Kept, save
from modellab.files import canonical_json
from modellab.inputs.registered import RegisteredInput
from modellab.metrics.scored import Scores
from modellab.pipeline.system import scorers_of
from modellab.steps.catalogue import get_step
from modellab.steps.definition import StepContext, StepParameters, Timings
from modellab.steps.scorers import TEXT_METRICS
from modellab.steps.scoring import REFERENCES
from modellab.surfaces.results import Transcript, Utterance
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, Evidence, Line, Summary

CITED = Evidence(1.0, 2.0, None, 0, 1, "Call the bank.")
RESULTS: dict[str, Kept] = {
    "transcript": Transcript([Utterance(0.0, 20.0, "Call the bank.")], 20.0, "en"),
    "chapters": Chapters([Chapter("Bank", 0.0, 20.0, 0, 3, CITED)], "extractive"),
    "summary": Summary([Line("Call the bank.", [CITED])], [], "extractive"),
    "action_items": ActionItems([ActionItem("Call the bank", None, None, None, None, [CITED])], "rules"),
}


@pytest.fixture
def reads(tmp_path: Path) -> dict[str, Artifact]:
    found = {}
    for role, result in RESULTS.items():
        folder = tmp_path / role
        folder.mkdir()
        save(result, folder)
        names = {"step": role, "fingerprint": role, "content_sha256": role, "summary": {}}
        found[role] = Artifact(folder, {**names, "files": describe_files(folder)})
    return found


def scored(tmp_path: Path, reference: Reference, reads: dict[str, Artifact]) -> Scores:
    references = References(tmp_path / "references")
    references.enrol("talks", "1", [EnrolledCase("one", "f" * 64, reference)])
    [known] = references.of("f" * 64)
    output = tmp_path / "out"
    output.mkdir()
    context = StepContext(
        input=RegisteredInput("f" * 16, "f" * 64, "x", tmp_path, 20.0, 16000, 1, "wav", 1, "2026-03-12T08:00:00+00:00"),
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
    TEXT_METRICS.run(context)
    return Artifact(output, {"files": describe_files(output)}).read(Scores)


def test_each_result_has_its_own_scores(tmp_path: Path, reads: dict[str, Artifact]) -> None:
    reference = Reference(
        "en",
        chapters=[ReferenceChapter(0.0), ReferenceChapter(10.0)],
        summary="Call a bank.",
        actions=[ReferenceAction("Call the bank", None, None, 0.5, 1.5)],
    )
    results = scored(tmp_path, reference, reads).results
    assert {one.case for one in results} == {CaseId("talks", "1", "one")}
    found = {one.fingerprint: {score.metric.name: score.value for score in one.scores} for one in results}
    # The boundary at 10 s is in 5 of the 16 windows of 5 s, and is not found.
    assert found["chapters"] == {"pk": 5 / 16, "windowdiff": 5 / 16, "boundary_f1": 0.0}
    assert found["summary"] == pytest.approx({"rouge1": 2 / 3, "rouge2": 0.0, "rouge_l": 2 / 3})
    assert found["action_items"]["action_f1"] == found["action_items"]["assignee_accuracy"] == 1.0


def test_what_is_not_known_or_not_there_has_no_scores(tmp_path: Path, reads: dict[str, Artifact]) -> None:
    reads.pop("summary")
    results = scored(tmp_path, Reference("en", summary="Call a bank.", actions=[]), reads).results
    assert [one.fingerprint for one in results] == ["action_items"]


def test_a_system_that_only_transcribes_has_nothing_of_it_to_judge() -> None:
    words = [get_step("ingest"), get_step("vad"), get_step("asr")]
    assert TEXT_METRICS not in scorers_of(words)
    assert TEXT_METRICS in scorers_of([*words, get_step("summarize")])
