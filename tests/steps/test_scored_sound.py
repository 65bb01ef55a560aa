"""Scorers of sound, through the engine: what enhance and separate gave, against the shipped datasets' sound."""

import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pesq
import pytest
import soundfile
from mir_eval.separation import bss_eval_sources

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.inputs.store import InputStore
from modellab.media.audio import Audio, Samples
from modellab.media.canonical import CanonicalAudio
from modellab.metrics.score import Score
from modellab.metrics.scored import Scores
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system, scorers_of
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.steps.catalogue import get_step
from modellab.surfaces.contracts import Progress
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

MEDIA = PROJECT_ROOT / "datasets" / "media"
MIXTURE = MEDIA / "separate" / "heart-music.flac"


class Workshop:
    def __init__(self, lab: Lab) -> None:
        self.lab, self.registry = lab, ModelRegistry()
        self.references = References(lab.references)
        self.engine = Engine(lab, Models(lab, self.registry), ArtifactStore(lab.artifacts), Recorder(lab))

    def run(self, system_key: str, recording: Path, reference: Reference, *steps: str) -> dict[str, Artifact]:
        system = resolve_system(system_key, self.registry, self.lab)
        source = InputStore(self.lab).register(recording)
        self.references.enrol("sound", "1", [EnrolledCase("one", source.sha256, reference)])
        found: dict[str, Artifact] = {}
        for step in steps:
            record = self.engine.run_step(system, source, step, RunIdentity("0" * 16, "test"))
            assert record.error is None, record.error
            artifact = self.engine.artifact(system, source, step)
            assert artifact is not None
            found[step] = artifact
        return found


@pytest.fixture
def noisy(tmp_path: Path) -> tuple[Path, Path]:
    """A recording and its clean speech, of 9.5 s: longer or shorter, DNSMOS has more to do."""
    paths = []
    for kind in ("asr", "speech"):
        samples, rate_hz = soundfile.read(MEDIA / kind / "joe-dates.flac", dtype="int16")
        paths.append(tmp_path / f"{kind}.wav")
        soundfile.write(paths[-1], np.resize(samples, round(9.5 * rate_hz)), rate_hz)
    return paths[0], paths[1]


@pytest.fixture
def workshop(lab: Lab) -> Workshop:
    return Workshop(lab)


def scores(artifact: Artifact) -> dict[str, Score]:
    [one] = artifact.read(Scores).results
    return {score.metric.name: score for score in one.scores}


def test_only_systems_that_enhance_or_separate_have_their_scorers() -> None:
    def names(*steps: str) -> list[str]:
        return [one.name for one in scorers_of([get_step(step) for step in ("ingest", *steps)])]

    assert not {"enhance_metrics", "separate_metrics"} & set(names("vad", "asr"))
    assert "enhance_metrics" in names("enhance") and "separate_metrics" not in names("enhance")
    assert "separate_metrics" in names("separate") and "enhance_metrics" not in names("separate")


def test_enhanced_audio_is_held_against_the_clean_speech(workshop: Workshop, noisy: tuple[Path, Path]) -> None:
    pytest.importorskip("pyrnnoise", reason="the extra `enhance` is not installed")
    recording, clean_path = noisy
    reference = Reference(clean=workshop.references.keep_sound(clean_path))
    made = workshop.run(
        *("enhance_asr+enhance=rnnoise", recording, reference), *("ingest", "enhance", "enhance_metrics")
    )
    found = scores(made["enhance_metrics"])
    clean, _ = soundfile.read(clean_path, dtype="float32")
    for name, step in {"pesq": "enhance", "pesq_before": "ingest"}.items():
        heard = CanonicalAudio.open(made[step]).waveform(16_000).samples
        length = min(len(clean), len(heard))
        assert found[name].value == pytest.approx(pesq.pesq(16_000, clean[:length], heard[:length], "wb"), abs=1e-9)
    assert found["si_sdr_gain"].numerator == found["si_sdr"].numerator - found["si_sdr_before"].numerator
    # Once pesq is installed, figures that could not be had without it are made.
    assert made["enhance_metrics"].manifest["identity"]["reads"]["pesq"] == version("pesq")
    build(workshop.lab)
    rows = query(workshop.lab, "SELECT step, value FROM latest_scores WHERE metric = 'pesq' AND case_id = 'one'").rows
    assert rows == [("enhance", found["pesq"].value)]


