"""Bringing what is new in the lake into a copy of the database, and swapping the copy in.

Only one builder works at a time (a file lock); steps and readers never wait for it. Killing it at any moment leaves the
old database or the new one, and a lake from which no row is lost or counted twice.
"""

import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from modellab.errors import WarehouseError
from modellab.leftovers import remove_leftovers
from modellab.pipeline.record import RunIdentity
from modellab.search import index
from modellab.settings import Lab
from modellab.trouble import storage_error
from modellab.warehouse import database_file, derived, schema
from modellab.warehouse.connection import CATALOG, memory_connection
from modellab.warehouse.given_names import read_names, replace_names
from modellab.warehouse.lake import Lake, LakeFile
from modellab.warehouse.liveness import lives, remove_stale_marks
from modellab.warehouse.loading import Loader
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.recovery import (
    NOTHING,
    Repair,
    manifests,
    missing_sources,
    note_seen,
    recover,
    remade_sources,
)
from modellab.warehouse.rows import MARKERS
from modellab.warehouse.schema import columns_by_table
from modellab.warehouse.sources import SourceFolder, changed_folders, has_settled, source_folders
from modellab.warehouse.stops import stop_of
from modellab.warehouse.working_copy import StartOver, detach, remove_working_copies, working_copy

_log = logging.getLogger(__name__)

_LOCK_TIMEOUT_S = 1800.0
"""Longer than any build; a builder that is killed lets go at once."""

_MERGE_AT = 32
"""As many files of a table on one level become one of the next: a table of a million sources stays below 150 files."""


_OPEN_RUNS = """
SELECT
    run, dagster_run_id, list(DISTINCT process) FILTER (event = 'started') AS processes,
    min(rowid) FILTER (event = 'started') AS first_row
FROM runs
WHERE (run, dagster_run_id) IN (SELECT (run, dagster_run_id) FROM runs WHERE event = 'started' AND rowid >= $since)
GROUP BY run, dagster_run_id
HAVING count_if(event = 'started') > count_if(event = 'ended')
"""
"""Runs that started in later rows than one, more often than they ended: what clocks say does not count."""


@dataclass(slots=True)
class BuildReport:
    """What a build did."""

    changed: bool = False
    """Whether another database was swapped in."""
    started_over: str | None = None
    """Why the database was made anew instead of brought up to date."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows brought in, by table."""
    recovered_sources: int = 0
    """Records and artifacts whose rows were missing in the lake."""
    interrupted_runs: int = 0
    """Runs found to have died without saying so."""
    merged_files: int = 0
    """Files of the lake that became part of others."""
    set_aside: list[str] = field(default_factory=list)
    """Files that are not ours or can't be read, moved to `<home>/set-aside/`."""
    problems: list[str] = field(default_factory=list)
    """What could not be brought in, and why; the next build tries again."""
    seconds: float = 0.0


def build(lab: Lab) -> BuildReport:
    """Bring the database up to date; make it if there is none; start over if its tables are not today's.

    Raises:
        WarehouseError: another builder holds the lock for too long, or the disk refuses.
    """
    return _locked(lab, None)


def build_unless_another_does(lab: Lab) -> BuildReport | None:
    """`build` without waiting: None while another process builds, for whoever only wants to read what is there.

    Raises:
        WarehouseError: the disk refuses.
    """
    try:
        return _locked(lab, None, wait_s=0.0)
    except _Busy:
        return None


def rebuild(lab: Lab) -> BuildReport:
    """Drop lake and database, and make both again from records and artifacts.

    Readers keep the old database until the new one is whole.

    Raises:
        WarehouseError: as `build`.
    """
    return _locked(lab, StartOver("a rebuild was asked for", from_source=True))


def repair(lab: Lab, wanted: Repair) -> BuildReport:
    """Build, and put right what an audit found.

    Raises:
        WarehouseError: as `build`.
    """
    return _locked(lab, None, wanted=wanted)


class _Busy(WarehouseError):
    """Another process builds."""


