"""How `modellab sql` lays out its answers."""

import pytest

from modellab.cli.main import main


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
