"""What is found, and that each thing is told once: on the records of a lab and the runs of an orchestrator."""

import pytest

from modellab.alerts.looking import look, make_alerts
from modellab.alerts.outbox import Outbox
from modellab.alerts.settings import AlertSettings
from modellab.warehouse.builder import build

from .records import Runs, drop, finding, gate, run_of

WORSE = finding("wer", "regressed", cases=("c1", "c2"))
KEPT = finding("wer", "kept")
TOLD = AlertSettings(gather_s=0.0)


@pytest.fixture
def runs():
    return Runs()


@pytest.fixture
def looked(lab, runs):
    """A lab in which somebody has looked once. Gives a function: what is told by the next look, in words."""

    def tell(settings=TOLD):
        build(lab)
        with Outbox(lab) as outbox:
            look(lab, outbox, runs)
            made = make_alerts(lab, outbox, settings)
            found, _ = outbox.alerts(100)
        return [alert for alert, _ in reversed(found[:made])]

    assert tell() == []
    return tell


def _titles(alerts):
    return [alert.title for alert in alerts]


def test_what_was_before_the_first_look_is_not_told(lab, runs):
    drop(lab, "old.wav")
    gate(lab, WORSE, verdict="regressed")
    runs.fail("r1")
    with Outbox(lab) as outbox:
        look(lab, outbox, runs)  # the rows are not even in the database yet
    build(lab)
    with Outbox(lab) as outbox:
        look(lab, outbox, runs)
        assert make_alerts(lab, outbox, TOLD) == 0
    drop(lab, "new.wav")
    build(lab)
    with Outbox(lab) as outbox:
        look(lab, outbox, runs)
        assert make_alerts(lab, outbox, TOLD) == 1
        assert _titles([alert for alert, _ in outbox.alerts(9)[0]]) == ["new.wav in /calls: refused"]


def test_a_failed_run_names_its_recordings_and_is_told_once(lab, runs, looked):
    run_of(lab, "r1", {"a": "asr failed: out of memory", "b": None, "c": "vad failed: damaged"})
    runs.fail("r1")
    [alert] = looked()
    assert (alert.title, alert.severity, alert.topics) == (
        "meeting failed on 2 of 3 recordings",
        "error",
        ("failures",),
    )
    [found] = alert.findings
    assert found.details == ("a: asr failed: out of memory", "c: vad failed: damaged")
    assert found.facts == {"job": "any_steps", "dagster_run_id": "r1", "inputs": ["a", "c"]}
    assert looked() == []
    runs.fail("r1")  # a daemon may take down the end of a run twice
    assert looked() == []


def test_a_run_that_ended_before_it_began_says_why(runs, looked):
    runs.fail("r1", job="meeting", said="Run timed out due to taking longer than 300 seconds to start.")
    [alert] = looked()
    assert alert.title == "a run of meeting failed"
    assert alert.findings[0].details == ("Run timed out due to taking longer than 300 seconds to start.",)


def test_fifty_failures_of_a_batch_are_one_message(lab, runs, looked):
    run_of(lab, "r1", {f"{number:02}": "vad failed: damaged" for number in range(50)})
    runs.fail("r1")
    [alert] = looked()
    assert alert.title == "meeting failed on 50 of 50 recordings"
    [found] = alert.findings
    assert (len(found.details), found.more, found.details[0]) == (5, 45, "00: vad failed: damaged")
    assert "  and 45 more" in alert.text().splitlines()


def test_fifty_runs_and_a_dozen_files_are_a_message_each(lab, runs, looked):
    for number in range(50):
        runs.fail(f"r{number}", job=f"job{number}")
    for number in range(12):
        drop(lab, f"{number:02}.wav")
    failures, drops = sorted(looked(), key=lambda alert: alert.topics, reverse=True)
    assert (failures.title, failures.count, failures.left_out) == ("50 runs failed", 50, 40)
    assert (drops.title, drops.count, drops.severity) == ("12 dropped files were of no use", 12, "warning")
    assert drops.text().splitlines()[2:4] == ["- 00.wav in /calls: refused", "  it is no sound"]


def test_what_comes_soon_after_is_gathered(lab, looked):
    drop(lab, "1.wav")
    gathering = AlertSettings(gather_s=300.0)
    assert _titles(looked(gathering)) == ["1.wav in /calls: refused"]
    drop(lab, "2.wav")
    assert looked(gathering) == []
    drop(lab, "3.wav")
    gate(lab, WORSE, verdict="regressed")  # of another topic: at once
    assert _titles(looked(gathering)) == ["faster_whisper:base got worse on asr_golden_v1"]
    assert _titles(looked(AlertSettings(gather_s=0.0))) == ["2 dropped files were of no use"]


def test_a_job_that_fails_again_and_again_is_told_until_it_came_right(runs, looked):
    runs.fail("r1", job="inbox", said="take_drops: the disk is full", at=10.0)
    assert len(looked()) == 1
    runs.fail("r2", job="inbox", said="take_drops: the disk is full", at=70.0)
    runs.fail("r3", job="housekeeping", said="warehouse: the disk is full", at=71.0)
    assert _titles(looked()) == ["a run of housekeeping failed"]
    runs.fail("r4", job="inbox", said="take_drops: it is mounted read-only", at=130.0)
    assert len(looked()) == 1
    runs.right["inbox"] = 140.0
    runs.fail("r5", job="inbox", said="take_drops: it is mounted read-only", at=190.0)
    assert len(looked()) == 1


