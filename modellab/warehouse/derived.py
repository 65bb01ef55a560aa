"""What the builder works out for those who ask: what no board counts (`modellab runs quarantine`), how each case came
out, and standings (`warehouse/derived.sql`).

Only what belongs to inputs of which something is new is worked out again.
"""

import duckdb

from modellab.warehouse.schema import REFRESH

_EVERYTHING = """
SELECT input FROM steps UNION SELECT input FROM cases WHERE input IS NOT NULL
UNION SELECT input FROM derived.outcomes
"""

_OF_NEWS = """
WITH
    found AS (
        SELECT name AS input FROM news WHERE kind = 'input'
        UNION
        SELECT steps.input FROM steps
        WHERE fingerprint IN (SELECT name FROM news WHERE kind = 'result')
        UNION
        -- What is enrolled anew may leave cases out.
        SELECT input FROM cases
        WHERE (dataset, version) IN (
            SELECT (dataset, version) FROM cases WHERE source IN (SELECT name FROM news WHERE kind = 'dataset')
        )
    )
SELECT DISTINCT input FROM found
WHERE
    input IN (SELECT input FROM derived.outcomes)
    OR input IN (SELECT input FROM cases)
    OR input IN (
        SELECT input FROM steps
        WHERE input IN (SELECT input FROM found) AND fingerprint IN (SELECT fingerprint FROM scores)
    )
"""
"""Inputs of what is new, as far as they have a case or a score: most have not, and nothing is to be done for them."""

_READS = """
CREATE OR REPLACE TEMP TABLE reads_of AS
SELECT fingerprint, unnest(json_extract_string(reads, '$.*')) AS part FROM artifacts
"""
_DOUBTED = """
CREATE OR REPLACE TEMP TABLE doubted_now AS
WITH RECURSIVE doubted AS (
    SELECT DISTINCT unnest(fingerprints) AS fingerprint FROM quarantined_runs
    UNION
    FROM derived.doubted WHERE NOT {whole}
    UNION
    SELECT reads_of.fingerprint FROM doubted JOIN reads_of ON reads_of.part = doubted.fingerprint
)
FROM doubted;
DELETE FROM derived.doubted;
INSERT INTO derived.doubted FROM doubted_now;
DROP TABLE doubted_now;
DROP TABLE reads_of
"""
_LEFT_OUT = """
CREATE OR REPLACE TEMP TABLE left_out_before AS FROM derived.left_out;
DELETE FROM derived.left_out;
INSERT INTO derived.left_out
    SELECT steps.id FROM steps JOIN quarantined_runs AS runs USING (run, dagster_run_id)
    WHERE list_contains(runs.steps, steps.step)
    UNION
    SELECT id FROM steps WHERE fingerprint IN (FROM derived.doubted);
INSERT INTO news
    SELECT DISTINCT 'input', input FROM steps
    WHERE id IN (
        (FROM left_out_before EXCEPT FROM derived.left_out) UNION (FROM derived.left_out EXCEPT FROM left_out_before)
    );
DROP TABLE left_out_before
"""

_NEWS = "{how} news (kind VARCHAR, name VARCHAR)"
NEWS_OF = {
    "steps": ("input", "input"),
    "cases": ("dataset", "source"),
    "artifacts": ("result", "fingerprint"),
    "scores": ("result", "fingerprint"),
    "lifecycle_events": ("decision", "source"),
    "segments": ("utterances", "fingerprint"),
}
"""Table -> what a new row of it is news of, and the column that names it."""


def expect_news(connection: duckdb.DuckDBPyConnection) -> None:
    """Prepare the list that whoever brings in rows adds to (`note_news`)."""
    connection.execute(_NEWS.format(how="CREATE OR REPLACE TEMP TABLE"))


def note_news(connection: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
    """Note what rows are news of.

    Args:
        rows: SQL that gives new rows of the table.
    """
    if table in NEWS_OF:
        kind, column = NEWS_OF[table]
        connection.execute(
            f"INSERT INTO news SELECT DISTINCT '{kind}', {column} FROM ({rows}) WHERE {column} IS NOT NULL"
        )


def news(connection: duckdb.DuckDBPyConnection, kind: str) -> list[str]:
    """The names of what is new of a kind."""
    found = connection.execute("SELECT DISTINCT name FROM news WHERE kind = ?", [kind]).fetchall()
    return [name for (name,) in found]


def refresh(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Work out again what follows from news (`expect_news`), or all of it."""
    connection.execute(_NEWS.format(how="CREATE TEMP TABLE IF NOT EXISTS"))
    _leave_out(connection, everything=everything)
    inputs = _EVERYTHING if everything else _OF_NEWS
    connection.execute(f"CREATE OR REPLACE TEMP TABLE touched AS {inputs}")
    row = connection.execute("SELECT count(*) FROM touched").fetchone()
    if row is not None and row[0]:
        connection.execute(REFRESH.read_text())
    connection.execute("DROP TABLE touched")


def _leave_out(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Work out what no board counts, and take what that changes for news."""
    [(decided, held)] = connection.execute(
        "SELECT EXISTS (FROM news WHERE kind = 'decision'), "
        "EXISTS (FROM quarantined_runs) OR EXISTS (FROM derived.left_out) OR EXISTS (FROM derived.doubted)"
    ).fetchall()
    if not held:
        return
    whole = everything or decided
    if not whole:
        before = _count(connection)
        _doubt(connection, " WHERE fingerprint IN (SELECT name FROM news WHERE kind = 'result')", whole=False)
        # What reads the new ones may have come before them.
        whole = _count(connection) != before
    if whole:
        _doubt(connection, "", whole=True)
    connection.execute(_LEFT_OUT)


def _doubt(connection: duckdb.DuckDBPyConnection, which: str, *, whole: bool) -> None:
    """Work out what rests on results of quarantined runs, of some results (a condition in SQL) or all."""
    connection.execute(f"{_READS}{which}")
    connection.execute(_DOUBTED.format(whole=whole))


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM derived.doubted").fetchall()[0][0])
