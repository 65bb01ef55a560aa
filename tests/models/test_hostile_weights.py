"""Weights from strangers: every model of the registry is given folders that try to run code when they are loaded.

A new model is tried as soon as it has a folder. Whatever a file is named, it may hold: a pickle, TorchScript, YAML and
JSON that name classes, a description that imports modules. What it tries is to make a file; nothing else counts.
"""

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from modellab.errors import EnvironmentMissing, LabError, ModelUnavailable
from modellab.registry.config import ModelRef, Variant
from modellab.registry.identity import runtime_version
from modellab.registry.loaded import ExecutionFacts, LoadRequest
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings

from .conftest import OwnEnvironment

_REGISTRY = ModelRegistry()
_VARIANTS = list(
    {
        (model, tuple(sorted(Path(file).suffix for file in variant.files))): f"{model}:{name}"
        for model in _REGISTRY.ids()
        for name, variant in _REGISTRY.get(model).variants.items()
        if variant.has_weights
    }.values()
)
"""One for each model and set of kinds of files: that is what a loader opens, whatever their names and sizes."""


def _has_own_environment(name: str) -> bool:
    return _REGISTRY.resolve(name)[0].environment == "own"


_WITHOUT_FOLDER = {
    *("espeak_ng", "heuristic_diarization", "rnnoise"),
    *("assemblyai", "deepgram", "openai_transcription", "voxtral_api"),
}
"""Models that read no folder: their network is in their package or somebody else's, or they have none."""


