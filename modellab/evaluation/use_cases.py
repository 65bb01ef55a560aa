"""What models are wanted for: use cases, YAML that comes with Model Lab or lies in the lab's home, and reading them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from modellab.errors import UseCaseError
from modellab.forms import read_form
from modellab.metrics.suites import SUITES, suite
from modellab.names import unknown_name
from modellab.registry.config import Device
from modellab.settings import PROJECT_ROOT, Lab
from modellab.surfaces.names import SURFACES

SHIPPED = PROJECT_ROOT / "use-cases"
SPEED = "speed"
"""The one thing to go by that is no metric: seconds of sound for each second of all steps' inference."""

_Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_WHOLE = 1e-6
"""By how much weights may miss 1 as sums of decimals do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Constraints(_Strict):
    """What a candidate must be. Left out: it may be anything."""

    devices: list[Device] = Field(default_factory=list, description="kinds of device that all of it runs on")
    min_speed: _Positive | None = Field(None, description="times real time, of all steps' inference together")
    languages: list[str] = Field(default_factory=list, description="ISO 639-1 codes that its models must understand")
    licences: list[str] = Field(default_factory=list, description="licences that its models may have")
    services: bool = Field(False, description="whether recordings may be sent to services elsewhere")
    max_memory_mib: _Positive | None = Field(None, description="highest resident memory of the process, MiB")


class Criterion(_Strict):
    """One figure that counts: what it is, on which recordings, how much, and what it is worth."""

    metric: str = Field(description="name of a metric, or `speed`")
    dataset: str = Field(description="id of the dataset whose cases are evidence")
    where: dict[str, str] = Field(default_factory=dict, description="slices: only cases with these tags")
    step: str | None = Field(None, description="whose results; None: of the steps with that metric, the most measured")
    weight: _Positive
    best: _Number = Field(description="the figure from which on it can be no better: it is worth all of the weight")
    worst: _Number = Field(description="the figure from which on it is worth nothing")
    scale: Literal["linear", "log"] = Field("linear", description="between these; log: by ratios, as with speed")

    @model_validator(mode="after")
    def _makes_sense(self) -> "Criterion":
        if self.best == self.worst:
            raise ValueError("best and worst are the same figure: nothing lies between them")
        if self.scale == "log" and min(self.best, self.worst) <= 0:
            raise ValueError("on a scale of ratios best and worst are above 0")
        if self.metric != SPEED and self.metric not in (known := metrics()):
            raise ValueError(str(unknown_name("metric", self.metric, [SPEED, *known])))
        if self.metric in of_corpus():
            raise ValueError(
                f"{self.metric} is of a whole corpus: no recording has a part of it, so systems can't be ranked by it"
            )
        if self.metric == SPEED and self.best < self.worst:
            raise ValueError("of speed more is better: best is above worst")
        return self

    def worth(self, figure: float) -> float:
        """What a figure is worth, from 0 (`worst`) to 1 (`best`); beyond them as at them."""
        best, worst = self.best, self.worst
        if self.scale == "log":
            if figure <= 0:
                return 0.0 if worst < best else 1.0
            figure, best, worst = math.log(figure), math.log(best), math.log(worst)
        return min(1.0, max(0.0, (figure - worst) / (best - worst)))

    @property
    def name(self) -> str:
        """In a few words: `wer of asr_golden_v1 where channel=telephone`."""
        return f"{self.metric} of {self.dataset}" + (f" where {self.slice}" if self.where else "")

    @property
    def slice(self) -> str:
        """Tags of the cases that count: `channel=telephone`; empty where all do."""
        return ", ".join(f"{tag}={value}" for tag, value in sorted(self.where.items()))


class UseCase(_Strict):
    """What somebody wants to do, and what counts then."""

    id: _Id
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    surfaces: list[str] = Field(min_length=1, description="what a candidate must offer, with steps for all of them")
    constraints: Constraints = Field(default_factory=Constraints)
    score: list[Criterion] = Field(min_length=1, description="what the score is made of; weights add up to 1")
    margin: float = Field(
        0.02, ge=0, le=1, description="a system is promoted whose score may be so much lower than the present one's"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "UseCase":
        if unknown := sorted(set(self.surfaces) - set(SURFACES)):
            raise ValueError(f"unknown surfaces {unknown}; allowed: {', '.join(SURFACES)}")
        if abs(sum(one.weight for one in self.score) - 1) > _WHOLE:
            raise ValueError(f"weights add up to {sum(one.weight for one in self.score):g}, and should to 1")
        names = [one.name for one in self.score]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} is there twice")
        if all(one.metric == SPEED for one in self.score):
            raise ValueError("speed alone says nothing about what it is for: name a metric as well")
        if self.constraints.min_speed is not None and all(one.metric != SPEED for one in self.score):
            raise ValueError("min_speed asks for speed, and nothing in score says on which dataset it is measured")
        return self

    @property
    def datasets(self) -> list[str]:
        """Ids of the datasets that count as evidence, in the order in which they are named."""
        return list(dict.fromkeys(one.dataset for one in self.score))


def of_corpus() -> list[str]:
    """Names of the metrics that only a whole corpus has."""
    return sorted({name for one in SUITES for name in getattr(suite(one), "OF_CORPUS", ())})


def metrics() -> list[str]:
    """Names of all metrics that there are."""
    return sorted({name for one in SUITES for name in suite(one).METRICS})


def read_use_case(path: Path) -> UseCase:
    """A use case from its file, `<id>.yaml`.

    Raises:
        UseCaseError: not readable, not YAML, not valid, or its id is not the file's name. Names every problem.
    """
    found = read_form(path, UseCase, UseCaseError, "is not a valid use case", "docs/use-cases.md")
    if found.id != path.stem:
        raise UseCaseError(f"{path} names another use case than its name", found=found.id, allowed=path.stem)
    return found


@dataclass(frozen=True, slots=True)
class BrokenUseCase:
    """A file that is no use case, or whose id is taken."""

    file: Path
    error: UseCaseError


class UseCases:
    """Those of a lab. One that is broken stands in nobody's way: only who asks for it gets its error."""

    def __init__(self, lab: Lab, shipped: Path = SHIPPED) -> None:
        self._roots = (shipped, lab.use_cases)

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """Id -> its files, the one that counts first: what is shipped comes before one's own."""
        files: dict[str, list[Path]] = {}
        for root in self._roots:
            for path in sorted(root.glob("*.yaml")):
                files.setdefault(path.stem, []).append(path)
        return dict(sorted(files.items()))

    def get(self, use_case: str) -> UseCase:
        """The use case of an id.

        Raises:
            UnknownName: there is none; names the nearest.
            UseCaseError: its file can't be read or is not valid.
        """
        return read_use_case(self.file(use_case))

    def file(self, use_case: str) -> Path:
        """Where it lies.

        Raises:
            UnknownName: there is none; names the nearest.
        """
        if use_case not in self._files:
            raise unknown_name("use case", use_case, self._files)
        return self._files[use_case][0]

    def all(self) -> Iterator[UseCase]:
        """All but the broken ones, in order of their ids."""
        for use_case in self._files:
            try:
                yield self.get(use_case)
            except UseCaseError:
                continue  # `broken` names it

    def broken(self) -> list[BrokenUseCase]:
        """Every file that can't be used, and why."""
        found = []
        for use_case, (first, *others) in self._files.items():
            try:
                read_use_case(first)
            except UseCaseError as error:
                found.append(BrokenUseCase(first, error))
            taken = f"the use case id {use_case!r} is taken"
            found += (
                BrokenUseCase(path, UseCaseError(taken, found=f"{path} beside {first}", hint="Give yours another id."))
                for path in others
            )
        return found
