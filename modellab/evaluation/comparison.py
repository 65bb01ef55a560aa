"""What tells two systems apart: the steps in which they differ, and where one is ahead of the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.evaluation.documents import comparison_document
from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.evaluation.standing import Standing
from modellab.evaluation.wording import comparison_sentence
from modellab.settings import Lab
from modellab.statistics.cases import Amounts, PairedCase, pair
from modellab.statistics.comparing import Versus
from modellab.statistics.slices import SliceComparison, by_slice, worst_comparison
from modellab.warehouse.query import query

_STEPS = "SELECT step, model, code_version, parameters FROM system_steps WHERE system = ? ORDER BY position"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a system, as it was last run."""

    step: str
    model: str | None
    code_version: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepDifference:
    """One thing in which two systems differ."""

    step: str
    what: str
    """`step` (only one of them has it), `model`, `code_version`, or the name of a parameter."""
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two systems by one measure, over all cases that both were put to and slice by slice."""

    measure: Measure
    versus: Versus
    slices: tuple[SliceComparison, ...]
    worst: SliceComparison | None
    """The slice on which a does worst against b."""

    @property
    def sentence(self) -> str:
        """Who is better by how much, and how sure that is."""
        return comparison_sentence(self.versus, self.measure)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        whole = {"metric": self.measure.metric, "protocol": self.measure.protocol, "sentence": self.sentence}
        return {
            **whole,
            **comparison_document(self.versus),
            "slices": [self._slice(one) for one in self.slices],
            "worst_slice": None if self.worst is None else self._slice(self.worst),
        }

    def _slice(self, one: SliceComparison) -> dict[str, Any]:
        versus = Versus(self.versus.a, self.versus.b, one.comparison)
        return {"tag": one.tag, "value": one.value, **comparison_document(versus)}


@dataclass(frozen=True, slots=True)
class CasePair:
    """Two systems on one case, by one measure."""

    case_id: str
    input: str
    a: Amounts | None
    """None: it failed there, or could not be judged."""
    b: Amounts | None
    fingerprints: tuple[str | None, str | None]

    @property
    def apart(self) -> tuple[float, float]:
        """How much it tells the two apart: a failure more than any figure, then by how much their numerators differ;
        where they are equal, by the larger one."""
        if self.a is None or self.b is None:
            return (float("inf") if (self.a is None) != (self.b is None) else 0.0), 0.0
        return abs(self.a.numerator - self.b.numerator), max(self.a.numerator, self.b.numerator)


def stored_steps(lab: Lab, system: str) -> list[Step]:
    """The steps of a system as it was last run; none where it never was."""
    return [Step(**row) for row in query(lab, _STEPS, [system]).as_records()]


def differing(a: Sequence[Step], b: Sequence[Step]) -> list[StepDifference]:
    """All in which two systems differ, in the order of their steps."""
    of_a, of_b = ({one.step: one for one in steps} for steps in (a, b))
    found = []
    for name in dict.fromkeys([*of_a, *of_b]):
        one, other = of_a.get(name), of_b.get(name)
        if one is None or other is None:
            found.append(StepDifference(name, "step", one is not None, other is not None))
            continue
        pairs = {"model": (one.model, other.model), "code_version": (one.code_version, other.code_version)}
        names = dict.fromkeys([*one.parameters, *other.parameters])
        pairs |= {name: (one.parameters.get(name), other.parameters.get(name)) for name in names}
        found += [StepDifference(name, what, *values) for what, values in pairs.items() if values[0] != values[1]]
    return found


def verdicts(found: Outcomes, compared: Standing) -> list[Verdict]:
    """Each comparison of a standing with its slices, each family of slices corrected by itself."""
    given = []
    for measure, versus in compared.comparisons:
        systems = found.by_measure[measure]
        pairs = pair(systems[versus.a], systems[versus.b])
        slices = by_slice(pairs, better=measure.better, unit=measure.unit, bounds=measure.bounds)
        given.append(Verdict(measure, versus, tuple(slices), worst_comparison(slices)))
    return given


def paired_cases(found: Outcomes, verdict: Verdict) -> list[CasePair]:
    """The cases of a comparison, those that tell the systems apart most first."""
    measure, versus = verdict.measure, verdict.versus
    systems = found.by_measure[measure]
    listed = [_case(found, measure, versus, one) for one in pair(systems[versus.a], systems[versus.b])]
    return sorted(listed, key=lambda one: (*(-amount for amount in one.apart), one.case_id))


def _case(found: Outcomes, measure: Measure, versus: Versus, one: PairedCase) -> CasePair:
    a, b = (found.results[system, measure.step, one.case_id] for system in (versus.a, versus.b))
    return CasePair(one.case_id, a.input, one.a, one.b, (a.fingerprint, b.fingerprint))


def amounts_document(amounts: Amounts | None) -> dict[str, float | None] | None:
    """What a case adds, with its own figure; None of a case that failed."""
    if amounts is None:
        return None
    return {"value": amounts.value, "numerator": amounts.numerator, "denominator": amounts.denominator}
