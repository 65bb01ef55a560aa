"""The lake: `lake/<table>/<source>.parquet`, a write-once file per table and source, and merged files of many sources.

A source is a record's id or an artifact's fingerprint; every row names it. What one source gives is fixed, so a file
may be written twice, and rows may lie in two files (a kill between merging and deleting): each source is read once.
Only an artifact that was damaged and made anew may give other rows: the builder then takes the old ones out.
"""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

from modellab.errors import WarehouseError
from modellab.files import atomic_path, hold, sync_path
from modellab.warehouse.connection import quoted
from modellab.warehouse.schema import blank_tables, columns_by_table

Row = Mapping[str, Any]

_SOURCE = re.compile(r"^[A-Za-z0-9_-]+$")
_MERGED = re.compile(r"^merged\.(\d+)\.[0-9a-f]{32}\.parquet$")
_WRITTEN_LAST = (
    *("runs", "checks", "steps", "artifacts", "models", "hosts", "datasets", "baselines", "gates", "experiments"),
    "sweeps",
)
"""Tables whose rows are written after those they speak of, the last first."""


@dataclass(frozen=True, slots=True)
class LakeFile:
    """One file of the lake."""

    table: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def source(self) -> str | None:
        """The one source it holds; None for a merged file."""
        return None if self.level else self.path.stem

    @property
    def level(self) -> int:
        """0 for one source's file, n for a merger of files of level n - 1."""
        match = _MERGED.match(self.name)
        return int(match[1]) if match else 0

    @property
    def is_ours(self) -> bool:
        """Whether the name is one the lake gives."""
        return bool(_SOURCE.match(self.path.stem) or _MERGED.match(self.name))


class Lake:
    """The Parquet files below one folder. Threads may share one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self) -> list[LakeFile]:
        """Every file, by table and name; the tables in the reverse of the order in which a step's rows are written.

        So what is listed while others write refers to nothing that is not listed: no step without its result, no result
        without its words.
        """
        tables = [*_WRITTEN_LAST, *(table for table in columns_by_table() if table not in _WRITTEN_LAST)]
        return [LakeFile(table, path) for table in tables for path in sorted((self.root / table).glob("*.parquet"))]

    def write(self, table: str, source: str, rows: Iterable[Row]) -> LakeFile:
        """Write the rows of one source; none gives an empty file, which says that there are none.

        Raises:
            WarehouseError: a column or value that the schema does not allow.
        """
        if not _SOURCE.match(source):
            raise ValueError(f"source {source!r} is not made of letters, digits, _ and -")
        return self._write(table, f"{source}.parquet", ({**row, "source": source} for row in rows))

    def write_all(self, tables: Mapping[str, Mapping[str, Iterable[Row]]]) -> list[LakeFile]:
        """Write table -> source -> rows, a file for each table, those last whose rows speak of the others'."""
        first = [table for table in tables if table not in _WRITTEN_LAST]
        last = [table for table in reversed(_WRITTEN_LAST) if table in tables]
        return [self.write_merged(table, tables[table]) for table in (*first, *last)]

    def write_merged(self, table: str, rows_by_source: Mapping[str, Iterable[Row]]) -> LakeFile:
        """Write the rows of many sources into one file."""
        rows = ({**row, "source": source} for source, rows in rows_by_source.items() for row in rows)
        return self._write(table, _merged_name(1), rows)

    def _write(self, table: str, name: str, rows: Iterable[Row]) -> LakeFile:
        """Rows as lines of JSON, through DuckDB's reader into a table of the schema, which checks them, to Parquet."""
        columns = columns_by_table()[table]
        target = self.root / table / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=target.parent, prefix=".", suffix=".ndjson.tmp", encoding="utf-8") as lines:
            hold(lines.fileno())
            for row in rows:
                if unknown := sorted(set(row) - set(columns)):
                    raise WarehouseError(
                        f"table {table} has no column {', '.join(unknown)}", allowed=", ".join(columns)
                    )
                lines.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            lines.flush()
            types = ", ".join(f"{quoted(column)}: {quoted(kind)}" for column, kind in columns.items())
            with atomic_path(target) as temporary, _blank_tables() as connection:
                try:
                    connection.execute(
                        f"INSERT INTO {table} SELECT * FROM read_json({quoted(lines.name)}, "
                        f"format = 'newline_delimited', columns = {{{types}}}, maximum_object_size = 268435456)"
                    )
                except duckdb.Error as error:
                    raise WarehouseError(f"rows for table {table} are not valid", found=str(error)) from error
                _copy(connection, table, temporary)
        return LakeFile(table, target)

    def merge(self, connection: duckdb.DuckDBPyConnection, files: list[LakeFile]) -> LakeFile:
        """One file of the next level with the rows of several files of one table; the files stay.

        A source that lies in several of them is taken once.
        """
        table, level = files[0].table, files[0].level
        target = self.root / table / _merged_name(level + 1)
        names = "[" + ", ".join(quoted(file.path) for file in files) + "]"
        with atomic_path(target) as temporary:
            _copy(
                connection,
                f"(WITH read AS (SELECT * FROM read_parquet({names}, union_by_name = true, filename = true)) "
                "SELECT * EXCLUDE (filename) FROM read SEMI JOIN "
                "(SELECT source, min(filename) AS filename FROM read GROUP BY source) USING (source, filename))",
                temporary,
            )
        return LakeFile(table, target)

    def without(
        self, connection: duckdb.DuckDBPyConnection, files: list[LakeFile], sources: list[str]
    ) -> Iterator[tuple[LakeFile, LakeFile | None]]:
        """Each of one table's files that has rows of some sources, and one of its level with the other rows; None where
        it is those sources' alone. The files stay."""
        for file in files:
            if file.source in sources:
                yield file, None
            elif file.level and _holds(connection, file, sources):
                target = self.root / file.table / _merged_name(file.level)
                with atomic_path(target) as temporary:
                    names = ", ".join(map(quoted, sources))
                    rest = f"FROM read_parquet({quoted(file.path)}) WHERE source NOT IN ({names})"
                    _copy(connection, f"({rest})", temporary)
                yield file, LakeFile(file.table, target)

    def keep(self, connection: duckdb.DuckDBPyConnection, table: str, rows: str) -> LakeFile:
        """A file with the rows that a statement gives on a connection: whole sources, with the table's columns."""
        target = self.root / table / _merged_name(1)
        with atomic_path(target) as temporary:
            _copy(connection, f"({rows})", temporary)
        return LakeFile(table, target)

    def remove(self, files: Iterable[LakeFile]) -> None:
        """Delete files, in the order given; those that are gone already don't matter."""
        folders = set()
        for file in files:
            file.path.unlink(missing_ok=True)
            folders.add(file.path.parent)
        for folder in folders:
            sync_path(folder)


@contextmanager
def _blank_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the schema's empty tables; whatever is put into them goes again."""
    with blank_tables().cursor() as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")


def _holds(connection: duckdb.DuckDBPyConnection, file: LakeFile, sources: list[str]) -> bool:
    """Whether a file has rows of any of the sources."""
    found = connection.execute(
        f"SELECT 1 FROM read_parquet({quoted(file.path)}) WHERE list_contains(?, source) LIMIT 1", [sources]
    ).fetchone()
    return found is not None


def _merged_name(level: int) -> str:
    return f"merged.{level}.{uuid.uuid4().hex}.parquet"


def _copy(connection: duckdb.DuckDBPyConnection, what: str, target: Path) -> None:
    connection.execute(f"COPY {what} TO {quoted(target)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)")
