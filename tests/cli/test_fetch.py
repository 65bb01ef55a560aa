"""`modellab models fetch`: what it says and prints, and that Ctrl-C costs nothing of what has come."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hub import Hub, serving_hub
from tests.registry.conftest import config_of

Call = Callable[..., tuple[int, str, str]]
LARGE = random.Random(8).randbytes(2_000_000)
TOY = {"hub": {"repository": "makers/toy", "files": ["model.bin", "config.json"]}}
ACCESS = "Accept its terms and set HF_TOKEN."
VARIANTS: dict[str, dict[str, Any]] = {
    "toy": {"one": TOY, "two": TOY},
    "toy_gated": {"one": {"hub": {"repository": "makers/toy"}, "gated": True}},
    "toy_gone": {"one": {"hub": {"repository": "makers/none"}}},
    "toy_packaged": {"one": {"wheel": {"package": "no-such-wheel", "extra": "toys", "files": {"a": ["no_such/a"]}}}},
    "toy_rules": {"one": {}},
}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models of makers of toys."""
    folder = tmp_path / "models"
    for name, variants in VARIANTS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "config.yaml").write_text(yaml.safe_dump(config_of(name, variants=variants, access=ACCESS)))
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    return folder


@pytest.fixture
def hub(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    with serving_hub(monkeypatch) as serving:
        serving.repositories["makers/toy"]["model.bin"] = LARGE
        serving.large.add("model.bin")
        yield serving


def test_a_model_is_fetched_once_and_lines_say_so(call: Call, hub: Hub) -> None:
    assert call("models", "fetch", "toy") == (
        0,
        "✓ toy:one is here: 2 files, 1.9 MiB, Hugging Face hub (makers/toy); 1.9 MiB were fetched\n",
        "toy:one: 1.9 MiB from makers/toy\n",
    )
    assert call("models", "fetch", "toy", "--all") == (
        0,
        "✓ toy:one is here already: 2 files, 1.9 MiB, Hugging Face cache (makers/toy)\n"
        "✓ toy:two is here already: 2 files, 1.9 MiB, Hugging Face cache (makers/toy)\n",
        "",
    )
    assert (hub.ranges, hub.sent) == ([None], len(LARGE))


def test_variants_with_the_same_files_fetch_them_once(call: Call, hub: Hub) -> None:
    _, out, err = call("models", "fetch", "toy", "--all")
    assert [line.partition(":")[2][:20] for line in out.splitlines()] == [
        "one is here: 2 files",
        "two is here already:",
    ]
    assert err == "toy:one: 1.9 MiB from makers/toy\n"
    assert hub.ranges == [None]


def test_on_a_terminal_a_bar_shows_the_model_by_its_name(call: Call, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from modellab.cli import console

    shown = io.StringIO()
    monkeypatch.setattr(console, "stderr", lambda: Console(file=shown, force_terminal=True, width=100))
    assert call("models", "fetch", "toy")[0] == 0
    assert "toy:one: 1.9 MiB from makers/toy" in shown.getvalue()
    assert "100%" in shown.getvalue()


def test_several_models_are_each_told_and_one_that_fails_stops_no_other(call: Call, hub: Hub) -> None:
    code, out, err = call("models", "fetch", *VARIANTS, "deepgram")
    assert code == 1
    assert [line.partition(" ")[2].partition(" ")[0] for line in out.splitlines()] == [
        "toy_rules:one",
        "deepgram:nova-3",
        "toy:one",
    ]
    assert "toy_rules:one has no weights\n" in out
    assert "is a service at https://api.deepgram.com; it takes a key: DEEPGRAM_API_KEY" in out
    failed = err.split("✗ ")[1:]
    assert [each.partition(": ")[0] for each in failed] == ["toy_gated:one", "toy_gone:one", "toy_packaged:one"]
    assert failed[0].splitlines()[1].strip() == (
        "→ Accept its terms and set HF_TOKEN. The hub then gives it: makers/toy."
    )
    assert "makers/none does not exist, or is private" in failed[1]
    assert "→ Install the Python package no-such-wheel: pip install -e '.[toys]'." in failed[2]


def test_the_document_holds_each_of_them(call: Call, hub: Hub) -> None:
    code, out, _ = call("models", "fetch", "toy", "toy_rules", "toy_gone", "--json")
    assert code == 1
    documents = json.loads(out)["models"]
    assert {frozenset(document) for document in documents} == {frozenset(documents[0])}
    by_model = {document["model"]: document for document in documents}
    assert by_model["toy:one"] == {
        "model": "toy:one",
        "status": "fetched",
        "weights": "Hugging Face hub (makers/toy)",
        "files": 2,
        "bytes": len(LARGE) + 2,
        "downloaded_bytes": len(LARGE) + 2,
        "lacks": None,
        "error": None,
    }
    assert (by_model["toy_rules:one"]["status"], by_model["toy_rules:one"]["bytes"]) == ("nothing", None)
    assert by_model["toy_gone:one"]["status"] == "failed"
    assert "makers/none does not exist" in by_model["toy_gone:one"]["error"]


def test_a_disk_without_room_for_all_of_them_stops_before_the_first(call: Call, hub: Hub) -> None:
    hub.stated["model.bin"] = {"size": 10**16}
    code, out, err = call("models", "fetch", "toy")
    assert (code, out, hub.sent) == (1, "", 0)
    assert "let HF_HOME name a folder on a larger disk" in err


def test_offline_is_obeyed_and_its_setting_named(call: Call, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MODELLAB_OFFLINE", "true"), ("HF_HUB_OFFLINE", "1")):
        with monkeypatch.context() as setting:
            setting.setenv("MODELLAB_OFFLINE", "false")
            setting.setenv(name, value)
            code, _, err = call("models", "fetch", "toy")
        assert code == 1
        assert f"→ Unset {name}. The hub then gives it: makers/toy." in err
        assert f"Hugging Face hub: {name} forbids asking it" in err
    assert hub.asked == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--all"], "no model is named"),
        (["toy:one", "--all"], "Name ids, without variants"),
        (["toy", "--surface", "vad"], "Name models, or a surface"),
        (["tou"], "there is no model 'tou'"),
    ],
)
def test_what_is_not_understood_fetches_nothing(call: Call, hub: Hub, arguments: list[str], words: str) -> None:
    code, _, err = call("models", "fetch", *arguments)
    assert code == 2 and words in err
    assert hub.asked == []


def test_ctrl_c_leaves_what_has_come_and_the_next_fetch_asks_for_the_rest(
    call: Call, hub: Hub, home: Path, tmp_path: Path
) -> None:
    hub.stalls_after = 1_000_000
    # Its own environment names the hub and the cache: what this process has patched is not in it.
    environment = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_CACHE": str(tmp_path / "hf"),
        "MODELLAB_HOME": str(home),
    }
    # Whoever runs the tests in the background of a shell has Ctrl-C ignored, and so have their children.
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", heeded + "from modellab.cli.main import main; raise SystemExit(main())"]
    with subprocess.Popen(
        [*command, "models", "fetch", "toy", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while process.poll() is None and _held(tmp_path) < 900_000 and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, err.decode()
    assert json.loads(out)["models"] == []
    held = _held(tmp_path)
    assert 900_000 <= held <= 1_000_000
    hub.stalls_after = None
    assert call("models", "fetch", "toy")[0] == 0
    assert hub.ranges == [None, f"bytes={held}-"]


def _held(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.incomplete"))
