"""The one function that says whether two results are the same result."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from pydantic import BaseModel

from modellab.errors import in_short
from modellab.files import canonical_json

SCHEME = 2
"""Version of what an identity says, and how. Raising it makes every result anew: raise it when an identity of before
could name another result now, not when it merely says more (what is None is not hashed)."""

ABSENT = "absent: "
"""Begins what stands in place of a fingerprint for an optional result that was to be there: why it is not."""


class _DecidesNothing:
    """Type of `DECIDES_NOTHING`."""


DECIDES_NOTHING: Final = _DecidesNothing()
"""Marks a parameter (`Annotated[float, DECIDES_NOTHING]`) that says how patiently an answer is asked for, not what is
asked: it is not hashed."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What of a model decides its output."""

    id: str
    variant: str
    weights_sha256: str | None
    """SHA-256 over the names and digests of all files of all its networks; None for a model without weights."""
    runtime: str
    runtime_version: str
    """Versions of the packages whose code runs, the model's own first, and of its adapter."""
    device: str
    """Kind of device (cpu, cuda, mps), not which one."""
    compute_type: str
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """The fixed values of its variant."""
    sample_rate_hz: int | None = None
    """Rate of the audio it is given."""
    batch_size: int | None = None
    """Pieces worked on at once, of a model that batches: sums come out otherwise in another batch."""
    service: str | None = None
    """Address and model, of one that is a service: the same variant may be another model at another address."""


@dataclass(frozen=True, slots=True)
class StepIdentity:
    """Everything a step's result depends on. Known before the step runs, and kept in its artifact's manifest."""

    step: str
    code_version: str
    parameters: Mapping[str, Any]
    """As `hashed_parameters` gives them; a helper model's identity stands for the parameter that names it."""
    model: ModelIdentity | None
    reads: Mapping[str, str | None]
    """Role -> fingerprint of the artifact read. For an optional role None where the pipeline has no step for it,
    and `absent` (below) where that step has no result. Where a role fell back, `role:step` for each better
    step without a result: `absent`. Of what is read from outside the pipeline, its value, such as the input's SHA-256
    under `input`; left out where it decides nothing."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Package -> version, of those that decide the result beside a model's."""
    helpers: Mapping[str, ModelIdentity] = field(default_factory=dict)
    """Role -> a model that the step uses beside the one of its slot."""
    scheme: int = SCHEME


def fingerprint(identity: StepIdentity) -> str:
    """SHA-256 (64 hex digits) of the canonical JSON of a step's identity, without what is None.

    The same function serves before a run and from a manifest's record (`identity_of`): JSON turns tuples into lists and
    keeps everything else, so both give the same text.
    """
    return hashlib.sha256(canonical_json(_told(identity)).encode()).hexdigest()


def identity_of(record: Mapping[str, Any]) -> StepIdentity:
    """A step's identity from its manifest's record.

    Raises:
        TypeError: it is of another scheme, and has other fields.
    """
    models = {role: ModelIdentity(**helper) for role, helper in record["helpers"].items()}
    model = ModelIdentity(**record["model"]) if record["model"] else None
    return StepIdentity(**{**record, "model": model, "helpers": models})


def hashed_parameters(parameters: BaseModel, without: Iterable[str] = ()) -> dict[str, Any]:
    """What of a step's parameters belongs to its identity, as JSON has it.

    Left out are those that are None, so that a new optional one renames no result, and those that decide nothing.

    Args:
        without: names of those that something else in the identity stands for.
    """
    unhashed = set(without) | {
        name for name, one in type(parameters).model_fields.items() if DECIDES_NOTHING in one.metadata
    }
    return parameters.model_dump(mode="json", exclude=unhashed, exclude_none=True)


def absent(step: str, why: str) -> str:
    """What stands in `StepIdentity.reads` for a step without a result.

    Args:
        why: type of its error, or a sentence where it has none. An error's own words are no part of an identity: they
            quote times, places and addresses, and the result would be another one each time.
    """
    return f"{ABSENT}{step}: {why}"


def told_to_others(read: str) -> str:
    """What of an absent read (a value of `StepIdentity.reads` that begins with `ABSENT`) others get to know."""
    why = read.removeprefix(ABSENT).partition(": ")[2]
    return why if why.endswith(".") else f"{in_short(why)}."


_FIELDS = {kind: tuple(one.name for one in fields(kind)) for kind in (StepIdentity, ModelIdentity)}
_PLAIN = frozenset({str, int, float, bool})


def _told(value: Any) -> Any:
    """As JSON has it, without what is None. Goes by exact types first, for it is asked for thousands of identities:
    `asdict` and telling mappings from lists take ten times as long."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _FIELDS:
        return {name: _told(one) for name in _FIELDS[kind] if (one := getattr(value, name)) is not None}
    if isinstance(value, Mapping):
        return {key: _told(one) for key, one in value.items() if one is not None}
    return [_told(one) for one in value] if isinstance(value, list | tuple) else value
