"""Dagster's SQLite event log with connections that are kept.

The stock one opens a database anew for each of the about 500 statements of a run, compiles the statement, and, as the
last to close it, has the write-ahead log folded back in: half of the processor time of a run's bookkeeping, and most of
its waiting for the disk. Made for the process that runs pipelines itself; files and tables are the stock one's.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy

from modellab.trouble import FULL_BYTES, free_space, storage_error
from modellab_dagster._dagster_internals import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConfigurableClassData,
    DagsterSqliteStorage,
    SqliteEventLogStorage,
)

_KEPT_DATABASES = 4
"""The index and the newest runs; each run has a database of its own."""


class KeptSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with that event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = KeptSqliteEventLogStorage(str(Path(base_dir) / "history" / "runs"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls.from_local(inst_data=inst_data, **config_value)


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """An event log whose databases stay open from one event to the next."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sqlalchemy.Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._folder = Path(base_dir)
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        try:
            with self._db_lock, self._engine(shard).begin() as connection:
                yield connection
        except sqlalchemy.exc.OperationalError as error:
            # Dagster prints what is raised here as it is, once for each event that does not fit.
            if (free_space(self._folder) or 0) < FULL_BYTES and (full := storage_error(error, self._folder)):
                raise full from error
            raise

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        if shard not in self._engines:
            engine = sqlalchemy.create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            sqlalchemy.event.listen(engine, "connect", _sync_less)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._engines[shard] = engine
            while len(self._engines) > _KEPT_DATABASES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        """Asked before each check and each tag is stored; a table that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _sync_less(connection: Any, _record: object) -> None:
    """Sync at checkpoints only.

    A power cut may then take Dagster's last events, though never the database (SQLite on a write-ahead log); a killed
    process takes nothing. What counts, the lab's records and artifacts, is synced on its own.
    """
    connection.execute("PRAGMA synchronous=NORMAL")
