"""What identifies a model: everything that decides its output, found without loading it or importing its packages."""

import importlib.metadata
from collections.abc import Iterable
from functools import cache

from modellab.artifacts.fingerprint import ModelIdentity
from modellab.errors import PackageMissing
from modellab.installed import version_of
from modellab.registry import environments
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.environments import Environment
from modellab.registry.loaded import ExecutionFacts


def model_identity(
    config: ModelConfig,
    ref: ModelRef,
    facts: ExecutionFacts,
    weights_sha256: str | None,
    *,
    environment: Environment | None = None,
    surface: str | None = None,
    service: str | None = None,
) -> ModelIdentity:
    """The identity of one variant as it would run.

    A surface belongs to it by the rate of the audio that it takes, and not by its name: which methods are called is the
    step's affair, and a model that gets a further surface gives what it gave.

    Args:
        weights_sha256: digest over all its files (`WeightStore.digest`); None for a model without weights.
        environment: its own, where it has one.
        surface: the one that is used; None for the first.
        service: its address and the model there, of one that is a service.

    Raises:
        PackageMissing: one of its packages is not installed.
    """
    return ModelIdentity(
        id=ref.id,
        variant=ref.variant,
        weights_sha256=weights_sha256,
        runtime=config.runtime,
        runtime_version=runtime_version(config, ref.variant, environment),
        device=facts.device,
        compute_type=facts.compute_type,
        parameters=config.variants[ref.variant].parameters,
        sample_rate_hz=config.rate_of(surface),
        batch_size=facts.batch_size,
        service=service,
    )


def runtime_version(config: ModelConfig, variant: str, environment: Environment | None = None) -> str:
    """Versions of everything but the weights that decides a variant's output, as text; imports none of it.

    Args:
        environment: the model's own, where it has one.

    Raises:
        PackageMissing: one of the packages is not installed.
    """
    versions = [f"{package} {_version(config, package, environment)}" for package in packages(config, variant)]
    if config.service is not None:
        versions = []  # what sends and reads has no part in the answer: a new version of it would pay for it again
    return ", ".join([*versions, f"adapter {config.adapter_version}"])


def packages(config: ModelConfig, variant: str) -> Iterable[str]:
    """Distributions whose version decides a variant's output, the model's own first."""
    further = config.variants[variant].further_packages
    return dict.fromkeys((config.package, *config.further_packages, *further))


def install_hint(config: ModelConfig) -> str:
    """How the packages of a model are installed."""
    if config.environment == "own":
        return environments.install_hint(config)
    target = f"'.[{config.extra}]'" if config.extra else "."
    return f"Install it with: {config.install or f'pip install -e {target}'}"


@cache
def installed_version(package: str) -> str:
    """Version of an installed distribution, as it was when this process first asked: what it has imported stays.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    return version_of(importlib.metadata.distribution(package))


def _version(config: ModelConfig, package: str, environment: Environment | None) -> str:
    try:
        return installed_version(package) if environment is None else environment.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        where = "" if environment is None else " in its environment"
        raise PackageMissing(
            f"model {config.id} needs the package {package}, which is not installed{where}", hint=install_hint(config)
        ) from error
