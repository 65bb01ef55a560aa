import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from modellab.errors import LabError
from modellab.media.sample import sample_path


def test_the_sample_is_thirty_seconds_with_its_references() -> None:
    path = sample_path()
    assert soundfile.info(path).duration == 30.0
    assert {sibling.suffix for sibling in path.parent.iterdir()} >= {".wav", ".rttm", ".stm"}


def test_finding_it_imports_nothing_heavy() -> None:
    code = (
        "import sys; from modellab.media.sample import sample_path; sample_path();"
        "print([name for name in ('torch', 'pyannote.audio', 'dagster') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(("installed", "found"), [(False, "no package pyannote.audio"), (True, "no audio/sample")])
def test_its_absence_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: bool, found: str) -> None:
    spec = importlib.machinery.ModuleSpec("pyannote", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if installed else None)
    with pytest.raises(LabError, match=rf"{found}.*pip install pyannote\.audio"):
        sample_path()
