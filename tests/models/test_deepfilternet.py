"""DeepFilterNet3: that what reaches its library is what the config names."""

from pathlib import Path

import pytest

from modellab.errors import WeightsCorrupt
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from models.deepfilternet.adapter import WEIGHTS


def test_damaged_weights_are_refused_before_the_library_sees_them(tmp_path: Path) -> None:
    """The library ends the process when it can't read the file."""
    folder = tmp_path / "weights" / "deepfilternet" / "v3"
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"not a network")
    settings = Settings(_env_file=None, home=tmp_path / "home", weights=tmp_path / "weights", offline=True)
    registry = ModelRegistry()
    with Models(Lab(settings), registry) as models, pytest.raises(WeightsCorrupt, match=WEIGHTS):
        models.acquire(registry.resolve("deepfilternet")[1])
