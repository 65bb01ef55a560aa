"""Every folder that can write a random checkpoint: loader, adapter and host keep their promises with it."""

from pathlib import Path

import pytest

from modellab.conformance.examination import examine
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, has_random_weights, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

REGISTRY = ModelRegistry()
_LARGEST_BYTES = 10_000_000


@pytest.mark.random_weights
@pytest.mark.parametrize("name", has_random_weights(REGISTRY))
def test_a_random_checkpoint_goes_through_the_real_adapter(lab: Lab, name: str) -> None:
    _, ref = REGISTRY.resolve(name)
    with Models(lab, REGISTRY) as models:
        if not models.able(ref):
            pytest.skip(models.availability(ref).reason)
    with random_lab(lab, REGISTRY, ref) as (tried, there):
        assert tried.settings.weights is not None
        assert _bytes(tried.settings.weights) < _LARGEST_BYTES
        with Models(tried, RandomRegistry(places=REGISTRY.places)) as models:
            found = examine(models, there, quality=False)
    assert [answer for answer in found.answers if not answer.passed] == []


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
