"""Making rows again from records and artifacts: after a kill between a result and its rows, or for a whole rebuild."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from modellab.settings import Lab
from modellab.warehouse.lake import Lake, LakeFile, Row
from modellab.warehouse.sources import SourceFolder

_BATCH_SOURCES = 5_000
"""Sources whose rows are made at a time: bounds the memory a rebuild takes."""

Source = tuple[SourceFolder, str]


@dataclass(frozen=True, slots=True)
class Repair:
    """What a build is to put right beside bringing in what is new."""

    again: Sequence[Source] = ()
    """Records and artifacts whose rows are taken out of tables and lake, and made again."""
    lost: Sequence[LakeFile] = ()
    """Files of the lake that are there no more, whose rows lie in others."""


NOTHING = Repair()


@dataclass(slots=True)
class Recovered:
    """What a recovery made."""

    files: list[LakeFile] = field(default_factory=list)
    sources: int = 0
    problems: list[str] = field(default_factory=list)
    damaged: set[Path] = field(default_factory=set)
    """Folders of sources whose rows can't be made."""


def missing_sources(connection: duckdb.DuckDBPyConnection, folders: Iterable[SourceFolder]) -> list[Source]:
    """Sources in some folders that the attached database has no rows of."""
    return [
        (folder, source) for folder in folders for source in _absent(connection, folder.marker, list(folder.sources()))
    ]


def remade_sources(connection: duckdb.DuckDBPyConnection, folders: Iterable[SourceFolder], lab: Lab) -> list[Source]:
    """Artifacts in some folders that were made anew since the attached database took their rows.

    Only those are opened whose manifests are not the files that were looked at last.
    """
    return [
        (folder, source)
        for folder in folders
        if folder.holds_results
        for source, made_at in _unseen(connection, folder.sources())
        if (found := folder.artifact(source, lab)) and datetime.fromisoformat(found.manifest["made"]["at"]) != made_at
    ]


def manifests(folders: Iterable[SourceFolder]) -> dict[Path, Mapping[str, int]]:
    """What `note_seen` takes. Ask before rows are read: what is made anew meanwhile is then seen the next time."""
    return {folder.path: folder.sources() for folder in folders if folder.holds_results}


def note_seen(connection: duckdb.DuckDBPyConnection, seen: Iterable[Mapping[str, int]]) -> None:
    """Remember manifests, by artifact and with their times of change, as those whose rows the attached database has."""
    changed = {source: modified_ns for sources in seen for source, modified_ns in sources.items()}
    connection.execute("DELETE FROM bookkeeping.results WHERE list_contains(?, source)", [list(changed)])
    connection.execute(
        "INSERT INTO bookkeeping.results SELECT unnest(?), unnest(?)", [list(changed), list(changed.values())]
    )


def recover(lab: Lab, lake: Lake, sources: list[Source]) -> Recovered:
    """Write the rows of sources to merged files of the lake. A damaged source is reported and left out."""
    recovered = Recovered()
    for start in range(0, len(sources), _BATCH_SOURCES):
        _recover(lab, lake, sources[start : start + _BATCH_SOURCES], recovered)
    return recovered


def _recover(lab: Lab, lake: Lake, batch: list[Source], recovered: Recovered) -> None:
    """Write one batch; when a source in it is bad, find it by halving."""
    try:
        files = _write(lab, lake, batch)
    except (OSError, duckdb.Error):  # the disk's or the lake's, not a source's
        raise
    except Exception as error:  # whatever a damaged source makes of the code that reads it: it is one source's
        if len(batch) == 1:
            folder, source = batch[0]
            recovered.problems.append(f"the rows of {folder.path / source} can't be made: {error!r}")
            recovered.damaged.add(folder.path)
            return
        middle = len(batch) // 2
        _recover(lab, lake, batch[:middle], recovered)
        _recover(lab, lake, batch[middle:], recovered)
        return
    recovered.files += files
    recovered.sources += len(batch)


def _write(lab: Lab, lake: Lake, batch: list[Source]) -> list[LakeFile]:
    tables: dict[str, dict[str, list[Row]]] = defaultdict(dict)
    for folder, source in batch:
        for table, rows in folder.rows(source, lab).items():
            tables[table][source] = rows
    return lake.write_all(tables)


def _unseen(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, int]) -> list[tuple[str, datetime]]:
    """Those of the artifacts whose manifests are not the files that were looked at last, and when each was made by the
    rows there are of it."""
    if not sources:
        return []
    unseen: list[tuple[str, datetime]] = connection.execute(
        "SELECT artifacts.source, made_at FROM artifacts "
        "JOIN (SELECT unnest($names) AS source, unnest($times) AS modified_ns) AS found USING (source) "
        "ANTI JOIN bookkeeping.results AS seen "
        "ON seen.source = found.source AND seen.modified_ns = found.modified_ns ORDER BY ALL",
        {"names": list(sources), "times": list(sources.values())},
    ).fetchall()
    return unseen


def _absent(connection: duckdb.DuckDBPyConnection, table: str, sources: list[str]) -> list[str]:
    """Those of the sources that a table has no row of."""
    if not sources:
        return []
    found = connection.execute(
        f"SELECT DISTINCT source FROM {table} SEMI JOIN (SELECT unnest(?) AS source) USING (source)", [sources]
    ).fetchall()
    return sorted(set(sources) - {source for (source,) in found})
