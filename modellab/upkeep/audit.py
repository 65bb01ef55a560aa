"""Everything that a lab keeps, held against itself: files against manifests, names against what they stand for, rows
against records and results, records against what they name.

Nothing is changed unless `fix` is asked for, but that the database is brought up to date, as before every question.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from modellab.artifacts.store import ArtifactStore
from modellab.runs.past import PastRun
from modellab.settings import Lab
from modellab.upkeep import audited_records, audited_results
from modellab.upkeep.findings import Finding
from modellab.upkeep.mending import mend
from modellab.warehouse.builder import BuildReport, build
from modellab.warehouse.held import (
    Sources,
    attached,
    differing_rows,
    gone_files,
    lake_troubles,
    sources_of,
    stray_rows,
)
from modellab.warehouse.query import query
from modellab.warehouse.rows import ARTIFACT_MARKER

Progress = Callable[[str, float], None]
"""Told what is looked at, and which share of it is done."""

_OF_RUN = """
SELECT source FROM runs WHERE run = $run AND dagster_run_id = $attempt
UNION SELECT source FROM steps WHERE run = $run AND dagster_run_id = $attempt
UNION SELECT source FROM checks WHERE run = $run AND dagster_run_id = $attempt
UNION SELECT source FROM inputs WHERE input = $input
"""
_RESULTS = """
WITH RECURSIVE rests_on AS (
    SELECT fingerprint FROM steps WHERE run = $run AND dagster_run_id = $attempt AND fingerprint IS NOT NULL
    UNION
    SELECT unnest(json_extract_string(reads, '$.*')) FROM rests_on JOIN artifacts USING (fingerprint)
)
SELECT DISTINCT rests_on.fingerprint FROM rests_on JOIN steps USING (fingerprint)
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of it."""

    runs: int | None
    """How many were asked for; None: the whole lab."""
    results: int
    """How many were looked at, like `records`."""
    records: int
    quick: bool
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, or all of it was put right."""
        return all(one.fixed for one in self.findings)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is looked at; None: everything."""

    results: set[str] | None = None
    records: set[str] | None = None
    inputs: set[str] | None = None


def audit(
    lab: Lab,
    runs: Iterable[PastRun] | None = None,
    *,
    quick: bool = False,
    fix: bool = False,
    progress: Progress = lambda what, share: None,
) -> Audit:
    """Look at all that the lab keeps.

    Args:
        runs: only at these, with what they rest on; None: at everything.
        quick: compare sizes instead of bytes, and no rows.
        fix: put right what can be derived.
    """
    chosen = None if runs is None else list(runs)
    # What is there before the build is in the database after it: what comes later is another process's, and whole.
    places = ArtifactStore(lab.artifacts).places()
    found = sources_of(lab)
    scope = _Scope() if chosen is None else _scope(lab, chosen)
    if scope.results is not None and scope.records is not None:
        wanted = scope.results | scope.records
        places = [place for place in places if place.name in scope.results]
        found = {source: folders for source, folders in found.items() if source in wanted}
    # Before the build as well, which moves aside what it meets and can't read.
    findings = list(
        audited_results.results(lab, places, quick=quick, progress=lambda share: progress("results", share))
    )
    damaged = {source for one in findings for source in one.sources}
    findings += _repaired(build(lab))
    findings += audited_records.records(lab, found, lambda share: progress("records", share))
    findings += (
        one for one in audited_records.gone_results(lab, scope.results) if not damaged.intersection(one.sources)
    )
    findings += audited_records.inputs(lab, scope.inputs, quick=quick)
    if chosen is None:
        findings += audited_results.pruned_results(lab)
        findings += audited_records.orphans(lab, places)
        findings += audited_records.runs(lab)
        findings += audited_records.beside(lab)
    unusable = {source for one in findings for source in one.sources if one.kind != "orphan result"}
    findings += _rows(lab, found, unusable, progress, quick=quick, whole=chosen is None)
    wrong = {source for one in findings for source in one.sources if one.kind == "rows differ"}
    findings += _lake(lab, wrong, quick=quick) if chosen is None else ()
    if fix:
        findings = mend(lab, findings, found)
    records = sum(1 for folders in found.values() for folder in folders if not folder.holds_results)
    return Audit(None if chosen is None else len(chosen), len(places), records, quick, tuple(findings))


def _scope(lab: Lab, runs: Sequence[PastRun]) -> _Scope:
    results: set[str] = set()
    records: set[str] = set()
    for one in runs:
        given = {"run": one.run, "attempt": one.dagster_run_id}
        results |= {name for (name,) in query(lab, _RESULTS, given).rows}
        records |= {name for (name,) in query(lab, _OF_RUN, {**given, "input": one.input}).rows}
    return _Scope(results, records, {one.input for one in runs})


def _repaired(built: BuildReport) -> Iterator[Finding]:
    """What the build that comes first met and put right by itself."""
    again = built.started_over
    if again and again != "there was no database":
        yield Finding(
            "database repaired", "modellab.duckdb", f"{again}.", "It was made anew.", fixable=True, fixed=True
        )
    for path in built.set_aside:
        said = "a file that is not the lab's, or can't be read, was in the way."
        yield Finding("database repaired", path, said, f"It was moved to {path}.", fixable=True, fixed=True)


def _rows(
    lab: Lab, found: Sources, unusable: set[str], progress: Progress, *, quick: bool, whole: bool
) -> Iterator[Finding]:
    """Rows of the database that are not what records and results give.

    Args:
        unusable: sources of which other findings say that they are damaged.
        whole: whether `found` is all there is.
    """
    refused: list[Finding] = []

    def refuse(source: str, error: Exception) -> None:
        remedy = "Look at the files it names; the rows that there are stay."
        refused.append(Finding("rows can't be made", source, f"{error!r}.", remedy, fixable=False, sources=(source,)))

    with attached(lab) as connection:
        if not quick:
            compared = {source: folders for source, folders in found.items() if source not in unusable}
            for one in differing_rows(lab, connection, compared, refuse, lambda share: progress("rows", share)):
                said = f"of what {one.source} gives, {one.missing} rows are missing, and {one.other} are other ones."
                remedy = "--fix makes its rows again."
                yield Finding("rows differ", f"table {one.table}", said, remedy, fixable=True, sources=(one.source,))
            yield from refused
        for table, sources in stray_rows(connection, found).items() if whole else ():
            if table == ARTIFACT_MARKER:
                continue  # `result gone` names the attempt
            for source in sources:
                remedy = "Nothing can derive a record. The rows stay until the database is made anew: restore a backup."
                said = f"it has rows of the record {source}, which is gone."
                yield Finding("record gone", f"table {table}", said, remedy, fixable=False, sources=(source,))


def _lake(lab: Lab, wrong: set[str], *, quick: bool) -> Iterator[Finding]:
    """The lake against the database: what a database that is made from it would lack."""
    again = "--fix writes the rows again."
    with attached(lab) as connection:
        for file in gone_files(lab, connection):
            where = str(file.path.relative_to(lab.home))
            yield Finding("lake file gone", where, "its rows are in the database, and it is gone.", again, fixable=True)
        for trouble in () if quick else lake_troubles(lab, connection, wrong):
            for file, why in trouble.unreadable:
                where = str(file.path.relative_to(lab.home))
                yield Finding("lake file damaged", where, f"it can't be read: {why}.", again, fixable=True)
            if trouble.missing:
                said = f"it lacks rows of {len(trouble.missing)} records or results that the database has."
                yield Finding(
                    "lake lacks rows", f"lake/{trouble.table}", said, again, fixable=True, sources=trouble.missing
                )
