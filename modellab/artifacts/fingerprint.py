"""The one function that says whether two results are the same result."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modellab.errors import in_short
from modellab.files import canonical_json

ABSENT = "absent: "
"""Begins what stands in place of a fingerprint for an optional result that was to be there: why it is not."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What of a model decides its output."""

    id: str
    variant: str
    weights_sha256: str
    """SHA-256 over the weight files' digests; of the adapter's parameters for a model without weights."""
    runtime: str
    runtime_version: str
    device: str
    """Kind of device (cpu, cuda, mps), not which one."""
    compute_type: str


@dataclass(frozen=True, slots=True)
class StepIdentity:
    """Everything a step's result depends on. Known before the step runs, and kept in its artifact's manifest."""

    step: str
    code_version: str
    parameters: Mapping[str, Any]
    model: ModelIdentity | None
    reads: Mapping[str, str | None]
    """Role -> fingerprint of the artifact read. For an optional role None where the pipeline has no step for it,
    `ABSENT` and the reason where the step has no result. `input`: the input's SHA-256. Where a role fell back,
    `role:step` for each better step without a result: `ABSENT` and the reason. `names`: the names that people gave the
    speakers, as canonical JSON; left out where there are none. `timezone`: the lab's time zone, where its days
    decide the result."""


def fingerprint(identity: StepIdentity) -> str:
    """SHA-256 (64 hex digits) of the canonical JSON of a step's identity.

    The same function serves before a run and from a manifest's record: JSON turns tuples into lists and keeps
    everything else, so both give the same text.
    """
    return hashlib.sha256(canonical_json(asdict(identity)).encode()).hexdigest()


def why_absent(error_type: str, error: str) -> str:
    """Why a step that failed has no result, as identities keep it."""
    return f"{error_type}: {error}"


def told_to_others(absent: str) -> str:
    """What of an absent read (a value of `StepIdentity.reads` that begins with `ABSENT`) is for those who get a pack.

    The lab's own identities and records hold the error's words. These quote servers and name places of the machine.
    """
    kind, separator, _ = absent.removeprefix(ABSENT).partition(": ")
    return f"{in_short(kind)}." if separator else kind
