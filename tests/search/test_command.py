"""`modellab search`, as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from modellab.settings import Lab
from modellab_dagster.command import main


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["search", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def said(lab: Lab, transcripts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))
    monkeypatch.setenv("MODELLAB_TIMEZONE", "Europe/Berlin")
    transcripts.add(
        "monday", ("A", "We talk of the budget."), ("B", "For next year, say"), step="alignment", words=True
    )
    transcripts.add("tuesday", f"{'so ' * 100}budgets{' and so on' * 100}", day="2026-03-02")


@pytest.mark.usefixtures("said")
def test_hits_have_recording_time_speaker_and_system(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, '"the budget for', 'next"')
    assert code == 0
    hit, text, end = out.splitlines()
    assert hit == "  1  monday.wav  0:03  A  meeting"
    assert text == "     We talk of the budget. For next year, say"
    assert end.startswith("1 hit; 2 recordings searched in ")


@pytest.mark.usefixtures("said")
def test_of_a_long_utterance_what_is_around_the_words_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "budgeting", "--since", "2026-03-02")
    [_, text, _] = out.splitlines()
    assert text.startswith("     … so so ")
    assert " so budgets and so on and so on" in text
    assert text.endswith(" …")
    assert len(text) < 400


@pytest.mark.usefixtures("said")
def test_json_has_whole_texts_and_marks(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "budget", "--limit", "1", "--json")
    document = json.loads(out)
    assert (code, document["searched"], document["more"], document["recordings"]) == (0, "budget", 1, 2)
    [hit] = document["hits"]
    assert (hit["rank"], hit["input"], hit["system"], hit["speaker"]) == (1, "monday", "meeting", "A")
    assert [hit["text"][start:end] for start, end in hit["marks"]] == ["budget"]
    assert hit["at_s"] == 4.0


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--speaker", "a"], ["monday"]),
        (["--input", "tuesday.wav"], ["tuesday"]),
        (["--system", "meeting"], ["monday", "tuesday"]),
        (["--until", "2026-03-01"], ["monday"]),
        (["--since", "2026-03-02"], ["tuesday"]),
        (["--from", "0:09.5"], []),
        (["--to", "5"], ["monday", "tuesday"]),
    ],
)
def test_options(capsys: pytest.CaptureFixture[str], options: list[str], found: list[str]) -> None:
    code, out, _ = _run(capsys, "budget", "--json", *options)
    assert (code, sorted(hit["input"] for hit in json.loads(out)["hits"])) == (0, found)


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (['"next year'], "has no second one"),
        (["?!"], "no word"),
        (["budget", "--since", "yesterday"], "--since is no day"),
        (["budget", "--from", "1:75"], "--from is no time"),
        (["budget", "--input", "nobody"], "no input 'nobody'"),
        (["budget", "--system", "meting"], "Did you mean meeting?"),
        (["budget", "--speaker", "Zoe"], "no speaker 'Zoe'"),
    ],
)
def test_wrong_usage_is_told_in_a_line(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_lab_without_transcripts_says_that_nothing_was_searched(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path / "new"))
    code, out, _ = _run(capsys, "budget")
    assert code == 0
    assert out.startswith("0 hits; 0 recordings searched")
