"""Promoting a system for a use case, and taking that back: each an event with who, when, why, and what it rests on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.datasets.catalogue import Catalogue
from modellab.errors import PromotionRefused, UsageError
from modellab.evaluation.contenders import bench_commands, field_of, surfaces_of
from modellab.evaluation.use_cases import UseCase, UseCases
from modellab.names import one_of
from modellab.pipeline.readiness import readiness
from modellab.pipeline.system import System, resolve_system
from modellab.promotion.evidence_document import evidence_document
from modellab.promotion.hearing import Hearing, hear
from modellab.promotion.ledger import DEMOTED, PROMOTED, Decision, decision, standing_for
from modellab.promotion.resting import Grounds, grounds
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.regression.tolerances import regression_settings
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion that was made, and what was weighed."""

    decision: Decision
    hearing: Hearing
    grounds: Grounds


def weigh(lab: Lab, system: str, use_case: str) -> Hearing:
    """What speaks for and against promoting a system; decides nothing.

    Raises:
        UnknownName: no such use case, system or dataset.
        UsageError: the system does not do what the use case asks for.
    """
    case, registry = UseCases(lab).get(use_case), ModelRegistry()
    asked = resolve_system(system, registry, lab)
    if lacking := sorted(set(case.surfaces) - surfaces_of(asked)):
        raise UsageError(
            f"{asked.key} can't serve {case.id}: it has no step for {', '.join(lacking)}",
            allowed=f"systems with steps for {', '.join(case.surfaces)}: modellab candidates {case.id}",
        )
    standing = standing_for(lab, case.id)
    settings = regression_settings(lab)
    return hear(
        field_of(lab, case, registry),
        asked.key,
        standing[-1].system if standing else None,
        tolerance=settings.tolerance,
        missing=_missing(lab, asked, registry),
    )


def promote(lab: Lab, system: str, use_case: str, *, reason: str | None = None, override: bool = False) -> Promoted:
    """Let a system be the one in use for a use case, if the evidence allows it.

    Args:
        reason: why; left out, what the evidence came to.
        override: promote it whatever the evidence says; needs a reason.

    Raises:
        PromotionRefused: the evidence does not allow it; names every objection, and what would get more evidence.
        UsageError: an override without a reason, or a system that does not do what the use case asks for.
        UnknownName: no such use case, system or dataset.
    """
    said = (reason or "").strip()
    if override and not said:
        raise UsageError("an override is given for a reason", found="none", hint='Write it: --reason "..."')
    build(lab)
    found = weigh(lab, system, use_case)
    case = found.field.use_case
    if found.objections and not override:
        raise PromotionRefused(
            f"{found.system} is not promoted for {case.id}",
            found=found.objections,
            hint=[*_ways(found), 'Or take it on you: --override --reason "..."'],
        )
    rests = _grounds(lab, case, found)
    content = {
        "event": PROMOTED,
        "subject_kind": "system",
        "subject": found.system,
        "use_case": case.id,
        "system_before": found.current,
        "system_after": found.system,
        "reason": said or found.said,
        "evidence": evidence_document(found, rests),
    }
    return Promoted(_recorded(lab, content), found, rests)


def demote(lab: Lab, use_case: str, reason: str, *, entirely: bool = False) -> Decision:
    """Take the present promotion for a use case back: what was promoted before it is in use again.

    Args:
        entirely: nothing is promoted afterwards.

    Raises:
        UsageError: nothing is promoted, no reason is given, or what was promoted before can't be made any more.
        UnknownName: no such use case.
    """
    if not reason.strip():
        raise UsageError("a promotion is taken back for a reason", found="none", hint='Write it: --reason "..."')
    build(lab)
    standing = standing_for(lab, use_case)
    if not standing:
        raise UsageError(
            f"nothing is promoted for {one_of('use case', use_case, [one.id for one in UseCases(lab).all()])}",
            hint=f"modellab recommend {use_case} says what could be.",
        )
    before = None if entirely or len(standing) == 1 else standing[-2].system
    if before is not None:
        resolve_system(before, ModelRegistry(), lab)
    content = {
        "event": DEMOTED,
        "subject_kind": "system",
        "subject": standing[-1].system,
        "use_case": use_case,
        "system_before": standing[-1].system,
        "system_after": before,
        "reason": reason.strip(),
        "evidence": {"of_promotion": standing[-1].id, **({"back_to": standing[-2].id} if before else {})},
    }
    return _recorded(lab, content)


def commands(found: Hearing) -> list[str]:
    """What would get the evidence that is missing, on this machine."""
    systems = [found.system, *([found.current] if found.current and found.current != found.system else [])]
    lacking = [one for one in found.field.of("lacks evidence") if one.system in systems]
    told = bench_commands(found.field.use_case, lacking)
    if found.candidate is None:
        told += [f"modellab bench --dataset {name} --models {found.system}" for name in found.field.use_case.datasets]
    return list(dict.fromkeys(told))


def _ways(found: Hearing) -> Iterator[str]:
    """What would make the evidence surer."""
    yield from (f"Measure: {one}" for one in commands(found))
    if found.more_cases:
        yield f"Some {found.more_cases} more recordings like these in the dataset might tell."


def _missing(lab: Lab, system: System, registry: ModelRegistry) -> str | None:
    with Models(lab, registry) as models:
        told = [f"{step}: {one.missing}" for step, one in readiness(system, models).items() if one.missing]
    return "; ".join(told) or None


def _grounds(lab: Lab, case: UseCase, found: Hearing) -> Grounds:
    catalogue = Catalogue(lab)
    versions = {name: catalogue.get(name).manifest.version for name in case.datasets}
    systems: Sequence[str] = [found.system, *([found.rival.system] if found.rival else [])]
    return grounds(lab, versions, systems)


def _recorded(lab: Lab, content: dict[str, Any]) -> Decision:
    name = Recorder(lab).lifecycle_event(content)
    build(lab)
    return decision(lab, name)
