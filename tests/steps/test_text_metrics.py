"""The scorer text_metrics: chapters, summary and action items of one recording, each held against a person's."""

from pathlib import Path

import pytest

from modellab.artifacts.store import Artifact
from modellab.datasets.reference import CaseId, Reference, ReferenceAction, ReferenceChapter
from modellab.documents import Kept
from modellab.pipeline.system import scorers_of
from modellab.steps.catalogue import get_step
from modellab.steps.scorers import TEXT_METRICS
from modellab.surfaces.results import Transcript, Utterance
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, Evidence, Line, Summary

from .judging import judged, kept

CITED = Evidence(1.0, 2.0, None, 0, 1, "Call the bank.")
RESULTS: dict[str, Kept] = {
    "transcript": Transcript([Utterance(0.0, 20.0, "Call the bank.")], 20.0, "en"),
    "chapters": Chapters([Chapter("Bank", 0.0, 20.0, 0, 3, CITED)], "extractive"),
    "summary": Summary([Line("Call the bank.", [CITED])], [], "extractive"),
    "action_items": ActionItems([ActionItem("Call the bank", None, None, None, None, [CITED])], "rules"),
}


@pytest.fixture
def reads(tmp_path: Path) -> dict[str, Artifact]:
    return kept(tmp_path, RESULTS)


def test_each_result_has_its_own_scores(tmp_path: Path, reads: dict[str, Artifact]) -> None:
    reference = Reference(
        "en",
        chapters=[ReferenceChapter(0.0), ReferenceChapter(10.0)],
        summary="Call a bank.",
        actions=[ReferenceAction("Call the bank", None, None, 0.5, 1.5)],
    )
    results = judged(TEXT_METRICS, tmp_path, reference, reads).results
    assert {one.case for one in results} == {CaseId("talks", "1", "one")}
    found = {one.fingerprint: {score.metric.name: score.value for score in one.scores} for one in results}
    # The boundary at 10 s is in 5 of the 16 windows of 5 s, and is not found.
    assert found["chapters"] == {"pk": 5 / 16, "windowdiff": 5 / 16, "boundary_f1": 0.0}
    assert found["summary"] == pytest.approx({"rouge1": 2 / 3, "rouge2": 0.0, "rouge_l": 2 / 3})
    assert found["action_items"]["action_f1"] == found["action_items"]["assignee_accuracy"] == 1.0


def test_what_is_not_known_or_not_there_has_no_scores(tmp_path: Path, reads: dict[str, Artifact]) -> None:
    reads.pop("summary")
    results = judged(TEXT_METRICS, tmp_path, Reference("en", summary="Call a bank.", actions=[]), reads).results
    assert [one.fingerprint for one in results] == ["action_items"]


def test_a_system_that_only_transcribes_has_nothing_of_it_to_judge() -> None:
    words = [get_step("ingest"), get_step("vad"), get_step("asr")]
    assert TEXT_METRICS not in scorers_of(words)
    assert TEXT_METRICS in scorers_of([*words, get_step("summarize")])
