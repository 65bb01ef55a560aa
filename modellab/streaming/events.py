"""What a live stream tells: one schema for every model, typed, as JSON lines and back.

`docs/stream-events.schema.json` is its JSON Schema; `python tools/stream_schema.py` writes it from these types.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from modellab.errors import TextRefused
from modellab.outside import Limits, parse_json
from modellab.surfaces.results import Word

LIMITS = Limits(bytes=1 << 20, depth=8, nodes=50_000)
"""Of one event. A minute of fast speech is 300 words of some 100 bytes."""

EndReason = Literal["model", "silero", "smart_turn", "energy", "longest", "flush", "finalize"]
"""Why a segment ended: who heard that the speaker stopped, or `longest`: it was as long as one may be; `flush` and
`finalize`: whoever sends the audio asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True)

    seq: Annotated[int, Field(ge=1, description="1, 2, 3 and so on within a stream, over events of all types")]
    segment_id: Annotated[
        int,
        Field(
            ge=1,
            description="the stretch of speech that it is about: 1, 2, 3 and so on within a stream; all told of "
            "a segment has its number, and nothing is told of it after its final",
        ),
    ]
    audio_sent_s: Annotated[float, Field(ge=0, description="seconds of audio that had been sent by then")]
    sent_at_s: Annotated[
        float,
        Field(
            description="when what this answers was sent, in seconds since 1970: the last audio, or flush or finalize"
        ),
    ]
    received_at_s: Annotated[
        float,
        Field(
            description="when this came, on the same clock, which runs evenly from the stream's start and is never set"
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(_Event):
    """What is heard so far of a segment that goes on. The stable words stay as they are, the others may change."""

    type: Literal["partial"] = "partial"
    text: str
    stable_text: str
    """The beginning of `text` that never changes again."""
    words: list[Word]
    """All of the segment's, with times in seconds from the start of the stream."""
    stable_words: Annotated[int, Field(ge=0)]
    """How many of them, from the first, never change again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(_Event):
    """A segment ended; its final follows, and nothing else of it."""

    type: Literal["endpoint"] = "endpoint"
    at_s: Annotated[float, Field(ge=0)]
    """Where speech ended, in seconds from the start of the stream."""
    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(_Event):
    """A whole segment as it will stay."""

    type: Literal["final"] = "final"
    text: str
    """Empty where somebody spoke and the model heard no word."""
    words: list[Word]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(_Event):
    """The stream broke, during this segment; nothing comes after it."""

    type: Literal["error"] = "error"
    message: str


Event = Annotated[Partial | Endpoint | Final | Failure, Field(discriminator="type")]
AnyEvent = Partial | Endpoint | Final | Failure

_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(Event)


def to_line(event: AnyEvent) -> str:
    """An event as JSON in one line, without a line break at its end."""
    return _ADAPTER.dump_json(event).decode()


def from_line(line: bytes | str) -> AnyEvent:
    """An event from JSON. Fields that this version does not know are left out.

    Raises:
        TextRefused: it is no event.
    """
    parse_json(line, "an event of a stream", LIMITS)
    try:
        return _ADAPTER.validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise TextRefused(
            "an event of a stream can't be read",
            found=f"{where}: {first['msg']}",
            allowed="what docs/stream-events.schema.json describes",
        ) from error


def schema() -> dict[str, Any]:
    """The JSON Schema of an event."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of a live stream",
        **_ADAPTER.json_schema(mode="serialization"),
    }
