"""What goes between the lab and a model's host: values come out as they went in, and nothing else gets through."""

import datetime
import json
import os
import pickle
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import LabError, UnknownName, UsageError
from modellab.media.audio import Audio, Waveform
from modellab.registry.hosts import shared
from modellab.registry.hosts.codec import LIMITS, CodecError, decode, encode
from modellab.registry.hosts.served import ServedModel
from modellab.registry.hosts.wire import Call, Channel, Made, Raised, Reports, Returned
from modellab.registry.loaded import ExecutionFacts
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript, Turn, Utterance, Word

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()) | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.builds(Segment, st.floats(allow_nan=False), st.floats(allow_nan=False))
    ),
    max_leaves=20,
)


def round_trip(value: object) -> Any:
    text, buffers = encode(value)
    return decode(text, [memoryview(bytearray(buffer)) for buffer in buffers])


@given(plain)
def test_values_come_out_as_they_went_in(value: object) -> None:
    found = round_trip(value)
    assert found == value
    assert type(found) is type(value)


@given(st.sampled_from(["<f4", "<f8", ">i2", "|u1", "<i8", "|b1", "<c8"]), st.lists(st.integers(0, 4), max_size=3))
def test_arrays_keep_type_and_shape(dtype: str, shape: list[int]) -> None:
    count = int(np.prod(shape))
    array = (np.arange(count) % 2).astype(dtype).reshape(shape)
    found = round_trip(array)
    assert (found.dtype, found.shape, found.tolist()) == (array.dtype, array.shape, array.tolist())


def test_results_and_audio_come_out_as_they_went_in() -> None:
    words = [Word("Köln\ud800", 0.1, 0.30000000000000004, 1 / 3, space_before=False, speaker="SPEAKER_00")]
    for result in (
        SpeechSegments([Segment(0.0, 1.5)], 2.0, float("-inf")),
        Transcript([Utterance(0.1, 0.3, "Köln", words, None, -0.25)], 1.0, "de", None, [], [Segment(0.5, 0.75)]),
        Diarization([Turn(0.0, 1.0, "SPEAKER_00")], 1.0),
        ExecutionFacts("cpu", "int8", 2, None),
    ):
        assert round_trip(result) == result
    every_other = np.arange(10, dtype=np.float32)[::2]
    found = round_trip((Waveform(every_other, 16000), Audio(every_other[None], 48000)))
    assert (found[0].samples.tolist(), found[0].sample_rate_hz) == ([0, 2, 4, 6, 8], 16000)
    assert (found[1].samples.shape, found[1].sample_rate_hz) == ((1, 5), 48000)
    assert round_trip([np.float32(0.5), np.int64(3), np.bool_(True)]) == [0.5, 3, True]


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, datetime.date(2026, 1, 1), np.array([object()]), len, Segment, Path("a")]
)
def test_other_things_can_not_be_sent(value: object) -> None:
    with pytest.raises(CodecError, match="can't be sent to or from a model"):
        encode([value])


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.abort, ()


@pytest.mark.parametrize(
    "text",
    [
        pickle.dumps(Evil()),
        b"",
        b"{",
        b'{"Evil": []}',
        b'{"Call": [1]}',
        b'{"Segment": [0.0, 1.0, 2.0]}',
        b'{"Segment": [0.0, 1.0], "Turn": []}',
        b'{"array": ["|O", [1], 0]}',
        b'{"array": ["<f4", [3], 0]}',
        b'{"array": ["<f4", [2], 1]}',
        b'{"bytes": 7}',
    ],
)
def test_what_is_no_message_makes_nothing(text: bytes) -> None:
    with pytest.raises(CodecError, match="a message that is none"):
        decode(text, [memoryview(bytearray(8))])