class Shares:
    """Stems that are shares of the mixture."""

    stems = ("drums", "bass", "other", "vocals")

    def separate(self, audio: Audio, progress: Progress) -> Iterator[Samples]:
        yield np.array([0.1, 0.0, 0.2, 0.7], dtype=np.float32)[:, None, None] * audio.samples
        progress(1.0)


def test_stems_are_held_against_those_that_were_mixed(
    lab: Lab, demucs_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_WEIGHTS", str(demucs_weights))
    monkeypatch.setattr("models.demucs.adapter.load", lambda request: Shares())
    workshop = Workshop(Lab.from_environment())
    sounds = {kind: MEDIA / "separate" / f"heart-music-{kind}.flac" for kind in ("music", "speech")}
    reference = Reference(stems={kind: workshop.references.keep_sound(path) for kind, path in sounds.items()})
    made = workshop.run("demucs", MIXTURE, reference, "ingest", "separate", "separate_metrics")
    found = scores(made["separate_metrics"])

    def read(path: Path) -> Samples:
        return np.asarray(soundfile.read(path, dtype="float32")[0])

    stems = {stem: read(made["separate"].file(f"{stem}.flac")) for stem in Shares.stems}
    rest = stems["drums"] + stems["bass"] + stems["other"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        true = [read(path) for path in sounds.values()]
        sdr, sir, _, _ = bss_eval_sources(np.float64(true), np.float64([rest, stems["vocals"]]), False)
    assert [found["sdr"][f"stem_{kind}_db"] for kind in sounds] == pytest.approx(sdr.tolist(), abs=1e-6)
    assert found["sir"].value == pytest.approx(sir.mean(), abs=1e-6)
    # Shares of the mixture are no nearer to the stems than the mixture.
    assert found["si_sdr_gain"].value == pytest.approx(0.0, abs=0.05)
    assert "speech = vocals" in found["si_sdr"].metric.protocol


def test_a_reference_sound_that_can_not_be_read_is_named_and_dnsmos_stays(
    workshop: Workshop, noisy: tuple[Path, Path], tmp_path: Path
) -> None:
    pytest.importorskip("pyrnnoise", reason="the extra `enhance` is not installed")
    text = tmp_path / "clean.wav"
    text.write_text("no sound")
    reference = Reference(clean=workshop.references.keep_sound(text))
    made = workshop.run(
        *("enhance_asr+enhance=rnnoise", noisy[0], reference), *("ingest", "enhance", "enhance_metrics")
    )
    found = scores(made["enhance_metrics"])
    assert (found["pesq"].error or "").startswith("the reference's sound clean.wav can't be read: ")
    assert found["dnsmos_ovrl"].value is not None


TRIMMED = """
name: trimmed
description: Without long silences.
steps:
  - step: ingest
    parameters: {operators: [{name: trim_silence, parameters: {keep_s: 1.8}}]}
  - step: enhance
    model: rnnoise
"""


def test_what_was_cut_from_the_recording_is_cut_from_the_clean_speech(workshop: Workshop, tmp_path: Path) -> None:
    pytest.importorskip("pyrnnoise", reason="the extra `enhance` is not installed")
    workshop.lab.pipelines.mkdir(parents=True, exist_ok=True)
    (workshop.lab.pipelines / "trimmed.yaml").write_text(TRIMMED)
    speech, rate_hz = soundfile.read(MEDIA / "speech" / "joe-dates.flac", dtype="int16")
    path = tmp_path / "with-a-pause.wav"
    soundfile.write(path, np.concatenate([speech, np.zeros(5 * rate_hz, dtype=np.int16), speech]), rate_hz)
    reference = Reference(clean=workshop.references.keep_sound(path))
    made = workshop.run("trimmed", path, reference, "ingest", "enhance", "enhance_metrics")
    audio = CanonicalAudio.open(made["ingest"])
    assert audio.duration_s < audio.original_duration_s - 3.0
    # The recording is the clean speech itself: cut alike, they are the same.
    assert scores(made["enhance_metrics"])["si_sdr_before"].value == 100.0
