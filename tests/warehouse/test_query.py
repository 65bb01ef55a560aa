"""Reading: what is allowed, what is refused with which words, and values that JSON can hold."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType

import pytest

from modellab.errors import QueryError
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import QueryResult, connect, query
from modellab.warehouse.recorder import Recorder


@pytest.fixture
def filled(lab: Lab, life: ModuleType, recorder: Recorder) -> Lab:
    for name in "ab":
        life.record_step(lab, recorder, name)
    build(lab)
    return lab


def test_a_query_gives_columns_types_and_rows(filled: Lab) -> None:
    result = query(filled, "SELECT id, inference_s, ended_at, cached FROM steps ORDER BY id LIMIT 1")
    assert result == QueryResult(
        ["id", "inference_s", "ended_at", "cached"],
        ["VARCHAR", "DOUBLE", "TIMESTAMP WITH TIME ZONE", "BOOLEAN"],
        [("a", 0.75, datetime(2026, 3, 1, 10, 0, 2, 500_000, tzinfo=UTC), False)],
    )


def test_parameters_go_by_place_and_by_name(filled: Lab) -> None:
    assert query(filled, "SELECT id FROM steps WHERE id = ?", ["b"]).rows == [("b",)]
    assert query(filled, "SELECT id FROM steps WHERE id = $id", {"id": "b"}).rows == [("b",)]


def test_without_a_database_one_is_built(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    life.record_step(lab, recorder, "a")
    assert query(lab, "SELECT count(*) FROM steps").rows == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO steps SELECT * FROM steps",
        "DELETE FROM steps",
        "DROP TABLE steps",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "COPY steps TO 'steps.csv'",
        "ATTACH 'other.duckdb'",
        "SET threads = 1",
        "INSTALL httpfs",
        "EXPORT DATABASE 'out'",
    ],
)
def test_what_would_write_is_refused(filled: Lab, sql: str) -> None:
    with pytest.raises(QueryError, match="is refused: the warehouse is only read; allowed: SELECT"):
        query(filled, sql)
    assert query(filled, "SELECT count(*) FROM steps").rows == [(2,)]


@pytest.mark.parametrize(
    "sql", ["EXPLAIN ANALYZE COPY steps TO '{home}/x.csv'", "SELECT * FROM read_csv('/etc/hosts')"]
)
def test_a_query_reaches_no_files(filled: Lab, sql: str) -> None:
    with pytest.raises(QueryError, match="file system operations are disabled"):
        query(filled, sql.format(home=filled.home))
    assert not (filled.home / "x.csv").exists()


@pytest.mark.parametrize(("sql", "found"), [("", "0 statements"), ("SELECT 1; SELECT 2", "2 statements")])
def test_a_query_is_one_statement(filled: Lab, sql: str, found: str) -> None:
    with pytest.raises(QueryError, match=f"a query is one SQL statement; found {found}"):
        query(filled, sql)


def test_an_unknown_table_is_answered_with_the_nearest_and_the_list(filled: Lab) -> None:
    with pytest.raises(QueryError) as caught:
        query(filled, "FROM stepz")
    assert 'Did you mean "steps"' in str(caught.value)
    assert caught.value.allowed is not None and caught.value.allowed.startswith(
        "action_items, artifacts, baseline_figures, baselines, case_outcomes, cases, chapters, checks, claims"
    )


def test_an_unknown_column_and_bad_syntax_are_answered_in_duckdbs_words(filled: Lab) -> None:
    with pytest.raises(QueryError, match=r"inferense_s(.|\n)*inference_s"):
        query(filled, "SELECT inferense_s FROM steps")
    with pytest.raises(QueryError, match='syntax error at or near "SELCT"'):
        query(filled, "SELCT 1")


@pytest.mark.parametrize("sql", ["SHOW TABLES", "DESCRIBE steps", "SUMMARIZE steps", "PRAGMA table_info('steps')"])
def test_looking_around_is_allowed(filled: Lab, sql: str) -> None:
    assert query(filled, sql).rows


def test_pivot_is_allowed(filled: Lab) -> None:
    result = query(filled, "PIVOT steps ON step USING count(*) GROUP BY system")
    assert result.as_records() == [{"system": "meeting", "vad": 2}]


def test_records_are_what_json_can_hold(filled: Lab) -> None:
    sql = """
        SELECT 1.50::DECIMAL(4, 2) AS price, 'NaN'::DOUBLE AS nan, '-inf'::DOUBLE AS low, INTERVAL 90 SECONDS AS span,
               TIMESTAMPTZ '2026-03-01 12:00:00+02' AS at, DATE '2026-03-01' AS day, TIME '01:02:03' AS hour,
               [{'x': 0.1::DECIMAL(3, 1)}] AS nested, MAP {1: 'one'} AS mapped, '\\x01\\xFF'::BLOB AS bytes,
               '{"a": [1, null]}'::JSON AS json, NULL::JSON AS nothing, 2::HUGEINT ** 0 AS power,
               '00000000-0000-0000-0000-000000000001'::UUID AS id
    """
    (record,) = query(filled, sql).as_records()
    assert record == {
        "price": 1.5,
        "nan": None,
        "low": None,
        "span": 90.0,
        "at": "2026-03-01T10:00:00+00:00",
        "day": "2026-03-01",
        "hour": "01:02:03",
        "nested": [{"x": 0.1}],
        "mapped": {"1": "one"},
        "bytes": "01ff",
        "json": {"a": [1, None]},
        "nothing": None,
        "power": 1.0,
        "id": "00000000-0000-0000-0000-000000000001",
    }
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_dicts_keep_python_values_and_equal_names_stay_apart(filled: Lab) -> None:
    result = query(filled, "SELECT 1.5::DECIMAL(3, 1) AS a, TIMESTAMPTZ '2026-03-01 00:00:00+00' AS b, 3 AS a")
    assert result.as_dicts() == [{"a": Decimal("1.5"), "b": datetime(2026, 3, 1, tzinfo=UTC), "a_2": 3}]
    assert list(result.as_records()[0]) == ["a", "b", "a_2"]


def test_the_connection_is_closed_whatever_happens(filled: Lab) -> None:
    with pytest.raises(ZeroDivisionError), connect(filled) as connection:
        raise ZeroDivisionError
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")
