"""The engine on small real steps: identity, cache, failure, force, optional reads."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from modellab import processor
from modellab.artifacts.fingerprint import fingerprint
from modellab.artifacts.pruned import Pruned
from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.errors import LabError
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.engine import Engine
from modellab.pipeline.events import Event, StepEnded, StepProgressed, StepStarted, observed_by
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System, SystemStep, resolve_system
from modellab.registry.machine import this_machine
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.definition import Kind, Outside, OutsideRead, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT, local_days, time_zone_in
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

_BURN = """
import time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""
SOURCE = RegisteredInput(
    "0" * 16, "0" * 64, "a.wav", Path("a.wav"), 2.0, 16000, 1, "wav/pcm_s16le", 64000, "2026-01-01"
)
RUN = RunIdentity("r" * 16, "d" * 8)


def _burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class Words(StepParameters):
    text: str = "hello"


def _write(context: StepContext) -> Mapping[str, object]:
    assert isinstance(context.parameters, Words)
    if context.parameters.text == "crash":
        (context.output / "half.txt").write_text("x")
        raise ZeroDivisionError("by zero")
    if context.parameters.text == "refuse":
        raise LabError("no words", hint="Speak up.")
    context.progress(0.5)
    if context.parameters.text == "stop":
        raise KeyboardInterrupt
    (context.output / "words.txt").write_text(context.parameters.text)
    return {"length": len(context.parameters.text)}


def _shout(context: StepContext) -> Mapping[str, object]:
    words = context.reads["words"].file("words.txt").read_text() if "words" in context.reads else "nothing"
    (context.output / "shout.txt").write_text(words.upper())
    return {"absent": dict(context.absent)}


WRITE = StepDefinition("write", "Writes words.", "1", (), Words, _write, gives=(Kind.TRANSCRIPT,), outside=(INPUT,))
SHOUT = StepDefinition("shout", "Shouts them.", "1", (Read("words", Kind.TRANSCRIPT),), StepParameters, _shout)
MAYBE = replace(SHOUT, reads=(Read("words", Kind.TRANSCRIPT, required=False),))


def _system(text: str = "hello", shout: StepDefinition = SHOUT) -> System:
    steps = (
        SystemStep(WRITE, None, Words(text=text), {}),
        SystemStep(shout, None, StepParameters(), {"words": "write"}),
    )
    return System("test", "test", steps)


@pytest.fixture
def engine(lab: Lab, tmp_path: Path) -> Engine:
    return Engine(lab, Models(lab, ModelRegistry(tmp_path)), ArtifactStore(lab.artifacts), Recorder(lab))


def test_a_chain_runs_once_and_is_cached_afterwards(engine: Engine) -> None:
    first = [engine.run_step(_system(), SOURCE, name, RUN) for name in ("write", "shout")]
    second = [engine.run_step(_system(), SOURCE, name, RUN) for name in ("write", "shout")]
    assert [(r.status, r.cached) for r in first] == [("completed", False)] * 2
    assert [(r.status, r.cached) for r in second] == [("completed", True)] * 2
    assert [r.fingerprint for r in first] == [r.fingerprint for r in second]
    artifact = engine.artifact(_system(), SOURCE, "shout")
    assert artifact is not None
    assert artifact.file("shout.txt").read_text() == "HELLO"
    assert first[1].artifact == f"artifacts/shout/{artifact.fingerprint[:2]}/{artifact.fingerprint}"
    assert second[0].peak_memory_mib is None


