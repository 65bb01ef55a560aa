"""The step dialogue, and action items of a text, through the engine."""

from datetime import date
from pathlib import Path

import pytest

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.evaluation.speed import speeds
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.surfaces.results import Transcript
from modellab.text.action_items import find_action_items
from modellab.text.dialogues import load_dialogues
from modellab.text.results import ActionItems
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder


class Workshop:
    def __init__(self, lab: Lab) -> None:
        self.lab, self.registry = lab, ModelRegistry()
        self.engine = Engine(lab, Models(lab, self.registry), ArtifactStore(lab.artifacts), Recorder(lab))

    def run(self, key: str, path: Path, *steps: str) -> tuple[list[StepRecord], dict[str, Artifact]]:
        system, source = resolve_system(key, self.registry, self.lab), InputStore(self.lab).register(path)
        records, found = [], {}
        for step in steps:
            records.append(self.engine.run_step(system, source, step, RunIdentity("0" * 16, "test")))
            if (artifact := self.engine.artifact(system, source, step)) is not None:
                found[step] = artifact
        return records, found


@pytest.fixture
def workshop(lab: Lab) -> Workshop:
    return Workshop(lab)


def test_a_written_dialogue_is_a_transcript_whose_action_items_are_those_of_the_rules(
    workshop: Workshop, tmp_path: Path
) -> None:
    dialogue = next(one for one in load_dialogues("dev") if one.id == "app_release")
    path = tmp_path / "minutes.txt"
    lines = [f"{dialogue.title}, {dialogue.recorded_on}.", *(f"{name}: {words}" for name, words in dialogue.turns)]
    path.write_text("\n".join(lines))
    records, found = workshop.run("dialogue", path, "dialogue", "action_items")
    assert [record.error for record in records] == [None, None]
    assert found["dialogue"].read(Transcript) == dialogue.transcript()
    expected = find_action_items(dialogue.transcript(), dialogue.recorded_on)
    items = found["action_items"].read(ActionItems)
    assert items.items == expected.items and len(items.items) == 5
    assert (items.recorded_on, items.recorded_on_source) == (dialogue.recorded_on, "file")
    _, given = workshop.run("dialogue+action_items.recorded_on=2025-01-01", path, "dialogue", "action_items")
    assert given["action_items"].read(ActionItems).recorded_on == date(2025, 1, 1)
    # Rows are those of any transcript; and what worked on no sound has no speed.
    build(workshop.lab)
    said = query(workshop.lab, "SELECT text FROM transcripts WHERE system = 'dialogue'").rows
    assert said == [(" ".join(words for _, words in dialogue.turns),)]
    assert speeds(workshop.lab, None, None, ["dialogue"]) == {}


def test_a_text_without_a_day_has_the_one_on_which_the_lab_got_it(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ana: I'll send the report tomorrow.\n")
    _, found = workshop.run("dialogue", tmp_path / "a.txt", "dialogue", "action_items")
    items = found["action_items"].read(ActionItems)
    assert items.recorded_on_source == "registered" and len(items.items) == 1


def test_what_is_no_dialogue_is_refused(workshop: Workshop, tmp_path: Path, sample_wav: Path) -> None:
    (tmp_path / "poem.txt").write_text("Nobody speaks here.\n")
    [record], _ = workshop.run("dialogue", tmp_path / "poem.txt", "dialogue")
    assert "poem.txt is no written dialogue" in str(record.error)
    [record], _ = workshop.run("dialogue", sample_wav, "dialogue")
    assert "recording" in str(record.error)


def test_words_that_no_recording_has_are_not_looked_through_for_inventions(workshop: Workshop) -> None:
    steps = [step.name for step in resolve_system("dialogue", workshop.registry, workshop.lab).steps]
    assert steps == ["dialogue", "chapters", "summarize", "action_items"]
