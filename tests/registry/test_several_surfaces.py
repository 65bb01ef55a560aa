"""A model with two surfaces that take audio at two rates: one model in memory, two systems, each with its own rate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.documents import load
from modellab.errors import ModelConfigError, TemplateError, UnknownName
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.surfaces.results import Diarization, SpeechSegments
from modellab.warehouse.recorder import Recorder
from modellab_dagster.offer import candidates

WriteModel = Callable[..., Path]
DUO = ModelRef(id="duo", variant="one")
RUN = RunIdentity("r" * 16, "d" * 8)
ADAPTER = """
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Turn

loads = 0


class Duo:
    def detect(self, audio, parameters, progress):
        return SpeechSegments([Segment(0.0, 1.0)], audio.duration_s, float(audio.sample_rate_hz))

    def diarize(self, audio, parameters, progress):
        return Diarization([Turn(0.0, 1.0, f"{audio.sample_rate_hz} Hz")], audio.duration_s)


def load(request):
    global loads
    loads += 1
    return Duo()
"""


@pytest.fixture
def registry(folder: Path, write_model: WriteModel) -> ModelRegistry:
    write_model(
        "duo",
        ADAPTER,
        surfaces=["vad", "diarization"],
        sample_rate_hz=8000,
        sample_rates_hz={"diarization": 22050},
        variants={"one": {}, "two": {}},
    )
    write_model("toy")
    return ModelRegistry(folder)


def test_references_and_keys_are_canonical(registry: ModelRegistry, lab: Lab, write_model: WriteModel) -> None:
    write_model("trio", surfaces=["vad", "enhance", "diarization"])
    registry = ModelRegistry(registry.places[0].folder)

    def key(name: str) -> str:
        return resolve_system(name, registry, lab).key

    assert key("duo") == key("duo@vad") == key("duo:one") == key("duo:one@vad") == "duo:one@vad"
    assert key("duo@diarization") == key("duo:one@diarization") == "duo:one@diarization"
    assert key("duo:two@diarization") == "duo:two@diarization"
    assert key("toy") == key("toy@vad") == key("toy:one@vad") == "toy:one"
    assert [step.name for step in resolve_system("duo@diarization", registry, lab).steps] == ["ingest", "diarization"]
    assert [step.model for step in resolve_system("duo@vad", registry, lab).steps] == [None, DUO]
    lab.pipelines.mkdir()
    (lab.pipelines / "mine.yaml").write_text(
        "name: mine\ndescription: x\nsteps: [{step: ingest}, {step: vad, model: toy@vad}]\n"
    )
    written = "mine+vad=duo:one"  # in a slot, the step says which surface
    assert key("mine+vad=duo") == key("mine+vad=duo@vad") == key("mine+vad=duo:one@vad") == written
    assert key("mine+vad=toy:one") == "mine"
    assert key("toy+vad=duo") == key("toy+vad=duo@vad") == key("duo@vad+vad=duo:one@vad") == "duo:one@vad"
    assert key("duo+vad=toy") == "toy:one"
    assert key("duo@diarization+diarization=trio") == key("duo@diarization+diarization=trio@diarization")
    assert key("duo@diarization+diarization=trio") == "trio:one@diarization"


def test_a_surface_that_is_not_there_or_not_the_steps_is_named(registry: ModelRegistry, lab: Lab) -> None:
    with pytest.raises(UnknownName, match=r"no surface of model 'duo' named 'asr'; allowed: diarization, vad"):
        resolve_system("duo:one@asr", registry, lab)
    with pytest.raises(TemplateError, match=r"model duo:one can't run the step 'vad'; found diarization"):
        resolve_system("toy+vad=duo@diarization", registry, lab)


def test_each_surface_has_its_rate_in_identity_and_in_memory_it_is_one_model(registry: ModelRegistry, lab: Lab) -> None:
    with Models(lab, registry) as models:
        vad, diarization = models.identity(DUO, "vad"), models.identity(DUO, "diarization")
        assert (vad.sample_rate_hz, diarization.sample_rate_hz) == (8000, 22050)
        assert models.identity(DUO) == vad
        one, other = models.acquire(DUO, "vad"), models.acquire(DUO, "diarization")
        assert (one.sample_rate_hz, other.sample_rate_hz, models.acquire(DUO).sample_rate_hz) == (8000, 22050, 8000)
        assert one.model is other.model
        assert registry.adapter("duo").loads == 1


def test_a_surface_that_is_added_renames_no_result_of_others(
    registry: ModelRegistry, lab: Lab, write_model: WriteModel, folder: Path, tmp_path: Path
) -> None:
    before = Models(lab, registry).identity(DUO, "vad")
    config = (folder / "duo" / "config.yaml").read_text()
    (folder / "duo" / "config.yaml").write_text(config.replace("- vad", "- vad\n- enhance"))
    assert Models(lab, ModelRegistry(folder)).identity(DUO, "vad") == before


def test_steps_give_each_surface_audio_at_its_rate(
    registry: ModelRegistry, lab: Lab, sample_wav: Path, serve: Callable[..., Any], lab_with: Callable[..., Lab]
) -> None:
    source = InputStore(lab).register(sample_wav)
    store = ArtifactStore(lab.artifacts)

    def result(models: Models, key: str, step: str) -> tuple[Any, bool]:
        engine, system = Engine(lab, models, store, Recorder(lab)), resolve_system(key, registry, lab)
        for one in system.steps:
            record = engine.run_step(system, source, one.name, RUN)
            assert record.error is None
        artifact = engine.artifact(system, source, step)
        assert artifact is not None
        kind, file = (SpeechSegments, "speech.json") if step == "vad" else (Diarization, "diarization.json")
        return load(kind, artifact.file(file)), record.cached

    with Models(lab, registry) as here:
        speech, _ = result(here, "duo@vad", "vad")
        turns, _ = result(here, "duo@diarization", "diarization")
        assert [turn.speaker for turn in turns.turns] == ["22050 Hz"]
        assert registry.adapter("duo").loads == 1
    with (
        serve("duo", folder=registry.places[0].folder) as (at, _),
        Models(lab_with(lab.home, duo=at), registry) as there,
    ):  # on a server they are the same results
        assert result(there, "duo@vad", "vad") == (speech, True)
        assert result(there, "duo@diarization", "diarization") == (turns, True)
        assert there.acquire(DUO, "diarization").sample_rate_hz == 22050


def test_an_adapter_without_one_of_the_surfaces_is_refused(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("half", ADAPTER.replace("def diarize", "def other"), surfaces=["vad", "diarization"])
    with pytest.raises(
        Exception, match="half:one can't stand behind the surface 'diarization': its adapter gave a Duo"
    ):
        Models(lab, ModelRegistry(folder)).acquire(ModelRef(id="half", variant="one"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample_rates_hz": {"asr": 16000}}, "names surfaces that are not listed or not of sound: ['asr']"),
        ({"surfaces": ["vad", "vad"]}, "surfaces ['vad'] are there twice"),
        ({"sample_rates_hz": {"vad": 0}}, "greater than 0"),
    ],
)
def test_configs_that_do_not_fit_are_refused(
    changes: dict[str, Any], words: str, folder: Path, write_model: WriteModel
) -> None:
    write_model("odd", **changes)
    with pytest.raises(ModelConfigError) as caught:
        ModelRegistry(folder).get("odd")
    assert words in str(caught.value)


def test_the_systems_on_offer_are_its_surfaces(registry: ModelRegistry, lab: Lab) -> None:
    offered = [one.key for one in candidates(lab, Models(lab, registry)) if one.is_model]
    assert offered == ["duo:one@diarization", "duo:one@vad", "duo:two@diarization", "duo:two@vad", "toy:one"]
