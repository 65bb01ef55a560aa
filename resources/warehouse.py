"""The warehouse as a Dagster resource: records while a run goes on, and a database that follows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from modellab.settings import Settings
from modellab.warehouse.meanwhile import built_meanwhile
from modellab.warehouse.recorder import Recorder
from resources.devices import DevicesResource

_shared: dict[Settings, Recorder] = {}


class WarehouseResource(dg.ConfigurableResource[Any]):
    """Where records and warehouse rows go.

    Steps write records, whose rows go to Parquet files together; the builder brings those into the database now and
    then while the run goes on, and when it is over. So a run leaves the same behind whoever launched it. What a killed
    run wrote comes in with the next build.
    """

    devices: dg.ResourceDependency[DevicesResource]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WarehouseResource"]:
        recorder = self.recorder()
        with built_meanwhile(self.devices.lab(), before=recorder.write_held), recorder.holding_rows():
            yield self

    def recorder(self) -> Recorder:
        """The recorder of this process: one, since it marks the process as alive for as long as it lives."""
        lab = self.devices.lab()
        if lab.settings not in _shared:
            _shared[lab.settings] = Recorder(lab)
        return _shared[lab.settings]
