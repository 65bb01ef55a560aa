"""How `modellab sql` lays out its answers."""

import io
import json
import os

import pytest

from modellab.cli.streams import Output
from modellab_dagster.command import main


@pytest.mark.usefixtures("lab")
def test_a_row_too_wide_for_the_screen_is_shown_value_by_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    statement = "SELECT repeat('x', 30) AS name, TIMESTAMP '2026-01-02 03:04:05.678' AS started_at, NULL AS nothing"
    assert main(["sql", statement]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "row 1",
        f"  name         {'x' * 25}",
        f"               {'x' * 5}",
        "  started_at   2026-01-02 03:04:05",
        "  nothing      –",
        "1 row",
    ]


@pytest.mark.usefixtures("lab")
def test_rows_that_fit_are_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["sql", "SELECT * FROM (VALUES (1, 'a'), (20, 'b')) AS t(number, letter)"]) == 0
    assert capsys.readouterr().out.splitlines() == ["number   letter", "     1   a", "    20   b", "2 rows"]


def test_rows_are_bounded_unless_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    def ask(*options: str) -> tuple[str, str]:
        assert main(["sql", "SELECT range AS n FROM range(1234)", *options]) == 0
        printed = capsys.readouterr()
        return printed.out, printed.err

    out, err = ask("--json")
    document = json.loads(out)
    assert [row["n"] for row in document["rows"]] == list(range(1000))
    assert (document["truncated"], document["more"], err) == (True, 234, "")
    out, err = ask("--json", "--limit", "1234")
    assert (len(json.loads(out)["rows"]), json.loads(out)["truncated"], err) == (1234, False, "")
    out, err = ask("--csv", "--limit", "2")
    assert out == "n\n0\n1\n"
    assert err == "! the first 2 rows shown; 1,232 further rows: --limit N or --all shows them\n"
    out, err = ask("--csv", "--all")
    assert (len(out.splitlines()), err) == (1235, "")
    assert ask("--limit", "0")[1] == "! no rows shown; 1,234 further rows: --limit N or --all shows them\n"


def test_a_result_without_end_is_cut_off_and_not_counted_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "SELECT 1 AS one FROM range(1000000000000)", "--csv", "--limit", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "one\n1\n"
    assert "at least 100,000 further rows" in printed.err


_BREAKS = """
    SELECT n, CASE WHEN n = 100000 THEN error('row ' || n || ' is broken') ELSE repeat('x', 200) END AS wide
    FROM range(100001) AS rows(n)
"""
"""DuckDB is ahead of its reader by some 25,000 of these rows."""


@pytest.mark.usefixtures("lab")
def test_rows_are_printed_before_the_last_ones_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", _BREAKS, "--csv", "--all"]) == 1
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == "n,wide" and len(lines) > 2048
    assert lines[1:] == [f"{n},{'x' * 200}" for n in range(len(lines) - 1)]
    assert "row 100000 is broken" in printed.err


@pytest.mark.usefixtures("lab")
def test_a_json_document_of_rows_is_whole_even_where_the_query_breaks_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", _BREAKS, "--json", "--all"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [row["n"] for row in document["rows"]] == list(range(len(document["rows"])))
    assert len(document["rows"]) > 2048
    assert (document["truncated"], document["more"], document["error"]["type"]) == (True, None, "QueryError")
    assert main(["sql", "SELEC 1", "--json"]) == 1
    assert list(json.loads(capsys.readouterr().out)) == ["error"]


@pytest.mark.usefixtures("lab")
def test_json_of_many_batches_is_what_it_is_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    def ask(statement: str) -> str:
        assert main(["sql", statement, "--json", "--all"]) == 0
        return capsys.readouterr().out

    whole = {"columns": ["n"], "rows": [{"n": n} for n in range(5000)], "truncated": False, "more": 0}
    assert ask("SELECT range AS n FROM range(5000)") == json.dumps(whole, indent=2) + "\n"
    whole |= {"rows": []}
    assert ask("SELECT 1 AS n LIMIT 0") == json.dumps(whole, indent=2) + "\n"


@pytest.mark.usefixtures("lab")
def test_a_reader_that_has_seen_enough_ends_a_query_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(io.BufferedWriter(Output(writing)), encoding="utf-8") as nobody_reads:
        monkeypatch.setattr("sys.stdout", nobody_reads)
        for form in ("--csv", "--json"):
            assert main(["sql", "SELECT 1 AS one FROM range(1000000000000)", form, "--all"]) == 0
    os.close(writing)


@pytest.mark.usefixtures("lab")
def test_where_later_rows_need_wider_columns_the_heading_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    # 2,048 rows at a time: the second batch is the first with numbers of five digits.
    assert main(["sql", "SELECT range AS n, 'a' AS letter FROM range(7952, 10002)", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["   n   letter", "7952   a"]
    assert lines[2048:] == ["9999   a", "    n   letter", "10000   a", "10001   a", "2,050 rows"]


@pytest.mark.usefixtures("lab")
def test_the_table_of_a_batch_that_does_not_fit_goes_on_value_by_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    statement = "SELECT CASE WHEN range = 2048 THEN repeat('x', 60) ELSE 'short' END AS text FROM range(2049)"
    assert main(["sql", statement, "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "text" and lines[1:2049] == ["short"] * 2048
    assert lines[2049] == "row 2049" and lines[2050].startswith("  text   x") and lines[-1] == "2,049 rows"
