"""Reading the warehouse: SQL that can't change anything, on a connection that is always closed."""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb

from modellab.errors import QueryError, TextRefused
from modellab.outside import parse_json
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.connection import memory_connection
from modellab.warehouse.database_file import first_line, try_attach

Parameters = Sequence[Any] | Mapping[str, Any]

_READING = frozenset({"SELECT", "EXPLAIN", "PRAGMA", "MULTI"})
"""Kinds of statement that only read; MULTI is a PIVOT."""


COUNTED = 100_000
"""Rows that are counted beyond those that are kept: to count on might take for ever."""
_AT_ONCE = 2048
"""Rows that are fetched at once: as many as DuckDB works on at a time."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a statement gave."""

    columns: list[str]
    types: list[str]
    """DuckDB's names, such as DOUBLE or TIMESTAMP WITH TIME ZONE."""
    rows: list[tuple[Any, ...]]
    more: int = 0
    """Further rows that were asked to be left out, counted up to `COUNTED`."""

    @property
    def names(self) -> list[str]:
        """The columns' names, made unique: a second column `x` is `x_2`."""
        return [
            name if (nth := self.columns[: place + 1].count(name)) == 1 else f"{name}_{nth}"
            for place, name in enumerate(self.columns)
        ]

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows by column, values as Python has them (times as `datetime` in UTC)."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    def as_records(self) -> list[dict[str, Any]]:
        """The rows as JSON can hold them: times as ISO 8601, spans as seconds, JSON columns as what they hold,
        and what is not a number (NaN, infinity) as null."""
        return [
            {
                name: _parsed(value, name) if kind == "JSON" and value is not None else _plain(value)
                for name, kind, value in zip(self.names, self.types, row, strict=True)
            }
            for row in self.rows
        ]


@contextmanager
def connect(lab: Lab) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database as it is now, for reading; later builds don't change what this connection sees.

    It can reach the warehouse and nothing else: no files, no downloads. A database that is missing or can't be opened
    is built first.

    Raises:
        QueryError: it could not be opened even so.
        WarehouseError: it could not be built.
    """
    with memory_connection() as connection:
        if not lab.database.exists() or try_attach(connection, lab.database) is not None:
            build(lab)
            if error := try_attach(connection, lab.database):
                raise QueryError(
                    f"database {lab.database} can't be opened",
                    found=first_line(error),
                    hint="Close the program that has it open for writing, or open it there with -readonly.",
                ) from error
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        yield connection


def query(lab: Lab, sql: str, parameters: Parameters | None = None, *, limit: int | None = None) -> QueryResult:
    """Run one statement that reads, and keep what it gives. Arguments and errors as for `batches`."""
    parts = list(batches(lab, sql, parameters, limit=limit))
    rows = parts[0].rows if len(parts) == 1 else [row for part in parts for row in part.rows]
    return replace(parts[-1], rows=rows)


def batches(
    lab: Lab, sql: str, parameters: Parameters | None = None, *, limit: int | None = None
) -> Generator[QueryResult]:
    """Run one statement that reads, and give its rows as they come, some thousand at a time: at least one batch, which
    may be empty. The last says how many more rows there are. The database stays open until all were taken or the
    generator is closed.

    Args:
        parameters: for `?` or `$1` a sequence, for `$name` a mapping.
        limit: rows that are given at most; of the others only some are looked at, to be counted. None: all.

    Raises:
        QueryError: it is not one statement, it would write, or DuckDB refuses it, maybe after some batches; with
            DuckDB's own words.
    """
    with connect(lab) as connection:
        try:
            _check(connection, sql)
            cursor = connection.execute(sql, parameters)
            columns = [column[0] for column in cursor.description or ()]
            types = [str(column[1]) for column in cursor.description or ()]
            left = limit
            while True:
                wanted = _AT_ONCE if left is None else min(_AT_ONCE, left)
                rows = cursor.fetchmany(wanted) if wanted else []
                if left is not None:
                    left -= len(rows)
                is_last = len(rows) < wanted or left == 0
                yield QueryResult(columns, types, rows, _count_on(cursor) if is_last and left == 0 else 0)
                if is_last:
                    return
        except duckdb.Error as error:
            raise _explained(connection, error) from error


def _count_on(cursor: duckdb.DuckDBPyConnection) -> int:
    count = 0
    while count < COUNTED and (rows := cursor.fetchmany(_AT_ONCE)):
        count += len(rows)
    return min(count, COUNTED)


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(
            "a query is one SQL statement", found=f"{len(statements)} statements", allowed="one SELECT, say"
        )
    kind = statements[0].type.name
    if kind not in _READING:
        raise QueryError(
            f"{kind} is refused: the warehouse is only read",
            allowed="SELECT, FROM, WITH, DESCRIBE, SHOW, SUMMARIZE, PIVOT, EXPLAIN, PRAGMA",
            hint="To keep tables of your own, open a file of your own in DuckDB and ATTACH this database (READ_ONLY).",
        )


def _explained(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> QueryError:
    """DuckDB's words, and for a table that does not exist the tables and views there are."""
    allowed = None
    if isinstance(error, duckdb.CatalogException) and "Table with name" in str(error):
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY ALL"
        ).fetchall()
        allowed = ", ".join(name for (name,) in names)
    hint = None
    if isinstance(error, duckdb.IOException | duckdb.InternalException | duckdb.FatalException):
        hint = "If the database is damaged, `modellab warehouse rebuild` makes it anew."
    return QueryError("the query failed", found=str(error).strip(), allowed=allowed, hint=hint)


def _parsed(value: str, column: str) -> Any:
    """What a value of a JSON column holds.

    Raises:
        QueryError: it is deeper or larger than what is printed as JSON.
    """
    try:
        return parse_json(value, f"column {column}")
    except TextRefused as error:
        raise QueryError(
            f"the query gave JSON that can't be printed as such: {error.what}",
            found=error.found,
            allowed=error.allowed,
            hint=f"Take it as text: {column}::VARCHAR",
        ) from error


def _plain(value: Any) -> Any:  # noqa: PLR0911 (one per kind of value)
    """A value as JSON can hold it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
    raise TypeError(f"a value of type {type(value).__name__} has no form in JSON")
