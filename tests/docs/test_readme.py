"""The README's commands, run as written."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Settings

README = (PROJECT_ROOT / "README.md").read_text()
COMMANDS = [
    shlex.split(line, comments=True)
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]


_SPOKEN_FRAMES = 15 * 16_000
"""Of the sample: both of its speakers are in them."""


def test_every_make_command_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {command[1] for command in COMMANDS if command[0] == "make"}
    assert named == {"demo", "ui", "test", "lint", "audit"}
    assert named <= targets


def test_every_modellab_command_does_what_it_says(tmp_path: Path, sample_wav: Path) -> None:
    samples, rate_hz = soundfile.read(sample_wav, frames=_SPOKEN_FRAMES)
    soundfile.write(tmp_path / "meeting.m4a", samples, rate_hz, format="WAV")
    soundfile.write(tmp_path / "call.wav", np.stack([samples, np.roll(samples, len(samples) // 2)], axis=1), rate_hz)
    program = str(Path(sys.executable).with_name("modellab"))
    commands = [command for command in COMMANDS if command[0] == "modellab"]
    assert len(commands) > 10
    for command in commands:
        done = subprocess.run(
            [program, *command[1:]], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{shlex.join(command)}:\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip(), shlex.join(command)
    assert list((tmp_path / "packs").rglob("index.html"))


def test_the_settings_named_are_those_there_are() -> None:
    settings = {
        str(field.validation_alias or f"MODELLAB_{name.upper()}") for name, field in Settings.model_fields.items()
    }
    section = README.partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)`", section, re.MULTILINE)) == settings


def test_every_system_key_resolves() -> None:
    keys = [key for key in re.findall(r"`([a-z_]+[+:][^` ]+)`", README) if "=" in key or ":" in key]
    assert keys
    registry = ModelRegistry()
    for key in keys:
        resolve_system(key, registry)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (PROJECT_ROOT / link).exists()
