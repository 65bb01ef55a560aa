"""Which steps give what another reads."""

from collections.abc import Sequence

from modellab.steps.definition import Kind, StepDefinition


def latest_first(kind: Kind, steps: Sequence[StepDefinition]) -> list[StepDefinition]:
    """Those of some steps that give a kind, the last one first.

    Args:
        steps: in the order of their pipeline.
    """
    return [step for step in reversed(steps) if kind in step.gives]
