"""The scorer meeting_metrics: who said what, of systems that tell speakers apart."""

from pathlib import Path

from modellab.datasets.reference import CaseId, Reference, ReferenceUtterance
from modellab.metrics.suites import meeting
from modellab.pipeline.system import scorers_of
from modellab.steps.catalogue import get_step
from modellab.steps.scorers import MEETING_METRICS
from modellab.surfaces.results import Diarization, Transcript, Turn, Utterance

from .judging import judged, kept

HEARD = Transcript(
    [Utterance(0.0, 1.0, "good morning", speaker="SPEAKER_00"), Utterance(1.0, 2.0, "hello", speaker="SPEAKER_01")], 2.0
)
TURNS = Diarization([Turn(0.0, 1.0, "SPEAKER_00"), Turn(1.0, 2.0, "SPEAKER_01")], 2.0)
REFERENCE = Reference(
    "en", utterances=[ReferenceUtterance(0.0, 1.0, "ann", "Good morning!"), ReferenceUtterance(1.0, 2.0, "bob", "Yes.")]
)


def test_the_transcript_is_scored_against_the_utterances(tmp_path: Path) -> None:
    reads = kept(tmp_path, {"transcript": HEARD, "turns": TURNS})
    [result] = judged(MEETING_METRICS, tmp_path, REFERENCE, reads).results
    assert (result.fingerprint, result.case) == ("transcript", CaseId("talks", "1", "one"))
    assert [score.metric.name for score in result.scores] == list(meeting.METRICS)
    assert {score.metric.name: score.value for score in result.scores}["cpwer"] == 1 / 3


def test_a_system_has_it_where_speakers_are_told_apart(tmp_path: Path) -> None:
    words = [get_step("ingest"), get_step("vad"), get_step("asr")]
    assert MEETING_METRICS not in scorers_of(words)
    assert MEETING_METRICS not in scorers_of([get_step("ingest"), get_step("diarization")])
    assert MEETING_METRICS in scorers_of([*words, get_step("diarization"), get_step("alignment")])
    assert MEETING_METRICS in scorers_of([get_step("ingest"), get_step("channels"), get_step("asr")])
