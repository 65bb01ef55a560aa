"""The command itself in a lab of its own; and records made by hand, for the parts that only show them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import StepRecord
from modellab_dagster.command import main


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One lab for each module: what one test runs, the next one finds."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture
def call(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in the module's lab; gives exit code, standard output and standard error."""
    monkeypatch.setenv("MODELLAB_HOME", str(home))

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def source() -> RegisteredInput:
    """A registered minute of audio."""
    return RegisteredInput(
        key="0123456789abcdef",
        sha256="0123456789abcdef" * 4,
        name="talk.wav",
        path=Path("talk.wav"),
        duration_s=60.0,
        sample_rate_hz=16000,
        channels=1,
        format="wav/pcm_s16le",
        bytes=1920044,
        registered_at="2026-01-01T00:00:00.000+00:00",
    )


@pytest.fixture
def record(source: RegisteredInput) -> Callable[..., StepRecord]:
    """A step's record; what is given replaces what is here."""

    def make(step: str = "asr", **changes: object) -> StepRecord:
        fields: dict[str, object] = {
            "id": f"id-{step}",
            "run": "r" * 16,
            "dagster_run_id": "d" * 36,
            "input": source.key,
            "system": "meeting",
            "step": step,
            "model": "faster_whisper:base" if step == "asr" else None,
            "status": "completed",
            "cached": False,
            "fingerprint": "f" * 64,
            "artifact": f"artifacts/{step}/ff/{'f' * 64}",
            "started_at": "2026-01-01T00:00:00.000+00:00",
            "ended_at": "2026-01-01T00:00:06.000+00:00",
            "load_s": 0.5,
            "inference_s": 5.0,
            "other_s": 0.25,
            "audio_s": 60.0,
        }
        return StepRecord(**(fields | changes))  # type: ignore[arg-type]

    return make