class _Touch:
    """Unpickling it runs a command."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self._marker}",)


def _popen(marker: Path) -> dict[str, Any]:
    return {"name": "subprocess.Popen", "params": {"args": ["touch", str(marker)]}}


def _pickled(marker: Path) -> bytes:
    return pickle.dumps({"state_dict": {}, "x": _Touch(marker)})


def _saved_by_torch(marker: Path) -> bytes:
    import torch

    buffer = io.BytesIO()
    architecture = {"module": "subprocess", "class": "Popen"}
    described = {"architecture": architecture, "versions": {"pyannote.audio": "4.0.0"}, "x": _Touch(marker)}
    torch.save({"state_dict": {}, "hyper_parameters": {}, "pyannote.audio": described}, buffer)
    return buffer.getvalue()


def _names_a_module(marker: Path) -> bytes:
    """A checkpoint that holds nothing but plain values, and says what is to be imported and made."""
    import torch

    buffer = io.BytesIO()
    described = {
        "architecture": {"module": "hostile_module", "class": "Net"},
        "versions": {"pyannote.audio": "4.0.0"},
        "specifications": None,
    }
    arguments = {"args": ["touch", str(marker)]}
    torch.save({"state_dict": {}, "hyper_parameters": arguments, "pyannote.audio": described}, buffer)
    return buffer.getvalue()


def _torchscript(marker: Path) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), buffer)
    return buffer.getvalue()


def _safetensors(marker: Path) -> bytes:
    arguments = json.dumps([["touch", str(marker)]])
    metadata = {"klass": "subprocess.Popen", "args": arguments, "kwargs": "{}", "format": "pt"}
    header = json.dumps(
        {"__metadata__": metadata, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def _arrays(marker: Path) -> bytes:
    buffer = io.BytesIO()
    hostile = np.array([_Touch(marker)], dtype=object)
    np.savez(buffer, mu=hostile, tr=hostile, psi=hostile, mean1=hostile, mean2=hostile, lda=hostile)
    return buffer.getvalue()


def _description(marker: Path) -> bytes:
    parts = {"segmentation": "$model/segmentation", "embedding": "$model/embedding", "plda": "$model/plda"}
    pipeline = {
        "name": "pyannote.audio.pipelines.SpeakerDiarization",
        "params": {**parts, "clustering": "VBxClustering"},
    }
    content = {
        "dependencies": {"pyannote.audio": "4.0.0"},
        "pipeline": pipeline,
        "preprocessors": {"x": _popen(marker)},
        "models": ["../hostile", "hostile"],
        "klass": "subprocess.Popen",
    }
    return yaml.safe_dump(content).encode()


def _pipeline_of_its_own(marker: Path) -> bytes:
    return yaml.safe_dump({"pipeline": _popen(marker), "models": ["x"]}).encode()


def _yaml_tag(marker: Path) -> bytes:
    return f"!!python/object/apply:os.system ['touch {marker}']\n".encode()


def _settings_file(marker: Path) -> bytes:
    return f"[train]\nmodel = hostile_module\n[df]\n-logfn {marker}\n".encode()


def _json(marker: Path) -> bytes:
    code = {
        "AutoConfig": "hostile_module.Net",
        "AutoModel": "hostile_module.Net",
        "AutoTokenizer": "hostile_module.Net",
    }
    return json.dumps({"auto_map": code, "model_type": "hostile", "__reduce__": f"touch {marker}"}).encode()


def _options(marker: Path) -> bytes:
    return f"-logfn {marker}\n-lowerf 130\n-model /nowhere\n".encode()


_CONTENTS: dict[str, Callable[[Path], bytes]] = {
    maker.__name__.strip("_"): maker
    for maker in (
        *(_pickled, _saved_by_torch, _names_a_module, _torchscript, _safetensors, _arrays),
        *(_description, _pipeline_of_its_own, _yaml_tag, _settings_file, _json, _options),
    )
}
_USUAL: dict[str, tuple[Callable[[Path], bytes], ...]] = {
    ".yaml": (_description, _pipeline_of_its_own, _yaml_tag),
    ".json": (_json,),
    ".npz": (_arrays,),
    ".safetensors": (_safetensors,),
    ".ini": (_settings_file,),
    ".params": (_options,),
}
"""What a file of such a name would hold: with the others being what they are named, a loader gets further."""


def _fill(folder: Path, variant: Variant, marker: Path, content: Callable[[Path], bytes]) -> None:
    """Every file that the variant wants, hostile, and beside them files that are looked for by some loaders."""
    for pattern in [*variant.files, "segmentation/pytorch_model.bin", "embedding/pytorch_model.bin", "plda/plda.npz"]:
        path = folder / pattern.replace("vocabulary.*", "vocabulary.json").replace("*", "model_1")
        path.parent.mkdir(parents=True, exist_ok=True)
        usual = _USUAL.get(path.suffix, ())
        path.write_bytes((content if content in usual or not usual else usual[0])(marker))
    for name in ("hostile_module.py", "__init__.py", "sitecustomize.py", "conftest.py", "modeling_hostile.py"):
        (folder / name).write_text(f"import os\nos.system('touch {marker}')\nclass Net: pass\n")
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        archive.write(folder / "hostile_module.py", "hostile_module.py")


@pytest.fixture(params=_CONTENTS)
def content(request: pytest.FixtureRequest) -> Callable[[Path], bytes]:
    return _CONTENTS[request.param]


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that was started in the folder, as somebody might: its modules could be imported by name."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    monkeypatch.chdir(tmp_path)
    yield


def test_models_that_read_no_folder_are_named() -> None:
    assert {model for model in _REGISTRY.ids() if not any(name.startswith(f"{model}:") for name in _VARIANTS)} == (
        _WITHOUT_FOLDER
    )


@pytest.mark.environments
@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("name", [name for name in _VARIANTS if _has_own_environment(name)])
def test_nor_in_an_environment_of_its_own(
    name: str,
    content: Callable[[Path], bytes],
    own_environment: OwnEnvironment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ref = _REGISTRY.resolve(name)[1]
    _refused(ref, content, tmp_path, own_environment(ref.id)[0].home, monkeypatch)


def _refused(
    ref: ModelRef, content: Callable[[Path], bytes], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """Give a model such a folder, which it must refuse; gives the folder, and the file that must not be there."""
    folder, marker = tmp_path / "weights" / ref.id / ref.variant, tmp_path / "marker"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    variant = _REGISTRY.get(ref.id).variants[ref.variant]
    _fill(folder, variant, marker, content)
    if variant.given:
        ref = ref.model_copy(update={"folder": folder})
    settings = Settings(_env_file=None, home=home, weights=tmp_path / "weights", offline=True, device="cpu")
    with Models(Lab(settings), _REGISTRY) as models, pytest.raises(LabError) as caught:
        models.acquire(ref)
    assert not isinstance(caught.value, EnvironmentMissing)
    assert not marker.exists()
    return folder, marker


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("name", [name for name in _VARIANTS if not _has_own_environment(name)])
def test_no_folder_of_weights_runs_code(
    name: str, content: Callable[[Path], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, ref = _REGISTRY.resolve(name)
    try:
        runtime_version(config, ref.variant)
    except ModelUnavailable as error:
        pytest.skip(str(error))
    folder, marker = _refused(ref, content, tmp_path, tmp_path / "home", monkeypatch)
    variant = config.variants[ref.variant]
    if set(variant.sha256) >= set(variant.files):
        return  # nothing but the very files that the config names is ever given to the adapter
    request = LoadRequest(config, ref, variant, folder, ExecutionFacts("cpu", "float32", 1))
    try:
        _REGISTRY.adapter(ref.id).load(request)
    except LabError:
        pass
    except Exception as error:
        assert not isinstance(error, ModuleNotFoundError), "it tried to import what the folder names"
    assert not marker.exists()
