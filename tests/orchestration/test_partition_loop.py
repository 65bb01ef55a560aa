"""What Dagster records of runs over one and over several partitions."""

import getpass
import json
import platform
from datetime import UTC, datetime

import dagster as dg
import pytest

from assets import partitions
from assets._progress import ProgressLog
from assets.partitions import PARTITIONS, partition_key
from modellab.inputs.lookup import WAYS
from modellab.pipeline.events import StepProgressed, StepStarted
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query
from resources.launched import launch_of
from resources.tags import file_tag

from .conftest import STEPS

NAMES = ("first", "second", "third", "last")


def _failures(result: dg.JobExecutionResult) -> dict[str, str]:
    return {
        str(event.step_key).removesuffix("_step"): event.step_failure_data.user_failure_data.description or ""
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    }


def _single(source, system):
    return PARTITIONS.get_tags_for_partition_key(partition_key(source, system))


def test_one_partition_materializes_every_step(toy):
    source = toy.input("good")
    result = toy.run([source], ["whole"])
    key = partition_key(source.key, "whole")
    assert result.success
    for name in NAMES:
        assert toy.materialized(name) == {key}
        assert toy.failed(name) == set()
    last = toy.materialization("last", key)
    assert last.metadata["text"].value == "first;second;third;last;"
    assert last.metadata["cached"].value is False
    folder = last.metadata["artifact"].value.replace("`", "").split("  \n")
    assert (
        "".join(folder) == f"artifacts/last/{last.tags['dagster/data_version'][:2]}/{last.tags['dagster/data_version']}"
    )
    assert max(map(len, folder)) <= 45, "wider than the column that a window of 1,400 pixels has for it"
    assert last.tags["dagster/code_version"] == "7"


def test_one_partition_that_fails_says_so_at_each_step_that_depends_on_it(toy):
    source = toy.input("bad-second")
    result = toy.run([source], ["whole"])
    key = partition_key(source.key, "whole")
    assert not result.success
    assert _failures(result) == {
        "second": "second can't work on bad-second.wav.",
        "third": "third was not run on bad-second.wav because second failed.",
        "last": "last was not run on bad-second.wav because second failed.",
    }
    assert toy.materialized("first") == {key}
    assert [toy.failed(name) for name in NAMES] == [set(), {key}, {key}, {key}]


@pytest.mark.parametrize(("system", "done"), [("hole", {"first", "third", "last"}), ("short", {"first", "second"})])
def test_a_system_without_a_step_skips_it_and_goes_on(toy, system, done):
    source = toy.input("good")
    assert toy.run([source], [system]).success
    for name in NAMES:
        assert toy.materialized(name) == ({partition_key(source.key, system)} if name in done else set())
        assert toy.failed(name) == set()


def test_one_bad_input_neither_loses_nor_blocks_the_others(toy):
    a, bad, c = toy.input("a"), toy.input("bad-second"), toy.input("c")
    result = toy.run([a, bad, c], ["whole"])
    good = {partition_key(a.key, "whole"), partition_key(c.key, "whole")}
    lost = {partition_key(bad.key, "whole")}
    assert not result.success
    assert toy.materialized("first") == good | lost
    assert toy.failed("first") == set()
    for name in ("second", "third", "last"):
        assert toy.materialized(name) == good
        assert toy.failed(name) == lost
    failures = _failures(result)
    assert set(failures) == {"second", "third", "last"}
    [key] = lost
    assert failures["second"].splitlines() == [
        "1 of 3 partitions failed; the others are done.",
        f"{key}: second can't work on bad-second.wav.",
    ]
    assert "last was not run on bad-second.wav because second failed" in failures["last"]


def test_each_partition_has_its_own_metadata_and_data_version(toy):
    a, b = toy.input("a"), toy.input("b")
    assert toy.run([a, b], ["whole"]).success
    first, second = (toy.materialization("last", partition_key(source.key, "whole")) for source in (a, b))
    assert first.metadata["input"].value.startswith("a.wav")
    assert second.metadata["input"].value.startswith("b.wav")
    assert first.tags["dagster/data_version"] != second.tags["dagster/data_version"]
    assert first.tags["dagster/partition/model"] == "whole"


