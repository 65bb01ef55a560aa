import json
import subprocess
import sys

from modellab.settings import PROJECT_ROOT


def test_damaged_files_are_all_answered() -> None:
    """A seeded share of `benchmarks/fuzz.py`, a file or two of every kind that libav can write here."""
    command = [sys.executable, "benchmarks/fuzz.py", "--files", "60", "--seed", "1", "--json"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=600, check=False)
    figures = json.loads(done.stdout)
    assert figures["bad"] == [] and done.returncode == 0
    outcomes = figures["outcomes"]
    assert outcomes["taken"] + outcomes["refused"] == figures["files"] == 60
    assert outcomes["taken"] > 10 and outcomes["refused"] > 10
    assert figures["containers"] >= 25
