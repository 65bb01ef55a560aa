"""What a lab holds of its models: production, candidate or experimental, as somebody decided there.

A model's `config.yaml` has the status that whoever added it gave. A lab may see it otherwise: that is a decision, kept
with who took it, when and why, and the last one about a model counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from modellab.errors import ArtifactCorrupt, UsageError
from modellab.names import one_of
from modellab.registry.config import ModelConfig, Status
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.warehouse.records import Record, RecordStore

EVENT = "status"
_KIND = "model"


@dataclass(frozen=True, slots=True)
class StatusDecision:
    """What somebody decided about a model."""

    model: str
    status: Status
    before: Status
    """What it was until then in this lab."""
    reason: str
    decided_by: str | None
    at: str
    """ISO 8601, UTC."""


def decide(lab: Lab, registry: ModelRegistry, model: str, status: str, reason: str) -> StatusDecision:
    """Give a model a status in this lab, and keep why; its `config.yaml` stays as it is.

    Raises:
        UnknownName: there is no such model, or no such status.
        ModelConfigError: the model's config is not valid.
        UsageError: no reason is given, a variant is named, or it has that status already.
    """
    if not reason.strip():
        raise UsageError("a status needs a reason", hint="Say why: --reason TEXT.")
    if ":" in model:
        raise UsageError(f"a status is a model's, and {model} is a variant", hint=f"Name {model.partition(':')[0]}.")
    # Whoever only asks what was decided needs none of the steps, which this imports.
    from modellab.warehouse.recorder import Recorder

    config, _ = registry.resolve(model)
    wanted: Status = next(one for one in get_args(Status) if one == one_of("status", status, get_args(Status)))
    before = status_of(config, decisions(lab))
    if before == wanted:
        raise UsageError(f"{config.id} is {wanted} already", hint=f"Look: modellab models show {config.id}.")
    Recorder(lab).lifecycle_event(
        {
            "event": EVENT,
            "subject_kind": _KIND,
            "subject": config.id,
            "reason": reason,
            "evidence": {"status": wanted, "before": before},
        }
    )
    return decisions(lab)[config.id]


def decisions(lab: Lab) -> Mapping[str, StatusDecision]:
    """Model -> the decision that counts now; none where nobody took one."""
    found: dict[str, tuple[int, StatusDecision]] = {}
    for path in (lab.records / "lifecycle_events").glob("*/*.json"):
        try:
            record = RecordStore.read(path)
        except ArtifactCorrupt:
            continue  # the builder names it
        one = _decision(record)
        if one is not None and found.get(one.model, (-1, one))[0] < (record.sequence or 0):
            found[one.model] = record.sequence or 0, one
    return {model: one for model, (_, one) in sorted(found.items())}


def status_of(config: ModelConfig, decided: Mapping[str, StatusDecision]) -> Status:
    """What a model is in this lab: as it was decided here, or else as its config has it."""
    return decided[config.id].status if config.id in decided else config.status


def _decision(record: Record) -> StatusDecision | None:
    content = record.content
    if content.get("subject_kind") != _KIND or content.get("event") != EVENT:
        return None
    told = content["evidence"]
    decided_by, at = content.get("decided_by"), str(content["occurred_at"])
    return StatusDecision(content["subject"], told["status"], told["before"], content["reason"], decided_by, at)