def test_a_batch_leaves_nothing_out_of_date_and_notices_what_becomes_so(toy):
    a, b = toy.input("a"), toy.input("b")
    toy.run([a, b], ["hole"])
    key = partition_key(a.key, "hole")
    assert toy.materialization("first", key).tags["dagster/code_version"] == "7"
    for name in ("first", "third", "last"):
        assert toy.stale_reasons(name, key) == []
    toy.instance.report_runless_asset_event(
        dg.AssetMaterialization("third", partition=key, tags={"dagster/data_version": "other"})
    )
    assert toy.stale_reasons("last", key) == ["has a new dependency data version"]
    assert toy.stale_reasons("last", partition_key(b.key, "hole")) == []


def test_a_rectangle_of_systems_runs_each_and_finds_shared_work(toy):
    a, b = toy.input("a"), toy.input("b")
    assert toy.run([a, b], ["whole", "whole_again"]).success
    keys = {partition_key(source.key, system) for source in (a, b) for system in ("whole", "whole_again")}
    assert all(toy.materialized(name) == keys for name in NAMES)
    cached = {key: toy.materialization("last", key).metadata["cached"].value for key in keys}
    assert cached == {key: str(key).endswith("whole_again") for key in keys}


def test_every_partition_bad_still_names_them_at_each_step(toy):
    one, two = toy.input("bad-first-1"), toy.input("bad-first-2")
    result = toy.run([one, two], ["whole"])
    assert set(_failures(result)) == set(NAMES)
    assert all(toy.materialized(name) == set() for name in NAMES)
    assert toy.failed("last") == {partition_key(source.key, "whole") for source in (one, two)}


def test_what_cannot_be_shown_fails_its_partition_and_stops_nothing(toy):
    a, odd = toy.input("a"), toy.input("odd-second")
    keys = {partition_key(source.key, "whole") for source in (a, odd)}
    result = toy.run([a, odd], ["whole"])
    assert toy.failed("second") == {partition_key(odd.key, "whole")}
    assert toy.materialized("last") == keys
    assert list(_failures(result)) == ["second"]
    build(toy.lab)
    assert query(toy.lab, "SELECT name, status, error FROM run_history ORDER BY name").rows == [
        ("a.wav", "completed", None),
        ("odd-second.wav", "failed", "the page of second failed: ValueError: this can't be shown."),
    ]
    assert query(toy.lab, "SELECT name, step, error FROM failures").rows == [
        ("odd-second.wav", None, "the page of second failed: ValueError: this can't be shown.")
    ]


def test_a_check_that_cannot_judge_fails_its_partition_and_its_run_by_name(toy):
    result = toy.run([toy.input("torn-third")], ["whole"])
    said = "the check ends_in_name of third failed: ValueError: this can't be judged."
    assert _failures(result) == {"third": said}
    build(toy.lab)
    assert query(toy.lab, "SELECT name, status, error FROM run_history").rows == [("torn-third.wav", "failed", said)]


def test_force_runs_what_is_there_and_says_whether_it_came_out_the_same(toy):
    source = toy.input("a")
    key = partition_key(source.key, "whole")
    toy.run([source], ["whole"])
    toy.run([source], ["whole"])
    assert toy.materialization("third", key).metadata["cached"].value is True
    toy.run([source], ["whole"], {"modellab/force": "true"})
    forced = toy.materialization("third", key).metadata
    assert forced["cached"].value is False
    assert forced["reproduced"].value is True


def test_checks_are_recorded_for_each_partition(toy):
    good, weird = toy.input("good"), toy.input("weird")
    toy.run([good, weird], ["whole"])
    key = dg.AssetCheckKey(dg.AssetKey("third"), "ends_in_name")
    found = {}
    for record in toy.instance.event_log_storage.get_asset_check_execution_history(key, limit=10):
        evaluation = record.event.dagster_event.asset_check_evaluation_data
        target = toy.record("third", evaluation.partition).storage_id
        about_newest = evaluation.target_materialization_data.storage_id == target
        found[evaluation.partition] = (evaluation.passed, evaluation.severity, about_newest)
    assert found == {
        partition_key(good.key, "whole"): (True, dg.AssetCheckSeverity.WARN, True),
        partition_key(weird.key, "whole"): (False, dg.AssetCheckSeverity.WARN, True),
    }


@pytest.fixture
def in_a_large_lab(monkeypatch):
    monkeypatch.setattr(partitions, "CHECK_PARTITIONS", partitions.partitions_of_checks(partitions.MOST_CHECKED + 1))


