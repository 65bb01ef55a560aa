"""`modellab report` of results that real runs made: its figures are the bench's, its words the transcripts'."""

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from modellab.cli.main import main
from modellab.evaluation.report.content import Report, report
from modellab.evaluation.report.page import render_html
from modellab.runs.bench import Bench, bench
from modellab.settings import PROJECT_ROOT, Lab, Settings
from modellab_dagster.command import open_launcher
from tests.orchestration.test_bench import Silent

SYSTEMS = ["faster_whisper:tiny.en", "faster_whisper:tiny.en+asr.beam_size=1"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def measured(home: Path) -> Iterator[tuple[Lab, Bench]]:
    """Four short sentences by two systems: runs once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_HOME", str(home))
        lab = Lab(Settings(_env_file=None))
        yield lab, bench(lab, "asr_smoke_v1", SYSTEMS, open_launcher, Silent())


@pytest.fixture(scope="module")
def found(measured: tuple[Lab, Bench]) -> Report:
    return report(measured[0], "asr_smoke_v1")


class Tables(HTMLParser):
    """Rows of tables by id: of each cell its text, and the number that it states."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[tuple[str, str | None]]]] = {}
        self._table = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._table = given.get("id") or given.get("class") or "-"
        rows = self.rows.setdefault(self._table, [])
        if tag == "tr":
            rows.append([])
        elif tag in ("td", "th"):
            rows[-1].append(("", None))
        elif tag == "data":
            rows[-1][-1] = (rows[-1][-1][0], given["value"])

    def handle_data(self, data: str) -> None:
        rows = self.rows.get(self._table)
        if rows and rows[-1]:
            rows[-1][-1] = (f"{rows[-1][-1][0]} {data.strip()}".strip(), rows[-1][-1][1])


def test_its_figures_are_the_benchs(measured: tuple[Lab, Bench], found: Report) -> None:
    stands = measured[1].standing
    tables = Tables(render_html(found))
    rows = tables.rows["main-figures"][1:]
    shown = {row[0][0].partition(" ")[2]: row for row in rows}
    assert sorted(shown) == sorted(SYSTEMS)
    for one in stands.systems:
        figure = one.figure("wer")
        assert figure is not None and figure.interval.value is not None and figure.interval.low is not None
        text, value = shown[one.system][1]
        assert float(value or "nan") == figure.interval.value
        assert text.startswith(f"{100 * figure.interval.value:.1f} % {100 * figure.interval.low:.1f} to ")
        assert shown[one.system][3][0] == "4"
    others = {row[0][0].partition(" ")[0]: row for row in tables.rows["other-figures"][1:]}
    cer = stands.systems[0].figure("cer")
    assert cer is not None
    place = [one.system for one in found.standing.systems].index(stands.systems[0].system)
    assert float(others["cer"][1 + place][1] or "nan") == cer.interval.value
    tagged = {row[0][0]: row for row in tables.rows["slices"][1:]}
    assert all(len(row) == 2 + len(SYSTEMS) for row in tagged.values()) and len(tagged) > 2


def test_speed_is_that_of_all_models_together(measured: tuple[Lab, Bench], found: Report) -> None:
    for system in SYSTEMS:
        pace = found.paces[system]
        assert (pace.interval.n, pace.left_out, pace.devices) == (4, 0, ("cpu",))
        together = sum(step.real_time_factor for step in measured[1].speeds[system])
        assert pace.interval.value == pytest.approx(together, rel=1e-6)


def test_the_worst_recordings_have_their_errors_side_by_side_and_sound(found: Report) -> None:
    assert found.worst is not None
    measure, cases = found.worst
    assert measure.metric == "wer" and cases
    lost = [sum(one.numerator or 0 for one in case.figures) for case in cases]
    assert lost == sorted(lost, reverse=True) and min(lost) > 0
    for case in cases:
        for place, system in enumerate(case.heard):
            figure = next(one for one in case.figures if one.system == system)
            assert sum(stretch.errors[place] for stretch in case.stretches) == figure.numerator
        assert case.clip is not None
        assert base64.b64decode(case.clip.source.partition(",")[2])[:3] in (b"ID3", b"\xff\xf3\xc4")


def test_the_notebook_runs_and_shows_the_same_figures(
    measured: tuple[Lab, Bench], found: Report, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(home))
    notebook = json.loads((PROJECT_ROOT / "docs/notebooks/evaluation.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all((cell["outputs"], cell["execution_count"]) == ([], None) for cell in code)
    names: dict[str, Any] = {}
    for cell in code:
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert (names["dataset"], names["systems"]) == ("asr_smoke_v1", sorted(SYSTEMS))
    figures = names["figures"].set_index(["system", "step", "metric"])
    for system in measured[1].standing.systems:
        for one in system.figures:
            row = figures.loc[(system.system, one.measure.step, one.measure.metric)]
            assert row["value"] == one.interval.value and row["cases"] == one.interval.n
    assert len(names["pairs"]) == len(measured[1].standing.comparisons)
    assert names["main"].metric == "wer" and sorted(names["by_case"].columns) == sorted(SYSTEMS)
    [(_, slices)] = found.slices
    for one in slices:
        row = names["slices"].loc[(one.tag, one.value)]
        assert row["cases"] == one.cases
        for system, interval in one.figures.items():
            assert row[system] == pytest.approx(interval.value)


def test_the_command_writes_both_files_and_says_the_verdict(
    measured: tuple[Lab, Bench],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert (
        main(["report", "-d", "asr_smoke_v1", "-m", SYSTEMS[1], "--out", "a.html", "--markdown", "a.md", "--json"]) == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert (document["html"], document["markdown"]) == ("a.html", "a.md")
    assert document["verdict"][0].startswith(f"{SYSTEMS[1]} has a word error rate of ")
    page = Path("a.html").read_text()
    assert re.findall(r"https?://[^\s\"'<]+", page) == []
    assert [row[0][0] for row in Tables(page).rows["main-figures"][1:]] == [f"1 {SYSTEMS[1]}"]
    assert "## Verdict" in Path("a.md").read_text()

    assert main(["report", "-d", "asr_smoke_v1"]) == 0
    assert Path("asr_smoke_v1.html").is_file()
    capsys.readouterr()
    assert main(["report", "-d", "asr_smoke", "--json"]) == 2
    assert "asr_smoke_v1" in json.loads(capsys.readouterr().out)["error"]["hint"]
    assert main(["report", "-d", "asr_smoke_v1", "-m", "silero_vad", "--json"]) == 2
    assert "silero_vad:v6" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_speeds_and_recordings_can_be_left_out(
    measured: tuple[Lab, Bench], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    written = ["--out", "a.html", "--markdown", "a.md"]
    assert main(["report", "-d", "asr_smoke_v1", *written]) == 0
    whole = Path("a.html").read_text(), Path("a.md").read_text()
    assert main(["report", "-d", "asr_smoke_v1", *written, "--no-speed", "--no-recordings"]) == 0
    less = Path("a.html").read_text(), Path("a.md").read_text()
    rows, fewer = (Tables(page.partition("</table>")[0]).rows["main-figures"] for page in (whole[0], less[0]))
    assert [cell[0] for cell in rows[0]][2::3] == ["Speed, times real time", "Highest memory"]
    kept = [cell for place, cell in enumerate(zip(*rows, strict=True)) if place not in (2, 5)]
    assert list(zip(*fewer, strict=True)) == kept
    for words in ("Error against speed", "<audio", "Worst recordings"):
        assert words in whole[0] and words not in less[0]
    for words in ("Worst recordings", "| speed |", "times real time", "on the front"):
        assert words in whole[1] and words not in less[1]
    assert "- Speeds and memory are left out" in less[1] and "wer\\_as\\_written" in less[1]
