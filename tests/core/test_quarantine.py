"""What a quarantined run made is not used by later runs, and is there again when it is released."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.artifacts.kindred import Kindred
from modellab.artifacts.quarantine import INSTEAD_OF, Quarantine
from modellab.artifacts.store import ArtifactStore
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System, SystemStep
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab.warehouse.recorder import Recorder

SOURCE = RegisteredInput(
    "0" * 16, "0" * 64, "a.wav", Path("a.wav"), 2.0, 16000, 1, "wav/pcm_s16le", 64000, "2026-01-01"
)
RUN, NEXT = RunIdentity("r" * 16, "d" * 8), RunIdentity("s" * 16, "e" * 8)


def _say(context: StepContext) -> Mapping[str, object]:
    (context.output / "said.txt").write_text("".join(sorted(context.reads)))
    return {}


WRITE = StepDefinition("write", "", "1", (), StepParameters, _say, gives=(Kind.TRANSCRIPT,), outside=(INPUT,))
SHOUT = replace(WRITE, name="shout", reads=(Read("words", Kind.TRANSCRIPT),), gives=(), outside=())
SYSTEM = System(
    "test",
    "test",
    (
        SystemStep(WRITE, None, StepParameters(), {}),
        SystemStep(SHOUT, None, StepParameters(), {"words": "write"}),
    ),
)


@pytest.fixture
def engine(lab: Lab, tmp_path: Path) -> Engine:
    return Engine(lab, Models(lab, ModelRegistry(tmp_path)), ArtifactStore(lab.artifacts), Recorder(lab))


def decide(lab: Lab, event: str, *fingerprints: str, run: RunIdentity = RUN) -> None:
    evidence = {"steps": ["write"], "fingerprints": list(fingerprints)} if event == "quarantined" else {}
    subject = f"{run.run}/{run.dagster_run_id}"
    content = {"event": event, "subject_kind": "run", "subject": subject, "reason": "doubt", "evidence": evidence}
    Recorder(lab).lifecycle_event(content)


def run(engine: Engine, identity: RunIdentity) -> list[tuple[bool, str]]:
    """Whether each step found its result, and which."""
    records = [engine.run_step(SYSTEM, SOURCE, name, identity) for name in ("write", "shout")]
    assert all(one.status == "completed" for one in records)
    return [(one.cached, str(one.fingerprint)) for one in records]


def test_what_is_quarantined_is_made_again_beside_it_with_all_that_rests_on_it(lab: Lab, engine: Engine) -> None:
    (_, words), (_, shout) = run(engine, RUN)
    before = {path: path.read_bytes() for path in engine.store.get("write", words).path.iterdir()}
    decide(lab, "quarantined", words)
    (found, other_words), (shout_found, other_shout) = run(engine, NEXT)
    assert (found, shout_found, other_words != words, other_shout != shout) == (False, False, True, True)
    made = engine.store.get("write", other_words)
    assert made.manifest["identity"]["reads"][INSTEAD_OF] == f"quarantined: {words}"
    assert {path: path.read_bytes() for path in before} == before
    assert run(engine, NEXT) == [(True, other_words), (True, other_shout)]
    # The other is doubted as well: a third takes its place.
    decide(lab, "quarantined", other_words, run=NEXT)
    (found, third), _ = run(engine, NEXT)
    assert (found, third in (words, other_words)) == (False, False)
    # Whoever is released serves again, the first of them all before the others.
    decide(lab, "released")
    assert run(engine, NEXT) == [(True, words), (True, shout)]


def test_another_process_sees_a_decision_at_once_and_a_damaged_one_is_named(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    watching = Quarantine(lab.records)
    assert watching.fingerprints() == frozenset()
    decide(lab, "quarantined", "a" * 64, "b" * 64)
    assert watching.fingerprints() == {"a" * 64, "b" * 64}
    decide(lab, "released")
    assert watching.fingerprints() == frozenset()
    next(iter(lab.records.glob("lifecycle_events/*"))).joinpath("half.json").write_text('{"content":')
    assert watching.fingerprints() == frozenset()
    assert "half.json can't be read, and does not count" in caplog.text


def test_results_made_alike_leave_out_what_rests_on_a_quarantined_one(lab: Lab, engine: Engine) -> None:
    (_, words), (_, shout) = run(engine, RUN)
    kin = Kindred(lab.artifacts, "shout")
    assert kin.like(shout) == {SOURCE.sha256: shout}
    decide(lab, "quarantined", words)
    assert kin.like(shout) == {}
    _, (_, other) = run(engine, NEXT)
    assert kin.like(other) == kin.like(shout) == {SOURCE.sha256: other}
    decide(lab, "released")
    assert kin.like(other) == {SOURCE.sha256: shout}
