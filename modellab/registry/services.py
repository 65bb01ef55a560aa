"""Models that are services: where they are reached, whether they may be, and with which key and price."""

from pydantic import SecretStr

from modellab.errors import KeyMissing, LabError, ServiceOffline, UsageError
from modellab.registry.config import MODEL, ModelConfig, ModelRef, Service
from modellab.services.access import ServiceAccess, stays_here
from modellab.services.http import Patience, plain_address
from modellab.services.prices import read_prices
from modellab.settings import Lab
from modellab.variables import find_secret, find_variable

_ATTEMPTS = 4


def address_of(service: Service) -> str:
    """Where a service is reached: its own address, or the one that its variable names.

    Raises:
        UsageError: that is none.
    """
    other = find_variable(service.url_variable)
    if other is None:
        return service.url
    try:
        return plain_address(other, service.key_variable).rstrip("/")
    except ValueError as error:
        raise UsageError(f"{service.url_variable} is not an address: {error}") from error


def model_of(config: ModelConfig, ref: ModelRef, service: Service) -> str:
    """What the service calls a variant.

    Raises:
        UsageError: a variable is to say it, and is not set.
    """
    if own := config.variants[ref.variant].parameters.get(MODEL):
        return str(own)
    assert service.model_variable is not None
    if named := find_variable(service.model_variable):
        return named
    raise UsageError(
        f"model {ref} needs the name of the model at {address_of(service)}",
        hint=f"Set {service.model_variable} in the environment or in .env.",
    )


def service_identity(config: ModelConfig, ref: ModelRef) -> str | None:
    """What of a service decides its answers, as far as it can be known; None of a model that is none.

    Raises:
        UsageError: as `address_of` and `model_of`.
    """
    if config.service is None:
        return None
    return f"{address_of(config.service)} {model_of(config, ref, config.service)}"


def access_to(lab: Lab, config: ModelConfig, ref: ModelRef, service: Service) -> ServiceAccess:
    """What it takes to reach a service. Asks it nothing.

    Raises:
        ServiceOffline: the lab is to stay offline, and the service is not on this machine.
        KeyMissing: its key is not set.
        UsageError: as `address_of` and `model_of`.
        PricesError: the lab's prices can't be read.
    """
    url, model = address_of(service), model_of(config, ref, service)
    if (setting := lab.settings.offline_by) and not stays_here(url):
        raise ServiceOffline(
            f"model {ref} is a service at {url}, and {setting} is set: it is not called",
            hint=f"Unset {setting}, or take a model that runs here.",
        )
    elsewhere = service.key_elsewhere if url != service.url else None
    variable = elsewhere or service.key_variable
    key = find_secret(variable)
    if key is None and elsewhere is None:
        raise KeyMissing(
            f"model {ref} is a service at {url}, and its key is not set",
            hint=f"Set {variable} in the environment or in .env. {leaving(service, url)}",
        )
    return ServiceAccess(
        model_ref=str(ref),
        url=url,
        model=model,
        key_variable=variable,
        key=SecretStr(key) if key else None,
        patience=Patience(lab.settings.service_timeout_s, _ATTEMPTS, silence_passes=False),
        price=read_prices(lab.prices).get(str(ref)),
    )


def leaving(service: Service, url: str) -> str:
    """What of a recording leaves this machine, in a sentence."""
    return f"It is sent {service.sends}: {'nothing' if stays_here(url) else 'audio'} leaves this machine."


def missing_in_short(error: LabError, config: ModelConfig) -> str | None:
    """What keeps a service from being used, in a few words for a table; None where it is something else."""
    if isinstance(error, KeyMissing) and config.service is not None:
        return f"key missing: set {config.service.key_variable}"
    return "offline" if isinstance(error, ServiceOffline) else None
