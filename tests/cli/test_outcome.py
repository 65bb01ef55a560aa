"""The JSON document of `modellab run`."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pydantic_core import to_json

from modellab.inputs.registered import RegisteredInput
from modellab.media.folders import LeftOut
from modellab.pipeline.record import StepRecord
from modellab.runs.outcome import FileOutcome, document
from modellab.settings import Lab

MakeRecord = Callable[..., StepRecord]


def _as_printed(outcomes: list[FileOutcome], lab: Lab) -> dict[str, list[dict[str, object]]]:
    return json.loads(to_json(document(outcomes, LeftOut(Counter({".txt": 2}), hidden=1), lab)))  # type: ignore[no-any-return]


def test_every_field_is_there_for_a_refused_file(lab: Lab) -> None:
    refused = FileOutcome(Path("a.wav"), "meeting", "refused", "a.wav is empty; found 0 bytes.")
    assert _as_printed([refused], lab) == {
        "inputs": [
            {
                "path": "a.wav",
                "input": None,
                "system": "meeting",
                "run": None,
                "dagster_run_id": None,
                "status": "refused",
                "error": "a.wav is empty; found 0 bytes.",
                "warnings": [],
                "steps": [],
                "bundle": None,
                "sound": None,
            }
        ],
        "left_out": {
            "files": {".txt": 2},
            "hidden": 1,
            "special_files": [],
            "linked_folders": [],
            "broken_links": [],
            "lab_homes": [],
        },
    }


def test_steps_carry_their_seconds_and_the_failed_one_its_error(
    lab: Lab, source: RegisteredInput, record: MakeRecord
) -> None:
    records = (
        record("vad", cached=True, load_s=0.0, inference_s=0.0),
        record(status="failed", artifact=None, error="No."),
    )
    failed = FileOutcome(Path("talk.wav"), "meeting", "failed", "No.", source, "r" * 16, "d" * 36, records)
    (entry,) = _as_printed([failed], lab)["inputs"]
    assert entry["input"] == source.key
    assert entry["steps"] == [
        {
            "step": "vad",
            "status": "completed",
            "cached": True,
            "reproduced": None,
            "first_inference": None,
            "seconds": {"load": 0.0, "inference": 0.0, "other": 0.25},
            "artifact": str(lab.home / f"artifacts/vad/ff/{'f' * 64}"),
            "error": None,
            "warnings": [],
            "checks": [],
        },
        {
            "step": "asr",
            "status": "failed",
            "cached": False,
            "reproduced": None,
            "first_inference": None,
            "seconds": {"load": 0.5, "inference": 5.0, "other": 0.25},
            "artifact": None,
            "error": "No.",
            "warnings": [],
            "checks": [],
        },
    ]


def test_another_file_with_the_same_bytes_names_the_same_run_and_did_no_work(
    source: RegisteredInput, record: MakeRecord
) -> None:
    first = FileOutcome(
        Path("a.wav"), "meeting", "completed", None, source, "r" * 16, "d" * 36, (record("ingest"), record()), 7.0
    )
    second = first.again(Path("b.wav"))
    assert (second.path, second.same_as, second.run, second.status) == (
        Path("b.wav"),
        Path("a.wav"),
        "r" * 16,
        "completed",
    )
    assert [(r.cached, r.total_s) for r in second.records] == [(True, 0.0), (True, 0.0)]
    assert second.all_cached
    assert not first.all_cached


def test_a_failure_is_not_called_cached_the_second_time(source: RegisteredInput, record: MakeRecord) -> None:
    failed = FileOutcome(
        Path("a.wav"), "meeting", "failed", "No.", source, "r" * 16, "d" * 36, (record(status="failed", error="No."),)
    )
    assert [r.cached for r in failed.again(Path("b.wav")).records] == [False]


def test_a_complaint_names_the_path_once() -> None:
    named = FileOutcome(Path("in/a.wav"), "meeting", "refused", "a.wav is empty; found 0 bytes.")
    assert named.complaint == "in/a.wav is empty; found 0 bytes."
    other = FileOutcome(Path("in/a.wav"), "meeting", "failed", "no weights.")
    assert other.complaint == "in/a.wav: no weights."
    assert FileOutcome(Path("a.wav"), "meeting", "completed").complaint is None