@pytest.mark.usefixtures("in_a_large_lab")
def test_in_a_large_lab_checks_are_kept_for_each_run_and_a_failed_one_is_not_hidden(toy):
    """Dagster's pages would add up the partitions of checks for minutes; the lab's records have them all."""
    first, weird, last = (toy.input(name) for name in ("a", "b weird", "c"))
    result = toy.run([first, weird, last], ["whole"])
    key = dg.AssetCheckKey(dg.AssetKey("third"), "ends_in_name")
    [record] = toy.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert (record.run_id, evaluation.partition, evaluation.passed) == (result.run_id, None, False)
    assert evaluation.description.startswith("b weird.wav: ends in ")
    toy.run([last], ["whole"])
    newest, *_ = toy.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert newest.event.dagster_event.asset_check_evaluation_data.passed
    build(toy.lab)
    said = query(toy.lab, "SELECT input, passed FROM checks WHERE step = 'third' ORDER BY sequence").rows
    assert said == [(first.key, True), (weird.key, False), (last.key, True), (last.key, True)]


def test_up_to_so_many_recordings_checks_are_kept_for_each_partition():
    assert partitions.partitions_of_checks(partitions.MOST_CHECKED) is partitions.PARTITIONS
    assert partitions.partitions_of_checks(partitions.MOST_CHECKED + 1) is None


def test_what_checks_say_is_recorded_each_time_and_made_again_by_a_rebuild(toy):
    good, weird = toy.input("good"), toy.input("weird")
    toy.run([good, weird], ["short"])
    first = query(toy.lab, "SELECT * EXCLUDE (step_id, source) FROM checks ORDER BY judged_at").as_records()
    said = [(row["step"], row["input"], row["check_name"], row["passed"], row["severity"]) for row in first]
    assert said == [
        ("first", good.key, "ends_in_name", True, "warning"),
        ("first", weird.key, "ends_in_name", False, "warning"),
        ("second", good.key, "ends_in_name", True, "warning"),
        ("second", weird.key, "ends_in_name", False, "warning"),
    ]
    assert first[3]["description"] == "ends in ;second;"
    assert first[3]["metadata"] == {"text": "first;second;"}
    # A result from the cache is judged again, as the attempt that it is.
    toy.run([weird], ["short"])
    per_attempt = """
        SELECT steps.step, steps.cached, checks.passed
        FROM checks JOIN steps ON steps.id = step_id AND steps.fingerprint = checks.fingerprint
        WHERE steps.input = ? ORDER BY judged_at
    """
    assert query(toy.lab, per_attempt, [weird.key]).rows == [
        ("first", False, False),
        ("second", False, False),
        ("first", True, False),
        ("second", True, False),
    ]
    assert query(toy.lab, "SELECT name, step, check_name FROM failed_checks ORDER BY step").rows == [
        ("weird.wav", "first", "ends_in_name"),
        ("weird.wav", "second", "ends_in_name"),
    ]
    assert query(toy.lab, "SELECT failed_checks FROM run_history ORDER BY input = ?, started_at", [weird.key]).rows == [
        (0,),
        (2,),
        (2,),
    ]
    every = "FROM checks ORDER BY ALL"
    before = query(toy.lab, every).rows
    rebuild(toy.lab)
    assert query(toy.lab, every).rows == before


def test_a_run_says_who_launched_it(toy):
    asked = [
        ({}, "ui", None),
        ({"dagster/backfill": "abcd"}, "backfill", "abcd"),
        ({"dagster/schedule_name": "nightly"}, "schedule", "nightly"),
        ({"dagster/sensor_name": "new_files"}, "sensor", "new_files"),
        ({"dagster/from_automation_condition": "true"}, "automation", None),
        ({"modellab/process": "p"}, "command line", None),
        ({"modellab/process": "p", "dagster/parent_run_id": "before"}, "ui", None),
    ]
    job = toy.definitions.resolve_job_def("chain")
    for tags, by, launcher in asked:
        launch = launch_of(toy.instance.create_run_for_job(job, tags=tags), toy.instance)
        assert (launch.launched_by, launch.launcher) == (by, launcher)
    toy.run([toy.input("a")], ["short"], {"dagster/backfill": "abcd"})
    history = "SELECT launched_by, launcher, user_name, host, queued_s BETWEEN 0 AND wall_s + 60 FROM run_history"
    row = ("backfill", "abcd", getpass.getuser(), platform.node(), True)
    assert query(toy.lab, history).rows == [row]
    rebuild(toy.lab)
    assert query(toy.lab, history).rows == [row]


