"""What goes between the lab and a model's host, as bytes: plain values, arrays, and the dataclasses listed here.

Nothing else can be sent, and nothing that is received can make anything else, let alone run code: the two ends may have
other versions of every package, and one of them may be another machine. Arrays stay out of the text, as buffers that
are neither copied nor parsed. The text is JSON in which every object has one key, which says of what kind it is. How
much of it is read has limits: what a process or a server answers is data from outside.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from modellab.errors import LabError, TextRefused
from modellab.media import audio
from modellab.outside import Limits, check_json
from modellab.registry.loaded import ExecutionFacts
from modellab.surfaces import replies, results, sounds, streams, translations

LIMITS = Limits(bytes=64 << 20, depth=128, nodes=4_000_000)
"""Of a message's text. The words of a day-long recording are some 20 MiB, ten deep, and half a million."""

_ARRAY, _BYTES, _MAPPING, _TUPLE = "array", "bytes", "mapping", "tuple"
_PLAIN_DTYPES = "biufc"
"""Kinds of numpy types that are numbers and nothing else."""
_kinds: dict[str, type] = {}
_names_of_fields: dict[type, list[str]] = {}

Buffer = memoryview


class CodecError(LabError):
    """A value that can't be sent, or bytes that are not what `encode` makes, or more of them than is read."""


def allow(kind: type) -> type:
    """Let a dataclass go over the wire, its fields by position. Usable as a decorator.

    Raises:
        ValueError: another one has its name.
    """
    if kind.__name__ in (_ARRAY, _BYTES, _MAPPING, _TUPLE) or _kinds.setdefault(kind.__name__, kind) is not kind:
        raise ValueError(f"two kinds of messages are named {kind.__name__}")
    _names_of_fields[kind] = [field.name for field in fields(kind) if field.init]
    return kind


def fields_by_kind() -> dict[str, list[str]]:
    """Every kind of dataclass that can be sent -> its fields, in the order in which they go."""
    return {kind.__name__: names for kind, names in _names_of_fields.items()}


for _kind in (
    audio.Audio,
    audio.Waveform,
    results.Segment,
    results.FittedWord,
    results.SpeechSegments,
    results.Word,
    results.Utterance,
    results.LanguageCandidate,
    results.Transcript,
    results.Turn,
    results.Diarization,
    sounds.ClassScores,
    sounds.Note,
    sounds.Notes,
    replies.Reply,
    streams.Heard,
    translations.TranslatedUtterance,
    translations.Translation,
    ExecutionFacts,
):
    allow(_kind)


def encode(value: object) -> tuple[bytes, list[Buffer]]:
    """A value as text, and the buffers that the text refers to by number; these are the arrays' own memory.

    Raises:
        CodecError: it holds something of a kind that can't be sent, or is more than the other end reads; names it.
    """
    buffers: list[Buffer] = []
    plain = _plain(value, buffers)
    # Strings may hold halves of characters (names of files that are not UTF-8): escaped, they come out as they went in.
    text = json.dumps(plain, separators=(",", ":")).encode("ascii")
    if len(text) > LIMITS.bytes:
        raise CodecError(
            f"a {type(value).__name__} is too large for a message",
            found=f"{len(text):,} bytes",
            allowed=f"{LIMITS.bytes:,} bytes beside the audio",
        )
    return text, buffers


def decode(text: bytes | bytearray, buffers: Sequence[Buffer]) -> Any:
    """The value again. Its arrays lie in the buffers; they can be written to where the buffers can.

    Raises:
        CodecError: the text is not what `encode` makes, does not fit the buffers, or is over the limits.
    """
    try:
        check_json(text, "a message", LIMITS)
        return _value(json.loads(text), buffers)
    except TextRefused as error:
        raise error.become(CodecError) from error
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise CodecError(f"a message that is none: {type(error).__name__}: {error}") from error


def _plain(value: Any, buffers: list[Buffer]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list):
        return [_plain(item, buffers) for item in value]
    for kinds, name, inside in _SENT:
        if isinstance(value, kinds):
            return {name: inside(value, buffers)}
    names = _names_of_fields.get(type(value))
    if names is None:
        raise CodecError(f"a {type(value).__module__}.{type(value).__qualname__} can't be sent to or from a model")
    return {type(value).__name__: [_plain(getattr(value, name), buffers) for name in names]}


def _bytes(value: bytes | bytearray | memoryview, buffers: list[Buffer]) -> int:
    buffers.append(memoryview(value).cast("B"))
    return len(buffers) - 1


def _array(array: "np.ndarray[Any, Any]", buffers: list[Buffer]) -> list[Any]:
    if array.dtype.kind not in _PLAIN_DTYPES:
        raise CodecError(f"an array of {array.dtype} can't be sent to or from a model")
    whole = np.ascontiguousarray(array)
    buffers.append(whole.reshape(-1).view(np.uint8).data)
    return [array.dtype.str, list(array.shape), len(buffers) - 1]


_SENT: tuple[tuple[type | tuple[type, ...], str, Callable[[Any, list[Buffer]], Any]], ...] = (
    (np.ndarray, _ARRAY, _array),
    ((bytes, bytearray, memoryview), _BYTES, _bytes),
    (tuple, _TUPLE, lambda value, buffers: [_plain(item, buffers) for item in value]),
    (
        Mapping,
        _MAPPING,
        lambda value, buffers: [[_plain(key, buffers), _plain(item, buffers)] for key, item in value.items()],
    ),
)


def _value(plain: Any, buffers: Sequence[Buffer]) -> Any:
    if isinstance(plain, list):
        return [_value(item, buffers) for item in plain]
    if not isinstance(plain, dict):
        return plain
    [(name, inside)] = plain.items()
    if special := _RECEIVED.get(name):
        return special(inside, buffers)
    return _kinds[name](*(_value(item, buffers) for item in inside))


def _array_value(inside: Any, buffers: Sequence[Buffer]) -> "np.ndarray[Any, Any]":
    name, shape, number = inside
    dtype = np.dtype(str(name))
    if dtype.kind not in _PLAIN_DTYPES:
        raise ValueError(f"an array of {dtype}")
    return np.frombuffer(buffers[number], dtype).reshape(shape)


_RECEIVED: dict[str, Callable[[Any, Sequence[Buffer]], Any]] = {
    _ARRAY: _array_value,
    _BYTES: lambda inside, buffers: bytes(buffers[inside]),
    _MAPPING: lambda inside, buffers: {_value(key, buffers): _value(item, buffers) for key, item in inside},
    _TUPLE: lambda inside, buffers: tuple(_value(item, buffers) for item in inside),
}
