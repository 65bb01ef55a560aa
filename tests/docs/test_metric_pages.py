"""docs/metrics: every metric of every suite has a page and a line in the index, and neither is of nothing."""

import re
from pathlib import Path

import pytest

from modellab.metrics.suites import SUITES, suite
from modellab.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "docs" / "metrics"
PAGES = sorted(set(FOLDER.glob("*.md")) - {FOLDER / "README.md"})
PARTS = ("Definition", "Unit", "Direction", "Protocol", "Source", "What not to conclude")
OF_SUITE = {name: tuple(suite(name).METRICS) for name in SUITES}
METRICS = sorted({metric for metrics in OF_SUITE.values() for metric in metrics})


def named_by(page: Path) -> list[str]:
    """The metrics of a page: its title, `# wer` or `# rouge1, rouge2`."""
    title = page.read_text().splitlines()[0]
    return title.removeprefix("# ").replace("`", "").split(", ")


def index() -> list[tuple[str, str]]:
    """Metric and page of every line of the index."""
    return re.findall(r"^\| \[`?(\w+)`?\]\(([\w.]+)\) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)


def test_every_module_of_the_folder_is_a_suite_and_names_its_metrics() -> None:
    files = {path.stem for path in (PROJECT_ROOT / "modellab" / "metrics" / "suites").glob("*.py")} - {"__init__"}
    assert set(SUITES) == files
    for name, metrics in OF_SUITE.items():
        assert metrics and len(set(metrics)) == len(metrics), name
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", metric) for metric in metrics), name


def test_every_metric_has_one_page_and_every_page_a_metric() -> None:
    paged = [metric for page in PAGES for metric in named_by(page)]
    assert sorted(paged) == METRICS


def test_the_index_has_a_line_for_every_metric_and_leads_to_its_page() -> None:
    assert sorted(metric for metric, _ in index()) == METRICS
    pages = {metric: page.name for page in PAGES for metric in named_by(page)}
    assert dict(index()) == pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_a_reader_must_know(page: Path) -> None:
    text = page.read_text()
    assert page.stem in named_by(page)
    missing = [part for part in PARTS if not re.search(rf"^(?:## |- |\| |\*\*)\W*{part}\b", text, re.MULTILINE)]
    assert missing == []
