"""SegLST: a JSON list of who said what, when."""

import json
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import LabError
from modellab.formats.spoken import SpokenText, read_seglst, to_seglst

ENTRY: dict[str, Any] = {
    "session_id": "call", "speaker": "A", "start_time": "0.5", "end_time": 2, "words": "Hi “you”\nthere", "extra": [1]
}  # fmt: skip


def test_as_it_is_written() -> None:
    said = [SpokenText("a talk", "Ann Lee", 0.0, 1.25, 'Grüße "x"'), SpokenText("a talk", "B", 1.0, 2.0, "")]
    text = to_seglst(said)
    assert text == (
        '[\n{"session_id": "a talk", "speaker": "Ann Lee", "start_time": "0.000", "end_time": "1.250", '
        '"words": "Grüße \\"x\\""},\n'
        '{"session_id": "a talk", "speaker": "B", "start_time": "1.000", "end_time": "2.000", "words": ""}\n]\n'
    )
    assert json.loads(to_seglst([])) == []


def test_is_read_in_order_of_time_with_numbers_or_strings(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([ENTRY, {**ENTRY, "start_time": 0, "end_time": "1.0"}]))
    assert read_seglst(path) == [
        SpokenText("call", "A", 0.0, 1.0, "Hi “you”\nthere"),
        SpokenText("call", "A", 0.5, 2.0, "Hi “you”\nthere"),
    ]


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    said = [SpokenText("a talk", "Ann Lee", 0.0, 1.25, "a\nb"), SpokenText("b", "B", 1.0, 2.0, "")]
    (path := tmp_path / "a.json").write_text(to_seglst(said), "utf-8")
    assert read_seglst(path) == said


@pytest.mark.parametrize(
    "wrong",
    [
        {"end_time": 0.1},
        {"end_time": None},
        {"start_time": "soon"},
        {"start_time": True},
        {"words": None},
        {"words": 3},
        {"speaker": ["A"]},
    ],
)
def test_what_is_not_of_the_format_is_refused_by_entry(wrong: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([ENTRY, {**ENTRY, **wrong}]))
    with pytest.raises(LabError, match=r"entry 2 of .*a\.json is not SegLST"):
        read_seglst(path)


@pytest.mark.parametrize("text", ["{}", '"call"', "[1]", '[{"speaker": "A"}]', "", "[" * 100])
def test_other_json_is_refused(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "a.json").write_text(text)
    with pytest.raises(LabError, match="SegLST"):
        read_seglst(path)
