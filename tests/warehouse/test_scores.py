"""Scores belong to a result, a case and a scorer's version; all else follows by joins. Rows by hand, exact answers."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from types import ModuleType
from typing import Any

import pytest

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.datasets.reference import CaseId
from modellab.documents import dump
from modellab.metrics.scored import ScoredResult, Scores
from modellab.metrics.transcription import transcription_error
from modellab.settings import PROJECT_ROOT, Lab
from modellab.steps.catalogue import steps_by_name
from modellab.warehouse import schema
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

BOARD = "SELECT rank, system, value, compared_cases, common_cases, failed_cases FROM leaderboard ORDER BY rank, system"


def test_a_corpus_rate_sums_errors_and_reference_words_silence_included(hand_made: Any) -> None:
    for case, errors, words in (("one", 10, 100), ("two", 11, 100), ("silent", 3, 0)):
        hand_made.scored("a", case, errors, words)
    assert hand_made.rows("SELECT value, own_value, own_cases, own_failed_cases FROM leaderboard") == [
        (24 / 200, 24 / 200, 3, 0)
    ]


def test_ranks_are_over_common_cases_and_say_how_many(hand_made: Any) -> None:
    hand_made.scored("lucky", "easy", 1, 10)
    for case, errors in (("easy", 0), ("hard", 8), ("harder", 9)):
        hand_made.scored("thorough", case, errors, 10)
    assert hand_made.rows(BOARD) == [(1, "thorough", 0.0, 1, 1, 0), (2, "lucky", 0.1, 1, 1, 0)]
    assert hand_made.rows("SELECT system, own_value, own_cases FROM leaderboard ORDER BY system") == [
        ("lucky", 0.1, 1),
        ("thorough", 17 / 30, 3),
    ]


def test_nothing_in_common_gives_no_rank_and_fewer_systems_may_have_more_in_common(hand_made: Any) -> None:
    for system, errors in (("a", 1), ("b", 2)):
        hand_made.scored(system, "one", errors, 10)
    hand_made.scored("c", "two", 0, 10)
    assert hand_made.rows(BOARD) == [(None, system, None, 0, 0, 0) for system in "abc"]
    ranked = "SELECT rank, system, value, common_cases, systems FROM leaderboard_of(['a', 'b']) ORDER BY rank"
    assert hand_made.rows(ranked) == [(1, "a", 0.1, 1, 2), (2, "b", 0.2, 1, 2)]


def test_equal_figures_share_a_rank_and_higher_can_be_better(hand_made: Any) -> None:
    similarity = {"metric": "similarity", "better": "higher", "protocol": ""}
    for system, figures in (("a", (0.8, 0.4)), ("b", (0.5, 0.9)), ("c", (0.4, 0.8))):
        for case, figure in zip(("one", "two"), figures, strict=True):
            hand_made.score(hand_made.result(system, case), case, figure, 1, **similarity)
    assert hand_made.rows("SELECT rank, system, value FROM leaderboard ORDER BY rank, system") == [
        (1, "b", 0.7),
        (2, "a", pytest.approx(0.6)),
        (2, "c", pytest.approx(0.6)),
    ]


def test_a_failed_step_is_a_failed_case_and_ranks_after_any_figure(hand_made: Any) -> None:
    for case in ("one", "two"):
        hand_made.case(case)
        hand_made.scored("slow", case, 9, 10)
    hand_made.scored("broken", "one", 0, 10)
    hand_made.attempt("broken", "two", status="failed", model="m:v", error="no memory")
    hand_made.attempt("hopeless", "one", status="failed", model="m:v", error="no weights")
    hand_made.attempt("hopeless", "two", status="not_run", error="vad failed")
    hand_made.attempt("stopped", "one", status="canceled", model="m:v", error="stopped")
    # What failed as often is compared where both have a figure; one system alone, where it has one.
    assert hand_made.rows(BOARD) == [
        (1, "slow", 0.9, 2, 2, 0),
        (2, "broken", 0.0, 1, 2, 1),
        (3, "hopeless", None, 0, 2, 2),
    ]
    assert hand_made.rows(
        "SELECT system, case_id, metric, error, fingerprint FROM case_outcomes WHERE error IS NOT NULL ORDER BY ALL"
    ) == [
        ("broken", "two", "wer", "no memory", None),
        ("hopeless", "one", "wer", "no weights", None),
        ("hopeless", "two", "wer", "vad failed", None),
    ]


def test_a_retry_that_comes_right_is_no_failure_and_a_later_failure_hides_no_result(hand_made: Any) -> None:
    hand_made.attempt("a", "one", status="failed", model="m:v", error="no memory")
    hand_made.scored("a", "one", 1, 10)
    hand_made.attempt("a", "one", status="failed", model="m:v", error="the disk is full")
    hand_made.attempt("a", "two", status="failed", model="m:v", error="before")
    hand_made.attempt("a", "two", status="failed", model="m:v", error=None)
    hand_made.case("two")
    assert hand_made.rows("SELECT case_id, value, error FROM case_outcomes ORDER BY ALL") == [
        ("one", 0.1, None),
        ("two", None, "failed"),
    ]
    hand_made.attempt("a", "two", status="failed", model="m:v", error="now")
    assert hand_made.rows("SELECT case_id, value, error FROM case_outcomes ORDER BY ALL") == [
        ("one", 0.1, None),
        ("two", None, "now"),
    ]


def test_what_the_scorer_can_not_judge_is_a_failed_case(hand_made: Any) -> None:
    hand_made.scored("a", "one", 1, 10)
    hand_made.score(hand_made.result("a", "two"), "two", None, None)
    assert hand_made.rows("SELECT value, own_value, failed_cases, own_cases, own_failed_cases FROM leaderboard") == [
        (0.1, 0.1, 1, 2, 1)
    ]


def test_a_gpu_s_and_a_cpu_s_scores_stand_side_by_side(hand_made: Any) -> None:
    hand_made.case("one")
    hand_made.case("two")
    for device, machine, errors in (("cuda", "m1", 1), ("cpu", "m2", 2)):
        hand_made.scored("a", "one", errors, 10, device=device, machine=machine)
    hand_made.scored("a", "two", 3, 10, device="cpu", machine="m2")
    hand_made.attempt("a", "two", status="failed", model="m:v", device="cuda", error="CUDA out of memory")
    columns = "rank, system, device, value, common_cases, failed_cases, machines, hosts_differ"
    assert hand_made.rows(f"SELECT {columns} FROM leaderboard ORDER BY rank") == [
        (1, "a", "cpu", 0.25, 2, 0, ["m2"], True),
        (2, "a", "cuda", 0.1, 2, 1, ["m1"], True),
    ]


def test_the_device_is_that_of_all_a_result_rests_on(hand_made: Any) -> None:
    for asr in ("cpu", "cuda"):
        heard = hand_made.result("meeting", "one", device=asr, machine="m1")
        turns = hand_made.result("meeting", "one", "diarization", device="cpu", machine="m2", surface="diarization")
        aligned = hand_made.result(
            *("meeting", "one", "alignment"),
            **{"device": None, "model": None, "machine": "m1"},
            reads={"transcript": heard, "diarization": turns, "audio": "absent: it failed"},
        )
        hand_made.score(aligned, "one", 1 if asr == "cuda" else 3, 10, metric="cpwer")
    assert hand_made.rows("SELECT device, value, machines, hosts_differ FROM leaderboard ORDER BY rank") == [
        ("asr cuda, diarization cpu", 0.1, ["m1", "m2"], True),
        ("cpu", 0.3, ["m1", "m2"], True),
    ]


@pytest.mark.parametrize(
    ("machines", "differ"),
    [(("m1", "m1"), False), (("m1", "m2"), True), (("m1", None), None), (("m1", None, "m2"), True)],
)
def test_comparisons_say_when_hosts_differ(
    hand_made: Any, machines: tuple[str | None, ...], differ: bool | None
) -> None:
    for number, machine in enumerate(machines):
        hand_made.scored(f"s{number}", "one", number, 10, machine=machine)
    assert hand_made.rows("SELECT DISTINCT hosts_differ FROM leaderboard") == [(differ,)]
    assert hand_made.rows("SELECT DISTINCT hosts_differ FROM scorecard WHERE metric = 'wer'") == [(differ,)]


def test_the_score_that_counts_is_of_the_last_result_and_the_scorer_s_last_word(hand_made: Any) -> None:
    hand_made.scored("a", "one", 9, 10)
    last = hand_made.scored("a", "one", 5, 10)
    # Scored again, by a clock that was set back, and again without success.
    hand_made.attempt("scorer", "one", "asr_metrics", fingerprint="again")
    hand_made.score(last, "one", 1, 10, scored_at="2026-02-01T10:00:00+00:00", source="again")
    hand_made.score(last, "one", None, None, scored_at="2026-04-01T10:00:00+00:00", source="yet again")
    hand_made.score(last, "one", 4, 10, scorer_version="2", source="again")
    assert hand_made.rows("SELECT scorer_version, value FROM latest_scores ORDER BY ALL") == [("1", 0.1), ("2", 0.4)]
    # The newest result has not been scored yet, so there is nothing to say; nor has one that was made anew.
    hand_made.result("a", "one")
    assert hand_made.rows("FROM latest_scores") == []


def test_scores_of_what_was_made_anew_with_other_content_do_not_count(hand_made: Any) -> None:
    of_before = hand_made.result("a", "one")
    hand_made.score(of_before, "one", 1, 10, content_sha256="what it was before it was damaged")
    assert hand_made.rows("FROM latest_scores") == []
    hand_made.score(of_before, "one", 2, 10)
    assert hand_made.rows("SELECT value FROM latest_scores") == [(0.2,)]


def test_two_systems_that_share_a_result_share_its_score(hand_made: Any) -> None:
    shared = hand_made.scored("a", "one", 1, 10)
    hand_made.attempt("b", "one", fingerprint=shared, cached=True, model="m:v", device="cpu")
    assert hand_made.rows("SELECT system, value, input FROM latest_scores ORDER BY ALL") == [
        ("a", 0.1, "one"),
        ("b", 0.1, "one"),
    ]


def test_a_metric_without_reference_is_scored_on_recordings_of_no_dataset(hand_made: Any) -> None:
    own = {"dataset": None, "dataset_version": None, "metric": "dnsmos", "better": "higher"}
    for system, figure in (("a", 3.0), ("b", 3.5)):
        hand_made.score(hand_made.result(system, "call"), None, figure, 1, **own)
    hand_made.attempt("c", "call", status="failed", model="m:v", error="no memory")
    assert hand_made.rows("SELECT rank, system, dataset, value, common_cases FROM leaderboard ORDER BY rank") == [
        (1, "b", None, 3.5, 1),
        (2, "a", None, 3.0, 1),
        (3, "c", None, None, 1),
    ]


def test_another_dataset_version_protocol_or_scorer_is_another_board(hand_made: Any) -> None:
    result = hand_made.scored("a", "one", 1, 10)
    for other in ({"dataset_version": "2"}, {"protocol": "n2"}, {"scorer_version": "2"}, {"metric": "mer"}):
        hand_made.score(result, "one", 1, 10, **other)
    assert hand_made.rows("SELECT count(*), min(systems), max(systems) FROM leaderboard") == [(5, 1, 1)]


def test_the_scorecard_has_quality_over_all_cases_and_speed_by_machine(hand_made: Any) -> None:
    hand_made.scored("a", "one", 1, 10)
    hand_made.scored("a", "two", 5, 10)
    hand_made.scored("b", "one", 2, 10)
    ran = {"model": "m:v", "device": "cpu", "compute_type": "int8", "threads": 2, "audio_s": 60.0}
    for machine, inference_s in (("m1", 2.0), ("m1", 4.0), ("m2", 1.0)):
        hand_made.attempt("a", "three", "vad", machine=machine, inference_s=inference_s, **ran)
    hand_made.attempt("a", "three", "vad", machine="m2", inference_s=0.0, cached=True, **ran)
    columns = "metric, value, unit, cases, rank, common_cases, protocol, machines, hosts_differ"
    assert hand_made.rows(f"SELECT {columns} FROM scorecard WHERE system = 'a' ORDER BY metric, value") == [
        ("speed", 20.0, "x real time", 2, None, None, "int8, 2 threads", ["m1"], True),
        ("speed", 60.0, "x real time", 1, None, None, "int8, 2 threads", ["m2"], True),
        ("wer", 0.3, "ratio", 2, 1, 1, "n", ["m1"], False),
    ]


def test_speed_is_told_by_machine_with_its_cpu(hand_made: Any) -> None:
    facts = {"platform": "linux", "instruction_sets": [], "gpus": [], "blas": [], "ctranslate2": "", "forced": {}}
    hand_made.add("hosts", **facts, machine="m1", cpu="Fast CPU", recorded_at="2026-03-01T10:00:00+00:00")
    for step, model, machine in (
        ("asr", "a:v", "m1"),
        ("asr", "b:v", "m2"),
        ("vad", "c:v", "m1"),
        ("tts", "d:v", None),
    ):
        hand_made.attempt("s", "one", step, model=model, machine=machine, inference_s=3.0)
    assert hand_made.rows("SELECT model, speed, cpu, hosts_differ FROM step_speed ORDER BY model") == [
        ("a:v", 10.0, "Fast CPU", True),
        ("b:v", 10.0, None, True),
        ("c:v", 10.0, "Fast CPU", False),
        ("d:v", 10.0, None, None),
    ]


def test_coverage_goes_by_the_surface_of_a_step_and_channels_has_its_own(hand_made: Any) -> None:
    hand_made.model("wav2vec", "align")
    hand_made.model("silero", "vad")
    hand_made.model("never", "asr", "vad")
    aligned = hand_made.result("meeting", "one", "alignment", model="wav2vec:v", surface="align")
    hand_made.score(aligned, "one", 1, 10, metric="boundary_error")
    hand_made.score(
        hand_made.result("meeting", "two", "alignment", model="wav2vec:v", surface="align"), "two", None, None
    )
    hand_made.result("stereo_call", "one", "channels", model="silero:v", surface="channels")
    hand_made.result("stereo_call", "two", "vad", model="silero:v", surface="vad")
    columns = "model, surface, dataset, metrics, cases, inputs"
    assert hand_made.rows(f"SELECT {columns} FROM coverage ORDER BY model, surface") == [
        ("never:v", "asr", None, 0, 0, 0),
        ("never:v", "vad", None, 0, 0, 0),
        ("silero:v", "channels", None, 0, 0, 1),
        ("silero:v", "vad", None, 0, 0, 1),
        ("wav2vec:v", "align", "calls", 1, 1, 2),
    ]


def test_each_step_s_row_has_its_surface_and_what_it_gives(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    own = {step.name: step.surface for step in steps_by_name().values() if step.surface}
    assert (own["alignment"], own["vad"], own["channels"]) == ("align", "vad", "channels")
    assert steps_by_name()["channels"].model_surface == "vad"
    for number, step in enumerate([*own, "step_of_another_version"]):
        recorder.step(replace(life.STEP, id=f"s{number}", step=step), None)
    recorder.step(replace(life.STEP, id="without-a-model", step="alignment", model=None), None)
    build(lab)
    assert dict(query(lab, "SELECT step, surface FROM steps WHERE model IS NOT NULL").rows) == {
        **own,
        "step_of_another_version": None,
    }
    place = list(steps_by_name()).index("channels")
    assert query(lab, "SELECT gives, place FROM steps WHERE step = 'channels'").rows == [(["speech", "turns"], place)]
    assert query(lab, "SELECT gives, place FROM steps WHERE surface IS NULL AND model IS NOT NULL").rows == [
        (None, None)
    ]
    assert query(lab, "SELECT surface FROM steps WHERE model IS NULL").rows == [(None,)]


def test_components_say_what_a_corpus_rate_is_made_of(hand_made: Any) -> None:
    for case, substitutions, insertions, length in (("one", 1, 2, 10), ("silent", 0, 5, 0), ("two", 3, 0, 30)):
        parts = {"substitutions": substitutions, "insertions": insertions, "length": length}
        hand_made.score(hand_made.result("a", case), case, substitutions + insertions, length, components=parts)
    hand_made.score(hand_made.result("a", "unjudged"), "unjudged", None, None)
    statement = (PROJECT_ROOT / "warehouse" / "queries" / "word_errors.sql").read_text()
    assert hand_made.rows(statement) == [
        ("calls", "a", "cpu", "insertions", 7.0, 7 / 40),
        ("calls", "a", "cpu", "substitutions", 4.0, 4 / 40),
    ]


# --- from a scorer's artifact to a row


def _artifact(lab: Lab, step: str, name: str, content: object, **identity: Any) -> Artifact:
    store = ArtifactStore(lab.artifacts)
    made_of = StepIdentity(step, "1", {}, None, identity)
    with store.staging() as folder:
        dump(content, folder / name)
        return store.commit(
            *(step, fingerprint(made_of), folder),
            **{"files": describe_files(folder), "identity": asdict(made_of), "summary": {}, "made": {"machine": "m1"}},
        )


def test_a_scorer_s_rows_keep_the_fingerprint_of_what_was_scored(
    lab: Lab, life: ModuleType, recorder: Recorder
) -> None:
    heard = life.make_artifact(lab, "heard")
    error = transcription_error("the cat sat down", "the bat sat down there", "en")
    scored = ScoredResult.of(heard, CaseId("calls", "1", "one"), [error])
    judged = _artifact(lab, "asr_metrics", Scores.FILE, Scores([scored]), result=heard.fingerprint)
    for name, artifact in (("heard", heard), ("judged", judged)):
        step = {"id": name, "step": artifact.step, "fingerprint": artifact.fingerprint}
        recorder.step(replace(life.STEP, **step, model=None), artifact)

    def found() -> list[tuple[Any, ...]]:
        columns = "fingerprint, source, value, components, system, step, input, machines"
        return query(
            lab, f"SELECT {columns} FROM latest_scores JOIN scores USING (fingerprint, value, components)"
        ).rows

    build(lab)
    components = {"length": 4.0, "substitutions": 1.0, "deletions": 0.0, "insertions": 1.0}
    expected = (heard.fingerprint, judged.fingerprint, 0.5, components, "meeting", "vad", life.make_input().key, [])
    assert found() == [expected]
    assert query(lab, "SELECT DISTINCT fingerprint FROM segments").rows == [(heard.fingerprint,)]
    rebuild(lab)
    assert found() == [expected]


def test_content_is_the_same_for_the_same_files_and_another_for_others(lab: Lab, life: ModuleType) -> None:
    first = life.make_artifact(lab, "a", segments=3)
    assert first.content_sha256 == life.make_artifact(lab, "b", segments=3).content_sha256
    assert first.content_sha256 != life.make_artifact(lab, "c", segments=4).content_sha256
    assert len(first.content_sha256) == len(hashlib.sha256().hexdigest())


def test_a_lab_with_the_metrics_table_of_before_is_made_anew_and_keeps_its_history(
    lab: Lab, life: ModuleType, recorder: Recorder, tables_of: Callable[[str], AbstractContextManager[None]]
) -> None:
    before = schema.SCHEMA.read_text()
    start, end = before.index("CREATE TABLE scores ("), before.index("CREATE TABLE claims (")
    metrics = (
        "CREATE TABLE metrics (metric VARCHAR NOT NULL, system VARCHAR, value DOUBLE, source VARCHAR NOT NULL);\n\n"
    )
    with tables_of(before[:start] + metrics + before[end:]):
        recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
        life.record_step(lab, recorder, "a")
        recorder.run_ended(life.RUN, "completed")
        Lake(lab.lake).write("metrics", "by-hand", [{"metric": "wer", "system": "meeting", "value": 0.5}])
        schema.columns_by_table.cache_clear()
    report = build(lab)
    assert report.problems == []
    assert query(lab, "SELECT status, steps FROM run_history").rows == [("completed", 1)]
    assert query(lab, "SELECT count(*) FROM scores").rows == [(0,)]
    assert (lab.lake / "metrics" / "by-hand.parquet").is_file()
