"""`modellab datasets import`: a folder becomes a dataset, and what is wrong with it is said."""

import importlib
import json
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.mkdir()
    for number, name in enumerate(("a", "b"), start=1):
        times = np.arange(4000) / 8000
        soundfile.write(path / f"{name}.wav", (0.3 * np.sin(700 * number * times)).astype(np.float32), 8000)
    (path / "transcripts.tsv").write_text("file\tlanguage\ttext\na.wav\ten\tone\nb.wav\t\ttwo\ngone.wav\ten\tthree\n")
    return path


def test_import_for_programs(call: Call, home: Path, folder: Path) -> None:
    code, out, err = call("datasets", "import", folder, "--id", "mine", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "dataset": "mine",
        "manifest": str(home / "datasets/mine/dataset.yaml"),
        "format": "transcripts",
        "cases": 2,
        "left_out": [{"file": "transcripts.tsv", "line": 4, "what": "gone.wav is not there"}],
        "notes": [],
        "problems": [
            {"case": "b", "part": "language", "what": "there is text, and nobody says in which language"},
        ],
    }
    code, out, _ = call("datasets", "check", "mine", "--json")
    assert (code, len(json.loads(out)["problems"])) == (1, 1)


def test_import_for_people(call: Call, home: Path, folder: Path) -> None:
    code, out, err = call("datasets", "import", folder, "--id", "told", "--language", "en", "--licence", "CC0-1.0")
    place = home / "datasets/told/dataset.yaml"
    assert (code, out.splitlines()) == (
        1,
        [f"✓ told: 2 cases, read as transcripts, in {place}", "✓ check found nothing wrong"],
    )
    assert err.splitlines() == ["✗ left out: transcripts.tsv, line 4: gone.wav is not there"]
    assert "licence: CC0-1.0\n" in place.read_text()


def test_a_folder_with_nothing_left_out_ends_well(call: Call, folder: Path) -> None:
    (folder / "transcripts.tsv").write_text("file\tlanguage\ttext\na.wav\ten\tone\nb.wav\t\ttwo\n")
    code, out, err = call("datasets", "import", folder, "--id", "well", "--copy", "--task", "asr", "--task", "tts")
    assert code == 0
    assert out.splitlines()[1:] == ["! check found 2 problems: modellab datasets check well"]
    assert err.splitlines() == [
        "! tasks: no case has what tts is judged by: prompt",
        "! b, language: there is text, and nobody says in which language",
    ]


@pytest.mark.parametrize(("place", "is_kept"), [("importing.bring", False), ("checking", True)])
def test_stopped_it_leaves_a_whole_dataset_or_none(
    call: Call, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, is_kept: bool
) -> None:
    """Also where the interrupt itself is lost, as in a callback of libav."""
    module = importlib.import_module(f"modellab.datasets.{place}")
    name = "to_cases" if place == "importing.bring" else "sound_facts"
    real = getattr(module, name)

    def interrupted(*arguments: Any) -> Any:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        return real(*arguments)

    monkeypatch.setattr(module, name, interrupted)
    code, out, _ = call("datasets", "import", folder, "--id", "stopped", "--replace", "--json")
    assert code == 143
    assert json.loads(out)["error"]["type"] == "Interrupted"
    assert (home / "datasets/stopped/dataset.yaml").exists() is is_kept


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--format", "kaldy"), "there is no format 'kaldy'"),
        (("--task", "asd"), "there is no task 'asd'"),
        (("--media", "/nowhere"), "/nowhere is not a folder"),
    ],
)
def test_what_is_asked_wrongly(call: Call, folder: Path, more: tuple[str, str], told: str) -> None:
    code, _, err = call("datasets", "import", folder, "--id", "wrong", *more)
    assert code != 0
    assert told in err


def test_every_format_is_named_in_the_help_and_offered(call: Call) -> None:
    from modellab.cli.completion import dataset_formats
    from modellab.datasets.importing.catalogue import LAYOUTS

    _, out, _ = call("datasets", "import", "--help")
    said = " ".join(out.replace("│", " ").split())
    assert [name for name in LAYOUTS if name not in said] == []
    assert list(dataset_formats()) == list(LAYOUTS)
