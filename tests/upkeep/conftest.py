"""A lab with runs made by hand: real artifacts, records and rows, and no model."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.fingerprint import StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.documents import save
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System
from modellab.settings import Lab
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.warehouse.recorder import EndStatus, Recorder


class Runs:
    """Runs on one recording: an ingest of 4,000 bytes, and a transcript of it."""

    def __init__(self, lab: Lab, folder: Path, clock: pytest.MonkeyPatch) -> None:
        self._clock = clock
        self.lab, self.recorder, self.store = lab, Recorder(lab), ArtifactStore(lab.artifacts)
        path = folder / "talk.wav"
        soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 1600), 16_000)
        self.source: RegisteredInput = InputStore(lab).register(path)

    def run(
        self, name: str, *, words: str | None = None, days_ago: float = 0, status: EndStatus | None = "completed"
    ) -> dict[str, Artifact]:
        """One run, ended so many days ago: step -> its result. Runs with the same words share their transcript, all
        share the ingest."""
        at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(timespec="milliseconds")
        run = RunIdentity((name * 16)[:16], f"{name}-attempt")
        self._clock.setattr("modellab.warehouse.recorder.stamp", lambda: at)
        self.recorder.run_started(run, self.source, System("fast_asr_only", "fast_asr_only", ()))
        made = {"ingest": self._result("ingest", {}, run)}
        self._step(run, made["ingest"], at)
        if words is not None:
            made["asr"] = self._result("asr", {"audio": made["ingest"].fingerprint}, run, words)
            self._step(run, made["asr"], at)
        if status:
            self.recorder.run_ended(run, status)
        return made

    def _result(self, step: str, reads: Mapping[str, str], run: RunIdentity, words: str = "") -> Artifact:
        identity = StepIdentity(step, "1", {"words": words} if words else {}, None, reads)
        if found := self.store.find(step, fingerprint(identity)):
            return found
        with self.store.staging() as folder:
            if step == "asr":
                spoken = [Word(word, float(place), place + 0.5) for place, word in enumerate(words.split())]
                save(Transcript([Utterance(0.0, 9.0, words, spoken)], 9.0, "en"), folder)
            else:
                (folder / "audio.raw").write_bytes(bytes(4000))
            return self.store.commit(
                step,
                fingerprint(identity),
                folder,
                files=describe_files(folder),
                identity=asdict(identity),
                summary={"warnings": ["it is very quiet"]} if step == "asr" else {},
                made={"run": run.run, "dagster_run_id": run.dagster_run_id, "input": self.source.key, "audio_s": 9.0},
            )

    def _step(self, run: RunIdentity, artifact: Artifact, at: str) -> None:
        mine = artifact.manifest["made"]["dagster_run_id"] == run.dagster_run_id
        record = replace(
            STEP,
            id=f"{run.dagster_run_id}-{artifact.step}",
            run=run.run,
            dagster_run_id=run.dagster_run_id,
            input=self.source.key,
            step=artifact.step,
            cached=not mine,
            fingerprint=artifact.fingerprint,
            artifact=str(artifact.path.relative_to(self.lab.home)),
            started_at=at,
            ended_at=at,
        )
        self.recorder.step(record, artifact)


STEP = StepRecord(
    **{"id": "", "run": "", "dagster_run_id": "", "input": "", "system": "fast_asr_only", "step": "asr", "model": None},
    **{"status": "completed", "cached": False, "fingerprint": None, "artifact": None, "started_at": "", "ended_at": ""},
    **{"load_s": 0.0, "inference_s": 0.5, "other_s": 0.0, "audio_s": 9.0},  # type: ignore[arg-type]
)


@pytest.fixture
def runs(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))
    return Runs(lab, tmp_path, monkeypatch)
