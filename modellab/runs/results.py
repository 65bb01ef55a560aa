"""What a run's steps gave, asked for by kind."""

from collections.abc import Callable, Sequence

from modellab.artifacts.store import Artifact
from modellab.pipeline.record import StepRecord
from modellab.steps.catalogue import steps_by_name
from modellab.steps.definition import Kind

Results = Callable[[Kind], Artifact | None]
"""Kind -> the result of the last step of the pipeline that gives it and has one."""


def results_of(records: Sequence[StepRecord], find: Callable[[str], Artifact | None]) -> Results:
    """The results of a run.

    Args:
        records: of its steps; those of earlier versions, which do not know their place, in the pipeline's order.
        find: gives the run's result of a step by name, or None.
    """
    in_order = sorted(enumerate(records), key=lambda one: one[0] if one[1].place is None else one[1].place)

    def result(kind: Kind) -> Artifact | None:
        names = (record.step for _, record in reversed(in_order) if kind in _gives(record.step))
        return next((found for name in names if (found := find(name))), None)

    return result


def _gives(step: str) -> tuple[Kind, ...]:
    """What a step gives; nothing, of one that this version lacks."""
    definition = steps_by_name().get(step)
    return definition.gives if definition else ()
