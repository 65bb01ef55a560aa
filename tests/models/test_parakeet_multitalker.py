"""Parakeet multitalker: times of words, and in its own environment a tiny random model."""

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.conformance.examination import examine
from modellab.errors import EnvironmentMissing, LabError
from modellab.media.audio import Waveform
from modellab.registry import torchaudio_cpu
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Segment, Word
from models._nemo.file import WEIGHTS
from models.parakeet_multitalker.adapter import words_of

MODEL = "parakeet_multitalker"
FILE = "multitalker-parakeet-streaming-0.6b-v1.nemo"
OwnEnvironment = Callable[[str], tuple[Lab, Environment]]
REGISTRY = ModelRegistry()
AUDIO = Waveform(np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32), 16_000)


def nothing(fraction: float) -> None:
    """Progress that nobody follows."""


def test_a_word_lasts_from_its_first_token_to_its_last_or_to_the_next() -> None:
    tokens = ["▁he", "llo", "▁", "the", "re", "▁all", "▁of", ".", "▁"]
    frames = [2, 4, 10, 11, 11, 11, 20, 23, 24]
    assert words_of(tokens, frames, 0.5) == [
        Word("hello", 1.0, 2.5),
        Word("there", 5.5, 5.5),
        Word("all", 5.5, 6.0),
        Word("of.", 10.0, 12.0),
    ]
    assert words_of(["x"], [0], 0.08) == [Word("x", 0.0, 0.08)]
    assert words_of([], [], 0.08) == words_of(["▁"], [3], 0.08) == []


@pytest.fixture(scope="module")
def tried(own_environment: OwnEnvironment) -> Iterator[tuple[Models, Path, Environment]]:
    """Models whose weights are random, the file with these, and the environment."""
    lab, environment = own_environment(MODEL)
    with random_lab(lab, REGISTRY, REGISTRY.resolve(MODEL)[1]) as (there, ref):
        assert there.settings.weights is not None
        with Models(there, RandomRegistry(places=REGISTRY.places)) as models:
            yield models, there.settings.weights / MODEL / ref.variant / FILE, environment


@pytest.mark.environments
@pytest.mark.random_weights
def test_it_keeps_what_its_surface_promises(tried: tuple[Models, Path, Environment]) -> None:
    found = examine(tried[0], REGISTRY.resolve(MODEL)[1], quality=False)
    assert [answer for answer in found.answers if not answer.passed] == []
    assert {answer.surface for answer in found.answers} >= {"asr"}


PACKAGE = """
import json, runpy, sys
runpy.run_path(sys.argv[1])["make_importable"]()
import numpy as np, torch
from nemo.collections.asr.models import ASRModel
model = ASRModel.restore_from(sys.argv[2], map_location="cpu").eval()
model.decoding.compute_timestamps = True
samples = torch.from_numpy(np.load(sys.argv[3]))[None]
with torch.inference_mode():
    features, count = model.preprocessor(input_signal=samples, length=torch.tensor([samples.shape[1]]))
    encoded, frames = model.encoder(audio_signal=features, length=count)
    [said] = model.decoding.rnnt_decoder_predictions_tensor(encoded, frames, return_hypotheses=True)
words = [[word["word"], word["start_offset"]] for word in said.timestamp["word"]]
open(sys.argv[4], "w").write(json.dumps({"text": said.text, "words": words}))
"""


@pytest.mark.environments
@pytest.mark.random_weights
def test_it_hears_what_the_package_hears_and_when(tried: tuple[Models, Path, Environment], tmp_path: Path) -> None:
    np.save(tmp_path / "audio.npy", AUDIO.samples)
    places = [torchaudio_cpu.__file__, str(tried[1]), str(tmp_path / "audio.npy"), str(tmp_path / "said.json")]
    subprocess.run([*tried[2].interpreter, "-c", PACKAGE, *places], check=True, stdin=subprocess.DEVNULL)
    expected = json.loads((tmp_path / "said.json").read_text())
    model: Any = tried[0].acquire(REGISTRY.resolve(MODEL)[1]).model
    heard = model.transcribe(AUDIO, [Segment(0.0, 2.0)], {"speech_pad_ms": 0}, nothing)
    assert heard.text == expected["text"] and len(heard.words) > 10
    assert [word.text for word in heard.words] == [text for text, _ in expected["words"]]
    starts = [min(0.08 * frame, 2.0) for _, frame in expected["words"]]
    np.testing.assert_allclose([word.start_s for word in heard.words], starts, atol=1e-6)
    assert not any(word.estimated for word in heard.words)
    together = model.transcribe(AUDIO, [Segment(0.0, 2.0)], {"speech_pad_ms": 0, "batch_size": 4}, nothing)
    assert together == heard


class Touch:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self._marker}",)


@pytest.mark.environments
@pytest.mark.random_weights
def test_weights_that_run_code_are_refused(
    tried: tuple[Models, Path, Environment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    hostile = io.BytesIO()
    torch.save({"x": Touch(tmp_path / "marker")}, hostile)
    members = []
    with tarfile.open(tried[1]) as tar:
        for info in tar.getmembers():
            if (content := tar.extractfile(info)) is not None:
                members.append((info, hostile.getvalue() if info.name.endswith(WEIGHTS) else content.read()))
    folder = tmp_path / MODEL / tried[1].parent.name
    folder.mkdir(parents=True)
    with tarfile.open(folder / FILE, "w:") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    settings = Settings(_env_file=None, home=tried[2].folder.parents[1], weights=tmp_path, offline=True, device="cpu")
    with Models(Lab(settings), RandomRegistry(places=REGISTRY.places)) as models, pytest.raises(LabError) as caught:
        models.acquire(REGISTRY.resolve(MODEL)[1])
    assert "no tensors that are safe to open" in str(caught.value)
    assert not (tmp_path / "marker").exists()


def test_without_its_environment_the_error_says_what_to_do(lab: Lab) -> None:
    with Models(lab, REGISTRY) as ready, pytest.raises(EnvironmentMissing) as caught:
        ready.identity(ready.registry.resolve(MODEL)[1])
    assert "Install it with: modellab models install parakeet_multitalker (about 3,000 MiB)" in str(caught.value)
