"""What database and lake hold, against what records and artifacts give: row by row, for an audit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from modellab.errors import QueryError
from modellab.files import staging_folder
from modellab.settings import Lab
from modellab.warehouse.connection import memory_connection, quoted
from modellab.warehouse.database_file import first_line, try_attach
from modellab.warehouse.lake import Lake, LakeFile
from modellab.warehouse.rows import MARKERS, Row
from modellab.warehouse.schema import columns_by_table
from modellab.warehouse.sources import SourceFolder, source_folders

_AT_ONCE = 2_000
"""Sources that are compared at a time: bounds the memory."""
_NOT_IN_LAKE = "speaker_names"
"""Follows files that change; the builder makes it anew each time."""

Sources = Mapping[str, Sequence[SourceFolder]]
"""Record id or fingerprint -> the folders that have it: attempts and their checks go by one id, a pruned result's rows
and the row that says so too."""


@dataclass(frozen=True, slots=True)
class Differs:
    """A source whose rows in a table are not what it gives."""

    source: str
    table: str
    missing: int
    """Rows that it gives, and the database does not have."""
    other: int
    """Rows that the database has, and it does not give."""


@dataclass(frozen=True, slots=True)
class LakeTrouble:
    """What is wrong with one table's files in the lake."""

    table: str
    unreadable: tuple[tuple[LakeFile, str], ...]
    """Files, and why."""
    missing: tuple[str, ...]
    """Sources with rows in the database that the lake does not have, or has otherwise: a database made from it would
    lack them."""


