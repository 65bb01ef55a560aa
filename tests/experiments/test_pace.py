"""How long what is left of a sweep will take, from what steps took."""

from pathlib import Path

import pytest

from modellab.experiments.pace import Pace
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.events import StepEnded
from modellab.pipeline.record import StepRecord
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.warehouse.builder import build

LOOSE, STRICT = "silero_vad:v6", "silero_vad:v6+vad.threshold=0.9"
LENGTHS_S = {"one": 10.0, "two": 20.0, "three": 30.0}


def source(key):
    facts = (Path(f"{key}.wav"), LENGTHS_S[key], 16_000, 1, "wav/pcm_s16le", 1, "2026-11-30T00:00:00+00:00")
    return RegisteredInput(key, key, f"{key}.wav", *facts)


def ended(key, system, inference_s, other_s=0.0, *, cached=False, status="completed"):
    at = "2026-11-30T00:00:00+00:00"
    return StepEnded(
        StepRecord(
            id=f"{key}-{system}", run="r", dagster_run_id="d", input=key, system=system, step="vad",
            model="silero_vad:v6", status=status, cached=cached, fingerprint=None, artifact=None, started_at=at,
            ended_at=at, load_s=7.0, inference_s=inference_s, other_s=other_s, audio_s=LENGTHS_S[key],
        )
    )  # fmt: skip


@pytest.fixture
def pace(lab):
    build(lab)
    registry = ModelRegistry()
    return Pace(lab, [resolve_system(key, registry, lab) for key in (LOOSE, STRICT)], list(map(source, LENGTHS_S)))


def test_nothing_is_said_before_anything_is_known(pace):
    assert (pace.left_s, pace.rate(LOOSE), pace.seconds(LOOSE, LENGTHS_S)) == (None, None, None)


def test_a_system_takes_what_it_took_and_another_with_its_model_likewise_loads_apart(pace):
    pace.observe(ended("one", LOOSE, 1.5, 0.5))
    assert pace.rate(LOOSE) == pytest.approx(0.2)
    assert pace.rate(STRICT) == pytest.approx(0.2)
    assert pace.left_s == pytest.approx(0.2 * (20 + 30) + 0.2 * 60)
    pace.observe(ended("two", STRICT, 20.0))
    assert pace.rate(STRICT) == pytest.approx(1.0)
    assert pace.rate(LOOSE) == pytest.approx(0.2)
    assert pace.seconds(STRICT, ["one", "two", "three"]) == pytest.approx(10 + 30)


def test_what_was_there_or_failed_is_done_and_says_nothing_of_the_time(pace):
    pace.observe(ended("one", LOOSE, 1.0))
    pace.observe(ended("two", LOOSE, 99.0, cached=True))
    pace.observe(ended("three", LOOSE, 99.0, status="failed"))
    assert pace.rate(LOOSE) == pytest.approx(0.1)
    assert pace.seconds(LOOSE, LENGTHS_S) == 0.0
    pace.leave_out(STRICT)
    assert pace.left_s == 0.0
    pace.forget_what_is_there(LOOSE, ["two"])
    assert pace.left_s == pytest.approx(2.0)