def test_text_is_read_within_limits_that_its_error_names() -> None:
    deep = b"[" * 128 + b"]" * 128
    assert decode(deep, []) is not None
    with pytest.raises(CodecError, match=r"a message can't be read: nested too deeply; allowed: 128 lists or mappings"):
        decode(b"[" + deep + b"]", [])
    with pytest.raises(CodecError, match=r"a message can't be read: too many values; allowed: 4,000,000"):
        decode(b"[" + b"[]," * 4_000_000 + b"1]", [])
    with pytest.raises(CodecError, match=r"a message can't be read: too large; allowed: 67,108,864 bytes"):
        decode(b'"' + b"x" * LIMITS.bytes, [])
    with pytest.raises(
        CodecError, match=r"a str is too large for a message; found 67,108,865 bytes; allowed: 67,108,8"
    ):
        encode("x" * (LIMITS.bytes - 1))


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (struct.pack("<IB", 0, 0), "a message of 0 parts; allowed: 1 to 65,536"),
        (struct.pack("<IB", 1 << 31, 0), "a message of 2,147,483,648 parts; allowed: 1 to 65,536"),
        (struct.pack("<IBQ", 1, 0, 1 << 62), "a message of 4,611,686,018,427,387,904 bytes of text; allowed: 0 to 67"),
        (struct.pack("<IBQQ", 2, 0, 4, 1 << 40), "a message of 1,099,511,627,776 bytes of audio; allowed: 0 to 34,3"),
        (struct.pack("<IB", 1, 1), "a message of 1 parts with 0 descriptors"),
    ],
)
def test_what_a_message_says_of_its_size_is_not_believed(head: bytes, words: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(head)
        with pytest.raises(CodecError, match=words):
            Channel(theirs, shares_memory=False).receive()


def test_only_what_the_contracts_offer_can_be_called() -> None:
    class Model:
        secret = "kept"

        def stream(self) -> "Model":
            return self

        def finish(self) -> str:
            return "rest"

        def detect(self) -> None:
            raise AssertionError("it has no such surface")

    served = ServedModel(Model(), ["enhance"], 1, lambda message: None)
    assert served.answer(Call(0, "stream", ())) == Made(1)
    assert served.answer(Call(1, "finish", ())) == Returned("rest")
    for target, method in ((0, "detect"), (0, "finish"), (0, "__init__"), (0, "secret"), (1, "stream"), (2, "finish")):
        with pytest.raises(CodecError, match=f"a call of '{method}' of object {target}, which is not offered"):
            served.answer(Call(target, method, ()))
    with pytest.raises(CodecError, match="not offered"):
        served.answer(Call(1, "finish", (), forget=(1,)))


@pytest.fixture(params=[True, False], ids=["shared memory", "connection"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield tuple(Channel(end, shares_memory=request.param) for end in (ours, theirs))  # type: ignore[misc]


@pytest.mark.parametrize("samples", [0, 1, 100_000])
def test_arrays_are_the_receivers_own(ends: tuple[Channel, Channel], samples: int) -> None:
    sent = np.arange(samples, dtype=np.float32)
    message = Call(0, "detect", (Waveform(sent, 8000), np.ones(3, np.int16), {"do": None}, Reports()), (3, 4))
    sender = threading.Thread(target=ends[0].send, args=(message,))
    sender.start()
    found = ends[1].receive()
    sender.join()
    assert (found.method, found.arguments[2:], found.forget) == ("detect", ({"do": None}, Reports()), (3, 4))
    received = found.arguments[0].samples
    assert np.array_equal(received, sent)
    assert found.arguments[1].tolist() == [1, 1, 1]
    received += 1
    assert np.array_equal(sent, np.arange(samples))


def test_audio_does_not_go_through_the_connection_and_leaves_nothing() -> None:
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        here, there = Channel(ours, shares_memory=True), Channel(theirs, shares_memory=True)
        for _ in range(3):
            # Nobody reads meanwhile: 40 MB would not fit into the connection, and this would wait for ever.
            here.send(Returned(np.ones(10_000_000, np.float32)))
        for _ in range(3):
            assert there.receive().value.sum() == 10_000_000
        here.send(Returned(np.ones(10_000_000, np.float32)))  # on its way when both ends are closed
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_shared_memory_smaller_than_stated_is_refused_and_not_touched() -> None:
    memory = shared.SharedBuffers([memoryview(b"x" * 100)])
    with pytest.raises(ValueError, match="shared memory of 100 bytes, not 5000"):
        shared.mapped(memory.descriptor, [5000])


def test_a_gone_end_is_an_end() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\x02\x00")
    theirs.close()
    with ours, pytest.raises(EOFError):
        Channel(ours, shares_memory=True).receive()


class Unknown(Exception):
    """A class that the other end does not have."""


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return round_trip(Raised.of(caught)).exception()  # type: ignore[no-any-return]


def test_errors_of_the_lab_and_of_python_come_back_as_they_were() -> None:
    refused = raised(UsageError("no such thing", found=["a", "b"], allowed="c", hint=["Do.", "Or not."]))
    assert isinstance(refused, UsageError)
    assert (refused.what, refused.places, refused.allowed, refused.ways) == (
        "no such thing", ("a", "b"), "c", ("Do.", "Or not."),
    )  # fmt: skip
    assert type(raised(UnknownName("x"))) is UnknownName
    assert type(raised(ModuleNotFoundError("No module named 'df'"))) is ModuleNotFoundError
    odd = raised(Unknown("something"))
    assert (type(odd), str(odd)) == (RuntimeError, "Unknown: something")
    assert "test_wire.py" in odd.__notes__[0]
    undecodable = raised(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"))
    assert (type(undecodable), "UnicodeDecodeError: 'utf-8' codec" in str(undecodable)) == (RuntimeError, True)


def test_a_class_that_is_no_exception_is_not_called() -> None:
    for kind in ("eval", "exec", "SystemExit", "KeyboardInterrupt", "int", "no_such_name"):
        assert type(Raised(kind, "1 / 0", "").exception()) is RuntimeError
    assert (
        type(Raised("Nobody", "", "", {"what": "x", "found": (), "allowed": None, "hint": ()}).exception()) is LabError
    )


def test_the_text_is_json_with_one_key_an_object() -> None:
    text, buffers = encode(Returned([Segment(0.0, 1.0), np.zeros(2, np.float32)]))
    assert json.loads(text) == {"Returned": [[{"Segment": [0.0, 1.0]}, {"array": ["<f4", [2], 0]}]]}
    assert [buffer.nbytes for buffer in buffers] == [8]
