"""What a run is for, as run configuration: any inputs under any systems, where a range of partitions can't say it."""

from typing import Any

import dagster as dg
from pydantic import Field


class SelectionResource(dg.ConfigurableResource[Any]):
    """Inputs and systems of a run. Left alone, the run's partition tags say it.

    Dagster knows single partitions and rectangles in the order in which it came to know their keys; a folder of
    recordings is neither as soon as one of them was there before.
    """

    inputs: list[str] = Field([], description="Keys of inputs; each is run under each of `systems`, in this order.")
    systems: list[str] = Field([], description="Keys of systems.")

    def pairs(self) -> list[tuple[str, str]]:
        """Every input under every system; none where the partition tags are to say it."""
        return [(source, system) for source in dict.fromkeys(self.inputs) for system in dict.fromkeys(self.systems)]