@contextmanager
def attached(lab: Lab) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database for reading, beside files.

    Raises:
        QueryError: it can't be opened.
    """
    with memory_connection() as connection:
        if error := try_attach(connection, lab.database):
            raise QueryError(f"database {lab.database} can't be opened", found=first_line(error)) from error
        yield connection


def sources_of(lab: Lab, wanted: set[str] | None = None) -> Sources:
    """Every record and artifact there is, or those of some ids."""
    found: defaultdict[str, list[SourceFolder]] = defaultdict(list)
    for folder in source_folders(lab):
        for source in folder.sources():
            if wanted is None or source in wanted:
                found[source].append(folder)
    return found


def differing_rows(
    lab: Lab,
    connection: duckdb.DuckDBPyConnection,
    sources: Sources,
    unusable: Callable[[str, Exception], None],
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Differs]:
    """The sources whose rows in the attached database are not what they give.

    Args:
        unusable: called with a source whose rows can't be made, and why; of it nothing is compared.
        progress: told which share of the sources was compared.
    """
    names = list(sources)
    # Held while it is written to: a build of another process takes away what nobody holds.
    with staging_folder(lab.artifacts) as scratch:
        for start in range(0, len(names), _AT_ONCE):
            batch = {name: sources[name] for name in names[start : start + _AT_ONCE]}
            yield from _differing(lab, connection, batch, scratch / str(start), unusable)
            progress(min(1.0, (start + _AT_ONCE) / len(names)))


def _differing(
    lab: Lab,
    connection: duckdb.DuckDBPyConnection,
    batch: Sources,
    scratch: Path,
    unusable: Callable[[str, Exception], None],
) -> Iterator[Differs]:
    tables: defaultdict[str, dict[str, Iterable[Row]]] = defaultdict(dict)
    usable = []
    for source, folders in batch.items():
        try:
            made = [folder.rows(source, lab) for folder in folders]
        except Exception as error:  # whatever a damaged source makes of the code that reads it
            unusable(source, error)
            continue
        usable.append(source)
        for of_folder in made:
            for table, rows in of_folder.items():
                tables[table][source] = rows
    files = {file.table: file for file in Lake(scratch).write_all(tables)}
    connection.execute("CREATE OR REPLACE TEMP TABLE compared AS SELECT unnest(?) AS source", [usable])
    for table in columns_by_table():
        if table != _NOT_IN_LAKE:
            held = f"SELECT {_columns(table)} FROM {table} SEMI JOIN compared USING (source)"
            given = _rows_in([files[table]]) if table in files else f"SELECT {_columns(table)} FROM {table} LIMIT 0"
            for source, missing, other in _differences(connection, given, held):
                yield Differs(source, table, missing, other)


def _differences(connection: duckdb.DuckDBPyConnection, given: str, held: str) -> list[tuple[str, int, int]]:
    """Source, rows given and not held, rows held and not given."""
    rows: list[tuple[str, int, int]] = connection.execute(
        f"SELECT source, count_if(missing), count_if(NOT missing) FROM ("
        f"SELECT source, true AS missing FROM (({given}) EXCEPT ALL ({held})) UNION ALL "
        f"SELECT source, false FROM (({held}) EXCEPT ALL ({given}))) GROUP BY source ORDER BY source"
    ).fetchall()
    return rows


def stray_rows(connection: duckdb.DuckDBPyConnection, sources: Sources) -> dict[str, list[str]]:
    """Table -> sources that have rows in the attached database, and that there are no records or artifacts of."""
    connection.execute("CREATE OR REPLACE TEMP TABLE there AS SELECT unnest(?) AS source", [list(sources)])
    found = {}
    for table in sorted(MARKERS):
        rows = connection.execute(
            f"SELECT DISTINCT source FROM {table} ANTI JOIN there USING (source) ORDER BY ALL"
        ).fetchall()
        if rows:
            found[table] = [source for (source,) in rows]
    return found


def gone_files(lab: Lab, connection: duckdb.DuckDBPyConnection) -> list[LakeFile]:
    """Files of the lake whose rows are in the attached database, and that are there no more."""
    rows = connection.execute('SELECT "table", name FROM bookkeeping.files ORDER BY ALL').fetchall()
    files = [LakeFile(table, lab.lake / table / name) for table, name in rows]
    return [file for file in files if not file.path.is_file()]


def lake_troubles(
    lab: Lab, connection: duckdb.DuckDBPyConnection, without: Iterable[str] = ()
) -> Iterator[LakeTrouble]:
    """Tables whose files in the lake can't be read, or lack rows of the attached database.

    Args:
        without: sources whose rows are wrong in the database, and made again.
    """
    wrong = set(without)
    by_table: defaultdict[str, list[LakeFile]] = defaultdict(list)
    known = set(connection.execute('SELECT "table", name FROM bookkeeping.files').fetchall())
    for file in Lake(lab.lake).files():
        if (file.table, file.name) in known:
            by_table[file.table].append(file)
    for table in columns_by_table():
        if table == _NOT_IN_LAKE:
            continue
        unreadable = [(file, why) for file in by_table[table] if (why := _why_unreadable(connection, file))]
        bad = {file.path for file, _ in unreadable}
        files = [file for file in by_table[table] if file.path not in bad]
        held = f"SELECT {_columns(table)} FROM {table}"
        # A source that lies in several files counts once, as the builder reads it.
        given = f"{_rows_in(files, once=True)}" if files else f"{held} LIMIT 0"
        lacking = [
            source for source, _, other in _differences(connection, given, held) if other and source not in wrong
        ]
        if unreadable or lacking:
            yield LakeTrouble(table, tuple(unreadable), tuple(lacking))


def restore_lake(lab: Lab, connection: duckdb.DuckDBPyConnection, trouble: LakeTrouble) -> LakeFile | None:
    """Write the rows that a table's files lack into a file of the lake, from the attached database; None where it lacks
    none. What the next build takes from it it has already."""
    if not trouble.missing:
        return None
    connection.execute("CREATE OR REPLACE TEMP TABLE lacking AS SELECT unnest(?) AS source", [list(trouble.missing)])
    rows = f"SELECT * FROM {trouble.table} SEMI JOIN lacking USING (source)"
    return Lake(lab.lake).keep(connection, trouble.table, rows)


def _why_unreadable(connection: duckdb.DuckDBPyConnection, file: LakeFile) -> str | None:
    try:
        connection.execute(f"SELECT sum(hash(rows)) FROM read_parquet({quoted(file.path)}) AS rows").fetchall()
    except duckdb.Error as error:
        return first_line(error)
    return None


def _rows_in(files: Sequence[LakeFile], *, once: bool = False) -> str:
    """SQL for the rows of files of one table, with the table's columns: what older files lack is NULL."""
    table = files[0].table
    names = "[" + ", ".join(quoted(file.path) for file in files) + "]"
    read = f"read_parquet({names}, union_by_name = true, filename = true)"
    # Beside an empty table of the schema's columns, whatever columns the files have.
    whole = f"SELECT * FROM {table} LIMIT 0"
    rows = f"SELECT * FROM {read}"
    if once:
        first = f"SELECT source, min(filename) AS filename FROM {read} GROUP BY source"
        rows += f" SEMI JOIN ({first}) USING (source, filename)"
    return f"SELECT {_columns(table)} FROM (({whole}) UNION ALL BY NAME ({rows}))"


def _columns(table: str) -> str:
    return ", ".join(f'"{column}"' for column in columns_by_table()[table])
