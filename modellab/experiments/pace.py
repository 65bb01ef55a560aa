"""How long what is still to be done will take: what each step took on this machine before, and what it takes now.

Steps without a model count for nothing: they are done beside the models' work. The size of a recording is its length in
seconds; a text's size is 1.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.events import Event, StepEnded
from modellab.pipeline.record import StepRecord
from modellab.pipeline.system import System
from modellab.registry.machine import this_machine
from modellab.settings import Lab
from modellab.warehouse.query import query

_TAKEN = """
SELECT
    steps.system, steps.step, steps.model, sum(steps.inference_s + steps.other_s) AS seconds,
    sum(CASE inputs.kind WHEN 'text' THEN 1 ELSE inputs.duration_s END) AS size
FROM counted_steps AS steps JOIN inputs USING (input)
WHERE steps.status = 'completed' AND NOT steps.cached AND steps.machine = $machine
    AND list_contains($models, steps.model)
GROUP BY ALL HAVING size > 0
"""
_THERE = """
SELECT DISTINCT counted_steps.system, counted_steps.step, counted_steps.input
FROM counted_steps ANTI JOIN pruned USING (fingerprint)
WHERE status = 'completed' AND list_contains($systems, system) AND model IS NOT NULL
"""


def size_of(source: RegisteredInput) -> float:
    """How much of it there is to work on."""
    return source.duration_s if source.kind == "media" else 1.0


@dataclass(slots=True)
class _Taken:
    seconds: float = 0.0
    size: float = 0.0

    @property
    def rate(self) -> float | None:
        return self.seconds / self.size if self.size else None

    def add(self, seconds: float, size: float) -> None:
        self.seconds += seconds
        self.size += size


class Pace:
    """What a sweep's systems take on its inputs; an observer of events.

    Args:
        systems: of the sweep; their keys tell them apart.
        inputs: each once.
    """

    def __init__(self, lab: Lab, systems: Sequence[System], inputs: Sequence[RegisteredInput]) -> None:
        self._models = {(one.key, step.name): str(step.model) for one in systems for step in one.steps if step.model}
        self._steps = {one.key: [step.name for step in one.steps if step.model] for one in systems}
        self._sizes = {source.key: size_of(source) for source in inputs}
        self._own: defaultdict[tuple[str, str], _Taken] = defaultdict(_Taken)
        """System and step -> what it took before."""
        self._alike: defaultdict[tuple[str, str], _Taken] = defaultdict(_Taken)
        """Step and model -> what it took so far, under any system."""
        self._now: defaultdict[tuple[str, str], _Taken] = defaultdict(_Taken)
        """System and step -> what it takes in this sweep."""
        self._open: dict[tuple[str, str], dict[str, float]] = {pair: dict(self._sizes) for pair in self._models}
        """System and step -> sizes of the inputs that it has still to do."""
        self._read(lab)

    def _read(self, lab: Lab) -> None:
        given = {"machine": this_machine().id, "models": sorted(set(self._models.values()))}
        for row in query(lab, _TAKEN, given).as_records():
            self._own[row["system"], row["step"]].add(row["seconds"], row["size"])
            self._alike[row["step"], row["model"]].add(row["seconds"], row["size"])
        for system, step, source in query(lab, _THERE, {"systems": list(self._steps)}).rows:
            self._open.get((str(system), str(step)), {}).pop(str(source), None)

    def observe(self, event: Event) -> None:
        """Take in what happens."""
        if isinstance(event, StepEnded):
            self.ended(event.record)

    def ended(self, record: StepRecord) -> None:
        """A step is over: it is not to be done any more, and what it took tells what others will take."""
        pair = record.system, record.step
        if pair not in self._models:
            return
        self._open[pair].pop(record.input, None)
        if record.status == "completed" and not record.cached and (size := self._sizes.get(record.input, 0.0)):
            self._now[pair].add(record.inference_s + record.other_s, size)
            self._alike[record.step, self._models[pair]].add(record.inference_s + record.other_s, size)

    def leave_out(self, system: str) -> None:
        """A system has nothing more to do."""
        for step in self._steps[system]:
            self._open[system, step].clear()

    def rate(self, system: str) -> float | None:
        """Seconds that a system takes for each unit of size; None where nothing is known of one of its steps."""
        rates = [self._rate(system, step) for step in self._steps[system]]
        known = [rate for rate in rates if rate is not None]
        return sum(known) if len(known) == len(rates) else None

    def _rate(self, system: str, step: str) -> float | None:
        now, own = self._now[system, step].rate, self._own[system, step].rate
        return next((rate for rate in (now, own) if rate is not None), self._alike_rate(system, step))

    def _alike_rate(self, system: str, step: str) -> float | None:
        return self._alike[step, self._models[system, step]].rate

    def seconds(self, system: str, inputs: Iterable[str]) -> float | None:
        """What a system will take for some inputs, less what is there already; None where nothing is known."""
        inputs, total = list(inputs), 0.0
        for step in self._steps[system]:
            left = self._open[system, step]
            size = sum(left.get(key, 0.0) for key in inputs)
            rate = self._rate(system, step)
            if size and rate is None:
                return None
            total += size * (rate or 0.0)
        return total

    def forget_what_is_there(self, system: str, inputs: Iterable[str]) -> None:
        """Results that were thought to be there are of no use any more: what a system has to do on these inputs, it
        has to do."""
        for step in self._steps[system]:
            self._open[system, step].update({key: self._sizes[key] for key in inputs})

    @property
    def left_s(self) -> float | None:
        """What all that is open will take; None as long as nothing is known of some of it."""
        found = [self.seconds(system, self._sizes) for system in self._steps]
        known = [one for one in found if one is not None]
        return sum(known) if len(known) == len(found) else None
