"""docs/add-a-model.md: its commands run, its files written as they stand there, outside a checkout and inside one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "add-a-model.md"
_PROGRAM = (
    # The packages of the copy, before the program takes the folder that it lies in off the path.
    '#!/bin/sh\nexec {python} -c "import sys, models, resources, assets; from modellab_dagster.command import main; '
    'sys.exit(main())" "$@"\n'
)
_PARTS = ("modellab", "models", "modellab_dagster", "resources", "assets", "warehouse", "pipelines", "use-cases")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this one, so that the page may put a model into it."""
    copy = tmp_path / "checkout"
    for part in _PARTS:
        shutil.copytree(PROJECT_ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.duckdb*"))
    for file in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT_ROOT / file, copy)
    (copy / "datasets").mkdir()
    return copy


def test_every_step_of_the_page_works(tmp_path: Path, checkout: Path, sample_wav: Path) -> None:
    begin, try_it, into_checkout = blocks("sh")
    [config], [adapter], [readme] = blocks("yaml"), blocks("python"), blocks("markdown")
    program = tmp_path / "bin" / "modellab"
    program.parent.mkdir()
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    shutil.copy(sample_wav, checkout / "talk.wav")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "HOME": str(tmp_path), "PATH": path, "PYTHONPATH": str(checkout)}
    env |= {"MODELLAB_HOME": str(tmp_path / "home"), "HF_HOME": str(tmp_path / "hub"), "COLUMNS": "200"}

    def run(commands: str, code: int = 0) -> str:
        shell = ["bash", "-e", "-o", "pipefail"]
        done = subprocess.run(shell, input=commands, cwd=checkout, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    shown = run(begin)
    folder = tmp_path / "models" / "webrtc_vad"
    assert f"✓ {folder / 'adapter.py'}" in shown and "✗ package missing" in shown
    env["MODELLAB_MODELS"] = str(tmp_path / "models")
    unwritten = run("modellab models onboard webrtc_vad", 1)
    assert "✗ still to be filled in: webrtc_vad/adapter.py: is not written yet" in unwritten
    for name, text in (("config.yaml", config), ("adapter.py", adapter), ("README.md", readme)):
        (folder / name).write_text(text)
    tried = run(try_it)
    assert "✓ webrtc_vad:strict: 9 of 9 answers right" in tried
    assert f"From MODELLAB_MODELS ({folder.parent}): webrtc_vad" in tried

    verified = run(into_checkout)
    assert "✓ webrtc_vad:strict: 9 of 9 answers right" in verified
    assert (checkout / "models" / "webrtc_vad" / "adapter.py").is_file() and not folder.exists()
    del env["MODELLAB_MODELS"]
    [model] = [one for one in json.loads(run("modellab models list --json"))["models"] if one["id"] == "webrtc_vad"]
    assert (model["from"], model["folder"]) == ("Model Lab", str(checkout / "models" / "webrtc_vad"))


def test_the_places_that_it_sends_people_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE.read_text()):
        assert target.startswith("http") or (PAGE.parent / target).exists(), target