def _locked(
    lab: Lab, start_over: StartOver | None, wait_s: float = _LOCK_TIMEOUT_S, wanted: Repair = NOTHING
) -> BuildReport:
    started = time.perf_counter()
    report = BuildReport()
    try:
        lab.home.mkdir(parents=True, exist_ok=True)
        with FileLock(lab.home / "modellab.duckdb.lock", timeout=wait_s):
            try:
                _Build(lab, report, wanted).run(start_over)
            except _LakeDamaged as damage:
                _Build(lab, report).run(StartOver(str(damage), from_source=True))
            except duckdb.Error as error:
                # Most likely a damaged database; if it is the disk, this fails as well, and the database stays.
                why = f"the database could not be brought up to date: {database_file.first_line(error)}"
                _Build(lab, report).run(StartOver(why))
    except Timeout as error:
        raise _Busy(
            f"another process has been building {lab.database} for over {wait_s / 60:.0f} minutes",
            hint="Look for a hanging modellab or Dagster process and end it.",
        ) from error
    except (OSError, duckdb.Error) as error:
        trouble = storage_error(error, lab.database)
        kept = "Nothing is lost: records and artifacts hold everything, and the next build makes it."
        raise WarehouseError(
            f"database {lab.database} can't be built{f': {trouble.what}' if trouble else ''}",
            found=trouble.found if trouble else database_file.first_line(error),
            hint=f"{trouble.hint} {kept}" if trouble else kept,
        ) from error
    report.seconds = time.perf_counter() - started
    for problem in report.problems:
        _log.warning("%s", problem)
    return report


class _LakeDamaged(Exception):
    """A file of the lake can't be read, so it can't be told what is missing: all is to be made from the source."""


