"""Which system runs for a use case: the one that is promoted, by its own key, so that results say what made them."""

from dataclasses import dataclass
from datetime import datetime

from modellab.errors import UsageError
from modellab.evaluation.use_cases import UseCases
from modellab.local_days import local_time
from modellab.promotion.ledger import standing_for
from modellab.settings import Lab


@dataclass(frozen=True, slots=True)
class Followed:
    """What is in use for a use case."""

    use_case: str
    system: str
    since: datetime

    def said(self, zone: str) -> str:
        """In a sentence.

        Args:
            zone: time zone whose days count.
        """
        return f"{self.system} is promoted for {self.use_case} since {local_time(self.since, zone):%Y-%m-%d %H:%M}"


def followed_by(lab: Lab, use_case: str, asked_by: str) -> Followed:
    """What is promoted for a use case.

    Args:
        asked_by: what names the use case: an option, a setting, a file.

    Raises:
        UsageError: nothing is promoted for it: nothing else is run in its place.
        UnknownName: no such use case.
    """
    case = UseCases(lab).get(use_case)
    standing = standing_for(lab, case.id)
    if not standing:
        raise UsageError(
            f"nothing is promoted for {case.id}, which {asked_by} names",
            hint=[f"modellab recommend {case.id} says what could be.", "Or name a pipeline: --pipeline"],
        )
    return Followed(case.id, standing[-1].system, standing[-1].at)
