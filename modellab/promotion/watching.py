"""What the regression gate watches since it is in use: promoted systems, on the datasets that they were promoted on."""

from modellab.promotion.ledger import promoted
from modellab.regression.tolerances import Target
from modellab.settings import Lab


def watched(lab: Lab) -> list[Target]:
    """Each promoted system on each dataset that its promotion rests on; in order of use case."""
    targets: dict[str, dict[str, None]] = {}
    for one in promoted(lab).values():
        for dataset in one.evidence.get("datasets", ()):
            targets.setdefault(dataset, {})[one.system] = None
    return [Target(dataset=name, systems=list(systems)) for name, systems in targets.items()]


def with_watched(plan: list[Target], more: list[Target]) -> list[Target]:
    """A plan and what is watched besides: each dataset once, each of its systems once."""
    merged: dict[str, dict[str, None]] = {}
    for target in (*plan, *more):
        merged.setdefault(target.dataset, {}).update(dict.fromkeys(target.systems))
    return [Target(dataset=name, systems=list(systems)) for name, systems in merged.items()]
