"""docs/a-lab-that-runs-itself.md: its commands, run in order as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from modellab.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "a-lab-that-runs-itself.md"


def test_every_command_of_the_page_runs(tmp_path: Path) -> None:
    (tmp_path / "datasets").symlink_to(PROJECT_ROOT / "datasets")
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "MODELLAB_HOME": str(tmp_path / "home"), "MODELLAB_DEVICE": "cpu"}
    shell = ["bash", "-e", "-o", "pipefail"]

    def run(commands: str) -> str:
        done = subprocess.run(shell, input=commands, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    printed = run("\n".join(blocks))
    assert "faster_whisper:tiny.en: measured for the first time: this is its baseline from now on" in printed
    [inbox] = json.loads(run("modellab inbox list --json"))["inboxes"]
    assert (inbox["inbox"], inbox["folder"]) == ("calls", str(tmp_path / "drops"))
    again = json.loads(run("modellab regress --json"))
    assert [(one["dataset"], one["verdict"]) for one in again["judged"]] == [("my_calls", "kept")]


def test_the_pages_that_it_sends_people_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE.read_text()):
        assert target.startswith("http") or (PAGE.parent / target).exists(), target
