"""Parakeet multitalker: what its files may hold, times of words, and in its own environment a tiny random model."""

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
import yaml

from modellab.conformance.examination import examine
from modellab.errors import EnvironmentMissing, LabError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry import torchaudio_cpu
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Segment, Word
from models.parakeet_multitalker.adapter import words_of
from models.parakeet_multitalker.nemo_file import DESCRIPTION, WEIGHTS, check_description, unpack

MODEL = "parakeet_multitalker"
FILE = "multitalker-parakeet-streaming-0.6b-v1.nemo"
OwnEnvironment = Callable[[str], tuple[Lab, Environment]]
REGISTRY = ModelRegistry()
AUDIO = Waveform(np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32), 16_000)
GOOD: dict[str, Any] = {
    "target": "nemo.collections.asr.models.multitalker_asr_models.EncDecMultiTalkerRNNTBPEModel",
    "tokenizer": {"type": "bpe", "model_path": "nemo:0_tokenizer.model"},
    "encoder": {"_target_": "nemo.collections.asr.modules.ConformerEncoder", "att_context_size": [[70, 13], [70, 1]]},
    "optim": {"_target_": "torch.optim.AdamW"},
}


def nothing(fraction: float) -> None:
    """Progress that nobody follows."""


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def good() -> list[tuple[tarfile.TarInfo, bytes]]:
    description = yaml.safe_dump(GOOD).encode()
    return [(tarfile.TarInfo(f"./{DESCRIPTION}"), description), (tarfile.TarInfo(f"./{WEIGHTS}"), b"tensors")]


def test_a_file_as_nemo_writes_it_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    unpack(archive(tmp_path / FILE, *good()), folder)
    assert sorted(place.name for place in folder.iterdir()) == [DESCRIPTION, WEIGHTS]
    assert (folder / WEIGHTS).read_bytes() == b"tensors"


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("../out", tarfile.REGTYPE, "lies outside of it; found ../out"),
        ("/tmp/out", tarfile.REGTYPE, "lies outside of it; found /tmp/out"),
        ("link", tarfile.SYMTYPE, "neither a file nor a folder; found link"),
        ("link", tarfile.LNKTYPE, "neither a file nor a folder; found link"),
        ("pipe", tarfile.FIFOTYPE, "neither a file nor a folder; found pipe"),
    ],
)
def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, name: str, kind: bytes, said: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "../out"
    path = archive(tmp_path / FILE, *good(), (info, b""))
    with pytest.raises(WeightsCorrupt, match=said):
        unpack(path, tmp_path / "there")
    assert [place.name for place in tmp_path.iterdir()] == [FILE]


def test_what_is_no_tar_or_lacks_a_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.nemo").write_text("hello")
    with pytest.raises(WeightsCorrupt, match=r"text\.nemo is not a file of NeMo's"):
        unpack(tmp_path / "text.nemo", tmp_path / "there")
    with pytest.raises(WeightsCorrupt, match=r"it has no model_weights\.ckpt"):
        unpack(archive(tmp_path / FILE, good()[0]), tmp_path / "there")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoder": {"_target_": "subprocess.Popen"}}, "found _target_: subprocess.Popen"),
        ({"train_ds": [{"deep": {"_target_": "os.system"}}]}, "found _target_: os.system"),
        ({"target": "builtins.eval"}, "found target: builtins.eval"),
        ({"preprocessor": {"cls": "os.system", "params": {}}}, "found cls: os.system"),
        ({"loss": {"_target_": "torch.hub.load"}}, "found _target_: torch.hub.load"),
        ({"loss": {"_target_": "nemoless.Loss"}}, "found _target_: nemoless.Loss"),
        ({"encoder": "${oc.create:{_target_: os.system}}"}, "has encoder put together when it is read"),
        ({"loss": {"_target_": "torch.nn.${x}"}}, "has _target_ put together when it is read"),
        ({"tokenizer": {"type": "wpe"}}, "does not bring its tokenizer; found type: wpe; allowed: bpe"),
        ({"tokenizer": "bpe"}, "does not bring its tokenizer"),
    ],
)
def test_a_description_has_nothing_made_but_networks(change: dict[str, Any], said: str) -> None:
    check_description("it", yaml.safe_dump(GOOD).encode())
    with pytest.raises(WeightsCorrupt) as caught:
        check_description("it", yaml.safe_dump(GOOD | change).encode())
    assert said in str(caught.value)


@pytest.mark.parametrize("text", [b"!!python/object/apply:os.system [ls]", b"- a list", b"\xff\xfe\x00", b"a: [", b""])
def test_what_describes_nothing_is_refused(text: bytes) -> None:
    with pytest.raises(WeightsCorrupt, match=r"model_config\.yaml of it"):
        check_description("it", text)


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
    archive(folder / FILE, *members)
    settings = Settings(_env_file=None, home=tried[2].folder.parents[1], weights=tmp_path, offline=True, device="cpu")
    with Models(Lab(settings), RandomRegistry(places=REGISTRY.places)) as models, pytest.raises(LabError) as caught:
        models.acquire(REGISTRY.resolve(MODEL)[1])
    assert "no tensors that are safe to open" in str(caught.value)
    assert not (tmp_path / "marker").exists()


def test_without_its_environment_the_error_says_what_to_do(lab: Lab) -> None:
    with Models(lab, REGISTRY) as ready, pytest.raises(EnvironmentMissing) as caught:
        ready.identity(ready.registry.resolve(MODEL)[1])
    assert "Install it with: modellab models install parakeet_multitalker (about 3,000 MiB)" in str(caught.value)