class _Build:
    """One build, under the lock."""

    def __init__(self, lab: Lab, report: BuildReport, wanted: Repair = NOTHING) -> None:
        self.lab, self.report, self._wanted = lab, report, wanted
        self.lake = Lake(lab.lake)
        self._folders = source_folders(lab)
        self._names = read_names(lab)
        self._rejected: list[LakeFile] = []
        self._replaced: list[LakeFile] = []
        """Files of the lake that hold rows of results that were made anew since."""
        self._forgotten: list[str] = []
        """Sources whose rows were taken out of tables."""

    def run(self, start_over: StartOver | None) -> None:
        """Build.

        Raises:
            _LakeDamaged: unless it starts over from the source.
        """
        remove_working_copies(self.lab)
        remove_stale_marks(self.lab)
        remove_leftovers(self.lab)
        with (
            memory_connection() as connection,
            working_copy(
                connection,
                self.lab,
                has_news=lambda: self._has_news(connection),
                set_aside=self._set_aside,
                start_over=start_over,
            ) as copy,
        ):
            if copy is None:
                return
            from_source = copy.start_over is not None and copy.start_over.from_source
            if copy.start_over:
                self.report.started_over = copy.start_over.why
            if from_source:
                self.lake.remove(sorted(self.lake.files(), key=lambda file: file.table not in MARKERS))
            self._update(connection, from_source=from_source)
            merged = self._merge(connection)
            connection.execute(f"CHECKPOINT {CATALOG}")
            detach(connection)
            database_file.swap_in(copy.path, self.lab.database)
            # Only now: until the swap, the database that counts knows these files and not those that replace them.
            self.lake.remove([*merged, *self._replaced])
            self.report.changed = True

    # --- what is new

    def _has_news(self, connection: duckdb.DuckDBPyConnection) -> bool:
        folders = self._changed_folders(connection)
        return bool(
            self._wanted != NOTHING
            or self._new_files(connection)
            or missing_sources(connection, folders)
            or remade_sources(connection, folders, self.lab)
            or self._views_changed(connection)
            or self._names_changed(connection)
            or self._dead_runs(connection)
            or index.is_stale(connection)
        )

    def _new_files(self, connection: duckdb.DuckDBPyConnection) -> list[LakeFile]:
        """Files of the lake that have not been loaded; those whose names are not the lake's are moved aside."""
        loaded = set(connection.execute('SELECT "table", name FROM bookkeeping.files').fetchall())
        new = [file for file in self.lake.files() if (file.table, file.name) not in loaded]
        for file in new:
            if not file.is_ours:
                self._set_aside(file.path, "its name is not one the lake gives")
        return [file for file in new if file.is_ours]

    def _changed_folders(self, connection: duckdb.DuckDBPyConnection) -> list[SourceFolder]:
        known = dict(connection.execute("SELECT path, modified_ns FROM bookkeeping.folders").fetchall())
        return changed_folders(self._folders, known)

    @staticmethod
    def _views_changed(connection: duckdb.DuckDBPyConnection) -> bool:
        row = connection.execute("SELECT views_sha256 FROM bookkeeping.digests").fetchone()
        return bool(row != (schema.views_digest(),))

    def _names_changed(self, connection: duckdb.DuckDBPyConnection) -> bool:
        row = connection.execute("SELECT sha256 FROM bookkeeping.names").fetchone()
        return bool(row != (self._names.sha256,))

    def _dead_runs(self, connection: duckdb.DuckDBPyConnection) -> list[RunIdentity]:
        """Runs that started, did not end, and whose process is gone."""
        return [
            RunIdentity(run, dagster_run_id)
            for run, dagster_run_id, processes, _ in self._open_runs(connection)
            if not any(lives(self.lab, process) for process in processes)
        ]

    @staticmethod
    def _open_runs(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, list[str], int]]:
        """Run, Dagster run, processes and the row of the start of each run that has not ended."""
        row = connection.execute("SELECT before FROM bookkeeping.ended").fetchone()
        since = row[0] if row else 0
        open_runs: list[tuple[str, str, list[str], int]] = connection.execute(_OPEN_RUNS, {"since": since}).fetchall()
        return open_runs

    # --- bringing it in

    def _update(self, connection: duckdb.DuckDBPyConnection, *, from_source: bool) -> None:
        derived.expect_news(connection)
        loader = Loader(connection, self._reject)
        loader.load(self._new_files(connection))
        if self._rejected and not from_source:
            raise _LakeDamaged(f"{self._rejected[0].path.relative_to(self.lab.home)} could not be read")
        self._recover(connection, loader)
        self._end_dead_runs(connection, loader)
        self._note_ended_runs(connection)
        self.report.problems += self._names.problems
        if self._names_changed(connection):
            replace_names(connection, self._names)
        everything = bool(self._forgotten) or self._views_changed(connection)
        if self._views_changed(connection):
            schema.replace_views(connection, CATALOG)
        derived.refresh(connection, everything=everything)
        index.refresh(connection, new=derived.news(connection, "utterances"), forgotten=self._forgotten)
        connection.execute("DELETE FROM bookkeeping.digests")
        connection.execute(
            "INSERT INTO bookkeeping.digests VALUES (?, ?)", [schema.schema_digest(), schema.views_digest()]
        )
        self.report.rows = {table: count for table, count in loader.rows.items() if count}

    def _recover(self, connection: duckdb.DuckDBPyConnection, loader: Loader) -> None:
        """Make the rows that records and artifacts should have and don't, and remember which folders are complete."""
        folders = self._changed_folders(connection)
        seen = manifests(folders)
        remade = remade_sources(connection, folders, self.lab)
        for file in self._wanted.lost:
            self._replace(connection, [file], None)
        self._forget(connection, [source for _, source in (*remade, *self._wanted.again)])
        missing = missing_sources(connection, folders)
        again = [one for one in self._wanted.again if one not in missing]
        recovered = recover(self.lab, self.lake, [*missing, *again])
        loader.load(recovered.files)
        self.report.recovered_sources = recovered.sources
        self.report.problems += recovered.problems
        whole = [folder for folder in folders if folder.path not in recovered.damaged]
        note_seen(connection, [seen[folder.path] for folder in whole if folder.path in seen])
        complete = [folder for folder in whole if has_settled(folder)]
        paths = [str(folder.path) for folder in folders]
        connection.execute("DELETE FROM bookkeeping.folders WHERE list_contains(?, path)", [paths])
        connection.execute(
            "INSERT INTO bookkeeping.folders SELECT unnest(?), unnest(?)",
            [[str(folder.path) for folder in complete], [folder.modified_ns for folder in complete]],
        )

    def _forget(self, connection: duckdb.DuckDBPyConnection, sources: list[str]) -> None:
        """Take the rows of sources out of the tables and of the lake's files that are loaded."""
        if not sources:
            return
        self._forgotten += sources
        loaded = set(connection.execute('SELECT "table", name FROM bookkeeping.files').fetchall())
        files = [file for file in self.lake.files() if (file.table, file.name) in loaded]
        for table in columns_by_table():
            connection.execute(f"DELETE FROM {table} WHERE list_contains(?, source)", [sources])
            for old, new in self.lake.without(connection, [file for file in files if file.table == table], sources):
                self._replace(connection, [old], new)
                self._replaced.append(old)

    @staticmethod
    def _replace(connection: duckdb.DuckDBPyConnection, old: list[LakeFile], new: LakeFile | None) -> None:
        """Note that files of a table are loaded no more, and that another is."""
        connection.execute(
            'DELETE FROM bookkeeping.files WHERE "table" = ? AND list_contains(?, name)',
            [old[0].table, [file.name for file in old]],
        )
        if new is not None:
            connection.execute("INSERT INTO bookkeeping.files VALUES (?, ?)", [new.table, new.name])

    def _end_dead_runs(self, connection: duckdb.DuckDBPyConnection, loader: Loader) -> None:
        if not (dead := self._dead_runs(connection)):
            return
        recorder = Recorder(self.lab)
        for run in dead:
            if stop := stop_of(self.lab, run.dagster_run_id):
                recorder.run_ended(run, "canceled", str(stop))
            else:
                recorder.run_ended(run, "interrupted", "the process that ran it died")
        loader.load(self._new_files(connection))
        self.report.interrupted_runs = sum(stop_of(self.lab, run.dagster_run_id) is None for run in dead)

    def _note_ended_runs(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Remember up to when all runs are over, so that the next build looks at the later ones alone."""
        (end,) = connection.execute("SELECT coalesce(max(rowid) + 1, 0) FROM runs").fetchall()[0]
        before = min((first_row for *_, first_row in self._open_runs(connection)), default=end)
        connection.execute("DELETE FROM bookkeeping.ended")
        connection.execute("INSERT INTO bookkeeping.ended VALUES (?)", [before])

    def _reject(self, file: LakeFile, why: str) -> None:
        self._rejected.append(file)
        self._set_aside(file.path, why)

    def _set_aside(self, path: Path, why: str) -> None:
        place = database_file.set_aside(path, self.lab)
        self.report.set_aside.append(str(place))
        self.report.problems.append(f"{path} was moved to {place}: {why}")

    # --- keeping the lake small

    def _merge(self, connection: duckdb.DuckDBPyConnection) -> list[LakeFile]:
        """Merge loaded files where a table has many of one level.

        Returns:
            The files that became part of others; to be deleted once the database that knows so is swapped in.
        """
        loaded = set(connection.execute('SELECT "table", name FROM bookkeeping.files').fetchall())
        by_level: dict[tuple[str, int], list[LakeFile]] = defaultdict(list)
        for file in self.lake.files():
            if (file.table, file.name) in loaded:
                by_level[file.table, file.level].append(file)
        done: list[LakeFile] = []
        for _, files in sorted(by_level.items()):
            if len(files) < _MERGE_AT:
                continue
            merged = self.lake.merge(connection, files)
            self._replace(connection, files, merged)
            done += files
        self.report.merged_files = len(done)
        return done
