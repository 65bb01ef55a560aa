"""The asset `warehouse`: the lab put in order, and what its database holds."""

from typing import TYPE_CHECKING

import dagster as dg

from assets._page import duration, table
from assets._step import OWNER
from modellab.steps.catalogue import definitions
from modellab.upkeep.housekeeping import upkeep
from resources.database import DatabaseResource

if TYPE_CHECKING:
    import duckdb

_RUNS = """
SELECT
    strftime(timezone($zone, started_at), '%Y-%m-%d %H:%M') AS started, name AS file, system, status,
    round(wall_s, 1) AS seconds
FROM run_history ORDER BY sequence DESC NULLS LAST, started_at DESC LIMIT 10
"""
_SPEEDS = """
SELECT step, coalesce(model, '-') AS model, device, attempts, round(speed, 1) AS "times real time"
FROM step_speed ORDER BY ALL
"""
_TABLES = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY ALL"


@dg.asset(
    deps=list(definitions()),
    description="Removes what killed processes left half-written, brings every new row into the database, looks for "
    "damage in the copies of recordings and in a seventh of the results, and counts.",
    group_name="warehouse",
    kinds={"duckdb"},
    owners=[OWNER],
)
def warehouse(database: DatabaseResource) -> dg.MaterializeResult[None]:
    """Housekeeping, and a page about the database."""
    lab = database.lab()
    report = upkeep(lab)
    with database.reading() as connection:
        counts = {name: _count(connection, name) for (name,) in connection.execute(_TABLES).fetchall()}
        runs = _markdown(connection, _RUNS, {"zone": lab.timezone})
        speeds = _markdown(connection, _SPEEDS)
    return dg.MaterializeResult(
        metadata={
            "last runs": dg.MetadataValue.md(runs),
            "speed": dg.MetadataValue.md(speeds),
            "rows": dg.MetadataValue.md(table(["table", "rows"], counts.items())),
            "dagster/row_count": sum(counts.values()),
            "half_written_folders_removed": report.removed_folders,
            "damaged inputs": dg.MetadataValue.md(table(["input", "what is wrong"], report.damaged_inputs.items())),
            "damaged results": dg.MetadataValue.md(table(["result", "what is wrong"], report.damaged_results.items())),
            "built in": duration(report.build.seconds),
        }
    )


def _count(connection: "duckdb.DuckDBPyConnection", name: str) -> int:
    [count] = connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0]
    return int(count)


def _markdown(connection: "duckdb.DuckDBPyConnection", sql: str, values: dict[str, str] | None = None) -> str:
    result = connection.execute(sql, values)
    return table([str(column[0]) for column in result.description], result.fetchall())
