"""What a process must remember although it may be killed at any moment: an SQLite file of the lab's own, whose every
change is one transaction. Any number of processes may have it open."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Self

from modellab.errors import StorageError

_BUSY_S = 60.0


class StateFile:
    """A context manager. Whoever inherits it says what is remembered."""

    schema: ClassVar[str]
    """Statements that make its tables."""
    version: ClassVar[int] = 1
    what: ClassVar[str]
    """What is in it, for errors: `what is remembered of watched folders`."""
    if_damaged: ClassVar[str]
    """What happens once a damaged one is moved away, for errors: a sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        except sqlite3.Error as error:
            raise self._in_words(error) from error
        self._run("PRAGMA journal_mode = WAL")
        with self.change():
            [version] = self._run("PRAGMA user_version").fetchone()
            if not version:
                for statement in filter(str.strip, self.schema.split(";")):
                    self._run(statement)
                self._run(f"PRAGMA user_version = {self.version}")
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All of the block's changes, or none."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk may have ended it already
                self._connection.execute("ROLLBACK")
            raise

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._in_words(error) from error

    def _in_words(self, error: sqlite3.Error) -> StorageError:
        return StorageError(
            f"{self.what} can't be read or written: {self.path}",
            found=str(error),
            hint=f"If its disk is full, make room. If it is damaged, move it away: {self.if_damaged}",
        )
