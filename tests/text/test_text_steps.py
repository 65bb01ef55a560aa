"""The three steps run on artifacts, as the engine runs them."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modellab.artifacts.store import Artifact, describe_files
from modellab.documents import save
from modellab.errors import StepFailed
from modellab.files import sha256_file
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.system import step_helpers
from modellab.registry.models import Models
from modellab.steps import action_items, chapters, summarize
from modellab.steps.definition import StepContext, StepDefinition, Timings
from modellab.surfaces.results import Transcript, Utterance
from modellab.text.dialogues import load_dialogues
from modellab.text.results import ActionItems, Chapters, Summary

DIALOGUE = next(d for d in load_dialogues("dev") if d.id == "app_release")


def artifact(folder: Path, step: str) -> Artifact:
    return Artifact(folder, {"step": step, "fingerprint": "0" * 64, "files": describe_files(folder), "summary": {}})


def transcript_artifact(folder: Path, transcript: Transcript) -> Artifact:
    folder.mkdir()
    save(transcript, folder)
    return artifact(folder, "alignment")


Run = Callable[..., Any]


@pytest.fixture
def run(models: Models) -> Run:
    """`run(step, folder, media, reads, lines=3)`: what a step says of its result."""
    return partial(run_with, models)


def run_with(
    models: Models, step: StepDefinition, folder: Path, media: Path, reads: dict[str, Artifact], **parameters: Any
) -> Any:
    folder.mkdir()
    digest, size = sha256_file(media), media.stat().st_size
    source = RegisteredInput(
        digest[:16], digest, media.name, media, 30.0, 16000, 1, "wav/pcm_s16le", size, "2026-03-12T08:00:00+00:00"
    )
    valid = step.parameters.model_validate(parameters)
    helpers = step_helpers("test", step, valid, models.registry)
    context = StepContext(
        input=source,
        system="test",
        parameters=valid,
        reads=reads,
        absent={},
        output=folder,
        progress=lambda fraction: None,
        timings=Timings(),
        outside={"timezone": "UTC"},
        helpers={role: partial(models.acquire, ref) for role, ref in helpers.items()},
    )
    return step.run(context)


def test_the_steps_follow_each_other(run: Run, tmp_path: Path, sample_wav: Path) -> None:
    said = {"transcript": transcript_artifact(tmp_path / "said", DIALOGUE.transcript())}
    told = run(chapters.STEP, tmp_path / "chapters", sample_wav, said)
    found = artifact(tmp_path / "chapters", "chapters").read(Chapters)
    assert told["chapters"] == len(found.chapters) >= 2
    assert told["titles"] == [chapter.title for chapter in found.chapters]

    with_chapters = {**said, "chapters": artifact(tmp_path / "chapters", "chapters")}
    told = run(summarize.STEP, tmp_path / "summary", sample_wav, with_chapters, lines=len(found.chapters))
    summary = artifact(tmp_path / "summary", "summarize").read(Summary)
    homes = [
        sum(line.evidence[0].first_word >= chapter.first_word for chapter in found.chapters) for line in summary.lines
    ]
    assert homes == list(range(1, len(found.chapters) + 1))  # one line from each chapter
    assert told == {"lines": len(summary.lines), "speakers": 3, "backend": "extractive", "rejected": 0}

    told = run(action_items.STEP, tmp_path / "items", sample_wav, said, recorded_on="2026-03-11")
    items = artifact(tmp_path / "items", "action_items").read(ActionItems)
    assert (told["items"], told["assigned"], told["dated"]) == (5, 4, 4)
    assert (items.recorded_on, items.recorded_on_source) == (date(2026, 3, 11), "parameter")
    assert items.items[1].due_date == date(2026, 3, 13)


def test_a_transcript_without_words_is_refused(run: Run, tmp_path: Path, sample_wav: Path) -> None:
    bare = Transcript([Utterance(0, 1, "Hello there.")], 1.0, "en")
    said = {"transcript": transcript_artifact(tmp_path / "said", bare)}
    with pytest.raises(StepFailed, match="no words with times"):
        run(chapters.STEP, tmp_path / "out", sample_wav, said)


def test_silence_gives_empty_results(run: Run, tmp_path: Path, sample_wav: Path) -> None:
    said = {"transcript": transcript_artifact(tmp_path / "said", Transcript([], 3.0))}
    assert run(chapters.STEP, tmp_path / "a", sample_wav, said)["chapters"] == 0
    assert run(summarize.STEP, tmp_path / "b", sample_wav, said)["lines"] == 0
    assert run(action_items.STEP, tmp_path / "c", sample_wav, said)["items"] == 0


def test_a_dead_endpoint_fails_the_step_and_names_itself(run: Run, tmp_path: Path, sample_wav: Path) -> None:
    said = {"transcript": transcript_artifact(tmp_path / "said", DIALOGUE.transcript())}
    where = {"backend": "openai", "endpoint": "http://127.0.0.1:9/v1", "model": "m", "retries": 0}
    with pytest.raises(StepFailed, match=r"m at http://127\.0\.0\.1:9/v1"):
        run(summarize.STEP, tmp_path / "out", sample_wav, said, **where)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_language_model_is_part_of_the_parameters_that_make_the_fingerprint() -> None:
    chosen = summarize.STEP.parameters.model_validate(
        {"backend": "openai", "endpoint": "http://localhost:11434/v1", "model": "qwen3:4b"}
    )
    stored = chosen.model_dump(mode="json")
    assert {k: stored[k] for k in ("backend", "endpoint", "model", "prompt")} == {
        "backend": "openai",
        "endpoint": "http://localhost:11434/v1",
        "model": "qwen3:4b",
        "prompt": "v2",
    }
