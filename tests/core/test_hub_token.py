"""The hub's token is what its own client says, which is not imported where there is nothing for it to find."""

import subprocess
import sys
from pathlib import Path

import pytest

_ASKED = (
    "import sys\nfrom modellab.hub import hub_token\nfrom modellab.settings import Settings\n"
    "print(hub_token(Settings(_env_file=None)), 'huggingface_hub.utils._auth' in sys.modules)"
)


@pytest.mark.parametrize(
    ("variable", "stored", "told"),
    [
        (None, None, "None False"),
        (None, "stored-one\n", "stored-one True"),
        ("HF_TOKEN", "stored-one\n", "a-variable's False"),
        ("HUGGING_FACE_HUB_TOKEN", "stored-one\n", "a-variable's True"),
        ("HUGGING_FACE_HUB_TOKEN", None, "a-variable's True"),
    ],
)
def test_the_token(
    variable: str | None, stored: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "token"))
    if variable:
        monkeypatch.setenv(variable, "a-variable's")
    if stored:
        (tmp_path / "token").write_text(stored)
    done = subprocess.run([sys.executable, "-c", _ASKED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told
