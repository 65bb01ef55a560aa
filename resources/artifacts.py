"""The artifact store as a Dagster resource."""

from typing import Any

import dagster as dg

from modellab.artifacts.store import ArtifactStore
from resources.devices import DevicesResource


class ArtifactsResource(dg.ConfigurableResource[Any]):
    """Where the results of steps lie."""

    devices: dg.ResourceDependency[DevicesResource]

    def store(self) -> ArtifactStore:
        return ArtifactStore(self.devices.lab().artifacts)
