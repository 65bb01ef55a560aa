"""Tiny random checkpoints in a model's real format: the way to try its loader and adapter without its weights.

A model's folder may have a `random_weights.py` with `write(folder: Path, variant: str) -> None`. What it writes goes
through the same loader, adapter and host as the real files, and says nothing of what the model can do.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modellab.errors import ModelConfigError, UsageError
from modellab.registry.config import LocalSource, ModelConfig, ModelRef, Variant
from modellab.registry.environments import Environments
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

RANDOM_WEIGHTS = "random_weights.py"
_WRITE = "import pathlib, runpy, sys; runpy.run_path(sys.argv[1])['write'](pathlib.Path(sys.argv[2]), sys.argv[3])"
"""A script of an environment of a model's own: nothing of the lab is imported there."""
_ORIGIN = f"{RANDOM_WEIGHTS} beside its config"


class RandomRegistry(ModelRegistry):
    """The same models, whose weights are looked for in the folder of `MODELLAB_WEIGHTS` alone, with any digest."""

    def get(self, model_id: str) -> ModelConfig:
        config = super().get(model_id)
        return config.model_copy(
            update={"variants": {name: _anywhere(one) for name, one in config.variants.items()}, "access": None}
        )


def has_random_weights(registry: ModelRegistry) -> list[str]:
    """Ids of the models that can write a random checkpoint, in order; broken ones are left out."""
    return [config.id for config in registry.configs() if (registry.folder(config.id) / RANDOM_WEIGHTS).is_file()]


@contextmanager
def random_lab(lab: Lab, registry: ModelRegistry, ref: ModelRef) -> Iterator[tuple[Lab, ModelRef]]:
    """A lab like another whose weights of one variant are random, until the block ends, and the reference to it there.

    Args:
        registry: the lab's models as they are.

    Raises:
        UsageError: the model can't write random weights.
        Exception: whatever writing them raised.
    """
    if not (registry.folder(ref.id) / RANDOM_WEIGHTS).is_file():
        others = ", ".join(has_random_weights(registry))
        raise UsageError(
            f"model {ref} has no random weights to be tried with",
            allowed=others or None,
            hint=f"Its folder may have a {RANDOM_WEIGHTS}: see docs/models.md.",
        )
    write = _writer(lab, registry, ref.id)
    with tempfile.TemporaryDirectory(prefix="modellab-random-") as place:
        folder = Path(place) / ref.id / ref.variant
        folder.mkdir(parents=True)
        write(folder, ref.variant)
        given = registry.get(ref.id).variants[ref.variant].given is not None
        settings = lab.settings.model_copy(update={"weights": Path(place), "offline": True, "remote_models": ()})
        yield Lab(settings), ref.model_copy(update={"folder": folder}) if given else ref


def _writer(lab: Lab, registry: ModelRegistry, model_id: str) -> Callable[[Path, str], None]:
    """What writes a model's random weights: with its own environment's packages where it has one.

    Raises:
        EnvironmentMissing: it should have one, and has not; EnvironmentOutdated: it has one for other requirements.
        ModelConfigError: there is no such function.
    """
    script = registry.folder(model_id) / RANDOM_WEIGHTS
    environment = Environments(lab.environments).of(registry.get(model_id), registry.folder(model_id))
    if environment is not None:
        return lambda folder, variant: _write_elsewhere(
            [*environment.interpreter, "-c", _WRITE, str(script)], folder, variant
        )
    write = getattr(registry.module(model_id, RANDOM_WEIGHTS), "write", None)
    if not callable(write):
        raise ModelConfigError(f"{script} has no function `write(folder, variant)`")
    found: Callable[[Path, str], None] = write
    return found


def _write_elsewhere(command: list[str], folder: Path, variant: str) -> None:
    done = subprocess.run(
        [*command, str(folder), variant],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise ModelConfigError(
            f"{command[-1]} can't write a checkpoint", found=(done.stderr.strip().splitlines() or ["no word"])[-1]
        )


def _anywhere(variant: Variant) -> Variant:
    """A variant whose files nothing but the local folder has, whatever their digests."""
    if not variant.has_weights:
        return variant
    local = None if variant.given else LocalSource(files=variant.files, origin=_ORIGIN)
    sources: dict[str, object] = {
        "wheel": None,
        "hub": None,
        "further_hubs": {},
        "local": local,
        "rebuilt": None,
        "sha256": {},
        "gated": False,
    }
    return variant.model_copy(update=sources)
