import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from modellab.bundle.meeting import Meeting
from modellab.bundle.published import PublishedTranscript, publish

SCHEMA = Path(__file__).parents[2] / "docs" / "transcript.schema.json"


def test_the_documented_schema_is_the_one_written() -> None:
    """When this fails after a change that is meant: write `PublishedTranscript.model_json_schema()` there again."""
    assert json.loads(SCHEMA.read_text()) == PublishedTranscript.model_json_schema()


def test_publish(two_speakers: Meeting) -> None:
    content = publish(two_speakers).model_dump(mode="json")
    assert content["format"] == "modellab.transcript/1"
    assert (content["title"], content["duration_s"], content["language"]) == ("Weekly sync", 20.0, "en")
    assert content["speakers"][0] == {
        "id": "SPEAKER_00",
        "name": "Speaker 1",
        "talk_s": 3.5,
        "share": 0.5,
        "words": 3,
        "turns": [{"start_s": 1.0, "end_s": 3.5}, {"start_s": 10.0, "end_s": 11.0}],
    }
    assert content["paragraphs"][1]["text"] == "Hi & welcome <b>"
    assert content["paragraphs"][1]["words"][1] == {
        "text": "&",
        "start_s": 3.5,
        "end_s": 4.0,
        "space_before": True,
        "probability": 0.5,
    }


def test_what_was_made_of_the_words(planned: Callable[..., Meeting]) -> None:
    content = publish(planned(names={"SPEAKER_01": "Bob Hill"})).model_dump(mode="json")
    assert (content["recorded_on"], content["recorded_on_source"]) == ("2026-11-21", "registered")
    assert content["chapters"][1] == {
        "title": "Lunch",
        "start_s": 12.5,
        "end_s": 32.5,
        "first_word": 14,
        "end_word": 24,
    }
    taken_on = {
        "start_s": 10.0,
        "end_s": 12.5,
        "speaker": "SPEAKER_01",
        "text": "Sure, I will send them.",
        "first_word": 9,
        "end_word": 14,
    }
    assert content["summary"]["backend"] == "extractive"
    assert content["summary"]["lines"][0]["text"] == "Bob will send the numbers."
    assert content["summary"]["lines"][0]["evidence"][1] == taken_on
    assert [person["speaker"] for person in content["summary"]["speakers"]] == ["SPEAKER_00"]
    first, second = content["action_items"]["items"]
    assert first["evidence"][1] == taken_on
    assert {key: first[key] for key in first if key != "evidence"} == {
        "task": "Send the numbers",
        "assignee": "Bob Hill",
        "assignee_speaker": "SPEAKER_01",
        "due_text": "by Friday",
        "due_date": "2026-11-27",
    }
    assert (second["assignee"], second["assignee_speaker"], second["due_date"]) == (None, None, None)


def test_nothing_looked_for_is_null(two_speakers: Meeting) -> None:
    content = publish(two_speakers).model_dump(mode="json")
    assert [content[key] for key in ("recorded_on", "chapters", "summary", "action_items")] == [None] * 4


@pytest.mark.parametrize("which", ["planned", "silent"])
def test_what_is_written_keeps_to_the_published_schema(
    planned: Callable[..., Meeting], make_meeting: Callable[..., Meeting], which: str
) -> None:
    content = publish(planned() if which == "planned" else make_meeting()).model_dump(mode="json")
    jsonschema.validate(content, json.loads(SCHEMA.read_text()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "surprise": 1}, json.loads(SCHEMA.read_text()))
