"""Events as JSON, and the schema that describes them."""

import json
from typing import Any

import jsonschema
import pytest

from modellab.errors import TextRefused
from modellab.settings import PROJECT_ROOT
from modellab.streaming.events import AnyEvent, Endpoint, Failure, Final, Partial, from_line, schema, to_line
from modellab.surfaces.results import Word

WHEN: dict[str, Any] = {"segment_id": 2, "audio_sent_s": 1.5, "sent_at_s": 1e9, "received_at_s": 1e9 + 0.25}
WORDS = [Word("Good", 0.5, 1.0, 0.75), Word("day", 1.0, 1.25, space_before=False)]
EVENTS: list[AnyEvent] = [
    Partial(seq=1, text="Goodday", stable_text="Good", words=WORDS, stable_words=1, **WHEN),
    Endpoint(seq=2, at_s=1.25, reason="silero", **WHEN),
    Final(seq=3, text="Goodday", words=WORDS, **WHEN),
    Failure(seq=4, message="the network is gone \N{PILE OF POO}\n", **WHEN),
]
SCHEMA = PROJECT_ROOT / "docs" / "stream-events.schema.json"


def test_the_documented_schema_is_that_of_the_types() -> None:
    """When this fails after a change that is meant: `python tools/stream_schema.py`."""
    assert json.loads(SCHEMA.read_text()) == schema()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_an_event_is_one_line_that_fits_the_schema_and_comes_back(event: AnyEvent) -> None:
    line = to_line(event)
    assert "\n" not in line
    assert from_line(line) == event
    assert from_line(json.dumps({**json.loads(line), "of_a_later_version": 1})) == event
    jsonschema.Draft202012Validator(schema()).validate(json.loads(line))


def test_a_partial_as_it_is_written() -> None:
    of_all = {"probability": None, "space_before": True, "speaker": None}
    assert json.loads(to_line(EVENTS[0])) == {
        **WHEN,
        "type": "partial",
        "seq": 1,
        "text": "Goodday",
        "stable_text": "Good",
        "stable_words": 1,
        "words": [
            {**of_all, "text": "Good", "start_s": 0.5, "end_s": 1.0, "probability": 0.75},
            {**of_all, "text": "day", "start_s": 1.0, "end_s": 1.25, "space_before": False},
        ],
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "should be an object"),
        ('{"type": "partial"}', "partial.seq: Field required"),
        ('{"type": "song"}', "'song'"),
        (to_line(EVENTS[1]).replace('"seq":2', '"seq":0'), "endpoint.seq: Input should be greater than or equal to 1"),
        (to_line(EVENTS[1]).replace('"seq":2', '"seq":"2"'), "endpoint.seq: Input should be a valid integer"),
        (to_line(EVENTS[1]).replace("1.25", "NaN"), "NaN"),
        (to_line(EVENTS[1]).replace("silero", "somebody"), "endpoint.reason"),
        (to_line(EVENTS[2]).replace("[{", "[" * 9 + "{"), "nested too deeply"),
    ],
)
def test_what_is_no_event_is_refused_with_the_place(line: str, said: str) -> None:
    with pytest.raises(TextRefused) as refused:
        from_line(line)
    assert said in str(refused.value)
