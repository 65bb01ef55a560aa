"""DuckDB connections: in memory, with the database attached. No two of them can clash over a file's settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

CATALOG = "modellab"
"""Name the database goes by in SQL, the same as when its file is opened directly."""


def quoted(text: str | Path) -> str:
    """A SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def open_memory(threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that never downloads extensions and shows times in UTC.

    Args:
        threads: DuckDB's threads; None leaves it to DuckDB.
    """
    config: dict[str, str | int | bool] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    if threads is not None:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextmanager
def memory_connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """`open_memory`, always closed: so is whatever is attached to it."""
    connection = open_memory()
    try:
        yield connection
    finally:
        connection.close()


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, name: str = CATALOG, read_only: bool) -> None:
    """Attach a database file and make it the one that unqualified names mean.

    Raises:
        duckdb.Error: the file is not a DuckDB database, or another process has it open for writing.
    """
    options = " (READ_ONLY)" if read_only else ""
    connection.execute(f"ATTACH {quoted(path)} AS {name}{options}")
    connection.execute(f"USE {name}")
