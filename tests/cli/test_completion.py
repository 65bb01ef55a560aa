"""What the shell is offered, through the real program; and what that may not import."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.cli.completion import joined_words, transcript_formats
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System
from modellab.runs.meetings import TranscriptFormat
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder


@pytest.fixture
def with_a_run(lab: Lab, source: RegisteredInput, monkeypatch: pytest.MonkeyPatch) -> Lab:
    Recorder(lab).run_started(RunIdentity("4e2f01974a748164", "d" * 36), source, System("meeting", "meeting", ()))
    build(lab)
    (lab.home / "pipelines").mkdir()
    (lab.home / "pipelines" / "mine.yaml").write_text("name: mine\ndescription: d\nsteps:\n  - step: ingest\n")
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))
    return lab


def _offered(*words: str) -> list[str]:
    """What bash is offered for the last of some words, divided as bash divides them."""
    environment = {
        **os.environ,
        "_MODELLAB_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(("modellab", *words)),
        "COMP_CWORD": str(len(words)),
    }
    program = [sys.executable, "-c", "from modellab_dagster.command import main; main()"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_pipelines_models_settings_runs_and_inputs_are_offered(with_a_run: Lab) -> None:
    assert _offered("run", "a.wav", "--pipeline", "me") == ["meeting", "meeting_known_voices"]
    assert _offered("run", "a.wav", "--pipeline", "mi") == ["mine"]
    assert _offered("run", "a.wav", "--pipeline", "moonshine:t") == ["tiny"]
    assert _offered("run", "a.wav", "--set", "asr", "=", "faster_whisper", ":", "tiny") == ["tiny.en", "tiny"]
    assert _offered("run", "a.wav", "-p", "fast_asr_only", "--set", "") == ["ingest.", "vad=", "vad.", "asr=", "asr."]
    assert _offered("run", "a.wav", "--set", "asr.lang") == ["asr.language=", "asr.languages="]
    (with_a_run.datasets / "mine_v1").mkdir(parents=True)
    (with_a_run.datasets / "mine_v1" / "dataset.yaml").write_text("id: [")
    assert _offered("datasets", "show", "min") == ["mine_v1"]
    assert _offered("datasets", "list", "--task", "di") == ["diarization"]
    assert _offered("candidates", "noisy") == ["noisy_phone_calls"]
    (with_a_run.environments / "gone").mkdir(parents=True)
    (with_a_run.environments / "gone" / "environment.json").write_text("{}")
    assert _offered("models", "install", "deep") == ["deepfilternet_official"]
    assert _offered("models", "install", "go") == ["gone"]
    assert _offered("runs", "show", "") == ["latest", "4e2f01974a748164"]
    assert _offered("runs", "list", "--input", "t") == ["talk.wav"]
    assert _offered("runs", "list", "--status", "c") == ["completed", "canceled"]


def test_a_lab_without_a_database_offers_nothing_of_it_and_makes_none(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))
    assert _offered("runs", "transcript", "") == ["latest"]
    assert not lab.database.exists()
    assert not list(Path(lab.home).glob("*"))


def test_offering_imports_nothing_heavy(with_a_run: Lab) -> None:
    code = (
        "import sys, modellab.cli.main as main\n"
        "from modellab.cli import completion as c\n"
        "found = [c.pipelines(), c.models(), c.steps(), c.runs(), c.inputs(), c.of_models('runtime')()]\n"
        "assert all(found), found\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"torch", "dagster", "numpy", "pandas", "av", "scipy", "transformers", "modellab.steps.catalogue"}
    assert heavy & set(loaded) == set()


def test_every_format_of_transcripts_is_offered() -> None:
    assert transcript_formats() == list(TranscriptFormat)


@pytest.mark.parametrize(
    ("words", "place", "joined", "at"),
    [
        ("m run --set asr = fast", 5, "m run --set asr=fast", 3),
        ("m run --set asr = fast : t x", 7, "m run --set asr=fast:t x", 3),
        ("m run --set asr = fast : t x", 8, "m run --set asr=fast:t x", 4),
        ("m run --set asr =", 4, "m run --set asr=", 3),
        ("m show latest", 2, "m show latest", 2),
        ("m", 1, "m", 1),
    ],
)
def test_words_are_put_together_as_they_were_typed(words: str, place: int, joined: str, at: int) -> None:
    assert joined_words(words.split(), place) == (joined.split(), at)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_takes_the_script_that_the_program_gives(with_a_run: Lab, tmp_path: Path) -> None:
    program = tmp_path / "modellab"
    program.write_text(f"#!{sys.executable}\nfrom modellab_dagster.command import main\nmain()\n")
    program.chmod(0o755)
    script = (
        'eval "$(_MODELLAB_COMPLETE=source_bash modellab)"; COMP_WORDS=(modellab runs show 4e); COMP_CWORD=3; '
        '_modellab_completion modellab; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("4e2f01974a748164\n", "")
