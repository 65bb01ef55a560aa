"""The warehouse's tables and views, as the SQL in `warehouse/` defines them."""

import hashlib
from collections.abc import Mapping
from functools import cache

import duckdb

from modellab.settings import PROJECT_ROOT
from modellab.warehouse.connection import open_memory

SCHEMA = PROJECT_ROOT / "warehouse" / "schema.sql"
VIEWS = PROJECT_ROOT / "warehouse" / "views.sql"
DERIVED = PROJECT_ROOT / "warehouse" / "derived.sql"
REFRESH = PROJECT_ROOT / "warehouse" / "refresh.sql"

_BOOKKEEPING = """
CREATE SCHEMA bookkeeping;
CREATE TABLE bookkeeping.digests (schema_sha256 VARCHAR NOT NULL, views_sha256 VARCHAR NOT NULL);
CREATE TABLE bookkeeping.files ("table" VARCHAR NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE bookkeeping.ended (before BIGINT NOT NULL);
CREATE TABLE bookkeeping.names (sha256 VARCHAR NOT NULL);
CREATE TABLE bookkeeping.folders (path VARCHAR NOT NULL, modified_ns BIGINT NOT NULL);
CREATE TABLE bookkeeping.results (source VARCHAR NOT NULL, modified_ns BIGINT NOT NULL);
COMMENT ON TABLE bookkeeping.digests IS 'SHA-256 of the SQL that made the tables and the views';
COMMENT ON TABLE bookkeeping.files IS 'Files of the lake whose rows are in the tables';
COMMENT ON TABLE bookkeeping.ended IS 'Runs whose start is in a row of runs before this one are over';
COMMENT ON TABLE bookkeeping.names IS 'SHA-256 of the names of speakers that are in the tables';
COMMENT ON TABLE bookkeeping.folders IS 'Folders of records and artifacts, all of whose rows are in the tables';
COMMENT ON TABLE bookkeeping.results IS 'Artifacts, and when the manifest changed that their rows in the tables are of';
"""


def schema_digest() -> str:
    """SHA-256 of everything that decides what the tables look like."""
    return hashlib.sha256(SCHEMA.read_bytes() + _BOOKKEEPING.encode()).hexdigest()


def views_digest() -> str:
    """SHA-256 of the SQL that makes views and macros, and the tables that are worked out for them."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in (VIEWS, DERIVED, REFRESH))).hexdigest()


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables in the connection's current database."""
    _run(connection, SCHEMA.read_text())


def create_bookkeeping(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the builder's own tables in the connection's current database."""
    _run(connection, _BOOKKEEPING)


def replace_views(connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Drop the views and macros of a database and make those that `views.sql` defines now.

    The tables that `derived.sql` defines are empty afterwards.
    """
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE database_name = ? AND NOT internal", [catalog]
    ).fetchall()
    macros = connection.execute(
        "SELECT DISTINCT function_name, function_type FROM duckdb_functions() "
        "WHERE database_name = ? AND NOT internal AND function_type IN ('macro', 'table_macro')",
        [catalog],
    ).fetchall()
    drops = [f'DROP VIEW "{name}";' for (name,) in views]
    drops += [f'DROP MACRO {"TABLE " if kind == "table_macro" else ""}"{name}";' for name, kind in macros]
    _run(connection, "\n".join([*drops, DERIVED.read_text(), VIEWS.read_text()]))


def _run(connection: duckdb.DuckDBPyConnection, statements: str) -> None:
    """All of some statements or none: one write to the disk instead of one for each."""
    connection.execute("BEGIN")
    try:
        connection.execute(statements)
    except duckdb.Error:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@cache
def blank_tables() -> duckdb.DuckDBPyConnection:
    """An in-memory database with the tables, empty; take a cursor of it. It stays open as long as the process."""
    connection = open_memory(threads=1)
    create_tables(connection)
    return connection


@cache
def columns_by_table() -> Mapping[str, Mapping[str, str]]:
    """Table -> column -> DuckDB type, in the order of the schema."""
    with blank_tables().cursor() as cursor:
        rows = cursor.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY table_oid, column_index"
        ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        tables.setdefault(table, {})[column] = kind
    return tables
