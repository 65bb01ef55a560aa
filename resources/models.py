"""The model registry and the loaded models as a Dagster resource."""

from functools import cache
from typing import Any

import dagster as dg

from modellab.memory import gc_frozen
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from resources.devices import DevicesResource

_shared: dict[Settings, Models] = {}


@cache
def _registry() -> ModelRegistry:
    return ModelRegistry()


def close_models() -> None:
    """Let go of every model this process keeps loaded."""
    while _shared:
        _shared.popitem()[1].close()


class ModelsResource(dg.ConfigurableResource[Any]):
    """Finds models and keeps them loaded.

    One set of loaded models per process and settings: runs that follow each other in a process find theirs in memory.
    """

    devices: dg.ResourceDependency[DevicesResource]

    def registry(self) -> ModelRegistry:
        return _registry()

    def models(self) -> Models:
        settings = self.devices.lab().settings
        if settings not in _shared:
            # A run's process does one step after the other: what a load makes need not be gone through ever again.
            _shared[settings] = Models(Lab(settings), _registry(), while_loading=gc_frozen)
        return _shared[settings]
