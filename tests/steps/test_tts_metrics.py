"""The scorer of speech through the engine: the texts of the shipped dataset, the real voice, a real recogniser."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.catalogue import Catalogue
from modellab.datasets.sources import Sources
from modellab.inputs.registered import RegisteredInput
from modellab.media.audio import Waveform
from modellab.metrics.score import Score
from modellab.metrics.scored import Scores
from modellab.metrics.transcription import transcription_error
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.runs.enrolling import enrol
from modellab.settings import Lab
from modellab.surfaces.results import Transcript
from modellab.warehouse.recorder import Recorder

HEARD_BY = "hibari_tts+asr=faster_whisper:tiny.en"


class Booth:
    """The texts of `tts_smoke_v1`, and systems that say them."""

    def __init__(self, lab: Lab) -> None:
        dataset = Catalogue(lab).get("tts_smoke_v1")
        self.texts = {one.case.id: one.source for one in enrol(lab, dataset, Sources(lab, ())).outcomes}
        self.prompts = {case.id: str(case.reference.prompt) for case in dataset.manifest.cases}
        self.engine = Engine(lab, Models(lab, ModelRegistry()), ArtifactStore(lab.artifacts), Recorder(lab))
        self.lab = lab

    def say(self, case: str, key: str = HEARD_BY) -> tuple[dict[str, Score], Mapping[str, object]]:
        """The figures of a case by name, and the words that were heard of it."""
        system = resolve_system(key, self.engine.models.registry, self.lab)
        source: RegisteredInput | None = self.texts[case]
        assert source is not None
        for step in system.all_steps:
            if self.engine.wants(system, source, step.name):
                record = self.engine.run_step(system, source, step.name, RunIdentity("0" * 16, "test"))
                assert record.error is None, record.error
        scored = self.engine.artifact(system, source, "tts_metrics")
        assert scored is not None
        [one] = scored.read(Scores).results
        heard = self.engine.artifact(system, source, "asr")
        found = {"heard": heard.read(Transcript).text if heard else None}
        return {score.metric.name: score for score in one.scores}, found


@pytest.fixture
def booth(lab: Lab) -> Iterator[Booth]:
    booth = Booth(lab)
    yield booth
    booth.engine.models.close()


def test_the_round_trip_is_of_the_words_that_the_systems_own_recogniser_heard(booth: Booth) -> None:
    figures, found = booth.say("greeting")
    expected = transcription_error(booth.prompts["greeting"], str(found["heard"]), "en")
    wer = figures["roundtrip_wer"]
    assert wer.components == expected.components and wer.value is not None and wer.value <= 0.25
    assert wer.metric.protocol == f"{expected.metric.protocol}, heard by faster_whisper:tiny.en"
    assert figures["implausible_length"].value == figures["clipped_share"].value == 0.0
    assert 0.1 < (figures["silence_share"].value or 0) < 0.5
    assert 2.5 < (figures["dnsmos_ovrl"].value or 0) <= 5.0


def test_speed_is_said_with_its_protocol_and_not_of_a_first_time(booth: Booth) -> None:
    first, _ = booth.say("question")
    then, _ = booth.say("clock")
    assert "rtf" not in first
    rtf = then["rtf"]
    assert 0.0 < (rtf.value or 0) < 1.0
    assert rtf.metric.protocol.startswith("cpu, int8, 1 thread, machine ")
    assert rtf.metric.protocol.endswith(", warm, loading apart")


def test_what_keeping_the_sound_took_out_of_it_is_counted_all_the_same(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Loud:
        voices, languages = ("loud",), ("en",)

        def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
            samples = np.full(48_000, 0.1, dtype=np.float32)
            samples[:1_000], samples[1_000:1_400] = 3.0, np.nan
            return Waveform(samples, 24_000)

    monkeypatch.setattr("models.hibari_tts.adapter.load", lambda request: Loud())
    figures, _ = booth.say("question")
    assert figures["clipped_share"].components == {"clipped_samples": 1_000, "samples": 48_000}
    assert figures["non_finite_share"].components == {"odd_samples": 400, "samples": 48_000}


def test_without_a_recogniser_there_is_no_round_trip(booth: Booth) -> None:
    place: Path = booth.lab.pipelines / "mute.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("name: mute\ndescription: Nobody listens.\nsteps:\n- {step: tts, model: hibari_tts}\n")
    figures, found = booth.say("question", "mute")
    assert found["heard"] is None
    assert {"roundtrip_wer", "roundtrip_cer"}.isdisjoint(figures) and "dnsmos_ovrl" in figures