def test_a_regression_is_told_when_it_comes_and_not_every_night(lab, looked):
    gate(lab, KEPT)
    assert looked() == []
    gate(lab, WORSE, verdict="regressed", changed=["asr: runtime_version 1 then, 2 now"])
    [alert] = looked()
    assert alert.title == "faster_whisper:base got worse on asr_golden_v1"
    assert alert.severity == "error"
    assert alert.findings[0].details == (
        "wer is regressed",
        "worse in c1, c2",
        "changed: asr: runtime_version 1 then, 2 now",
    )
    gate(lab, WORSE, verdict="regressed")
    gate(lab, KEPT, system="other")
    assert looked() == []
    # A night on which it could not be compared changes nothing, nor does what else is worse then.
    gate(lab, finding("wer", "not comparable"), finding("cer", "kept"))
    gate(lab, WORSE, finding("cer", "regressed"), verdict="regressed")
    [alert] = looked()
    assert alert.findings[0].details == ("cer is regressed",)
    gate(lab, KEPT, finding("cer", "kept"))
    gate(lab, WORSE, verdict="regressed")
    assert len(looked()) == 1  # it had come right
    gate(lab, finding("wer", "regressed", slices=("noise=street",)), verdict="regressed")
    assert len(looked()) == 1  # in a slice in which it was not worse
    gate(lab, finding("wer", "regressed", slices=("noise=street",)), verdict="regressed")
    assert looked() == []
    gate(lab, WORSE, verdict="regressed", baseline="b2")
    assert len(looked()) == 1  # than what was accepted since


def test_what_got_worse_together_is_one_message_and_candidates_warn(lab, looked):
    gate(lab, WORSE, verdict="regressed", system="mine", status="candidate")
    [alert] = looked()
    assert alert.severity == "warning"
    for number in range(3):
        gate(lab, WORSE, verdict="regressed", system=f"s{number}", status="candidate" if number else "production")
    [alert] = looked()
    assert (alert.title, alert.severity) == ("3 systems got worse or could not be measured", "error")
    assert alert.findings[0].what == "s0 got worse on asr_golden_v1"


def test_a_production_model_that_can_not_be_measured_is_told_once(lab, looked):
    of = {"verdict": "not measured", "why": "its weights are missing"}
    gate(lab, **of)
    gate(lab, **of, system="mine", status="candidate")
    [alert] = looked()
    assert alert.title == "faster_whisper:base could not be measured on asr_golden_v1"
    assert alert.findings[0].details == ("its weights are missing",)
    gate(lab, **of)
    assert looked() == []
    gate(lab, KEPT)
    gate(lab, **of)
    assert len(looked()) == 1


def test_what_may_have_got_worse_is_not_told(lab, looked):
    gate(lab, finding("wer", "doubtful"), verdict="doubtful")
    assert looked() == []


def test_a_dropped_file_that_failed_is_told_with_its_run(lab, runs, looked):
    run_of(lab, "r1", {"a": "vad failed: damaged", "b": None})
    runs.fail("r1", is_dropped=True)
    drop(lab, "a.wav", "failed", input="a", dagster_run_id="r1")
    drop(lab, "b.wav", "completed", input="b", dagster_run_id="r1")
    drop(lab, "c.wav", "gone")
    [alert] = looked()
    assert alert.topics == ("failures", "drops")
    assert alert.title == "meeting failed on 1 of 2 recordings"
    # Given up after runs that died: no run says that it is over with this file.
    drop(lab, "d.wav", "failed", input="d", dagster_run_id="r1", reason="3 runs died over it")
    [alert] = looked()
    assert (alert.title, alert.severity) == ("d.wav in /calls: failed", "error")
    assert alert.findings[0].details == ("3 runs died over it",)


def test_a_file_that_was_moved_says_where_it_is(lab, looked):
    drop(lab, "a.wav", placed="/calls/refused/a.wav")
    [alert] = looked()
    assert alert.findings[0].details == ("it is no sound", "moved to /calls/refused/a.wav")


def test_secrets_and_control_characters_do_not_go_out(lab, looked, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijklmnop1234")
    drop(lab, "a\x1b[31m.wav", reason="asked with hf_abcdefghijklmnop1234\nand a second line" + "x" * 1000)
    [alert] = looked()
    assert alert.title == "a_[31m.wav in /calls: refused"
    [detail] = alert.findings[0].details
    assert detail.startswith("asked with [HF_TOKEN] and a second line") and len(detail) == 400


def test_whoever_wants_no_alerts_any_more_is_not_told_of_the_time_between(lab, runs, looked):
    drop(lab, "1.wav")
    build(lab)
    with Outbox(lab) as outbox:
        look(lab, outbox, runs)
        outbox.forget_untold()
    drop(lab, "2.wav")
    assert looked() == []
    drop(lab, "3.wav")
    assert _titles(looked()) == ["3.wav in /calls: refused"]
