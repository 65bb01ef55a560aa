"""The database a build works on: a copy of the present one where that is in order, else a new one."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from modellab.settings import Lab
from modellab.warehouse import database_file, schema
from modellab.warehouse.connection import CATALOG, attach


@dataclass(frozen=True, slots=True)
class StartOver:
    """Why the present database can't be built upon."""

    why: str
    from_source: bool = False
    """Whether the lake can't be used either."""
    is_foreign: bool = False
    """Whether the file is not one of ours, and must be kept."""


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """What a build works on, attached for writing."""

    path: Path
    start_over: StartOver | None
    """Why it is a new, empty database; None for a copy."""


def detach(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of the attached database."""
    connection.execute(f"USE memory; DETACH {CATALOG}")


def remove_working_copies(lab: Lab) -> None:
    """Delete the working copies of builders that were killed; call it under the builder's lock."""
    for path in lab.home.glob(f".{lab.database.name}.*.tmp*"):
        path.unlink(missing_ok=True)


@contextmanager
def working_copy(
    connection: duckdb.DuckDBPyConnection,
    lab: Lab,
    *,
    has_news: Callable[[], bool],
    set_aside: Callable[[Path, str], None],
    start_over: StartOver | None,
) -> Iterator[WorkingCopy | None]:
    """The database to work on; None when the present one has everything. Deleted at the end unless it was swapped in.

    Args:
        has_news: whether the attached database lacks anything.
        set_aside: called with a database file that is not ours, and why.
        start_over: why a new one is to be made; None: only if the present one can't be built upon.
    """
    target = lab.database.with_name(f".{lab.database.name}.{uuid.uuid4().hex}.tmp")
    try:
        start_over = start_over or _attach_present(connection, lab)
        if start_over is None:
            if not has_news():
                detach(connection)
                yield None
                return
            # Still attached while it is copied, so that nobody can open it for writing meanwhile.
            database_file.copy_file(lab.database, target)
            detach(connection)
            attach(connection, target, read_only=False)
            yield WorkingCopy(target, None)
            return
        if start_over.is_foreign:
            set_aside(lab.database, start_over.why)
        attach(connection, target, read_only=False)
        schema.create_tables(connection)
        schema.create_bookkeeping(connection)
        yield WorkingCopy(target, start_over)
    finally:
        target.unlink(missing_ok=True)
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)


def _attach_present(connection: duckdb.DuckDBPyConnection, lab: Lab) -> StartOver | None:
    """Attach the present database for reading; or say, with nothing attached, why it can't be built upon."""
    if not lab.database.exists():
        return StartOver("there was no database")
    if error := database_file.try_attach(connection, lab.database):
        if database_file.is_locked(error):
            return StartOver("another process has the database open for writing")
        return StartOver(f"the database could not be read: {database_file.first_line(error)}", is_foreign=True)
    verdict = _examine(connection)
    if verdict is not None:
        detach(connection)
    return verdict


def _examine(connection: duckdb.DuckDBPyConnection) -> StartOver | None:
    try:
        row = connection.execute("SELECT schema_sha256 FROM bookkeeping.digests").fetchone()
    except duckdb.Error as error:
        why = f"the database was not made by this program: {database_file.first_line(error)}"
        return StartOver(why, is_foreign=True)
    if row != (schema.schema_digest(),):
        return StartOver("the definition of the tables has changed", from_source=True)
    return None
