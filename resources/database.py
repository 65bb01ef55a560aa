"""The warehouse's database as a Dagster resource, for reading."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import dagster as dg

from modellab.settings import Lab
from resources.devices import DevicesResource

if TYPE_CHECKING:
    import duckdb


class DatabaseResource(dg.ConfigurableResource[Any]):
    """Reads the database that the builder makes. Nothing but the builder ever writes it."""

    devices: dg.ResourceDependency[DevicesResource]

    def lab(self) -> Lab:
        """The lab whose database it is."""
        return self.devices.lab()

    def reading(self) -> "AbstractContextManager[duckdb.DuckDBPyConnection]":
        """A read-only connection, closed with the block; a builder that swaps the file does not disturb it."""
        from dagster_duckdb import DuckDBResource

        database = str(self.lab().database)
        return DuckDBResource(database=database, connection_config={"access_mode": "READ_ONLY"}).get_connection()
