"""What one thread does beside the models of another: what of it overlaps, in which order, and what ends it."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import partition_key
from modellab.inputs.store import InputStore
from modellab.pipeline.events import Event, StepStarted, observed_by
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance
from resources.overlap import Overlap, Task

from .conftest import Toy

LIMIT_S = 60.0
"""Nothing here takes a second; a wait that long has failed."""
STEPS = ("ingest", "asr", "flags")
Run = Callable[[Task, bool], str]


def _plan(inputs: Sequence[str], steps: Sequence[str] = STEPS) -> list[Task]:
    return [Task(step, source, "system") for step in steps for source in inputs]


def _has_no_model(task: Task) -> bool:
    return task.step != "asr"


def _all_through(
    overlap: Overlap[str], run: Run, steps: Sequence[str] = STEPS, show: Callable[[Task, str], None] | None = None
) -> list[tuple[str, str]]:
    """What was shown, each with what it was shown with."""
    shown: list[tuple[str, str]] = []
    for step in steps:
        overlap.through(step, run, show or (lambda task, result: shown.append((f"{task.step} {task.input}", result))))
    overlap.stop()
    return shown


def test_what_comes_before_and_after_the_models_is_done_beside_them() -> None:
    over: defaultdict[str, threading.Event] = defaultdict(threading.Event)
    # Each of these is over before the model is done with that recording: one hand would wait for ever.
    meanwhile = {"asr a": "ingest c", "asr c": "flags a"}

    def run(task: Task, beside: bool) -> str:
        name = f"{task.step} {task.input}"
        assert beside == (threading.current_thread() is not threading.main_thread()) == (task.step != "asr")
        if name in meanwhile:
            assert over[meanwhile[name]].wait(LIMIT_S)
        over[name].set()
        return name

    shown = _all_through(Overlap(_plan("abc"), _has_no_model), run)
    assert shown == [(f"{step} {source}",) * 2 for step in STEPS for source in "abc"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads of a process have one priority")
def test_the_thread_beside_steps_back_and_that_of_the_models_does_not() -> None:
    nice: dict[bool, set[int]] = defaultdict(set)
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def run(task: Task, beside: bool) -> str:
        nice[beside].add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return ""

    _all_through(Overlap(_plan("ab"), _has_no_model), run)
    assert nice == {False: {before}, True: {min(19, before + 10)}}


def test_what_came_of_a_step_is_shown_beside_the_model_and_in_no_step_but_its_own() -> None:
    shown: list[str] = []
    first = threading.Event()
    at = "ingest"

    def run(task: Task, beside: bool) -> str:
        if (task.step, task.input) == ("asr", "b"):
            assert first.wait(LIMIT_S)
        return ""

    def show(task: Task, result: str) -> None:
        assert threading.current_thread() is not threading.main_thread()
        shown.append(f"{at} {task.step} {task.input}")
        if (task.step, task.input) == ("ingest", "a"):
            first.set()

    overlap: Overlap[str] = Overlap(_plan("ab"), _has_no_model)
    for at in STEPS:
        overlap.through(at, run, show)
    overlap.stop()
    assert shown == [f"{step} {step} {source}" for step in STEPS for source in "ab"]


def test_what_models_wait_for_comes_before_what_is_to_be_recorded_and_that_before_the_rest() -> None:
    beside: list[str] = []
    last_heard = threading.Event()

    def run(task: Task, aside: bool) -> str:
        if aside:
            beside.append(f"{task.step} {task.input}")
        elif task.input == "b":
            last_heard.set()
        return ""

    def show(task: Task, result: str) -> None:
        assert last_heard.wait(LIMIT_S)  # so that everything is ready at once
        beside.append(f"shown {task.step} {task.input}")

    _all_through(Overlap(_plan("ab"), _has_no_model), run, show=show)
    assert beside[:4] == ["ingest a", "ingest b", "shown ingest a", "shown ingest b"]
    assert beside[-2:] == ["shown flags a", "shown flags b"]
    assert sorted(beside[4:-2]) == ["flags a", "flags b", "shown asr a", "shown asr b"]


def test_where_none_of_its_tasks_is_ready_the_thread_with_the_models_goes_ahead() -> None:
    went_ahead = threading.Event()
    done: list[str] = []

    def run(task: Task, beside: bool) -> str:
        if (task.step, task.input) == ("ingest", "b"):
            assert went_ahead.wait(LIMIT_S)  # one that only waits would wait for ever
        if not beside:
            done.append(f"{task.step} {task.input}")
        return ""

    def ahead() -> bool:
        assert threading.current_thread() is threading.main_thread()
        if "asr a" not in done or went_ahead.is_set():
            return False
        done.append("ahead")
        went_ahead.set()
        return True

    _all_through(Overlap(_plan("ab"), _has_no_model, ahead), run)
    assert done == ["asr a", "ahead", "asr b"]


def test_what_is_at_hand_is_used_out_of_turn_where_the_next_is_not_ready() -> None:
    heard = threading.Event()
    done: list[str] = []

    def run(task: Task, beside: bool) -> str:
        if (task.step, task.input) == ("ingest", "b"):
            assert heard.wait(LIMIT_S)  # were vad b waited for, for ever
        if not beside:
            done.append(f"{task.step} {task.input}")
            if done[-1] == "asr a":
                heard.set()
        return ""

    steps = ("ingest", "vad", "asr")
    overlap: Overlap[str] = Overlap(
        _plan("abc", steps), lambda task: task.step == "ingest", at_hand=lambda task: task.step == "asr"
    )
    _all_through(overlap, run, steps)
    assert done[:2] == ["vad a", "asr a"]
    assert sorted(done) == sorted(f"{step} {source}" for step in steps[1:] for source in "abc")


def test_what_goes_wrong_ahead_ends_the_run() -> None:
    def ahead() -> bool:
        raise KeyboardInterrupt

    overlap: Overlap[str] = Overlap(_plan("ab"), _has_no_model, ahead)
    with pytest.raises(KeyboardInterrupt):
        overlap.through("ingest", lambda task, beside: "", lambda task, result: None)
    assert not [thread for thread in threading.enumerate() if thread.name == "modellab-beside-models"]


@pytest.mark.parametrize("seed", range(20))
def test_each_task_is_run_once_models_in_order_unless_at_hand_and_nobodys_steps_cross(seed: int) -> None:
    chance = random.Random(seed)
    steps = [f"step{number}" for number in range(chance.randint(1, 6))]
    tasks = _plan([str(number) for number in range(chance.randint(1, 8))], steps)
    for step in steps:  # a step may go through its partitions in an order of its own
        own = [task for task in tasks if task.step == step]
        chance.shuffle(own)
        tasks[steps.index(step) * len(own) : (steps.index(step) + 1) * len(own)] = own
    models = {step for step in steps if chance.random() < 0.5}
    at_hand = {step for step in models if chance.random() < 0.5}
    ran: list[tuple[Task, bool]] = []
    at_work: set[str] = set()

    def run(task: Task, beside: bool) -> str:
        assert task.input not in at_work
        at_work.add(task.input)
        ran.append((task, beside))
        at_work.remove(task.input)
        return task.step

    overlap: Overlap[str] = Overlap(
        tasks, lambda task: task.step not in models, at_hand=lambda task: task.step in at_hand
    )
    shown = _all_through(overlap, run, steps)
    assert sorted(map(str, (task for task, _ in ran))) == sorted(map(str, tasks))
    here, planned = [task for task, beside in ran if not beside], [task for task in tasks if task.step in models]
    for number, task in enumerate(planned):
        if task.step not in at_hand:
            assert set(planned[:number]) <= set(here[: here.index(task)])
    for source in {task.input for task in tasks}:
        assert [task.step for task, _ in ran if task.input == source] == steps
    assert shown == [(f"{task.step} {task.input}", task.step) for task in tasks]


@pytest.mark.parametrize("at", ["ingest b", "asr a"])
def test_an_interrupt_ends_both_and_nothing_is_begun_after_it(at: str) -> None:
    ran: list[str] = []

    def run(task: Task, beside: bool) -> str:
        ran.append(f"{task.step} {task.input}")
        if ran[-1] == at:
            raise KeyboardInterrupt
        return ""

    overlap: Overlap[str] = Overlap(_plan([chr(ord("a") + number) for number in range(9)]), _has_no_model)
    with pytest.raises(KeyboardInterrupt):
        for step in STEPS:
            overlap.through(step, run, lambda task, result: None)
    begun = list(ran)
    assert not [thread for thread in threading.enumerate() if thread.name == "modellab-beside-models"]
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        overlap.through("flags", run, lambda task, result: None)
    assert ran == begun


def test_what_showing_raises_ends_the_run() -> None:
    def show(task: Task, result: str) -> None:
        raise OSError("no space left")

    overlap: Overlap[str] = Overlap(_plan("ab"), _has_no_model)
    with pytest.raises(OSError, match="no space left"):
        overlap.through("ingest", lambda task, beside: "", show)


def _event(entry: dg.EventLogEntry) -> dg.DagsterEvent:
    assert entry.dagster_event is not None
    return entry.dagster_event


class _Seen:
    """In which thread each step of each recording was begun and ended: an observer."""

    def __init__(self) -> None:
        self.beside: dict[str, bool] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self.beside[event.step] = threading.current_thread() is not threading.main_thread()


def _ran(toy: Toy, *names: str) -> tuple[dg.JobExecutionResult, list[dg.MultiPartitionKey]]:
    sources = [toy.input(name) for name in names]
    seen = _Seen()
    with observed_by(seen):
        result = toy.run_selection([source.key for source in sources], ["heard"])
    assert seen.beside == {"first": True, "second": False, "third": True, "last": True, "easy": True}
    return result, [partition_key(source.key, "heard") for source in sources]


def test_with_two_hands_exactly_what_failed_reads_so_and_what_can_do_without_runs(toy: Toy) -> None:
    result, (a, first, second, third, odd, torn, b) = _ran(
        toy, "a", "bad-first", "bad-second", "bad-third", "odd-second", "torn-third", "b"
    )
    assert not result.success
    good = {a, b}
    assert toy.failed("first") == {first}
    assert toy.failed("second") == {first, second, odd}
    assert toy.failed("third") == {first, second, third, torn}
    assert toy.failed("last") == {first, second, third}
    assert toy.failed("easy") == {first, second}
    for name in ("first", "second", "third", "last", "easy"):
        assert toy.materialized(name) == good | {first, second, third, odd, torn} - toy.failed(name)
        assert toy.stale_reasons(name, a) == []
    build(toy.lab)
    errors = query(toy.lab, "SELECT name, error FROM run_history ORDER BY name").rows
    assert [tuple(row) for row in errors] == [
        ("a.wav", None),
        ("b.wav", None),
        ("bad-first.wav", "first failed: first can't work on bad-first.wav."),
        ("bad-second.wav", "second failed: second can't work on bad-second.wav."),
        ("bad-third.wav", "third failed: third can't work on bad-third.wav."),
        ("odd-second.wav", "the page of second failed: ValueError: this can't be shown."),
        ("torn-third.wav", "the check ends_in_name of third failed: ValueError: this can't be judged."),
    ]


def test_with_two_hands_each_is_recorded_and_checked_once_in_order(toy: Toy) -> None:
    result, keys = _ran(toy, "a", "weird", "c")
    assert result.success
    logged = toy.instance.all_logs(result.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    order = [(str(one.asset_key and one.asset_key.to_user_string()), one.partition) for one in map(_event, logged)]
    assert order == [(step, key) for step in ("first", "second", "third", "last", "easy") for key in keys]
    steps = query(toy.lab, "SELECT input, step, status, peak_memory_mib IS NULL, cpu_s > 0 FROM steps").rows
    assert sorted(map(tuple, steps)) == sorted(
        (str(key).partition("|")[0], step, "completed", step != "second", True)
        for step in ("first", "second", "third", "last", "easy")
        for key in keys
    )
    checks = query(toy.lab, "SELECT step, input, passed FROM checks").rows
    assert sorted(map(tuple, checks)) == sorted(
        (step, str(key).partition("|")[0], key != keys[1])
        for step in ("first", "second", "third", "last", "easy")
        for key in keys
    )


def test_events_of_two_hands_are_told_one_after_the_other_in_order(toy: Toy) -> None:
    at_once, numbers = 0, []

    def observer(event: Event) -> None:
        nonlocal at_once
        at_once += 1
        assert at_once == 1
        numbers.append(event.number)
        at_once -= 1

    sources = [toy.input(name) for name in ("a", "b", "c")]
    with observed_by(observer):
        assert toy.run_selection([source.key for source in sources], ["heard"]).success
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_long_recording_has_no_step_beside_a_model(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.engine._SHORT_S", 0.1)
    seen = _Seen()
    with observed_by(seen):
        assert toy.run_selection([toy.input("a").key, toy.input("b").key], ["heard"]).success
    assert set(seen.beside.values()) == {False}


_RUN_TWO_UNTIL_STOPPED = """
import signal, sys, time
from modellab_dagster.launch import Launcher
from modellab.inputs.store import InputStore
from modellab.pipeline.events import StepStarted, observed_by
from modellab.settings import Lab

