"""How `modellab sql` lays out its answers."""

import json

import pytest

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
    assert main(["sql", "SELECT 1 AS one FROM range(1000000000) a, range(1000000000) b", "--csv", "--limit", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "one\n1\n"
    assert "at least 100,000 further rows" in printed.err
