"""A model is the same behind every host: in this process, in one of its own, and on a server."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError
from modellab.media.audio import Waveform
from modellab.media.decode import decode
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import Lab, Settings
from modellab.steps.asr import AsrParameters
from modellab.steps.vad import VadParameters
from modellab.surfaces.results import Segment

VAD = ModelRef(id="silero_vad", variant="v6")
ASR = ModelRef(id="faster_whisper", variant="tiny.en")
TTS = ModelRef(id="hibari_tts", variant="heart")
REFS = (VAD, ASR, TTS)


@pytest.fixture(scope="module")
def hosts(
    serve: Callable[..., Any], lab_with: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Models]]:
    """The same models behind each kind of host."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("models")
    for ref in REFS:
        place = shutil.copytree(MODELS / ref.id, folder / ref.id)
        with (place / "config.yaml").open("a") as config:
            config.write("host: worker\n")
    here = Lab(Settings.model_validate({"home": home, "offline": True}))
    with ExitStack() as stack:
        at, _ = stack.enter_context(serve(*map(str, REFS)))
        there = lab_with(home, silero_vad=at, faster_whisper=at, hibari_tts=at)
        yield {
            "this process": stack.enter_context(Models(here, ModelRegistry())),
            "worker": stack.enter_context(Models(here, ModelRegistry(folder))),
            "server": stack.enter_context(Models(there, ModelRegistry())),
        }


@pytest.fixture(params=["worker", "server"])
def elsewhere(request: pytest.FixtureRequest, hosts: dict[str, Models]) -> Models:
    return hosts[str(request.param)]


@pytest.fixture
def here(hosts: dict[str, Models]) -> Models:
    return hosts["this process"]


@pytest.fixture(scope="module")
def audio(sample_wav: Path) -> Waveform:
    """The first seconds of the sample with a word."""
    samples = decode(sample_wav, sample_rate_hz=16000).mono
    return Waveform(samples[6 * 16000 : 10 * 16000], 16000)


def call(models: Models, ref: ModelRef, audio: Waveform, **changes: Any) -> tuple[Any, list[float]]:
    """What a model gives, and its progress."""
    seen: list[float] = []
    with models.lease(ref) as loaded:
        if ref == VAD:
            return loaded.model.detect(audio, VadParameters().model_dump() | changes, seen.append), seen
        if ref == TTS:
            model, seed = loaded.model, changes.get("seed", 3)
            return model.speak("Good morning, everybody.", model.voices[0], model.languages[0], 1.25, seed), seen
        asked = AsrParameters().model_dump(exclude_none=True) | changes
        speech = [Segment(0.0, audio.duration_s)]
        return loaded.model.transcribe(audio, speech, asked, seen.append), seen


@pytest.mark.parametrize("ref", REFS, ids=str)
def test_results_are_identical(here: Models, elsewhere: Models, ref: ModelRef, audio: Waveform) -> None:
    expected, _ = call(here, ref, audio)
    found, progress = call(elsewhere, ref, audio)
    if ref == TTS:
        assert found.sample_rate_hz == expected.sample_rate_hz == 24_000
        assert np.array_equal(found.samples, expected.samples) and 0.5 < found.duration_s < 3.0
        return
    assert found == expected
    assert (found.segments if ref == VAD else found.words) != []
    assert (progress[-1], progress == sorted(progress)) == (1.0, True)


@pytest.mark.parametrize("ref", REFS, ids=str)
def test_identity_and_facts_are_identical(here: Models, elsewhere: Models, ref: ModelRef) -> None:
    assert elsewhere.identity(ref) == here.identity(ref)
    assert len(str(here.identity(ref).weights_sha256)) == 64
    ours, theirs = here.acquire(ref), elsewhere.acquire(ref)
    assert theirs.sample_rate_hz == ours.sample_rate_hz == (24_000 if ref == TTS else 16_000)
    for fact in ("device", "compute_type", "threads", "batch_size"):
        assert getattr(theirs.facts, fact) == getattr(ours.facts, fact)


@pytest.mark.parametrize("ref", REFS, ids=str)
def test_errors_are_identical(here: Models, elsewhere: Models, ref: ModelRef, audio: Waveform) -> None:
    wrong = {VAD: {"no_such_option": 1}, ASR: {"language": "de"}, TTS: {"seed": "three"}}[ref]
    kind = UsageError if ref == ASR else TypeError
    with pytest.raises(kind) as expected:
        call(here, ref, audio, **wrong)
    with pytest.raises(kind) as found:
        call(elsewhere, ref, audio, **wrong)
    assert (type(found.value), str(found.value)) == (type(expected.value), str(expected.value))
    again, ours = call(elsewhere, ref, audio)[0], call(here, ref, audio)[0]
    assert np.array_equal(again.samples, ours.samples) if ref == TTS else again == ours


@pytest.mark.parametrize("ref", REFS, ids=str)
def test_availability_is_identical_but_for_the_place(here: Models, elsewhere: Models, ref: ModelRef) -> None:
    ours, theirs = here.availability(ref), elsewhere.availability(ref)
    assert (theirs.ok, theirs.device, theirs.missing) == (ours.ok, ours.device, ours.missing) == (True, "cpu", "")
    assert theirs.weights.endswith(ours.weights)
