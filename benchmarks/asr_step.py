"""The asr step against faster-whisper's batched pipeline called directly, side by side in one process.

    python benchmarks/asr_step.py RECORDING [--model faster_whisper:tiny.en] [--rounds 3] [--limit 1.05]

Both use the same recording, weights, threads, beam and batch size, and give words with times. The direct call gets
decoded audio and finds speech with its own VAD, as its users do; the step's time is all it takes: reading the canonical
audio, inference, writing the transcript. They take turns, so that a busy machine is busy for both; the least time of
each counts. Processor time is stated too: on a machine that others use it is the steadier of the two. Exits with 1 when
the ratio of the wall times is above the limit.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab.artifacts.store import ArtifactStore
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.media.audio import Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System, resolve_system
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.registry.weights import WeightStore
from modellab.settings import Lab, Settings
from modellab.warehouse.recorder import Recorder

RUN = RunIdentity("0" * 16, "benchmark")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one transcription took, in seconds, and the words it found."""

    wall_s: float
    processor_s: float
    words: int


def run(engine: Engine, system: System, source: RegisteredInput, step: str) -> StepRecord:
    """One step, made anew."""
    record = engine.run_step(system, source, step, RUN, force=True)
    if record.error:
        raise SystemExit(f"step {step} failed: {record.error}")
    return record


class Direct:
    """faster-whisper as its README shows it."""

    def __init__(self, weights: Path, threads: int, batch_size: int) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        model = WhisperModel(str(weights), device="cpu", compute_type="int8", cpu_threads=threads)
        self._pipeline = BatchedInferencePipeline(model)
        self._batch_size = batch_size

    def __call__(self, audio: Waveform) -> Cost:
        """Transcribe once."""
        wall, processor = time.perf_counter(), time.process_time()
        segments, _ = self._pipeline.transcribe(
            audio.samples, beam_size=5, batch_size=self._batch_size, word_timestamps=True
        )
        words = sum(len(segment.words or ()) for segment in segments)
        return Cost(time.perf_counter() - wall, time.process_time() - processor, words)


def main() -> int:
    """Measure and print; the exit status says whether the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--model", default="faster_whisper:tiny.en")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=1.05)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        figures = measure(Lab(Settings(home=Path(home), device="cpu")), arguments)
    print(json.dumps(figures, indent=1))
    return 0 if figures["ratio"] <= arguments.limit else 1


def measure(lab: Lab, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run both, in turns."""
    registry = ModelRegistry()
    _, ref = registry.resolve(arguments.model)
    models = Models(lab, registry)
    engine = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))
    system = resolve_system(f"fast_asr_only+asr={ref}", registry)
    source = InputStore(lab).register(arguments.recording)
    for step in ("ingest", "vad"):
        run(engine, system, source, step)
    loaded = models.acquire(ref)
    facts = loaded.facts
    direct = Direct(_weights(lab, registry, ref), facts.threads, facts.batch_size or 1)
    artifact = engine.artifact(system, source, "ingest")
    if artifact is None:
        raise SystemExit("ingest left no artifact")
    audio = CanonicalAudio.open(artifact).waveform(loaded.sample_rate_hz)

    ours: list[Cost] = []
    theirs: list[Cost] = []
    for number in range(arguments.rounds):
        ours.append(_step_cost(engine, system, source))
        theirs.append(direct(audio))
        print(f"round {number + 1}: step {ours[-1]}, direct {theirs[-1]}", file=sys.stderr)
    step_s, direct_s = min(cost.wall_s for cost in ours), min(cost.wall_s for cost in theirs)
    step_cpu_s, direct_cpu_s = min(cost.processor_s for cost in ours), min(cost.processor_s for cost in theirs)
    return {
        "recording_s": round(source.duration_s, 2),
        "model": str(ref),
        "threads": facts.threads,
        "batch_size": facts.batch_size,
        "step_s": round(step_s, 3),
        "direct_s": round(direct_s, 3),
        "ratio": round(step_s / direct_s, 4),
        "step_processor_s": round(step_cpu_s, 3),
        "direct_processor_s": round(direct_cpu_s, 3),
        "processor_ratio": round(step_cpu_s / direct_cpu_s, 4),
        "step_words": ours[-1].words,
        "direct_words": theirs[-1].words,
    }


def _step_cost(engine: Engine, system: System, source: RegisteredInput) -> Cost:
    processor = time.process_time()
    record = run(engine, system, source, "asr")
    artifact = engine.artifact(system, source, "asr")
    words = int(artifact.summary["words"]) if artifact else 0
    return Cost(record.total_s, time.process_time() - processor, words)


def _weights(lab: Lab, registry: ModelRegistry, ref: ModelRef) -> Path:
    store = WeightStore(lab)
    return store.folder(ref, store.find(registry.get(ref.id), ref))


if __name__ == "__main__":
    sys.exit(main())
