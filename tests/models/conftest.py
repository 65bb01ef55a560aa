"""Real models, loaded once for a file of tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import NativeCodeFails
from modellab.media.audio import Waveform
from modellab.registry.environment_builder import install
from modellab.registry.environments import Environment
from modellab.registry.models import Models
from modellab.registry.random_weights import RANDOM_WEIGHTS, RandomRegistry
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings

RATE = 16_000


@pytest.fixture(scope="module")
def load_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Gives a loaded model by name; a test of one that this CPU can't run is skipped, with the reason."""
    home = tmp_path_factory.mktemp("models-home")
    registry = ModelRegistry()
    models = Models(Lab(Settings(_env_file=None, home=home, offline=True)), registry)

    def load(name: str) -> Any:
        try:
            return models.acquire(registry.resolve(name)[1]).model
        except NativeCodeFails as error:  # tests/registry/test_native.py says on which CPUs that may be
            pytest.skip(str(error))

    yield load
    models.close()


RandomModel = Callable[..., tuple[Any, Path]]


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RandomModel]:
    """Gives a model loaded from a random checkpoint, and the folder that it is in: `random_model("moonshine:tiny")`.

    With `variant_written` the folder holds what another variant reads.
    """
    registry = ModelRegistry()
    with ExitStack() as opened:

        @cache
        def load(name: str, variant_written: str | None = None) -> tuple[Any, Path]:
            _, ref = registry.resolve(name)
            root = tmp_path_factory.mktemp("random")
            folder = root / ref.id / ref.variant
            folder.mkdir(parents=True)
            registry.module(ref.id, RANDOM_WEIGHTS).write(folder, variant_written or ref.variant)
            lab = Lab(Settings(_env_file=None, home=root / "home", weights=root, offline=True))
            models = opened.enter_context(Models(lab, RandomRegistry(places=registry.places)))
            return models.acquire(ref).model, folder

        yield load


OwnEnvironment = Callable[[str], tuple[Lab, Environment]]


@pytest.fixture(scope="session")
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> OwnEnvironment:
    """Gives a lab with a model's own environment, built as a user builds it, once for all the tests marked so."""
    lab, registry = Lab(Settings(_env_file=None, home=tmp_path_factory.mktemp("environments"))), ModelRegistry()

    def get(model: str) -> tuple[Lab, Environment]:
        return lab, install(lab, registry.get(model), registry.folder(model)).environment

    return get


@pytest.fixture(scope="session")
def sample(sample_wav: Path) -> Waveform:
    """The two-speaker sample, 30 s at 16 kHz."""
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    assert rate == RATE
    return Waveform(np.asarray(samples, dtype=np.float32), rate)
