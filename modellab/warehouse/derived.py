"""What the builder works out for those who ask: how each case came out, and standings (`warehouse/derived.sql`).

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

NEWS_OF = {
    "steps": ("input", "input"),
    "cases": ("dataset", "source"),
    "artifacts": ("result", "fingerprint"),
    "scores": ("result", "fingerprint"),
}
"""Table -> what a new row of it is news of, and the column that names it."""


def expect_news(connection: duckdb.DuckDBPyConnection) -> None:
    """Prepare the list that whoever brings in rows adds to (`note_news`)."""
    connection.execute("CREATE OR REPLACE TEMP TABLE news (kind VARCHAR, name VARCHAR)")


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


def refresh(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Work out again what follows from news, or all of it."""
    inputs = _EVERYTHING if everything else _OF_NEWS
    connection.execute(f"CREATE OR REPLACE TEMP TABLE touched AS {inputs}")
    row = connection.execute("SELECT count(*) FROM touched").fetchone()
    if row is not None and row[0]:
        connection.execute(REFRESH.read_text())
    connection.execute("DROP TABLE touched")