def test_the_time_in_the_queue_is_from_the_first_event_to_now(toy):
    run = toy.instance.create_run_for_job(toy.definitions.resolve_job_def("chain"))
    toy.instance.report_engine_event("It waits in the queue.", run)
    event, *_ = toy.instance.get_records_for_run(run.run_id, ascending=True).records
    waits_since = datetime.fromtimestamp(event.event_log_entry.timestamp, UTC)
    launch = launch_of(run, toy.instance)
    assert launch.created_at == waits_since.isoformat(timespec="milliseconds")
    assert launch.begun_at >= launch.created_at


def _refused(toy):
    """Input, system, status and error of every run that was recorded without a step."""
    return [tuple(row) for row in query(toy.lab, "SELECT input, system, status, error FROM run_history").rows]


@pytest.mark.parametrize("registered", [False, True])
def test_an_unknown_system_fails_its_partition_with_its_name_and_is_recorded(toy, registered):
    source = toy.input("a")
    if registered:
        toy.instance.add_dynamic_partitions("model", ["zz_gone"])
    result = toy.run([source], ["zz_gone"])
    assert not result.success
    failures = _failures(result)
    assert list(failures) == ["first"]
    assert "'zz_gone'" in failures["first"]
    [(where, system, status, error)] = _refused(toy)
    assert (where, system, status) == (source.key, "zz_gone", "failed")
    assert error.startswith(failures["first"].partition(".\n")[0])


def test_a_system_that_was_never_on_offer_runs_and_is_known_from_then_on(toy):
    source = toy.input("a")
    toy.instance.delete_dynamic_partition("model", "whole")
    assert toy.run([source], ["whole"]).success
    assert toy.materialized("last") == {partition_key(source.key, "whole")}
    assert toy.instance.has_dynamic_partition("model", "whole")


def test_an_unknown_input_fails_its_partition_with_its_name_and_is_recorded(toy):
    result = toy.run_with_tags(_single("0123456789abcdef", "whole"))
    hint = "modellab inputs list shows what there is."
    said = f"there is no input '0123456789abcdef'.\n→ {hint}\nAllowed: {WAYS}"
    assert _failures(result) == {"first": said}
    error = f"there is no input '0123456789abcdef'; allowed: {WAYS}. {hint}"
    assert _refused(toy) == [("0123456789abcdef", "whole", "failed", error)]


def test_one_unknown_system_of_a_range_leaves_the_others_alone(toy):
    source = toy.input("a")
    toy.instance.add_dynamic_partitions("model", ["zz_gone"])
    result = toy.run([source], ["whole", "zz_gone"])
    assert not result.success
    done = {partition_key(source.key, system) for system in ("whole", "whole_again")}
    for name in NAMES:
        assert toy.materialized(name) == done
        assert toy.failed(name) == {partition_key(source.key, "zz_gone")}


def test_a_system_with_none_of_the_runs_steps_is_refused_and_recorded(toy):
    source = toy.input("a")
    result = toy.run([source], ["short"], steps=["last"])
    assert _failures(result)["last"].splitlines() == [
        "short has none of the steps that this run is for.",
        "Found: last",
        "Allowed: steps of short: first, second",
    ]
    error = "short has none of the steps that this run is for; found last; allowed: steps of short: first, second."
    assert _refused(toy) == [(source.key, "short", "failed", error)]


def test_a_range_beside_the_tags_of_another_partition_is_what_runs(toy):
    a, b = toy.input("a"), toy.input("b")
    pairs = [partition_key(a.key, "whole"), partition_key(b.key, "whole")]
    for start, end in (pairs, pairs[1:] * 2):
        tags = {
            "dagster/asset_partition_range_start": start,
            "dagster/asset_partition_range_end": end,
            "dagster/partition/input": a.key,
            "dagster/partition/model": "whole_again",
        }
        assert toy.run_with_tags(tags).success
        assert all(toy.materialized(name) == set(pairs) for name in NAMES)
    assert toy.materialization("first", pairs[0]).metadata["input"].value.startswith("a.wav")
    newest = toy.materialization("last", pairs[1])
    assert newest.metadata["input"].value.startswith("b.wav")
    assert newest.tags["dagster/partition/input"] == b.key
    assert toy.stale_reasons("last", pairs[1]) == []


