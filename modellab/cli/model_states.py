"""What the list and the page of models have in common: looking at them, their marks, and a model as JSON."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modellab.promotion.model_status import StatusDecision
    from modellab.registry.availability import Availabilities, Availability
    from modellab.registry.config import ModelConfig
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

STYLES = {"✓": "green", "↓": "yellow", "✗": "red"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A lab's models, to be looked at."""

    lab: "Lab"
    registry: "ModelRegistry"
    here: "Availabilities"
    decided: "Mapping[str, StatusDecision]"
    """Id -> what was decided of a model in this lab."""

    def availability(self, config: "ModelConfig", variant: str) -> "Availability":
        """Whether a variant runs here."""
        from modellab.registry.config import ModelRef

        return self.here.of(ModelRef(id=config.id, variant=variant))


def opened() -> Opened:
    """The models of the lab that the environment names. Imports nothing that loads one."""
    from modellab.promotion.model_status import decisions
    from modellab.registry.availability import Availabilities
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    lab, registry = Lab.from_environment(), ModelRegistry()
    return Opened(lab, registry, Availabilities(lab, registry), decisions(lab))


def state_of(available: "Availability") -> str:
    """A mark, and in words what the mark leaves out."""
    if not available.ok:
        return f"✗ {available.missing}"
    if available.server:
        return f"✓ on {available.server}"
    if available.service:
        return f"✓ at {urlsplit(available.service).netloc}"
    return "↓ after a download" if available.to_download else "✓"


def document(config: "ModelConfig", models: Opened) -> dict[str, Any]:
    """A model as JSON: its config, where it comes from, what was decided here, and of each variant whether it runs."""
    registry = models.registry
    whence: dict[str, Any] = {"from": registry.place(config.id).origin, "folder": registry.folder(config.id)}
    whence["status_here"] = models.decided.get(config.id)
    document = {**config.model_dump(mode="json"), **whence}
    for name, variant in document["variants"].items():
        variant["availability"] = models.availability(config, name)
    return document
