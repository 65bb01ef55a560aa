"""What the gate says of all that is watched."""

from dataclasses import dataclass

from modellab.registry.config import Status
from modellab.regression.gate import GateVerdict, Judgement


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate says of one system on one dataset."""

    judgement: Judgement
    status: Status
    """Of its models, the least: a regression of what is in production is an error, of others a warning."""
    baseline_set: str | None = None
    """Id of the baseline that it got: the first, or one that was asked for."""

    @property
    def is_error(self) -> bool:
        """Whether something in production regressed or could not be judged, and nobody accepted that."""
        failed = self.judgement.verdict in ("regressed", "not measured")
        return failed and self.status == "production" and self.baseline_set is None


@dataclass(frozen=True, slots=True)
class Sweep:
    """Everything that was watched, judged together."""

    id: str
    judged: tuple[Judged, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing in production regressed or could not be judged."""
        return not any(one.is_error for one in self.judged)

    def of(self, *verdicts: GateVerdict) -> list[Judged]:
        """Those with one of some verdicts."""
        return [one for one in self.judged if one.judgement.verdict in verdicts]