def test_memory_goes_back_before_another_step_or_after_a_longer_recording_not_between_alike(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    given_back: list[str] = []
    monkeypatch.setattr("modellab.memory.release_memory", lambda: given_back.append(begun[-1]))
    system, hour = _system(), 3600.0
    for name, step, length_s in [
        ("first", "write", 10.0),
        ("alike", "write", 12.0),
        ("longer", "write", hour),
        ("after a longer one", "write", 10.0),
        ("another step", "shout", 10.0),
        ("back", "write", 10.0),
    ]:
        begun.append(name)
        engine.run_step(system, replace(SOURCE, duration_s=length_s), step, RUN)
    assert given_back == ["first", "after a longer one", "another step", "back"]


def test_the_steps_of_a_pipeline_look_for_each_result_once(lab: Lab) -> None:
    asked: list[str] = []

    class Counted(ArtifactStore):
        def find(self, step: str, fingerprint: str) -> Artifact | None:
            asked.append(step)
            return super().find(step, fingerprint)

    registry = ModelRegistry()
    meeting = resolve_system("meeting", registry, lab)
    with Models(lab, registry) as models:
        identities = Engine(lab, models, Counted(lab.artifacts), Recorder(lab)).identities(meeting, SOURCE)
        found = {step.name: identities.of(step.name) for step in meeting.steps}
        fingerprints = {step.name: identities.fingerprint(step.name) for step in meeting.steps}
    assert fingerprints == {name: fingerprint(identity) for name, identity in found.items()}
    assert sorted(asked) == sorted(set(asked)) and {"asr", "alignment", "chapters"} <= set(asked)


def test_a_disk_that_fills_while_a_step_writes_is_its_failure_in_words(
    lab: Lab, small_disk: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Asked what is free while the disk is full: what the step had written is gone when its record is made."""
    home = small_disk("size=2m") / "home"
    lab = Lab(lab.settings.model_copy(update={"home": home}))
    engine = Engine(lab, Models(lab, ModelRegistry(home)), ArtifactStore(lab.artifacts), Recorder(lab))

    def fill(context: StepContext) -> Mapping[str, object]:
        (context.output / "words.txt").write_bytes(bytes(4 << 20))
        return {}

    system = System("test", "test", (SystemStep(replace(WRITE, run=fill), None, Words(), {}),))
    record = engine.run_step(system, SOURCE, "write", RUN)
    assert record.status == "failed" and record.error is not None
    assert record.error.startswith(
        f"{lab.artifacts} is on a disk that is full; found No space left on device, 0.0 MB free"
    )
    assert list((lab.artifacts / ".staging").iterdir()) == [] and caplog.records == []


def test_a_change_upstream_changes_what_is_downstream_and_nothing_else(engine: Engine) -> None:
    hello, bye = _system("hello"), _system("bye")
    assert fingerprint(engine.identity(hello, SOURCE, "shout")) != fingerprint(engine.identity(bye, SOURCE, "shout"))
    other_input = replace(SOURCE, sha256="1" * 64, key="1" * 16)
    assert engine.identity(hello, other_input, "write").reads == {"input": "1" * 64}
    assert engine.run_key(hello, SOURCE) == engine.run_key(_system(), SOURCE)
    assert engine.run_key(hello, SOURCE) != engine.run_key(bye, SOURCE)


def _lab_in(lab: Lab, zone: str) -> Lab:
    return Lab(lab.settings.model_copy(update={"timezone": zone}))


def _day_step(context: StepContext) -> Mapping[str, object]:
    (context.output / "day.txt").write_text(str(time_zone_in(context)))
    return {}


def _is_open(outside: Outside) -> bool:
    assert isinstance(outside.parameters, Words)
    return outside.parameters.text == "open"


def test_the_lab_s_time_zone_belongs_to_a_result_where_local_days_decide_it(lab: Lab, tmp_path: Path) -> None:
    day = StepDefinition("day", "A day.", "1", (), Words, _day_step, outside=(local_days(_is_open),))
    store, zones = ArtifactStore(lab.artifacts), ("America/New_York", "Asia/Tokyo")
    for text, reads in (("open", [{"timezone": zone} for zone in zones]), ("given", [{}, {}])):
        system = System("test", "test", (SystemStep(day, None, Words(text=text), {}),))
        made = []
        for zone in zones:
            there = _lab_in(lab, zone)
            engine = Engine(there, Models(there, ModelRegistry(tmp_path)), store, Recorder(there))
            made.append(engine.run_step(system, SOURCE, "day", RUN))
            assert engine.identity(system, SOURCE, "day").reads == reads[len(made) - 1]
        assert [record.cached for record in made] == [False, text == "given"]


def _sing(context: StepContext) -> Mapping[str, object]:
    (context.output / "song.txt").write_text(context.outside.get("voice", "nobody"))
    return {}


def test_what_a_step_reads_from_outside_is_what_it_says_and_nothing_where_it_says_none(
    engine: Engine, lab: Lab
) -> None:
    """A voice from a file of the lab, for those who ask for one."""
    asked: list[Outside] = []

    def voice(outside: Outside) -> str | None:
        asked.append(outside)
        assert isinstance(outside.parameters, Words)
        return (outside.lab.home / "voice.txt").read_text() if outside.parameters.text == "sing" else None

    reads = (Read("words", Kind.TRANSCRIPT),)
    sing = StepDefinition(
        *("sing", "Sings.", "1", reads, Words, _sing),
        outside=(INPUT, OutsideRead("voice", "a voice of the lab", voice)),
    )
    made = []
    lab.home.mkdir(parents=True, exist_ok=True)
    for text, heard in (("sing", "alto"), ("sing", "bass"), ("sing", "alto"), ("hum", "alto"), ("hum", "bass")):
        (lab.home / "voice.txt").write_text(heard)
        step = SystemStep(sing, None, Words(text=text), {"words": "write"})
        system = System("test", "test", (SystemStep(WRITE, None, Words(), {}), step))
        engine.run_step(system, SOURCE, "write", RUN)
        record = engine.run_step(system, SOURCE, "sing", RUN)
        artifact = engine.artifact(system, SOURCE, "sing")
        assert artifact is not None
        made.append((record.cached, artifact.file("song.txt").read_text()))
        words = fingerprint(engine.identity(system, SOURCE, "write"))
        known = {"words": words, "input": SOURCE.sha256} | ({"voice": heard} if text == "sing" else {})
        assert artifact.manifest["identity"]["reads"] == known
        assert (asked[-1].reads, asked[-1].input, asked[-1].lab) == ({"words": words}, SOURCE, lab)
    assert made == [(False, "alto"), (False, "bass"), (True, "alto"), (False, "nobody"), (True, "nobody")]


def test_a_crash_is_recorded_with_its_words_and_leaves_no_artifact(engine: Engine, lab: Lab) -> None:
    record = engine.run_step(_system("crash"), SOURCE, "write", RUN)
    assert record.status == "failed"
    assert record.error == "ZeroDivisionError: by zero."
    assert record.error_type == "StepFailed"
    assert list(engine.store.all()) == []
    assert list((lab.artifacts / ".staging").iterdir()) == []
    after = engine.run_step(_system("crash"), SOURCE, "shout", RUN)
    assert after.error_type == "ArtifactMissing"


def test_a_damaged_result_is_made_anew_in_the_same_run_and_says_so(engine: Engine) -> None:
    for name in ("write", "shout"):
        engine.run_step(_system(), SOURCE, name, RUN)
    written = engine.artifact(_system(), SOURCE, "write")
    assert written is not None
    written.file("words.txt").unlink()
    records = [engine.run_step(_system(), SOURCE, name, RUN) for name in ("write", "shout")]
    assert [(r.status, r.cached) for r in records] == [("completed", False), ("completed", True)]
    again = engine.artifact(_system(), SOURCE, "write")
    assert again is not None and again.file("words.txt").read_text() == "hello"
    assert again.manifest["made"]["replaces_damaged"] == "words.txt is missing"


def test_a_step_makes_a_damaged_result_that_it_reads_anew(engine: Engine) -> None:
    engine.run_step(_system(), SOURCE, "write", RUN)
    written = engine.artifact(_system(), SOURCE, "write")
    assert written is not None
    written.file("words.txt").write_text("cut")
    record = engine.run_step(_system(), SOURCE, "shout", RUN)
    shouted = engine.artifact(_system(), SOURCE, "shout")
    assert record.status == "completed" and shouted is not None
    assert shouted.file("shout.txt").read_text() == "HELLO"


def test_a_result_that_rotted_and_keeps_its_size_is_noticed_when_it_fails_its_reader(engine: Engine) -> None:
    reads = (Read("words", Kind.TRANSCRIPT),)

    def read(context: StepContext) -> Mapping[str, object]:
        (context.output / "out.txt").write_text(context.reads["words"].file("words.txt").read_text("ascii"))
        return {}

    copy = StepDefinition("copy", "Copies.", "1", reads, StepParameters, read)
    steps = (SystemStep(WRITE, None, Words(), {}), SystemStep(copy, None, StepParameters(), {"words": "write"}))
    system = System("test", "test", steps)
    engine.run_step(system, SOURCE, "write", RUN)
    written = engine.artifact(system, SOURCE, "write")
    assert written is not None
    written.file("words.txt").write_bytes(b"h\xffllo")
    record = engine.run_step(system, SOURCE, "copy", RUN)
    copied = engine.artifact(system, SOURCE, "copy")
    assert record.status == "completed" and copied is not None
    assert copied.file("out.txt").read_text() == "hello"


def test_an_optional_read_sees_damage_as_every_find_does(engine: Engine) -> None:
    system = _system(shout=MAYBE)
    engine.run_step(system, SOURCE, "write", RUN)
    written = engine.artifact(system, SOURCE, "write")
    assert written is not None
    (written.path / "manifest.json").write_text("{")
    assert engine.identity(system, SOURCE, "shout").reads == {"words": "absent: write: it has not been run."}
    engine.run_step(system, SOURCE, "write", RUN)
    assert engine.identity(system, SOURCE, "shout").reads == {"words": written.fingerprint}


def test_a_lab_error_keeps_its_type_and_hint(engine: Engine) -> None:
    record = engine.run_step(_system("refuse"), SOURCE, "write", RUN)
    assert (record.error_type, record.error) == ("LabError", "no words. Speak up.")


def test_a_step_that_someone_stops_is_recorded_with_how_far_it_came(engine: Engine, lab: Lab) -> None:
    heard: list[Event] = []
    with observed_by(heard.append), pytest.raises(KeyboardInterrupt):
        engine.run_step(_system("stop"), SOURCE, "write", RUN)
    ended = heard[-1]
    assert isinstance(ended, StepEnded)
    assert (ended.record.status, ended.record.fraction) == ("canceled", 0.5)
    assert ended.record.error == "stopped when 50% of it was done"
    assert list(engine.store.all()) == []
    build(lab)
    rows = query(lab, "SELECT step, status, fraction, error_type FROM steps").rows
    assert rows == [("write", "canceled", 0.5, None)]


def test_processor_time_counts_threads_and_children_that_live_or_ended(engine: Engine) -> None:
    before = processor.seconds()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(_burn, [0.1, 0.1]))
    subprocess.run([sys.executable, "-c", f"{_BURN}\nburn(0.3)"], check=True)
    ended = processor.seconds() - before
    assert ended >= 0.5
    living = subprocess.Popen(
        [sys.executable, "-c", f"{_BURN}\nburn(0.3); print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with living:
        assert living.stdout is not None
        living.stdout.readline()
        with_living = processor.seconds() - before
        living.communicate(b"\n")
    assert with_living >= ended + 0.3
    assert processor.seconds() - before >= with_living  # what it used is not lost when it ends
    record = engine.run_step(_system(), SOURCE, "write", RUN)
    assert record.cpu_s is not None
    assert 0.0 < record.cpu_s < 60.0
    assert record.machine == this_machine().id
    left_out = engine.leave_out(_system(), SOURCE, "shout", RUN, "write failed")
    assert (left_out.cpu_s, left_out.machine) == (None, None)


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="no clock of another thread's on this system")
def test_a_thread_that_is_counted_apart_has_its_own_processor_time_and_none_of_it_is_others(engine: Engine) -> None:
    measured: list[float] = []
    burned, over = threading.Event(), threading.Event()

    def beside() -> None:
        _burn(0.1)  # before it counts apart: everybody's
        with processor.counted_apart():
            before = processor.seconds()
            _burn(0.3)
            record = engine.run_step(_system(), SOURCE, "write", RUN, beside=True)
            measured.append(processor.seconds() - before)
            assert record.peak_memory_mib is None
            burned.set()
            over.wait(60)

    before, all_before = processor.seconds(), time.process_time()
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(beside)
        assert burned.wait(60)
        while_it_lives = processor.seconds() - before
        over.set()
        done.result()
    afterwards, everything = processor.seconds() - before, time.process_time() - all_before
    assert 0.3 <= measured[0] < everything
    assert 0.1 <= while_it_lives <= afterwards <= everything - measured[0] + 0.05


def test_force_runs_again_keeps_the_artifact_and_says_whether_it_came_out_the_same(engine: Engine) -> None:
    engine.run_step(_system(), SOURCE, "write", RUN)
    artifact = engine.artifact(_system(), SOURCE, "write")
    assert artifact is not None
    again = engine.run_step(_system(), SOURCE, "write", RUN, force=True)
    assert (again.cached, again.reproduced, again.fingerprint) == (False, True, artifact.fingerprint)
    assert engine.artifact(_system(), SOURCE, "write") == artifact


def test_an_optional_read_that_failed_is_absent_and_says_why(engine: Engine) -> None:
    system = _system("crash", MAYBE)
    engine.run_step(system, SOURCE, "write", RUN)
    record = engine.run_step(system, SOURCE, "shout", RUN)
    artifact = engine.artifact(system, SOURCE, "shout")
    assert record.status == "completed"
    assert artifact is not None
    why = "The step write has no result: it failed."
    assert artifact.summary == {"absent": {"words": why}}
    assert artifact.file("shout.txt").read_text() == "NOTHING"


def _plain_and_fine(fine: str, *, fall_back: bool = True) -> System:
    """Words, the same made finer, and a step that shouts the finer ones, or the plain ones where it may."""
    refine = replace(WRITE, name="refine", reads=(Read("plain", Kind.TRANSCRIPT),), outside=())
    shout = replace(SHOUT, reads=(Read("words", Kind.TRANSCRIPT, fall_back=fall_back),))
    return System(
        "test",
        "test",
        (
            SystemStep(WRITE, None, Words(text="plain"), {}),
            SystemStep(refine, None, Words(text=fine), {"plain": "write"}),
            SystemStep(shout, None, StepParameters(), {"words": "refine"}),
        ),
    )


def _shouted(engine: Engine, system: System) -> tuple[str, Mapping[str, object], Mapping[str, str | None]]:
    """What was shouted, what was said to be absent, and the reads that the result's identity holds."""
    artifact = engine.artifact(system, SOURCE, "shout")
    assert artifact is not None
    return artifact.file("shout.txt").read_text(), artifact.summary["absent"], artifact.manifest["identity"]["reads"]


def test_a_read_that_may_falls_back_to_the_next_result_and_says_why(engine: Engine) -> None:
    system = _plain_and_fine("refuse")
    ends = [engine.run_step(system, SOURCE, name, RUN).status for name in ("write", "refine", "shout")]
    assert ends == ["completed", "failed", "completed"]
    plain = fingerprint(engine.identity(system, SOURCE, "write"))
    assert _shouted(engine, system) == (
        "PLAIN",
        {"words": "The step refine has no result: it failed."},
        {"words": plain, "words:refine": "absent: refine: LabError"},
    )
    shouted = engine.artifact(system, SOURCE, "shout")
    assert shouted is not None
    assert shouted.manifest["made"]["absent"] == {"words:refine": "no words. Speak up."}


def test_the_better_result_is_read_as_soon_as_it_is_there(engine: Engine) -> None:
    system = _plain_and_fine("fine")
    before = fingerprint(engine.identity(system, SOURCE, "shout"))
    engine.run_step(system, SOURCE, "write", RUN)
    assert engine.identity(system, SOURCE, "shout").reads["words:refine"] == "absent: refine: it has not been run."
    for name in ("refine", "shout"):
        engine.run_step(system, SOURCE, name, RUN)
    fine = fingerprint(engine.identity(system, SOURCE, "refine"))
    assert _shouted(engine, system) == ("FINE", {}, {"words": fine})
    assert fingerprint(engine.identity(system, SOURCE, "shout")) == before


def test_a_read_that_may_not_fall_back_never_takes_another_result(engine: Engine) -> None:
    system = _plain_and_fine("refuse", fall_back=False)
    records = [engine.run_step(system, SOURCE, name, RUN) for name in ("write", "refine", "shout")]
    assert [record.error_type for record in records] == [None, "LabError", "ArtifactMissing"]


def test_a_step_that_is_left_out_is_recorded_and_is_the_reason_of_what_lacks_it(engine: Engine) -> None:
    system = _plain_and_fine("fine")
    engine.run_step(system, SOURCE, "write", RUN)
    heard: list[Event] = []
    with observed_by(heard.append):
        record = engine.leave_out(system, SOURCE, "refine", RUN, "polish failed")
    assert heard == [StepEnded(record)]
    assert (record.status, record.error, record.fingerprint, record.artifact) == (
        "not_run",
        "polish failed",
        None,
        None,
    )
    engine.run_step(system, SOURCE, "shout", RUN)
    why = "The step refine has no result: it was not run because polish failed."
    assert _shouted(engine, system)[1] == {"words": why}
    engine.run_step(system, SOURCE, "refine", RUN)
    assert "words:refine" not in engine.identity(system, SOURCE, "shout").reads


def test_observers_hear_start_progress_and_end(engine: Engine) -> None:
    heard: list[Event] = []
    with observed_by(heard.append):
        record = engine.run_step(_system(), SOURCE, "write", RUN)
    engine.run_step(_system("other"), SOURCE, "write", RUN)
    assert heard == [
        StepStarted(SOURCE.key, "test", "write", None),
        StepProgressed(SOURCE.key, "test", "write", 0.5),
        StepEnded(record),
    ]


def test_a_result_that_is_pruned_while_a_run_goes_on_is_made_again(engine: Engine) -> None:
    first = engine.run_step(_system(), SOURCE, "write", RUN)
    artifact = engine.store.get("write", str(first.fingerprint))
    engine.store.pruned.write(Pruned(artifact.manifest, {}, "2026-03-01T10:00:00.000+00:00", "ann", "old"))
    engine.store.pruned.remove_files("write", artifact.fingerprint)
    assert not artifact.path.exists()
    second = engine.run_step(_system(), SOURCE, "shout", RUN)
    assert (second.status, second.error) == ("completed", None)
    assert artifact.path.is_dir()
    assert engine.store.pruned.read("write", artifact.fingerprint) is None


def test_a_result_that_is_pruned_while_it_is_read_is_made_again(engine: Engine) -> None:
    def late(context: StepContext) -> Mapping[str, object]:
        words = context.reads["words"]
        if not tried:
            tried.append(True)
            engine.store.pruned.write(Pruned(words.manifest, {}, "2026-03-01T10:00:00.000+00:00", "ann", "old"))
            engine.store.pruned.remove_files("write", words.fingerprint)
        return _shout(context)

    tried: list[bool] = []
    system = _system(shout=replace(SHOUT, run=late))
    engine.run_step(system, SOURCE, "write", RUN)
    record = engine.run_step(system, SOURCE, "shout", RUN)
    assert (tried, record.status, record.error) == ([True], "completed", None)
