"""What the page on models says of Python works as it stands there."""

import re
import subprocess
import sys

from modellab.settings import PROJECT_ROOT

_PAGE = (PROJECT_ROOT / "docs" / "models.md").read_text()


def test_the_code_for_python_runs() -> None:
    [code] = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *listed, loaded = done.stdout.splitlines()
    assert "✓ silero_vad:v6 Python package silero-vad " in listed
    assert loaded == "16000 cpu"
