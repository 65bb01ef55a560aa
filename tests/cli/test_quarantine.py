"""`modellab runs quarantine`: what is decided is kept, said, and taken back."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import ArtifactStore, describe_files
from modellab.documents import save
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System
from modellab.settings import Lab
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab_dagster.command import main

Call = Callable[..., tuple[int, str, str]]
FIRST, SECOND = "1111aaaa-first", "2222bbbb-second"
SYSTEM = System("fast_asr_only", "fast_asr_only", ())


@pytest.fixture
def told(lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def source(lab: Lab, tmp_path: Path) -> RegisteredInput:
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 1600), 16_000)
    return InputStore(lab).register(path)


@pytest.fixture
def runs(lab: Lab, source: RegisteredInput, record: Callable[..., StepRecord]) -> dict[str, str]:
    """Two attempts: the first made a transcript; the second found it, and aligned its words. Step -> fingerprint."""
    recorder, store = Recorder(lab), ArtifactStore(lab.artifacts)
    made: dict[str, str] = {}

    def attempt(dagster_run: str, step: str, run: str, *, cached: bool = False) -> None:
        reads = {"transcript": made["asr"]} if step == "alignment" else {}
        identity = StepIdentity(step, "1", {}, None, reads)
        if not cached:
            with store.staging() as folder:
                save(Transcript([Utterance(0.0, 1.0, step, [Word(step, 0.0, 1.0)])], 1.0, "en"), folder)
                facts = {"run": run, "dagster_run_id": dagster_run}
                written = describe_files(folder)
                store.commit(
                    step,
                    fingerprint(identity),
                    folder,
                    files=written,
                    identity=asdict(identity),
                    summary={},
                    made=facts,
                )
        made[step] = fingerprint(identity)
        artifact = store.get(step, made[step])
        attempted = record(step, id=f"{dagster_run}-{step}", run=run, dagster_run_id=dagster_run, system=SYSTEM.key)
        recorder.step(
            replace(
                attempted, fingerprint=made[step], cached=cached, artifact=str(artifact.path.relative_to(lab.home))
            ),
            artifact,
        )

    for dagster_run, run in ((FIRST, "aa" * 8), (SECOND, "bb" * 8)):
        recorder.run_started(RunIdentity(run, dagster_run), source, SYSTEM)
        attempt(dagster_run, "asr", run, cached=dagster_run == SECOND)
        if dagster_run == SECOND:
            attempt(dagster_run, "alignment", run)
        recorder.run_ended(RunIdentity(run, dagster_run), "completed")
    build(lab)
    return made


def counted(lab: Lab) -> list[str]:
    return sorted(step_id for (step_id,) in query(lab, "SELECT id FROM counted_steps").rows)


def test_a_run_goes_out_of_every_board_and_comes_back(lab: Lab, runs: dict[str, str], told: Call) -> None:
    everything = [f"{FIRST}-asr", f"{SECOND}-alignment", f"{SECOND}-asr"]
    assert counted(lab) == everything
    code, out, _ = told("runs", "quarantine", "aaaa", "--reason", "wrong weights", "--json")
    found = json.loads(out)
    assert (code, counted(lab)) == (0, [])
    assert [(one["dagster_run_id"], one["steps"], one["results"]) for one in found["decisions"]] == [
        (FIRST, ["asr"], 1)
    ]
    assert found["others"] == [f"{'bb' * 8}/{SECOND}"]
    # The tables keep it all, and a lab made anew from its records says the same.
    rebuild(lab)
    assert counted(lab) == []
    assert query(lab, "SELECT count(*) FROM steps").rows == [(3,)]
    [row] = json.loads(told("runs", "list", "--quarantined", "--json")[1])["runs"]
    assert (row["dagster_run_id"], row["quarantined_because"]) == (FIRST, "wrong weights")
    assert row["quarantined_by"] and row["quarantined_at"]
    code, out, _ = told("runs", "show", FIRST)
    assert (code, "Quarantined   " in out, ": wrong weights" in out) == (0, True, True)
    assert "✓ completed quarantined" in told("runs", "list")[1]
    code, out, _ = told("runs", "quarantine", FIRST, "--release", "--reason", "they were right")
    assert (code, "counts again, with 1 result that it made" in out, counted(lab)) == (0, True, everything)
    code, _, err = told("runs", "quarantine", FIRST, "--release", "--reason", "again")
    assert (code, "is not in quarantine" in err) == (2, True)


def test_what_a_run_only_found_stays_and_the_run_that_made_it_is_named(
    lab: Lab, runs: dict[str, str], told: Call
) -> None:
    code, out, _ = told("runs", "quarantine", SECOND, "--reason", "doubt")
    assert (code, counted(lab)) == (0, [f"{FIRST}-asr"])
    assert f"it only found what {'aa' * 8}/{FIRST} had made: quarantine that to leave it out" in out
    assert query(lab, "FROM derived.doubted").rows == [(runs["alignment"],)]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (["--step", "alignment"], [f"{FIRST}-asr", f"{SECOND}-asr"]),
        (["--step", "asr"], [f"{FIRST}-asr", f"{SECOND}-alignment"]),
    ],
)
def test_only_some_steps_of_a_run(
    lab: Lab, runs: dict[str, str], told: Call, options: list[str], kept: list[str]
) -> None:
    assert told("runs", "quarantine", SECOND, "--reason", "doubt", *options)[0] == 0
    assert counted(lab) == kept


def test_results_may_stay_in_use(lab: Lab, runs: dict[str, str], told: Call) -> None:
    assert told("runs", "quarantine", FIRST, "--reason", "a busy machine", "--keep-results")[0] == 0
    assert counted(lab) == [f"{SECOND}-alignment", f"{SECOND}-asr"]


def test_an_earlier_attempt_is_released_by_its_run_as_well(
    lab: Lab, runs: dict[str, str], told: Call, source: RegisteredInput
) -> None:
    assert told("runs", "quarantine", FIRST, "--reason", "doubt")[0] == 0
    again = RunIdentity("aa" * 8, "4444dddd-fourth")
    Recorder(lab).run_started(again, source, SYSTEM)
    Recorder(lab).run_ended(again, "completed")
    assert told("runs", "quarantine", "aaaa", "--release", "--reason", "right after all")[0] == 0
    assert len(counted(lab)) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody", "--reason", "x"], "there is no run 'nobody'"),
        ([FIRST, "--reason", " "], "a decision is made for a reason"),
        ([FIRST, "--reason", "x", "--step", "asl"], "asr"),
        ([FIRST, "--reason", "x", "--release", "--keep-results"], "--release takes back the whole decision"),
    ],
)
def test_what_can_not_be_decided(lab: Lab, runs: dict[str, str], told: Call, arguments: list[str], said: str) -> None:
    code, _, err = told("runs", "quarantine", *arguments)
    assert (code != 0, said in err) == (True, True)
    assert query(lab, "SELECT count(*) FROM lifecycle_events").rows == [(0,)]


def test_a_run_that_is_not_over_is_not_judged(
    lab: Lab, runs: dict[str, str], told: Call, source: RegisteredInput
) -> None:
    run = RunIdentity("cc" * 8, "3333cccc-third")
    Recorder(lab).run_started(run, source, SYSTEM)
    code, _, err = told("runs", "quarantine", run.dagster_run_id, "--reason", "x")
    assert (code, "is not over" in err) == (2, True)
