"""Which system to take for a use case, from what was measured alone: why, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modellab.evaluation.candidates import Candidate, compared
from modellab.evaluation.contenders import Field, field_of
from modellab.evaluation.evidence import Contestant
from modellab.evaluation.field_document import candidate_document
from modellab.evaluation.use_cases import UseCases
from modellab.pipeline.readiness import readiness
from modellab.pipeline.system import resolve_system
from modellab.promotion.ledger import Decision, promoted
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the evidence says."""

    field: Field
    chosen: Candidate | None
    """None where nobody has enough evidence, or whoever has can't run here."""
    tied: tuple[Candidate, ...]
    """Those that it can't be told from and nobody is ahead of."""
    in_use: Decision | None
    """What is promoted now."""
    not_here: tuple[tuple[str, str], ...]
    """Ranked systems that can't run on this machine, and why."""
    more_cases: int | None
    """So many more recordings might tell the tied apart; None where nobody can say."""

    @property
    def is_in_use(self) -> bool:
        """Whether it is what is promoted now."""
        return self.chosen is not None and self.in_use is not None and self.in_use.system == self.chosen.system

    @property
    def because(self) -> str:
        """Why it is this one."""
        if self.chosen is None:
            if self.not_here:
                return "who has evidence can't run here"
            return "nothing was measured that allows a recommendation"
        if self.tied:
            names = ", ".join(one.system for one in self.tied)
            why = "it is in use, and nobody is surely better" if self.is_in_use else "its score is the highest"
            return f"a tie: it can't be told from {names}; it is named because {why}"
        if self.chosen.ahead_of:
            return f"ahead of {', '.join(self.chosen.ahead_of)}, even at the unfavourable ends of all intervals"
        return "the only one with evidence that meets every constraint: whether another is better, nobody measured"

    @property
    def unknown(self) -> list[tuple[str, str]]:
        """Systems that could serve and lack evidence -> what is missing of it, or why they can't run here."""
        return [
            (one.name, f"can't run here: {one.unavailable}" if one.unavailable else _briefly(one))
            for one in self.field.of("lacks evidence")
        ]

    @property
    def ruled_out(self) -> list[tuple[str, str]]:
        """Systems that do not meet a constraint -> which."""
        return [
            (one.name, "; ".join(f"{each.constraint}: {each.told}" for each in one.findings if each.state == "not met"))
            for one in self.field.of("ruled out")
        ]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "use_case": self.field.use_case.id,
            "recommended": None if self.chosen is None else candidate_document(self.chosen),
            "because": self.because,
            "tied_with": [one.system for one in self.tied],
            "in_use": None if self.in_use is None else self.in_use.system,
            "in_use_since": None if self.in_use is None else self.in_use.at.isoformat(),
            "not_here": [{"system": system, "why": why} for system, why in self.not_here],
            "unknown": [{"system": system, "why": why} for system, why in self.unknown],
            "ruled_out": [{"system": system, "why": why} for system, why in self.ruled_out],
            "more_cases": self.more_cases,
            "commands": self.field.commands,
        }


def recommend(lab: Lab, use_case: str) -> Recommendation:
    """What to take for a use case.

    Of those that nobody else is ahead of it is the one in use, else the one with the highest score. Who was not
    measured is never recommended.

    Raises:
        UnknownName: no such use case or dataset.
    """
    case, registry = UseCases(lab).get(use_case), ModelRegistry()
    found = field_of(lab, case, registry)
    ranked = found.of("ranked")
    with Models(lab, registry) as models:
        lacking = {one.system: _missing(lab, one.system, registry, models) for one in ranked}
    here = [one for one in ranked if lacking[one.system] is None]
    return choose(
        found,
        here,
        promoted(lab).get(case.id),
        tuple((system, why) for system, why in lacking.items() if why is not None),
    )


def choose(
    found: Field, here: Sequence[Candidate], in_use: Decision | None, not_here: tuple[tuple[str, str], ...]
) -> Recommendation:
    """The recommendation among ranked candidates that can run here."""
    behind = {name for one in here for name in one.ahead_of}
    front = [one for one in here if one.name not in behind]
    if not front:
        return Recommendation(found, None, (), in_use, not_here, None)
    present = [one for one in front if in_use is not None and one.system == in_use.system]
    chosen = max(present or front, key=lambda one: one.score or 0.0)
    tied = tuple(one for one in front if one is not chosen)
    more = [_more_cases(found, chosen, one) for one in tied]
    return Recommendation(found, chosen, tied, in_use, not_here, max((one for one in more if one), default=None))


def _more_cases(found: Field, a: Candidate, b: Candidate) -> int | None:
    contestants = [Contestant(one.system, one.device or "") for one in (a, b)]
    unsure = [
        one.comparison.more_cases
        for one in compared(found.evidence, found.use_case.score, *contestants)
        if one.comparison.verdict == "not separable"
    ]
    return max((one for one in unsure if one), default=None)


def _missing(lab: Lab, system: str, registry: ModelRegistry, models: Models) -> str | None:
    steps = readiness(resolve_system(system, registry, lab), models)
    return "; ".join(f"{step}: {one.missing}" for step, one in steps.items() if one.missing) or None


def _briefly(one: Candidate) -> str:
    return "not measured" if all(part.figure is None for part in one.parts) else "; ".join(one.missing)
