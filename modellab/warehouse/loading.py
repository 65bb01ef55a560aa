"""Bringing files of the lake into the tables of the attached database."""

from collections.abc import Callable, Iterable
from itertools import groupby

import duckdb

from modellab.warehouse.connection import quoted
from modellab.warehouse.derived import note_news
from modellab.warehouse.lake import LakeFile

_FILES_AT_ONCE = 2_000


class Loader:
    """Loads files, each source once.

    Args:
        connection: with the database attached for writing.
        reject: called with a file that can't be loaded, and why.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, reject: Callable[[LakeFile, str], None]) -> None:
        self._connection, self._reject = connection, reject
        self.rows: dict[str, int] = {}
        """Rows brought in, by table."""

    def load(self, files: Iterable[LakeFile]) -> None:
        """Bring in the rows of files, except of sources that are there already, and note the files as loaded."""
        for table, group in groupby(sorted(files, key=lambda file: file.table), key=lambda file: file.table):
            of_table = list(group)
            # Merged files one by one: a source may lie in two of them.
            for merged in (file for file in of_table if file.level):
                self._load(table, [merged])
            single = [file for file in of_table if not file.level]
            for start in range(0, len(single), _FILES_AT_ONCE):
                self._load(table, single[start : start + _FILES_AT_ONCE])

    def _load(self, table: str, files: list[LakeFile]) -> None:
        """Load files of one table at once; when one of them is bad, find it by halving."""
        try:
            inserted = self._insert(table, files)
        except duckdb.Error as error:
            if len(files) == 1:
                self._reject(files[0], str(error).splitlines()[0])
                return
            middle = len(files) // 2
            self._load(table, files[:middle])
            self._load(table, files[middle:])
            return
        self.rows[table] = self.rows.get(table, 0) + inserted
        self._connection.execute(
            "INSERT INTO bookkeeping.files SELECT $table, unnest($names)",
            {"table": table, "names": [file.name for file in files]},
        )

    def _insert(self, table: str, files: list[LakeFile]) -> int:
        paths = "[" + ", ".join(quoted(file.path) for file in files) + "]"
        run = self._connection.execute
        run(f"CREATE OR REPLACE TEMP TABLE staged AS FROM read_parquet({paths}, union_by_name = true, filename = true)")
        if not files[0].level and (strangers := self._strangers()):
            raise duckdb.InvalidInputException(f"it holds rows of another source: {strangers[0]}")
        # Looking the few new sources up in the many old ones is quick; the other way round is not.
        known = run(
            f"SELECT DISTINCT source FROM {table} SEMI JOIN (SELECT DISTINCT source FROM staged) USING (source)"
        ).fetchall()
        if known:
            run("DELETE FROM staged WHERE list_contains($known, source)", {"known": [source for (source,) in known]})
        inserted = run(f"INSERT INTO {table} BY NAME SELECT * EXCLUDE (filename) FROM staged").fetchone()
        note_news(self._connection, table, "FROM staged")
        return int(inserted[0]) if inserted else 0

    def _strangers(self) -> list[str]:
        """Sources in the staged rows that lie in a file of another name."""
        rows = self._connection.execute(
            "SELECT DISTINCT source FROM staged WHERE source IS DISTINCT FROM parse_filename(filename, true)"
        ).fetchall()
        return [str(source) for (source,) in rows]
