import json
from pathlib import Path

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
