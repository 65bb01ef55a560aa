"""Models loaded before their step begins: only for steps that will have to run, with the time in the step's record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import ArtifactStore
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab_dagster.launch import Launcher

RUN = RunIdentity("r" * 16, "d" * 8)
SLOW = """
import time
from modellab.surfaces.results import Segment, SpeechSegments


class Vad:
    def detect(self, audio, parameters, progress):
        return SpeechSegments([Segment(0.0, 1.0)], audio.duration_s, 0.5)


def load(request):
    time.sleep(1.0)
    return Vad()
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(3).normal(0, 0.1, 16000), 8000)
    return path


def _engine(lab: Lab, folder: Path) -> Engine:
    return Engine(lab, Models(lab, ModelRegistry(folder)), ArtifactStore(lab.artifacts), Recorder(lab))


def test_the_time_is_in_the_record_of_the_step_that_needed_it(
    folder: Path, write_model: Callable[..., Path], lab: Lab, recording: Path
) -> None:
    write_model("slow", adapter=SLOW)
    engine = _engine(lab, folder)
    source = InputStore(lab).register(recording)
    system = resolve_system("slow", engine.models.registry, lab)
    engine.run_step(system, source, "ingest", RUN)
    engine.load_ahead(system, source, "vad")
    record = engine.run_step(system, source, "vad", RUN)
    assert (record.status, record.load_s >= 1.0) == ("completed", True)
    # What the step did itself did not take a second: without what was over before it, nothing would be left.
    assert record.other_s > 0
    other = _engine(lab, folder)
    other.load_ahead(system, source, "vad")
    assert other.models.loaded == []
    assert other.run_step(system, source, "vad", RUN).cached


@pytest.mark.parametrize(
    "change", [{"package": "no-such-package-anywhere"}, {"devices": ["cuda"], "compute_types": {"cuda": "float16"}}]
)
def test_what_stands_against_it_is_left_to_the_step(
    folder: Path, write_model: Callable[..., Path], lab: Lab, recording: Path, change: dict[str, Any]
) -> None:
    write_model("odd", **change)
    engine = _engine(lab, folder)
    source = InputStore(lab).register(recording)
    system = resolve_system("odd", engine.models.registry, lab)
    engine.run_step(system, source, "ingest", RUN)
    engine.load_ahead(system, source, "vad")
    assert engine.models.loaded == []


def test_a_folder_of_clips_loads_each_model_once_and_a_second_run_none(
    lab: Lab, sample_wav: Path, tmp_path: Path
) -> None:
    store = InputStore(lab)
    sound, rate_hz = soundfile.read(sample_wav)
    sources = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, sound[number * 3 * rate_hz : (number + 1) * 3 * rate_hz], rate_hz)
        sources.append(store.register(path))
    for _ in range(2):
        with Launcher(lab) as launcher:
            launcher.sweep(["faster_whisper:tiny.en"], sources)
        loads = query(lab, "SELECT step FROM steps WHERE load_s > 0 ORDER BY step").rows
        assert [step for (step,) in loads] == ["asr", "vad"]
