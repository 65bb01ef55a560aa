"""How a lab and a server of models meet: what each says first, before any model is called.

The server greets; the lab says which model it wants; the server says what that is there, or why not; the lab opens it
and calls it. A connection is for one model. The token itself never goes over it: the lab proves that it has it.
"""

import hashlib
import hmac
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from modellab.artifacts.fingerprint import ModelIdentity
from modellab.errors import ServerRefused
from modellab.files import canonical_json
from modellab.registry.hosts.codec import CodecError, allow, fields_by_kind
from modellab.registry.loaded import ExecutionFacts
from modellab.registry.machine import Machine

_VERSION = 2
"""Raised when messages come in another order, or mean something else. Their fields are in `protocol` anyway."""

for _kind in (ModelIdentity, Machine):
    allow(_kind)


@allow
@dataclass(frozen=True, slots=True)
class Greeting:
    """From the server, first of all. It stays as it is in every version: it is what versions are compared by."""

    protocol: str
    challenge: str
    """Random text, of which the lab proves that it knows the token."""


@allow
@dataclass(frozen=True, slots=True)
class Hello:
    """To the server: which model."""

    protocol: str
    model: str
    """`id:variant`."""
    proof: str
    """As `proof` gives it; empty for a lab that has no token."""


@allow
@dataclass(frozen=True, slots=True)
class Served:
    """From the server: what the model is there, so that its results are named as if it ran in the lab."""

    identity: ModelIdentity
    """As its first surface is used."""
    rates_hz: dict[str, int | None]
    """Surface -> rate of the audio that it takes; None for texts."""
    facts: ExecutionFacts
    machine: Machine
    """The server's, as far as numbers depend on it."""
    weights: str
    """Where its weights lie there, in words."""

    def identity_for(self, surface: str | None) -> ModelIdentity:
        """Its identity as a surface is used; None for the first.

        Raises:
            ServerRefused: it has not that surface there.
        """
        if surface is None:
            return self.identity
        if surface not in self.rates_hz:
            raise ServerRefused(
                f"model {self.identity.id} has not the surface {surface!r} on its server",
                allowed=", ".join(self.rates_hz),
                hint="Install the same version on both machines.",
            )
        return replace(self.identity, sample_rate_hz=self.rates_hz[surface])


@allow
@dataclass(frozen=True, slots=True)
class Open:
    """To the server: load the model, if it is not in memory, and take calls."""

    surfaces: tuple[str, ...]
    """Those that the lab knows it by."""


@allow
@dataclass(frozen=True, slots=True)
class Opened:
    """From the server: it takes calls of the model."""

    values: dict[str, Any]
    """Of its contracts' properties, by name."""
    warm: bool
    """Whether it was called before since it was loaded there."""


def protocol() -> str:
    """What both ends must say alike: the version, and a digest over every kind of message and its fields."""
    digest = hashlib.sha256(canonical_json(fields_by_kind()).encode()).hexdigest()
    return f"{_VERSION}-{digest[:12]}"


def proof(token: str, challenge: str) -> str:
    """What only those can say who know the token (64 hex digits)."""
    return hmac.new(token.encode(), challenge.encode(), hashlib.sha256).hexdigest()


def proves(given: str, token: str, challenge: str) -> bool:
    """Whether a proof is right; takes as long for every wrong one."""
    return hmac.compare_digest(given.encode(), proof(token, challenge).encode())


_SERVED = TypeAdapter(Served)


def checked(served: Served) -> Served:
    """What a server said of a model, with every value of the type that it must have.

    Raises:
        CodecError: one is not; names it.
    """
    try:
        return _SERVED.validate_python(asdict(served), strict=False)
    except ValidationError as error:
        found = error.errors()[0]
        raise CodecError(
            "what a server says of a model can't be read",
            found=f"{'.'.join(map(str, found['loc']))}: {found['msg']}",
        ) from error
