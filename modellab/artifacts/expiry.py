"""Results of services, which change without saying so: after a while theirs are no longer taken as the same.

Nothing is deleted: an expired result stays where it is, under its name, for whoever compares what a service gave then
and gives now. A step that would find it gets another identity, which says which result it follows (`instead_of`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from modellab.artifacts.fingerprint import StepIdentity
from modellab.artifacts.store import ArtifactStore


@dataclass(frozen=True, slots=True)
class Expiry:
    """How old a service's result may be.

    Args:
        days: 0: of any age.
        at: the moment that counts as now: one for a whole run, or a result could expire between two of its steps.
    """

    days: float
    at: datetime

    def expired(self, store: ArtifactStore, identity: StepIdentity, name: str) -> bool:
        """Whether a result is there, is a service's, and is too old.

        Args:
            name: the identity's fingerprint.
        """
        if not self.days or identity.model is None or identity.model.service is None:
            return False
        found = store.find(identity.step, name)
        if found is None:
            return False
        made_at = datetime.fromisoformat(found.manifest["made"]["at"])
        return self.at - made_at > timedelta(days=self.days)
