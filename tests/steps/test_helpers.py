"""Helper models of steps: in the identity, the manifest, the record and the warehouse, loaded once and let go."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from modellab.artifacts.fingerprint import fingerprint, identity_of
from modellab.artifacts.store import ArtifactStore
from modellab.documents import save
from modellab.errors import TemplateError, UnknownName
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import HelperRecord, RunIdentity
from modellab.pipeline.system import System, SystemStep, resolve_system, step_helpers
from modellab.registry.config import ModelRef
from modellab.registry.loaded import Eviction
from modellab.registry.machine import this_machine
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.runs.past import find_run, records_of
from modellab.settings import Lab
from modellab.steps import action_items, chapters
from modellab.steps.definition import Kind, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab.surfaces.results import Transcript
from modellab.text.dialogues import transcript_of
from modellab.text.llm.prompts import render_prompt
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

SAID = transcript_of([("SPEAKER_00", "The pump froze in January."), ("SPEAKER_01", "I will phone the plumber.")])
RUN = RunIdentity("5" * 16, "d" * 8)
EMBEDDER = ModelRef(id="all_minilm", variant="l6-v2")


class Words(StepParameters):
    silent: bool = False


def _say(context: StepContext) -> Mapping[str, object]:
    assert isinstance(context.parameters, Words)
    save(Transcript([], 5.0) if context.parameters.silent else SAID, context.output)
    return {}


SAY = StepDefinition(
    *("asr", "Says the same of every recording.", "1", (), Words, _say), gives=(Kind.TRANSCRIPT,), outside=(INPUT,)
)


@pytest.fixture
def source(lab: Lab, sample_wav: Path) -> RegisteredInput:
    return InputStore(lab).register(sample_wav)


@pytest.fixture
def engine(lab: Lab) -> Iterator[Engine]:
    with Models(lab, ModelRegistry()) as models:
        yield Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))


def system(engine: Engine, definition: StepDefinition, silent: bool = False, **parameters: Any) -> System:
    """What was said, and one step that reads it."""
    valid = definition.parameters.model_validate(parameters)
    helpers = step_helpers("test", definition, valid, engine.models.registry)
    said = SystemStep(SAY, None, Words(silent=silent), {})
    return System("test", "test", (said, SystemStep(definition, None, valid, {"transcript": "asr"}, helpers)))


def test_the_warehouse_says_which_helpers_a_step_used_and_how(engine: Engine, source: RegisteredInput) -> None:
    asked = system(engine, chapters.STEP)
    engine.recorder.run_started(RUN, source, asked)  # type: ignore[attr-defined]
    engine.run_step(asked, source, "asr", RUN)
    made, found = (engine.run_step(asked, source, "chapters", RUN) for _ in range(2))
    identity = engine.models.identity(EMBEDDER)
    threads = engine.models.acquire(EMBEDDER).facts.threads
    used = HelperRecord(
        "embedder", "all_minilm:l6-v2", identity.weights_sha256, "cpu", "float32", threads, this_machine().id
    )
    unloaded = replace(used, threads=None, machine=None)
    assert (made.error, made.cached, made.helpers, made.first_inference) == (None, False, (used,), True)
    assert made.load_s > 0.0 and made.inference_s > 0.0
    assert (made.model, made.device, made.threads) == (None, None, None)
    assert (found.cached, found.helpers, found.load_s) == (True, (unloaded,), 0.0)

    lab = engine.lab
    build(lab)
    row = asdict(used)
    rows = query(lab, "SELECT step, cached, helpers FROM steps ORDER BY sequence").rows
    assert rows == [
        ("asr", False, []),
        ("chapters", False, [row]),
        ("chapters", True, [asdict(unloaded)]),
    ]
    columns = "step, role, model, weights_sha256, device, compute_type, threads, machine"
    assert query(lab, f"SELECT {columns} FROM helper_models WHERE NOT cached").rows == [
        ("chapters", "embedder", "all_minilm:l6-v2", identity.weights_sha256, "cpu", "float32", threads, used.machine)
    ]
    [(kept,)] = query(lab, "SELECT helpers FROM artifacts WHERE step = 'chapters'").rows
    assert json.loads(kept) == {"embedder": asdict(identity)}
    [(steps,)] = query(lab, "SELECT steps FROM systems").rows
    assert [step.get("helpers") for step in json.loads(steps)] == [None, {"embedder": "all_minilm:l6-v2"}]
    assert [list(record.helpers) for record in records_of(lab, find_run(lab, "latest"))] == [
        [],
        [used],
        [unloaded],
    ]


def test_a_helper_belongs_to_the_result_and_its_manifest_says_how_it_ran(
    engine: Engine, source: RegisteredInput
) -> None:
    asked = system(engine, chapters.STEP, most=5)
    before = engine.identity(asked, source, "chapters")
    assert before.helpers == {"embedder": engine.models.identity(EMBEDDER)}
    assert before.parameters == {"most": 5}, "the embedder's identity stands for its name"
    for name in ("asr", "chapters"):
        engine.run_step(asked, source, name, RUN)
    artifact = engine.artifact(asked, source, "chapters")
    assert artifact is not None
    assert fingerprint(identity_of(artifact.manifest["identity"])) == artifact.fingerprint == fingerprint(before)
    [ran] = artifact.manifest["made"]["helpers"]
    assert (ran["role"], ran["model"], ran["device"]) == ("embedder", "all_minilm:l6-v2", "cpu")
    assert ran["threads"] == engine.models.acquire(EMBEDDER).facts.threads


def test_silence_loads_no_helper(engine: Engine, source: RegisteredInput) -> None:
    asked = system(engine, chapters.STEP, silent=True)
    engine.run_step(asked, source, "asr", RUN)
    record = engine.run_step(asked, source, "chapters", RUN)
    assert (record.status, record.load_s, record.first_inference, engine.models.loaded) == ("completed", 0.0, None, [])
    assert [(one.device, one.threads) for one in record.helpers] == [("cpu", None)]


ANSWER = '{"items": []}'
LINES = "[0] SPEAKER_00: The pump froze in January.\n[1] SPEAKER_01: I will phone the plumber."


@pytest.fixture
def writer(chat_folder: Callable[[Path, dict[str, str]], Path], tmp_path: Path) -> Path:
    """A folder with a language model that finds no action items in what was said."""
    prompt = render_prompt("action_items", "v2", transcript=LINES, recorded_on="Wednesday, 11 March 2026")
    return chat_folder(tmp_path / "writer", {f"{prompt.system}\n\n{prompt.user}\n": ANSWER})


def listed(engine: Engine, folder: Path) -> System:
    local = {"backend": "transformers", "model": str(folder), "answer_tokens": 40, "retries": 0}
    return system(engine, action_items.STEP, recorded_on="2026-03-11", **local)


def test_a_language_model_in_a_folder_is_known_by_its_weights(
    engine: Engine, source: RegisteredInput, writer: Path
) -> None:
    engine.run_step(listed(engine, writer), source, "asr", RUN)
    record = engine.run_step(listed(engine, writer), source, "action_items", RUN)
    assert record.error is None
    assert [(one.role, one.model, one.device) for one in record.helpers] == [
        ("writer", "local_chat:transformers", "cpu")
    ]
    assert record.load_s > 0.0 and record.inference_s > 0.0 and record.first_inference is True
    artifact = engine.artifact(listed(engine, writer), source, "action_items")
    assert artifact is not None and artifact.summary["backend"] == "local gpt2 model of 0.5 million parameters"
    assert str(writer) not in json.dumps(artifact.manifest["identity"])

    moved = writer.rename(writer.with_name("moved"))
    assert engine.run_step(listed(engine, moved), source, "action_items", RUN).cached
    weights = moved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert engine.artifact(listed(engine, moved), source, "action_items") is None


def test_an_endpoint_is_known_by_its_address_and_its_model_s_name(engine: Engine, source: RegisteredInput) -> None:
    asked = {"backend": "openai", "endpoint": "http://127.0.0.1:9/v1", "model": "m"}
    identity = engine.identity(system(engine, action_items.STEP, **asked), source, "action_items")
    assert identity.helpers == {}
    assert {name: identity.parameters[name] for name in asked} == asked


def test_one_that_is_not_there_fails_its_step_by_name(engine: Engine, source: RegisteredInput, tmp_path: Path) -> None:
    asked = listed(engine, tmp_path / "none")
    engine.run_step(asked, source, "asr", RUN)
    record = engine.run_step(asked, source, "action_items", RUN)
    assert (record.status, record.error_type) == ("failed", "WeightsMissing")
    assert f"there is no {tmp_path / 'none'}" in str(record.error)
    assert record.helpers == (HelperRecord("writer", "local_chat:transformers"),)


def test_helpers_share_the_memory_with_all_models(lab: Lab, writer: Path) -> None:
    chat = ModelRef(id="local_chat", variant="transformers", folder=writer)
    vad = ModelRef(id="silero_vad", variant="v6")
    room = lab.settings.model_copy(update={"model_memory_gib": 600 / 1024})
    with Models(Lab(room), ModelRegistry()) as models:
        models.acquire(EMBEDDER)
        models.acquire(vad)
        assert models.loaded == [EMBEDDER, vad]
        models.acquire(chat)  # 500 MiB and its weights: with the embedder's 150 it would be too much
        assert models.loaded == [vad, chat]
        with models.lease(chat):
            models.acquire(EMBEDDER)
            assert models.loaded == [chat, EMBEDDER], "what somebody holds stays"


def test_the_warehouse_says_which_model_went_from_memory_for_a_step_s_and_why(
    lab: Lab, source: RegisteredInput
) -> None:
    vad = ModelRef(id="silero_vad", variant="v6")
    room = Lab(lab.settings.model_copy(update={"model_memory_gib": 160 / 1024}))
    with Models(room, ModelRegistry()) as models:
        engine = Engine(room, models, ArtifactStore(room.artifacts), Recorder(room))
        asked = system(engine, chapters.STEP)
        models.acquire(vad)
        engine.run_step(asked, source, "asr", RUN)
        record = engine.run_step(asked, source, "chapters", RUN)
        [vad_mib, embedder_mib] = [models.registry.get(ref.id).memory_of(ref.variant) for ref in (vad, EMBEDDER)]
        assert models.loaded == [EMBEDDER]
    went = Eviction("silero_vad:v6", "budget", "cpu", vad_mib, "all_minilm:l6-v2", embedder_mib, vad_mib, 160.0)
    assert (record.error, record.evictions) == (None, (went,))
    build(room)
    assert records_of(room, find_run(room, "latest"))[-1].evictions == (went,)
    columns = "step, model, why, device, memory_mib, wanted, wanted_mib, held_mib, budget_mib"
    assert query(room, f"SELECT {columns} FROM model_evictions").rows == [("chapters", *asdict(went).values())]


def test_a_helper_is_named_in_one_way(lab: Lab) -> None:
    registry = ModelRegistry()
    default = resolve_system("meeting", registry, lab)
    for name in ("all_minilm", "all_minilm:l6-v2"):
        named = resolve_system(f"meeting+chapters.embedder={name}+summarize.lines=6", registry, lab)
        assert (named.key, named.step("chapters").helpers) == ("meeting", default.step("chapters").helpers)  # type: ignore[union-attr]


def test_a_helper_that_can_not_help_is_refused_before_anything_runs(lab: Lab) -> None:
    registry = ModelRegistry()
    with pytest.raises(TemplateError) as caught:
        resolve_system("meeting+chapters.embedder=silero_vad", registry, lab)
    assert str(caught.value) == (
        "model silero_vad:v6 can't be the embedder of step 'chapters' of pipeline 'meeting'; found vad; "
        "allowed: all_minilm."
    )
    with pytest.raises(UnknownName, match="all_minilm"):
        resolve_system("meeting+chapters.embedder=all_mini", registry, lab)
    with pytest.raises(TemplateError, match="It helps steps that are about something else") as caught:
        resolve_system("all_minilm", registry, lab)
    assert "no step runs the surfaces of all_minilm:l6-v2; found embed" in str(caught.value)
