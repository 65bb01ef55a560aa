"""docs/statistics.md: its code runs, and its figures keep what it promises."""

import re

from modellab.settings import PROJECT_ROOT
from modellab.statistics.comparing import Comparison

TEXT = (PROJECT_ROOT / "docs" / "statistics.md").read_text()


def test_the_code_runs_and_gives_a_verdict() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    found = names["found"]
    assert isinstance(found, Comparison)
    assert (found.verdict, found.n, found.p) == ("better", 8, 1.5 / 128)


def test_the_table_of_calibration_is_within_what_is_promised() -> None:
    rows = [
        [float(cell) for cell in line.strip("| ").split("|")] for line in TEXT.splitlines() if re.match(r"\| \d", line)
    ]
    assert {(row[0], row[1]) for row in rows} >= {(8, 8), (20, 20), (100, 100)}
    for _, _, called, percentile, equal, planted, found, wrong, own, _ in rows:
        assert 3 <= called <= 7 <= percentile
        assert all(92 <= covered <= 98 for covered in (equal, planted, own))
        assert wrong < 0.5 < found