signal.signal(signal.SIGINT, signal.default_int_handler)
lab = Lab.from_environment()
sources = [InputStore(lab).get(key) for key in sys.argv[1:]]

def wait(event):
    if isinstance(event, StepStarted) and (event.step, event.input) == ("vad", sources[1].key):
        print("in vad", flush=True)
        time.sleep(600)

try:
    with Launcher(lab) as launcher, observed_by(wait):
        launcher.sweep(["silero_vad"], sources)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_cancels_a_sweep_and_keeps_what_was_done(lab: Lab, sample_wav: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(sample_wav.read_bytes() + b"\0\0")
    keys = [InputStore(lab).register(path).key for path in (sample_wav, other)]
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN_TWO_UNTIL_STOPPED, *keys], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None and process.stdout.readline() == "in vad\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=LIMIT_S) == 130
    with open_instance(lab) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]
    rows = query(lab, "SELECT input, step, status FROM steps").rows
    assert sorted(map(tuple, rows)) == sorted(
        [(key, "ingest", "completed") for key in keys] + [(keys[0], "vad", "completed"), (keys[1], "vad", "canceled")]
    )
    assert dict(map(tuple, query(lab, "SELECT input, status FROM run_history").rows)) == {
        keys[0]: "completed",
        keys[1]: "canceled",
    }
