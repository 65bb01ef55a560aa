"""Templates of a lab's user: found beside the shipped ones, made, and never in their place."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.errors import TemplateError, UnknownName
from modellab.pipeline.authoring import derive_template, read_draft, save_template
from modellab.pipeline.readiness import readiness
from modellab.pipeline.system import resolve_system
from modellab.pipeline.template import load_template, shipped_templates
from modellab.pipeline.user_templates import RESERVED, all_templates, deletable, user_templates
from modellab.pipeline.validation import check_template
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab


@pytest.fixture(scope="module")
def registry() -> ModelRegistry:
    return ModelRegistry()


def _write(lab: Lab, name: str, steps: str = "- step: ingest\n", says: str | None = None) -> Path:
    lab.pipelines.mkdir(parents=True, exist_ok=True)
    path = lab.pipelines / f"{name}.yaml"
    path.write_text(f"name: {says or name}\ndescription: d\nsteps:\n{steps}")
    return path


def test_a_users_template_is_a_system_and_takes_overrides(lab: Lab, registry: ModelRegistry) -> None:
    _write(lab, "mine", "- step: ingest\n- step: vad\n  model: silero_vad\n  parameters: {threshold: 0.7}\n")
    system = resolve_system("mine+vad.min_speech_ms=100", registry, lab)
    vad = system.step("vad")
    assert vad is not None
    assert (system.key, system.template) == ("mine+vad.min_speech_ms=100", "mine")
    assert vad.parameters.model_dump()["threshold"] == 0.7
    assert resolve_system("mine", registry).key == "mine", "the environment's lab is meant when none is given"
    with pytest.raises(UnknownName, match=r"Did you mean mine\?"):
        resolve_system("minne", registry, lab)


def test_shipped_templates_and_models_come_before_files_of_their_names(lab: Lab, registry: ModelRegistry) -> None:
    collisions = {_write(lab, name) for name in ("meeting", "silero_vad", "housekeeping")}
    found = user_templates(lab, registry)
    assert found.usable == {}
    assert set(found.refused) == collisions
    assert all("is taken" in str(error) for error in found.refused.values())
    assert len(resolve_system("meeting", registry, lab).steps) == 10
    assert [step.name for step in resolve_system("silero_vad", registry, lab).steps] == ["ingest", "vad"]
    assert all_templates(lab, registry) == shipped_templates()


def test_files_that_are_no_templates_are_told_apart_and_block_nothing(lab: Lab, registry: ModelRegistry) -> None:
    _write(lab, "good")
    broken, odd, unknown = (
        _write(lab, "broken", "- ["),
        _write(lab, "odd", says="even"),
        _write(lab, "x", "- step: y\n"),
    )
    found = user_templates(lab, registry)
    assert list(found.usable) == ["good"]
    assert set(found.refused) == {broken, odd, unknown}
    assert "wrong name; found even; allowed: odd" in str(found.refused[odd])
    for text in ("- [", "- step: 2026-99-99"):
        _write(lab, "broken", text)
        with pytest.raises(TemplateError, match="can't be read"):
            resolve_system("broken", registry, lab)


def test_a_derived_template_runs_what_it_was_derived_from(lab: Lab, registry: ModelRegistry) -> None:
    changes = {"asr": "faster_whisper:tiny.en", "asr.language": "no", "ingest.sample_rate_hz": "none"}
    template = derive_template("meeting+vad.threshold=0.7", changes, "mine", registry, lab)
    path = save_template(template, lab, registry)
    assert check_template(path, registry) == []
    assert template.description == (
        "Like meeting, with asr=faster_whisper:tiny.en, asr.language=no, ingest.sample_rate_hz=none, vad.threshold=0.7."
    )
    settings = "asr=faster_whisper:tiny.en+asr.language=no+ingest.sample_rate_hz=none+vad.threshold=0.7"
    assert resolve_system("mine", registry, lab).steps == resolve_system(f"meeting+{settings}", registry).steps
    written = {step.step: step.parameters for step in load_template(path).steps}
    assert (written["ingest"], written["vad"], written["asr"]) == (
        {"sample_rate_hz": None},
        {"threshold": 0.7},
        {"language": "no"},
    )


def test_a_models_own_pipeline_can_be_kept_under_a_name(lab: Lab, registry: ModelRegistry) -> None:
    save_template(derive_template("faster_whisper:tiny.en", {}, "tiny", registry, lab), lab, registry)
    assert [str(step.model) for step in resolve_system("tiny", registry, lab).steps if step.model] == [
        "silero_vad:v6",
        "faster_whisper:tiny.en",
    ]


def test_a_draft_keeps_what_it_says_but_its_name(tmp_path: Path, lab: Lab, registry: ModelRegistry) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "name: x\ndescription: Zürich - 10 °C\nsteps:\n- step: ingest\n  parameters: {operators: [speed]}\n"
    )
    draft.write_text(draft.read_text().replace("[speed]", "[{name: speed, parameters: {factor: 2}}]"))
    path = save_template(read_draft(draft, {"ingest.channels": "keep"}, "mine", registry), lab, registry)
    template = load_template(path)
    assert (template.name, template.description) == ("mine", "Zürich - 10 °C")
    assert template.steps[0].parameters == {
        "operators": [{"name": "speed", "parameters": {"factor": 2}}],
        "channels": "keep",
    }


@pytest.mark.parametrize("name", ["meeting", "silero_vad", "housekeeping", "Mine", "../mine", "a.b", ""])
def test_names_that_can_not_be_had(name: str, lab: Lab, registry: ModelRegistry) -> None:
    template = derive_template("ingest", {}, name, registry, lab)
    with pytest.raises(TemplateError, match=r"is taken|can't be a pipeline's name"):
        save_template(template, lab, registry)
    assert not lab.pipelines.exists()


def test_a_template_is_not_overwritten(lab: Lab, registry: ModelRegistry) -> None:
    path = save_template(derive_template("ingest", {}, "mine", registry, lab), lab, registry)
    before = path.read_text()
    with pytest.raises(TemplateError, match=r"already.*delete mine"):
        save_template(derive_template("meeting", {}, "mine", registry, lab), lab, registry)
    assert path.read_text() == before


def test_only_the_users_templates_can_be_deleted(lab: Lab, registry: ModelRegistry) -> None:
    with pytest.raises(TemplateError, match="'meeting' comes with Model Lab"):
        deletable(lab, "meeting")
    broken = _write(lab, "broken", "- [")
    assert deletable(lab, "broken") == broken
    shadow = _write(lab, "meeting")
    assert deletable(lab, "meeting") == shadow
    with pytest.raises(UnknownName, match=r"Did you mean broken\?"):
        deletable(lab, "brokn")
    with pytest.raises(TemplateError, match="can't be a pipeline's name"):
        deletable(lab, "../pipelines/broken")


def test_readiness_says_how_each_model_runs_and_what_is_missing(lab: Lab, registry: ModelRegistry) -> None:
    with Models(lab, registry) as models:
        ready = readiness(resolve_system("fast_asr_only+asr=faster_whisper:large-v3", registry, lab), models)
        assert ready["ingest"].device is None
        assert ready["ingest"].missing is None
        vad = ready["vad"]
        assert (vad.runtime, vad.compute_type, vad.weights) == ("onnx", "float32", "Python package silero-vad")
        assert "faster_whisper:large-v3" in str(ready["asr"].missing)
        assert ready["asr"].weights == "not found"


def test_every_usable_template_is_a_job_of_the_ui(lab: Lab) -> None:
    _write(lab, "mine", "- step: ingest\n")
    _write(lab, "meeting")
    _write(lab, "unknown_step", "- step: y\n")
    program = (
        "from modellab_dagster.definitions import defs;"
        "print(*(job.name for job in defs.resolve_all_job_defs() if not job.name.startswith('__')))"
    )
    environment = {**os.environ, "MODELLAB_HOME": str(lab.home)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {*shipped_templates(), *RESERVED, "mine"}, (
        "a job that is no template must be in RESERVED, so that no template takes its name"
    )


def test_deep_self_multiplying_and_endless_files_are_named_and_block_nothing(lab: Lab, registry: ModelRegistry) -> None:
    _write(lab, "good")
    deep = _write(lab, "deep", "- step: ingest\n  parameters: " + "{a: " * 5000)
    letters = "abcdefgh"
    lines = [f"    {b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in itertools.pairwise(letters)]
    bomb = _write(lab, "bomb", "- step: ingest\n  parameters:\n    a: &a [1]\n" + "".join(lines))
    twice = _write(lab, "twice", "- step: ingest\n  step: vad\n")
    latin = lab.pipelines / "latin.yaml"
    latin.write_bytes("name: latin\ndescription: Grüße\nsteps:\n- step: ingest\n".encode("latin-1"))
    pipe = lab.pipelines / "pipe.yaml"
    os.mkfifo(pipe)
    found = user_templates(lab, registry)
    assert list(found.usable) == ["good"]
    said = {path: str(error) for path, error in found.refused.items()}
    assert set(said) == {deep, bomb, twice, latin, pipe}
    assert said[deep].startswith(f"template {deep} can't be read: nested too deeply in line 5, column")
    assert "too many values in line" in said[bomb]
    assert "a key is there twice; found 'step' in line 5" in said[twice]
    assert "not UTF-8; found the byte 0xfc" in said[latin]
    assert "not a file" in said[pipe]
    with pytest.raises(TemplateError, match="nested too deeply"):
        resolve_system("deep", registry, lab)
    assert resolve_system("good", registry, lab).key == "good"
