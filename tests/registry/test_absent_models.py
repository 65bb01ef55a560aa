"""The error of every shipped model that does not run here: the remedy, what was looked for, what runs instead."""

import re

import pytest

from modellab.errors import (
    EnvironmentMissing,
    KeyMissing,
    LabError,
    NativeCodeFails,
    PackageMissing,
    ServiceOffline,
    UsageError,
    WeightsMissing,
)
from modellab.registry.availability import Availabilities
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

SHIPPED = ModelRegistry()
_WAYS = re.compile(r"^(?:Or |Then )?(?:unset|put|install|get|accept|git clone|set|give|let)\b", re.IGNORECASE)
"""A way begins with what to do."""
_OTHERS = re.compile(r"^(?:Ready to run now: [\w.:-]+(?:, [\w.:-]+)*|No other model of its kind is ready)\.$")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Availabilities:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_OFFLINE", "true")
        patch.setenv("MODELLAB_HOME", str(tmp_path_factory.mktemp("home")))
        for name in ("HF_TOKEN", "MODELLAB_WEIGHTS", "MODELLAB_CHECKOUTS"):
            patch.delenv(name, raising=False)
        return Availabilities(Lab.from_environment(), SHIPPED)


def absent(config: ModelConfig, here: Availabilities) -> list[ModelRef]:
    """Variants that do not run here, one for each thing that keeps them from it."""
    found: dict[object, ModelRef] = {}
    for name, variant in config.variants.items():
        ref = ModelRef(id=config.id, variant=name)
        if not (looked := here.of(ref)).ok:
            sources = [
                source for source in ("wheel", "hub", "local", "rebuilt", "checkout") if getattr(variant, source)
            ]
            found.setdefault((looked.missing, variant.gated, *sources), ref)
    return list(found.values())


def looked_for(error: LabError, config: ModelConfig) -> bool:
    """Whether it says what was looked for, and where."""
    if isinstance(error, WeightsMissing):
        return bool(error.places) and all(": " in place for place in error.places)
    if isinstance(error, PackageMissing):
        return "needs the package " in error.what
    if isinstance(error, EnvironmentMissing):
        return "environment" in error.what
    assert config.service is not None
    return (config.service.url if isinstance(error, ServiceOffline) else config.service.key_variable) in str(error)


@pytest.mark.parametrize("model_id", SHIPPED.ids())
def test_the_error_says_what_to_do_what_was_looked_for_and_what_runs(model_id: str, here: Availabilities) -> None:
    config = SHIPPED.get(model_id)
    with Models(here._lab, SHIPPED) as models:
        for ref in absent(config, here):
            with pytest.raises(LabError) as caught:
                models.request(ref)
            error = caught.value
            if isinstance(error, NativeCodeFails):  # nothing helps but another model, or another machine
                assert _OTHERS.match(error.ways[-1])
                continue
            if isinstance(error, UsageError):  # a setting that only its user can know
                assert config.service and config.service.model_variable in str(error.hint)
                continue
            assert isinstance(error, WeightsMissing | PackageMissing | EnvironmentMissing | KeyMissing | ServiceOffline)
            assert model_id in error.what
            *ways, others = error.ways
            assert ways and all(map(_WAYS.match, ways)), error.ways
            assert _OTHERS.match(others)
            assert str(ref) not in others.rstrip(".").split(": ")[-1].split(", ")
            assert looked_for(error, config)
            lines = error.page().splitlines()
            said = [number for number, line in enumerate(lines) if not line.startswith("→ ")]
            assert said[0] == 0 and all(number > len(error.ways) for number in said[1:])  # the remedy first
            if isinstance(error, WeightsMissing) and config.variants[ref.variant].gated:
                assert ways[0].startswith((config.access or "").rstrip("."))
            assert "none ships this variant" not in error.page()
            assert "in no hub repository" not in error.page()


def test_some_are_absent_in_each_way(here: Availabilities) -> None:
    """The test above tries something: models are absent for want of weights, an environment and a service."""
    kinds = {here.of(ref).missing for config in SHIPPED.configs() for ref in absent(config, here)}
    assert {"weights missing", "environment missing, weights missing", "offline"} <= kinds
