"""A process that records steps as the engine does; the tests start several, and kill them.

As a script it forks a child on each line of standard input, which records for ever (or as many steps as the line says),
building after every third, and says on standard output what is safely recorded.
"""

import hashlib
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.documents import save
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System
from modellab.settings import Lab
from modellab.surfaces.results import Segment, SpeechSegments
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder

SYSTEM = System("meeting", "meeting", ())
RUN = RunIdentity("a1" * 8, "dagster-run-1")
SEGMENTS_PER_ARTIFACT = 3
AT = "2026-03-01T10:00:00.250+00:00"


def make_input(name: str = "call.wav", duration_s: float = 30.0) -> RegisteredInput:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return RegisteredInput(
        digest[:16], digest, name, Path("/media") / name, duration_s, 16_000, 1, "wav/pcm_s16le", 960_044, AT
    )


def make_artifact(lab: Lab, name: str, segments: int = SEGMENTS_PER_ARTIFACT) -> Artifact:
    """A real artifact of the vad step: `segments` seconds of speech, one after the other."""
    identity = StepIdentity("vad", "1", {"name": name}, None, {"audio": "0" * 64})
    store = ArtifactStore(lab.artifacts)
    with store.staging() as folder:
        speech = [Segment(float(start), start + 0.5) for start in range(segments)]
        save(SpeechSegments(speech, 30.0), folder)
        return store.commit(
            "vad",
            fingerprint(identity),
            folder,
            files=describe_files(folder),
            identity=asdict(identity),
            summary={"segments": segments},
            made={"modellab": "0.1.0", "input": make_input().key, "run": RUN.run, "dagster_run_id": RUN.dagster_run_id},
        )


STEP = StepRecord(
    id="step-1",
    run=RUN.run,
    dagster_run_id=RUN.dagster_run_id,
    input=make_input().key,
    system=SYSTEM.key,
    step="vad",
    model="silero_vad:v6",
    status="completed",
    cached=False,
    fingerprint=None,
    artifact=None,
    started_at="2026-03-01T10:00:01.000+00:00",
    ended_at="2026-03-01T10:00:02.500+00:00",
    load_s=0.25,
    inference_s=0.75,
    other_s=0.5,
    audio_s=30.0,
)


def record_step(lab: Lab, recorder: Recorder, name: str) -> StepRecord:
    """Make an artifact and record the step that made it."""
    artifact = make_artifact(lab, name)
    record = replace(STEP, id=name, fingerprint=artifact.fingerprint, artifact=str(artifact.path.relative_to(lab.home)))
    recorder.step(record, artifact)
    return record


def work(lab: Lab, prefix: str, steps: int) -> None:
    recorder = Recorder(lab)
    for number in range(steps):
        name = f"{prefix}-{number}"
        record_step(lab, recorder, name)
        print(name, flush=True)
        if number % 3 == 2:
            build(lab)


def main() -> None:
    lab = Lab.from_environment()
    for line in sys.stdin:
        prefix, steps = line.split()
        child = os.fork()
        if child == 0:
            work(lab, prefix, int(steps))
            os._exit(0)
        print(f"pid {child}", flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    main()
