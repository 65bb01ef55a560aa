"""Datasets made by hand: manifests as small as is allowed, and tones as media."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

RATE_HZ = 16000

WriteDataset = Callable[..., Path]


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest_of(dataset: str, **changes: Any) -> dict[str, Any]:
    """A manifest as small as is allowed, with changes."""
    return {
        "id": dataset,
        "version": "1",
        "description": "made for a test",
        "licence": "CC0-1.0",
        "tasks": ["asr"],
        "cases": [case_of("one")],
    } | changes


def case_of(name: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "source": {"file": f"media/{name}.wav", "sha256": "a" * 64}} | changes


def tone(path: Path, seconds: float = 1.0, hz: float = 440.0) -> Path:
    """A recording of a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(path, (0.3 * np.sin(2 * np.pi * hz * times)).astype(np.float32), RATE_HZ)
    return path


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """An empty folder of manifests."""
    path = tmp_path / "shipped"
    path.mkdir()
    return path


@pytest.fixture
def write(shipped: Path) -> WriteDataset:
    """Write a manifest, by default into the folder of shipped ones; gives its place."""

    def make(dataset: str, folder: Path = shipped, **changes: Any) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{dataset}.yaml"
        path.write_text(yaml.safe_dump(manifest_of(dataset, **changes), sort_keys=False, allow_unicode=True))
        return path

    return make
