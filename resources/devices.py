"""Where models run, as run configuration."""

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from modellab.settings import Lab


class DeviceChoice(Enum):
    """The devices a run can ask for."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class DevicesResource(dg.ConfigurableResource[Any]):
    """The device and CPU threads of a run. Left alone, both are what the environment says (`MODELLAB_DEVICE`, ...)."""

    device: DeviceChoice | None = Field(None, description="where models run; empty: as MODELLAB_DEVICE says")
    threads: int | None = Field(
        None, ge=0, description="CPU threads for a model, 0 for all; empty: as MODELLAB_THREADS says"
    )

    def lab(self) -> Lab:
        """The lab that the environment names, with this run's device and threads.

        Raises:
            UsageError: a setting in the environment is not allowed.
        """
        lab = Lab.from_environment()
        changes: dict[str, object] = {}
        if self.device is not None:
            changes["device"] = self.device.value
        if self.threads is not None:
            changes["threads"] = self.threads
        return Lab(lab.settings.model_copy(update=changes)) if changes else lab