def test_tags_that_contradict_each_other_start_nothing_and_are_recorded(toy):
    a, b = toy.input("a"), toy.input("b")
    result = toy.run_with_tags({**_single(a.key, "whole"), "dagster/partition/input": b.key})
    failures = _failures(result)
    assert list(failures) == ["first"]
    first, way, found, allowed = failures["first"].splitlines()
    assert first == "the run's tags don't say which partitions it is for."
    assert way == "→ Launch it again from a job's or an asset's page."
    assert found.startswith(f"Found: dagster/partition={a.key}|whole, dagster/partition/input={b.key}")
    assert allowed == "Allowed: tags that name the same partition"
    [(where, system, status, error)] = _refused(toy)
    assert (where, system, status) == ("", "", "failed")
    assert error.startswith("the run's tags don't say which partitions it is for; found dagster/partition=")
    assert toy.materialized("first") == set()


@pytest.mark.parametrize("others", [[], ["a"]])
def test_a_step_that_can_do_without_what_failed_runs_all_the_same(toy, others):
    bad, *good = (toy.input(name) for name in ["bad-third", *others])
    key = partition_key(bad.key, "easy")
    result = toy.run([bad, *good], ["easy"])
    assert not result.success
    assert list(_failures(result)) == ["third", "last"]
    assert toy.materialized("easy") == {partition_key(source.key, "easy") for source in [bad, *good]}
    assert [toy.failed(step.name) for step in STEPS] == [set(), set(), {key}, {key}, set()]
    shown = toy.materialization("easy", key).metadata
    assert shown["text"].value == "first;second;easy;"
    rows = query(
        toy.lab, "SELECT step, status, error FROM steps WHERE input = ? ORDER BY started_at, step", [bad.key]
    ).rows
    assert [tuple(row) for row in rows] == [
        ("first", "completed", None),
        ("second", "completed", None),
        ("third", "failed", "third can't work on bad-third.wav."),
        ("last", "not_run", "third failed"),
        ("easy", "completed", None),
    ]
    [run] = query(toy.lab, "SELECT status, steps, failed_steps, error FROM run_history WHERE input = ?", [bad.key]).rows
    assert tuple(run) == ("failed", 4, 1, "third failed: third can't work on bad-third.wav.")


def test_what_is_absent_and_why_is_told_to_the_step_that_can_do_without_it(toy):
    source = toy.input("bad-third")
    toy.run([source], ["easy"])
    [[summary]] = query(toy.lab, "SELECT summary FROM artifacts WHERE step = 'easy'").rows
    assert json.loads(summary)["absent"] == {
        "best": "The step last has no result: it was not run because third failed.",
        "extra": "The step third has no result: it failed.",
    }


@pytest.mark.parametrize(("names", "tag"), [(["a"], "a.wav"), (["a", "b"], "a.wav, b.wav")])
@pytest.mark.parametrize("stale", [None, "another.wav"])
def test_a_run_is_tagged_with_its_files_whoever_launched_it(toy, names, tag, stale):
    tags = {"modellab/file": stale} if stale else {}
    result = toy.run([toy.input(name) for name in names], ["short"], tags)
    assert toy.instance.get_run_by_id(result.run_id).tags["modellab/file"] == tag


def test_the_tag_of_many_files_names_the_first_and_counts_the_others():
    assert file_tag(["a.wav", "a.wav"]) == "a.wav"
    assert file_tag(f"{number}.wav" for number in range(7)) == "0.wav, 1.wav, 2.wav, 3.wav, 4.wav and 2 more"
    assert len(file_tag(["x" * 500])) == 200


def test_progress_inside_a_long_step_is_in_the_log_of_its_run(toy, monkeypatch):
    monkeypatch.setattr("assets._progress._INTERVAL_S", 0.0)
    result = toy.run([toy.input("slow")], ["short"])
    said = [entry.user_message for entry in toy.instance.all_logs(result.run_id) if "slow.wav:" in entry.user_message]
    assert [text.partition(" after")[0] for text in said] == ["first of slow.wav: 50%", "second of slow.wav: 50%"]


def test_progress_is_said_at_most_every_ten_seconds_and_every_ten_percent():
    clock, said = [0.0], []
    log = ProgressLog(said.append, "a.wav", lambda: clock[0])
    for clock[0], fraction in [
        (5, 0.3),
        (10, 0.35),
        (19, 0.6),
        (20, 0.44),
        (21, 0.45),
        (40, 0.5),
        (41, 0.56),
        (60, 1.0),
    ]:
        log(StepProgressed("input", "system", "asr", fraction))
    log(StepStarted("input", "system", "asr", None))
    assert said == ["asr of a.wav: 35% after 10 s", "asr of a.wav: 45% after 21 s", "asr of a.wav: 56% after 41 s"]
