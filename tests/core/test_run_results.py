"""What a run's steps gave, by kind."""

from pathlib import Path

import pytest

from modellab.artifacts.store import Artifact
from modellab.pipeline.record import StepRecord
from modellab.runs.results import results_of
from modellab.steps.definition import Kind


def _record(step: str, place: int | None) -> StepRecord:
    now = "2026-03-01T10:00:00.000+00:00"
    return StepRecord(
        *(step, "r" * 16, "d", "i" * 16, "meeting", step, None, "completed", False, step, None, now, now),
        *(0.0, 0.0, 0.0, 30.0),
        place=place,
    )


def _given(kind: Kind, having: str, *steps: tuple[str, int | None]) -> str | None:
    """The step whose result counts, where some have one."""
    results = results_of(
        [_record(*step) for step in steps],
        lambda step: Artifact(Path(step), {"step": step}) if step in having.split() else None,
    )
    found = results(kind)
    return found.step if found else None


@pytest.mark.parametrize(
    ("kind", "having", "given"),
    [
        (Kind.TRANSCRIPT, "asr alignment", "alignment"),
        (Kind.TRANSCRIPT, "asr", "asr"),
        (Kind.TRANSCRIPT, "channels", None),
        (Kind.TURNS, "channels diarization", "channels"),
        (Kind.SPEECH, "channels diarization", "channels"),
        (Kind.TURNS, "diarization", "diarization"),
        (Kind.PACK, "asr alignment", None),
    ],
)
def test_the_last_step_of_the_pipeline_counts_that_has_a_result(kind: Kind, having: str, given: str | None) -> None:
    steps = (("diarization", 1), ("alignment", 4), ("channels", 2), ("asr", 3), ("step_of_another_version", None))
    assert _given(kind, having, *steps) == given


def test_records_of_earlier_versions_go_by_their_order() -> None:
    assert _given(Kind.TRANSCRIPT, "asr alignment", ("asr", None), ("alignment", None)) == "alignment"
