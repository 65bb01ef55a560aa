"""The words of two systems beside each other: of a case with its reference, of a recording that no dataset knows."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import ArtifactStore, describe_files
from modellab.cli.main import main
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.documents import save
from modellab.evaluation.comparison import CasePair
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.record import StepRecord
from modellab.runs.comparing import compare, heard_case
from modellab.settings import Lab
from modellab.statistics.cases import Amounts
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder

A, B = "faster_whisper:tiny.en", "faster_whisper:base"


@pytest.fixture
def recording(lab: Lab, tmp_path: Path) -> RegisteredInput:
    tone = 0.1 * np.sin(np.arange(64_000) / 8)
    soundfile.write(tmp_path / "call.wav", tone, 16_000)
    return InputStore(lab).register(tmp_path / "call.wav")


def transcribe(lab: Lab, source: RegisteredInput, system: str, text: str) -> str:
    """A result of asr, recorded; each word lasts a second."""
    words = [Word(word, float(place), place + 1.0) for place, word in enumerate(text.split())]
    transcript = Transcript([Utterance(0.0, float(len(words)), text, words)], 4.0, "en")
    identity = StepIdentity("asr", "5", {}, None, {"audio": system})
    store = ArtifactStore(lab.artifacts)
    with store.staging() as folder:
        save(transcript, folder)
        made = {"input": source.key, "run": system, "dagster_run_id": "d"}
        about = {"files": describe_files(folder), "identity": asdict(identity), "summary": {}, "made": made}
        artifact = store.commit("asr", fingerprint(identity), folder, **about)  # type: ignore[arg-type]
    at = "2026-03-01T10:00:00.000+00:00"
    record = StepRecord(
        **{
            "id": system.translate({58: "_", 46: "_"}),
            "run": system,
            "dagster_run_id": "d",
            "input": source.key,
            "system": system,
        },
        **{"step": "asr", "model": system, "status": "completed", "cached": False, "started_at": at, "ended_at": at},
        **{"load_s": 0.0, "inference_s": 1.0, "other_s": 0.0, "audio_s": 4.0, "fingerprint": artifact.fingerprint},
        artifact=str(artifact.path.relative_to(lab.home)),
        place=2,
    )
    Recorder(lab).step(record, artifact)
    return artifact.fingerprint


def test_recordings_that_no_dataset_knows_show_their_words_and_nobody_is_right(
    lab: Lab, recording: RegisteredInput, capsys: pytest.CaptureFixture[str]
) -> None:
    transcribe(lab, recording, A, "we pay twenty dollars")
    transcribe(lab, recording, B, "We pay 30 dollars today.")
    build(lab)
    found = compare(lab, A, B).document()
    [text] = found.pop("texts")
    assert found["datasets"] == []
    assert (text["input"], text["audio"], text["differing_words"]) == (recording.key, recording.path, 2)
    assert text["words"] == [
        {"a": "$20", "b": "$30 today", "start_s": 2.0, "end_s": 5.0},
    ]
    capsys.readouterr()
    assert main(["compare", A, B]) == 0
    shown = capsys.readouterr().out
    assert "There is no reference" in shown and "0:02.0   0:05.0   $20   $30 today" in shown
    assert main(["compare", A, "silero_vad", "--json"]) == 2
    assert "bench --dataset DATASET" in json.loads(capsys.readouterr().out)["error"]["hint"]


def test_a_case_shows_what_was_said_the_errors_of_each_and_where_to_hear_it(
    lab: Lab, recording: RegisteredInput
) -> None:
    made = transcribe(lab, recording, A, "a bat sat"), transcribe(lab, recording, B, "a cat sat down")
    case = CasePair("one", recording.key, Amounts(1, 3), Amounts(1, 3), made)
    assert heard_case(lab, "calls", "asr", case).missing == "the lab has its reference no more"
    References(lab.references).enrol(
        "calls", "1", [EnrolledCase("one", recording.sha256, Reference("en", "A cat sat."))]
    )
    heard = heard_case(lab, "calls", "asr", case)
    assert heard.document(with_reference=True) == {
        "input": recording.key,
        "audio": recording.path,
        "words": [
            {"reference": "cat", "a": "bat", "b": "cat", "a_errors": 1, "b_errors": 0, "start_s": 1.0, "end_s": 2.0},
            {"reference": "", "a": "", "b": "down", "a_errors": 0, "b_errors": 1, "start_s": 3.0, "end_s": 4.0},
        ],
        "missing": None,
    }
    failed = CasePair("one", recording.key, None, Amounts(1, 3), (None, made[1]))
    assert heard_case(lab, "calls", "asr", failed).missing == "a result of one of them is missing"
