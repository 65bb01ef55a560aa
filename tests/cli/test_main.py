"""The command as a whole: what it imports, how it refuses, what its exit codes are."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

import modellab
from modellab.cli import main as command
from modellab_dagster.command import main

HEAVY = {"torch", "dagster", "transformers", "duckdb", "pandas", "numpy", "av"}
DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


def _commands() -> Iterator[str]:
    """Every command there is, such as `runs list`."""
    group = get_command(command.app)
    for name, item in group.commands.items():  # type: ignore[attr-defined]
        if inner := getattr(item, "commands", None):
            yield from (f"{name} {each}" for each in inner)
        else:
            yield name


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["runs", "bundle", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom modellab_dagster.command import main\n"
        f"assert main({arguments!r}) == 0\n"
        f"assert not {HEAVY!r} & set(sys.modules), {HEAVY!r} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"modellab {modellab.__version__}\n"


@pytest.mark.parametrize("name", list(_commands()))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split(), "--help"]) == 0
    assert "Usage: modellab " + name in capsys.readouterr().out


def test_the_document_has_a_section_for_every_command_and_no_other() -> None:
    headings = re.findall(r"^### `modellab ([^`]+)`$", DOCUMENT.read_text(), re.MULTILINE)
    assert {" ".join(re.findall(r"[a-z-]+", heading)) for heading in headings} == set(_commands())


@pytest.mark.parametrize("name", list(_commands()))
def test_the_document_names_every_option(name: str) -> None:
    group = get_command(command.app)
    for part in name.split():
        group = group.commands[part]  # type: ignore[attr-defined]
    options = {option for parameter in group.params for option in parameter.opts if option.startswith("--")}
    section = DOCUMENT.read_text().split(f"### `modellab {name}")[1].split("\n### ")[0].split("\n## ")[0]
    assert {option for option in options - {"--help", "--json"} if option not in section} == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rn"], "No such command 'rn'. Did you mean 'run', 'runs'?"),
        (["run"], "Missing argument"),
        (["run", "a.wav", "--pipelin", "x"], "--pipelin"),
        (["run", "a.wav", "--pipeline", "meting"], "there is no pipeline or model 'meting'"),
        (["run", "a.wav", "--pipeline", "meting"], "Did you mean meeting?"),
        (["run", "a.wav", "--set", "asr=faster_wisper"], "Did you mean faster_whisper?"),
        (["run", "a.wav", "--set", "asr"], "--set 'asr' is not understood"),
        (["run", "a.wav", "--set", "asr.beam=5"], "asr.beam"),
        (["run", "a.wav", "--language", "German"], "asr.language"),
        (["ingest"], "Missing argument"),
        (["pipelines", "show", "meting"], "Did you mean meeting?"),
        (["models", "show", "silero_vat"], "Did you mean silero_vad?"),
        (["sql", "SELECT 1", "--csv", "--json"], "exclude each other"),
    ],
)
def test_wrong_usage_is_said_before_any_work(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    assert main(arguments) == 2
    printed = capsys.readouterr()
    if "--json" in arguments:
        assert words in json.loads(printed.out)["error"]["message"]
    elif arguments in (["run"], ["ingest"]):
        assert "Usage: modellab" in printed.out + printed.err
    else:
        assert printed.out == ""
        assert words in printed.err
        assert "Traceback" not in printed.err
    assert not (tmp_path / "home").exists()


def test_an_error_as_json_has_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "a.wav", "--pipeline", "meting", "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out).values()
    assert list(error) == ["type", "message", "what", "found", "allowed", "hint"]
    assert (error["type"], error["what"], error["hint"]) == (
        "UnknownName",
        "there is no pipeline or model 'meting'",
        "Did you mean meeting?",
    )


def test_wrong_options_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--limits", "3", "--json"]) == 2
    assert "--limits" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_defect_is_one_line_without_debug_and_a_traceback_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("modellab.pipeline.template.shipped_templates", broken)
    assert main(["pipelines", "list"]) == 1
    assert capsys.readouterr().err.startswith("✗ unexpected ZeroDivisionError: by zero. This is a defect of Model Lab")
    with pytest.raises(ZeroDivisionError):
        main(["--debug", "pipelines", "list"])


@pytest.mark.parametrize("as_json", [True, False])
def test_an_interrupt_has_the_shells_code(
    as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("modellab.pipeline.template.shipped_templates", interrupted)
    assert main(["pipelines", "list", *(["--json"] if as_json else [])]) == 130
    printed = capsys.readouterr()
    message = json.loads(printed.out)["error"]["message"] if as_json else printed.err
    assert "interrupted. What was finished is kept" in message


def test_an_exit_code_of_a_command_is_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise typer.Exit(1)

    monkeypatch.setattr("modellab.pipeline.template.shipped_templates", failing)
    assert main(["pipelines", "list"]) == 1


def test_a_command_line_by_itself_runs_pipelines_with_the_installed_launcher(
    sample_wav: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from modellab.cli.main import main as bare

    assert bare(["ingest", str(sample_wav), "--json"]) == 0
    [done] = json.loads(capsys.readouterr().out)["inputs"]
    assert (done["status"], bool(done["dagster_run_id"])) == ("completed", True)


def test_a_command_line_without_any_launcher_refuses_to_run_and_does_all_else(
    sample_wav: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modellab.cli.main import main as bare

    monkeypatch.setattr("modellab.cli.launching.LAUNCHERS", "modellab.none")
    assert bare(["ingest", str(sample_wav)]) == 2
    assert "has nothing to run pipelines with" in capsys.readouterr().err
    assert bare(["models", "list", "--surface", "asr"]) == 0
