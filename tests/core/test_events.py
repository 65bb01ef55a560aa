"""Events: who hears them, and following a run from another process."""

import json
import logging
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.errors import UnknownName
from modellab.pipeline.event_file import follow, recorded_events, remove_old_events
from modellab.pipeline.events import Event, StepEnded, StepProgressed, StepStarted, emit, observed_by
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.settings import Lab

RUN, OTHER = RunIdentity("r" * 16, "run-one"), RunIdentity("o" * 16, "run-two")
STARTED = StepStarted("i", "meeting", "asr", "toy:one")
RECORD = StepRecord(
    id="1",
    run=RUN.run,
    dagster_run_id=RUN.dagster_run_id,
    input="i",
    system="meeting",
    step="asr",
    model="toy:one",
    status="failed",
    cached=False,
    fingerprint=None,
    artifact=None,
    started_at="2026-01-01T00:00:00.000+00:00",
    ended_at="2026-01-01T00:00:01.000+00:00",
    load_s=0.25,
    inference_s=0.5,
    other_s=0.25,
    audio_s=30.0,
    error_type="LabError",
    error="Ein Fehler, so groß",
)


def progressed(fraction: float) -> StepProgressed:
    return StepProgressed("i", "meeting", "asr", fraction)


def test_events_say_of_which_run_which_and_when() -> None:
    heard: list[Event] = []
    with observed_by(heard.append):
        emit(STARTED, RunIdentity("r" * 16, "counted"))
        emit(STARTED, RunIdentity("o" * 16, "counted too"))
        emit(progressed(0.5), RunIdentity("r" * 16, "counted"))
    assert [(event.run[:1], event.dagster_run_id, event.number) for event in heard] == [
        ("r", "counted", 1),
        ("o", "counted too", 1),
        ("r", "counted", 2),
    ]
    assert heard[0].at <= heard[1].at <= heard[2].at
    assert heard[0].at.endswith("+00:00")


def test_an_observer_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("the terminal is gone")

    heard: list[Event] = []
    with caplog.at_level(logging.ERROR), observed_by(broken), observed_by(heard.append):
        emit(STARTED, RUN)
    assert heard == [STARTED]
    assert "the terminal is gone" in caplog.text


def test_what_somebody_stops_is_stopped_from_an_observer_too() -> None:
    def stop(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), observed_by(stop):
        emit(STARTED, RUN)


def test_a_run_that_is_over_is_read_to_its_end_and_no_other(lab: Lab) -> None:
    with recorded_events(lab, RUN.dagster_run_id), recorded_events(lab, OTHER.dagster_run_id):
        emit(STARTED, RUN)
        emit(progressed(0.1), OTHER)
        emit(StepEnded(RECORD), RUN)
    events = list(follow(lab, RUN.dagster_run_id))
    assert events == [STARTED, StepEnded(RECORD)]
    assert isinstance(events[1], StepEnded)
    assert events[1].record == RECORD
    assert list(follow(lab, RUN.dagster_run_id, after=events[0].number)) == [StepEnded(RECORD)]
    lines = (lab.events / "run-one.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["StepStarted", "StepEnded"]
    with pytest.raises(UnknownName, match="no events of a run 'run-three' are kept"):
        next(follow(lab, "run-three"))
    with pytest.raises(UnknownName):
        next(follow(lab, "../../run-three"))


def test_overtaken_progress_is_left_out_of_the_file_and_the_end_is_not(lab: Lab) -> None:
    with recorded_events(lab, "busy"):
        for percent in range(101):
            emit(progressed(percent / 100), RunIdentity("r" * 16, "busy"))
    fractions = [event.fraction for event in follow(lab, "busy") if isinstance(event, StepProgressed)]
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert len(fractions) < 20
    assert fractions == sorted(fractions)


def test_lines_that_are_not_whole_are_passed_over(lab: Lab) -> None:
    with recorded_events(lab, "cut"):
        emit(STARTED, RunIdentity("r" * 16, "cut"))
    with (lab.events / "cut.jsonl").open("ab") as file:
        file.write(b'{"event": "StepStarted", "inp\n{"event": "FromTheFuture"}\n[1]\n\xff\n')
    assert list(follow(lab, "cut")) == [STARTED]


def test_a_run_goes_on_where_its_events_cannot_be_written(lab: Lab) -> None:
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.events.write_text("in the way")
    heard: list[Event] = []
    with recorded_events(lab, "unwritten"), observed_by(heard.append):
        emit(STARTED, RUN)
    assert heard == [STARTED]


def test_a_disk_that_is_full_is_said_once_and_what_comes_when_it_has_room_is_followed(
    lab: Lab, small_disk: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    home = small_disk("size=64k") / "home"
    lab = Lab(lab.settings.model_copy(update={"home": home}))
    run, filler = RunIdentity("r" * 16, "full"), home / "filler"
    with recorded_events(lab, "full"):
        emit(STARTED, run)
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for _ in range(100):  # the page that the file has holds some of them, the last not whole
            emit(STARTED, run)
        filler.unlink()
        emit(StepEnded(RECORD), run)
    followed = list(follow(lab, "full"))
    assert followed[-1] == StepEnded(RECORD)
    assert set(followed[:-1]) == {STARTED} and 10 < len(followed) < 100
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_secrets_stay_out_of_the_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_LLM_API_KEY", "k3y-0f-th3-l4b")
    with recorded_events(lab, "quoting"):
        emit(StepEnded(replace(RECORD, error="the server said k3y-0f-th3-l4b")), RunIdentity("r" * 16, "quoting"))
    assert "k3y" not in (lab.events / "quoting.jsonl").read_text()
    (ended,) = follow(lab, "quoting")
    assert isinstance(ended, StepEnded) and ended.record.error == "the server said [MODELLAB_LLM_API_KEY]"


def test_files_of_a_month_ago_go(lab: Lab) -> None:
    with recorded_events(lab, "old"):
        pass
    written_s = (lab.events / "old.jsonl").stat().st_mtime
    assert remove_old_events(lab, written_s + 29 * 86_400) == 0
    assert remove_old_events(lab, written_s + 31 * 86_400) == 1
    assert list(lab.events.iterdir()) == []


WORKER = """
    import sys
    from modellab.pipeline.event_file import recorded_events
    from modellab.pipeline.events import StepProgressed, StepStarted, emit
    from modellab.pipeline.record import RunIdentity
    from modellab.settings import Lab
    run = RunIdentity("r" * 16, "elsewhere")
    with recorded_events(Lab.from_environment(), "elsewhere"):
        emit(StepStarted("i", "meeting", "asr", None), run)
        print(flush=True)
        sys.stdin.readline()
        emit(StepProgressed("i", "meeting", "asr", 1.0), run)
        print(flush=True)
        sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_another_process_is_followed_while_it_works_until_it_ends_or_is_killed(lab: Lab, killed: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        events = follow(lab, "elsewhere")
        assert next(events) == STARTED_ELSEWHERE
        process.stdin.write("\n")
        process.stdin.flush()
        assert next(events) == progressed(1.0)
        if killed:
            process.send_signal(signal.SIGKILL)
        else:
            process.stdin.write("\n")
            process.stdin.flush()
        assert list(events) == []


STARTED_ELSEWHERE = StepStarted("i", "meeting", "asr", None)


def test_the_file_of_a_followed_run_lies_in_the_labs_home(lab: Lab) -> None:
    with recorded_events(lab, "here"):
        assert [path.relative_to(lab.home) for path in lab.events.iterdir()] == [Path("events/here.jsonl")]
