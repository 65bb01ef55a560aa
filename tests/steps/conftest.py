"""Running real steps on real files, without Dagster."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.inputs.store import InputStore
from modellab.media.audio import Samples
from modellab.media.resampling import StreamResampler
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System, SystemStep, step_helpers, step_model, step_sources
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps import timed
from modellab.steps.catalogue import get_step
from modellab.warehouse.recorder import Recorder

DEFAULT_MODELS = {"vad": "silero_vad", "asr": "faster_whisper:tiny.en"}


@pytest.fixture
def attempt_steps(lab: Lab) -> Iterator[Callable[..., dict[str, StepRecord]]]:
    """Runs steps in order: `attempt_steps(path, "ingest", "vad", models={...}, parameters={"vad": {...}})`."""
    registry = ModelRegistry()
    models = Models(lab, registry)
    engine = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))

    def attempt(
        path: Path,
        *names: str,
        models: Mapping[str, str] = DEFAULT_MODELS,
        parameters: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, StepRecord]:
        steps: list[SystemStep] = []
        for name in names:
            definition = get_step(name)
            valid = definition.parameters.model_validate((parameters or {}).get(name, {}))
            steps.append(
                SystemStep(
                    definition,
                    step_model("test", definition, models.get(name), registry),
                    valid,
                    step_sources("test", definition, [step.definition for step in steps]),
                    step_helpers("test", definition, valid, registry),
                )
            )
        system = System("test", "test", tuple(steps))
        source = InputStore(lab).register(path)
        return {name: engine.run_step(system, source, name, RunIdentity("0" * 16, "test")) for name in names}

    yield attempt
    models.close()


@pytest.fixture
def run_steps(lab: Lab, attempt_steps: Callable[..., dict[str, StepRecord]]) -> Callable[..., dict[str, Artifact]]:
    """The same, giving the artifacts; a step that fails fails the test."""

    def run(path: Path, *names: str, **options: Any) -> dict[str, Artifact]:
        records = attempt_steps(path, *names, **options)
        store = ArtifactStore(lab.artifacts)
        artifacts: dict[str, Artifact] = {}
        for name, record in records.items():
            assert record.error is None, record.error
            assert record.fingerprint is not None
            artifacts[name] = store.get(name, record.fingerprint)
        return artifacts

    return run


class Clock:
    """Stands still until somebody works."""

    now_s = 0.0

    def work(self, seconds: float) -> None:
        self.now_s += seconds

    def perf_counter(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Resampling takes 100 s of it each time."""
    clock = Clock()
    monkeypatch.setattr(timed, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    push = StreamResampler.push

    def slow(self: StreamResampler, samples: Samples) -> Samples:
        clock.work(100.0)
        return push(self, samples)

    monkeypatch.setattr(StreamResampler, "push", slow)
    return clock
