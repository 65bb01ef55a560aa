"""How much worse figures may get, and what is watched: `regression.yaml` in the lab's home."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from modellab.errors import UsageError
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.use_cases import metrics
from modellab.forms import read_form
from modellab.names import unknown_name
from modellab.settings import Lab

_BY_UNIT: Mapping[str, float] = {"ratio": 0.01, "dB": 0.3, "MOS": 0.1}
"""Absolute: a point of a percentage, what nobody hears."""
_OTHERWISE = 0.05
"""In parts of the baseline's figure, for units that have no line of their own."""

_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(_Strict):
    """Systems that are watched on a dataset."""

    dataset: str = Field(min_length=1)
    systems: list[str] = Field(min_length=1)


class Regression(_Strict):
    """What is watched, and what counts as worse."""

    plan: list[Target] = Field(
        default_factory=list,
        description="left out: each production and candidate model on the golden and smoke sets of its surfaces",
    )
    tolerances: dict[str, _Amount] = Field(
        default_factory=dict, description="metric -> by how much it may get worse, in its unit"
    )
    speed: _Amount = Field(0.25, description="by which part inference may get slower")

    @field_validator("tolerances")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        for name in value:
            if name not in (known := metrics()):
                raise ValueError(str(unknown_name("metric", name, known)))
        return value

    def tolerance(self, measure: Measure, baseline: float) -> float:
        """By how much a figure may be worse than the baseline's, in its unit."""
        if measure.metric in self.tolerances:
            return self.tolerances[measure.metric]
        return _BY_UNIT.get(measure.unit, abs(baseline) * _OTHERWISE)


def regression_settings(lab: Lab) -> Regression:
    """What the lab's `regression.yaml` says; the defaults where there is none.

    Raises:
        UsageError: it can't be read, or is not valid. Names every problem.
    """
    path = lab.regression
    if not path.exists():
        return Regression()
    return read_form(path, Regression, UsageError, "is not valid", "docs/regression.md")
