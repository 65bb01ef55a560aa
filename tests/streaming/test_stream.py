"""The life of a live stream: its order, its events, and that nothing is left behind."""

import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.errors import StreamMisused, UsageError
from modellab.media.audio import Samples
from modellab.streaming.events import AnyEvent, Endpoint, Failure, Final, Partial, from_line, to_line
from modellab.streaming.hearing import Pieces
from modellab.streaming.stream import LiveStream
from modellab.surfaces.results import Word
from modellab.surfaces.streams import Heard
from tests.streaming.counting import RATE_HZ, Counting, CountingStream
from tests.streaming.promises import broken


def sound(seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    return np.zeros(round(seconds * rate_hz), dtype=np.float32)


def opened(model: Counting, **how: Any) -> tuple[LiveStream, list[AnyEvent]]:
    events: list[AnyEvent] = []
    return LiveStream(model, RATE_HZ, events.append, **how), events


def told(events: list[AnyEvent]) -> list[tuple[Any, ...]]:
    """Events in short."""
    short: list[tuple[Any, ...]] = []
    for event in events:
        if isinstance(event, Partial):
            short.append((event.segment_id, event.stable_text, event.text))
        elif isinstance(event, Endpoint):
            short.append((event.segment_id, event.reason, event.at_s))
        elif isinstance(event, Final):
            short.append((event.segment_id, "final", event.text))
        else:
            short.append((event.segment_id, "error", event.message))
    return short


def test_a_stream_tells_what_is_heard_and_ends() -> None:
    model = Counting()
    stream, events = opened(model)
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(0.8))
    stream.flush()
    stream.flush()
    stream.push_audio(sound(0.3))
    stream.finalize()
    stream.finalize()
    assert told(events) == [
        (1, "", "1"),
        (1, "1", "1 2"),
        (1, "1 2", "1 2 3"),
        (1, "flush", 0.75),
        (1, "final", "1 2 3"),
        (2, "", "4"),
        (2, "finalize", 1.0),
        (2, "final", "4"),
    ]
    assert broken(events) == []
    assert [event.audio_sent_s for event in events] == [0.8] * 5 + [1.1] * 3
    assert [word for event in events if isinstance(event, Final) for word in event.words] == [
        Word(str(number), number / 4 - 0.25, number / 4) for number in (1, 2, 3, 4)
    ]
    assert model.open == 0


def test_what_a_recogniser_hears_does_not_depend_on_the_senders_pieces() -> None:
    model = Counting()
    samples = np.random.default_rng(5).normal(0, 0.1, RATE_HZ).astype(np.float32)
    for size in (1, 37, 320, 5000, RATE_HZ):
        stream, _ = opened(model, pieces=Pieces(chunk_ms=80))
        stream.start_stream(RATE_HZ)
        for start in range(0, len(samples), size):
            stream.push_audio(samples[start : start + size])
        stream.finalize()
    first, *others = model.heard
    assert [len(chunk) for chunk in first] == [1280] * 12 + [640]
    assert np.array_equal(np.concatenate(first), samples)
    for other in others:
        assert all(np.array_equal(one, again) for one, again in zip(first, other, strict=True))


def test_a_model_that_finds_ends_itself() -> None:
    stream, events = opened(Counting(ends_after=2))
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(0.96))
    assert told(events) == [(1, "", "1"), (1, "model", 0.5), (1, "final", "1 2"), (2, "", "3")]
    stream.finalize()
    assert told(events)[4:] == [(2, "finalize", 0.75), (2, "final", "3")]
    assert broken(events) == []


class _At:
    """Ends a segment at given frames."""

    reason = "energy"

    def __init__(self, *frames: int) -> None:
        self._frames, self._frame, self._began = frames, 0, 0

    @property
    def spoken_until_s(self) -> float | None:
        return (self._frame - 1) * 0.02 if self._frame > self._began else None

    def push(self, samples: Samples) -> bool:
        self._frame += 1
        return self._frame in self._frames

    def begin(self) -> None:
        self._began = self._frame


def test_an_endpointer_ends_segments_at_its_frame_and_the_models_own_ends_count_no_more() -> None:
    model = Counting(ends_after=2)
    stream, events = opened(model, endpointer=_At(13, 20))
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(0.64))
    assert told(events) == [
        (1, "", "1"),
        (1, "energy", 0.24),
        (1, "final", "1"),
        (2, "energy", 0.38),
        (2, "final", ""),  # somebody spoke, and the model heard no word
        (3, "", "2"),
    ]
    assert [len(chunk) for chunk in model.heard[0]] == [2560, 1600, 2240, 2560]
    stream.close()
    stream, events = opened(Counting(ends_after=2), endpointer=_At())
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(1.12))
    assert told(events) == [(1, "", "1"), (1, "1 2", "1 2"), (1, "1 2", "1 2 3"), (1, "1 2 3 4", "1 2 3 4")]


def test_a_segment_is_no_longer_than_it_may_be() -> None:
    stream, events = opened(Counting(), pieces=Pieces(longest_segment_s=1.0))
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(4.0))
    ends = [(event.reason, event.at_s) for event in events if isinstance(event, Endpoint)]
    # A second after the chunk of 160 ms in which its first word was heard, at the end of a chunk.
    assert ends == [("longest", 1.25), ("longest", 2.5), ("longest", 4.0)]
    assert broken(events) == []
    stream.close()


def test_silence_leaves_no_trace() -> None:
    class Deaf(Counting):
        def open_stream(self, parameters: Any) -> CountingStream:
            stream = super().open_stream(parameters)
            stream.hear = lambda samples: [Heard()]  # type: ignore[method-assign]
            return stream

    model = Deaf()
    stream, events = opened(model, pieces=Pieces(longest_segment_s=1.0))
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(3.5))
    stream.flush()
    stream.finalize()
    assert events == [] and model.open == 0


def test_calls_out_of_order_say_so() -> None:
    model = Counting()
    stream, events = opened(model)
    for call in (lambda: stream.push_audio(b""), stream.flush, stream.finalize):
        with pytest.raises(StreamMisused, match="the stream has not been started"):
            call()
    stream.start_stream(RATE_HZ)
    with pytest.raises(StreamMisused, match="start_stream can't be called: the stream is running"):
        stream.start_stream(RATE_HZ)
    stream.push_audio(sound(0.4))
    stream.finalize()
    for again in (lambda: stream.push_audio(b""), stream.flush, lambda: stream.start_stream(RATE_HZ)):
        with pytest.raises(StreamMisused, match="the stream was finalized"):
            again()
    stream.close()
    stream.close()
    stream.finalize()  # it was, before it was closed
    with pytest.raises(StreamMisused, match="push_audio can't be called: the stream was closed"):
        stream.push_audio(b"")
    assert broken(events) == [] and isinstance(events[-1], Final)
    other, events = opened(model)
    other.close()
    for late in (lambda: other.start_stream(RATE_HZ), other.finalize):
        with pytest.raises(StreamMisused, match="the stream was closed"):
            late()
    assert (model.opened, model.closed, events) == (1, 1, [])


def test_a_start_that_is_refused_may_be_tried_again() -> None:
    model = Counting()
    stream, _ = opened(model)
    with pytest.raises(UsageError, match="no such sample rate"):
        stream.start_stream(100)
    with pytest.raises(UsageError, match="no such number of channels"):
        stream.start_stream(RATE_HZ, channels=0)
    stream.start_stream(RATE_HZ)
    stream.close()
    strange, _ = opened(model, parameters={"beam": 3})
    with pytest.raises(UsageError, match="no such parameters"):
        strange.start_stream(RATE_HZ)
    assert model.open == 0


def test_audio_that_is_refused_leaves_the_stream_as_it_was() -> None:
    model = Counting()
    stream, events = opened(model)
    stream.start_stream(RATE_HZ)
    bad: Any
    for bad in (np.zeros(3, np.float64), np.zeros((2, 3), np.float32), "pcm", np.full(4, np.nan, np.float32)):
        with pytest.raises(UsageError, match="pushed"):
            stream.push_audio(bad)
    stream.push_audio(sound(0.25))
    with pytest.raises(UsageError, match="goes on with another"):
        stream.push_audio(b"\0\0")
    stream.finalize()
    assert told(events) == [(1, "", "1"), (1, "finalize", 0.25), (1, "final", "1")]


@pytest.mark.parametrize(("breaks_at", "after"), [(1, 0), (3, 1)])
def test_what_a_recogniser_raises_is_the_last_event(breaks_at: int, after: int) -> None:
    model = Counting(breaks_at=breaks_at)
    stream, events = opened(model)
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(2.0))
    *before, last = events
    assert len(before) == after
    assert isinstance(last, Failure) and last.message == "RuntimeError: the network is gone"
    assert model.open == 0
    with pytest.raises(StreamMisused, match="push_audio can't be called: the stream broke"):
        stream.push_audio(b"")
    stream.finalize()
    stream.close()
    assert len(events) == after + 1 and broken(events) == []


def test_whoever_does_not_listen_any_more_ends_the_stream() -> None:
    model = Counting()

    def gone(event: AnyEvent) -> None:
        raise BrokenPipeError("the client is gone")

    stream = LiveStream(model, RATE_HZ, gone)
    stream.start_stream(RATE_HZ)
    with pytest.raises(BrokenPipeError, match="the client is gone"):
        stream.push_audio(sound(1.0))
    assert model.open == 0
    with pytest.raises(StreamMisused, match="the stream was closed"):
        stream.push_audio(sound(1.0))


def test_a_stream_that_nobody_holds_is_freed() -> None:
    model = Counting()
    stream, _ = opened(model)
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(0.3))
    assert model.open == 1
    del stream
    gc.collect()
    assert model.open == 0


def test_a_stream_can_be_left_as_a_block_and_interrupted() -> None:
    model = Counting()
    stream, _ = opened(model)
    with stream:
        stream.start_stream(RATE_HZ)
    assert model.open == 0
    events: list[AnyEvent] = []

    def interrupted(event: AnyEvent) -> None:
        events.append(event)
        raise KeyboardInterrupt

    stream = LiveStream(model, RATE_HZ, interrupted)
    stream.start_stream(RATE_HZ)
    with pytest.raises(KeyboardInterrupt):
        stream.push_audio(sound(1.0))
    assert model.open == 0 and len(events) == 1


def test_what_is_told_may_close_the_stream_and_nothing_else() -> None:
    model = Counting()
    events: list[AnyEvent] = []

    def listen(event: AnyEvent) -> None:
        events.append(event)
        with pytest.raises(StreamMisused, match="can't be called from what it tells"):
            stream.flush()
        stream.close()

    stream = LiveStream(model, RATE_HZ, listen)
    stream.start_stream(RATE_HZ)
    stream.push_audio(sound(60.0))
    assert told(events) == [(1, "", "1")]  # it stopped there
    assert model.open == 0


def test_closing_does_not_wait_for_what_is_at_work_and_frees_everything() -> None:
    inside, go_on = threading.Event(), threading.Event()
    model = Counting()

    def listen(event: AnyEvent) -> None:
        inside.set()
        assert go_on.wait(60)

    stream = LiveStream(model, RATE_HZ, listen)
    stream.start_stream(RATE_HZ)
    refused: list[Exception] = []

    def push() -> None:
        try:
            stream.push_audio(sound(10.0))
        except StreamMisused as error:
            refused.append(error)

    working, waiting = threading.Thread(target=push), threading.Thread(target=push)
    working.start()
    assert inside.wait(60)
    waiting.start()
    stream.close()  # returns although the recogniser is at work
    assert model.open == 1
    go_on.set()
    working.join(60)
    waiting.join(60)
    assert not working.is_alive() and not waiting.is_alive()
    assert model.open == 0
    assert ["the stream was closed" in str(error) for error in refused] == [True]


def test_a_clock_that_runs_evenly_stands_in_every_event() -> None:
    times = iter(float(second) for second in range(100, 200))
    stream, events = opened(Counting(), clock=lambda: next(times))
    stream.start_stream(RATE_HZ)  # 100
    stream.push_audio(sound(0.64))  # sent at 101, two events
    stream.push_audio(sound(0.16), sent_at_s=42.0)
    stream.finalize()
    assert [(event.sent_at_s, event.received_at_s) for event in events] == [
        *((101.0, 102.0), (101.0, 103.0), (42.0, 104.0), (105.0, 106.0), (105.0, 107.0)),
    ]


# --- whatever is called in whatever order ----------------------------------------------------------------------------

CALLS = st.one_of(
    st.tuples(st.just("start"), st.sampled_from([8_000, 16_000, 44_100])),
    st.tuples(st.just("push"), st.integers(0, 9_000)),
    st.tuples(st.just("push"), st.integers(0, 9_000)),
    st.tuples(st.just("push"), st.integers(0, 9_000)),
    st.tuples(st.just("bytes"), st.integers(0, 9_000)),
    st.tuples(st.just("flush"), st.just(0)),
    st.tuples(st.just("finalize"), st.just(0)),
    st.tuples(st.just("close"), st.just(0)),
)
MODELS = st.builds(Counting, st.sampled_from([None, None, 1, 3]), st.sampled_from([None, None, 1, 4]))


class _Expected:
    """What a stream must do, told apart by hand."""

    def __init__(self) -> None:
        self.state, self.finished, self.kind = "new", False, ""

    def refuses(self, call: str) -> bool:
        if call == "start":
            return self.state != "new"
        if call in ("push", "bytes", "flush"):
            return self.state != "running"
        return call == "finalize" and not (self.state in ("running", "failed") or self.finished)

    def did(self, call: str, failed: bool) -> None:
        if call == "close":
            self.state = "closed"
        elif failed and self.state == "running":
            self.state = "failed"
        elif call == "start":
            self.state = "running"
        elif call == "finalize" and self.state == "running":
            self.state, self.finished = "finished", True


def _do(stream: LiveStream, call: str, amount: int) -> None:
    calls: dict[str, Callable[[], None]] = {
        "start": lambda: stream.start_stream(amount),
        "push": lambda: stream.push_audio(np.full(amount, 0.1, dtype=np.float32)),
        "bytes": lambda: stream.push_audio(b"\1" * amount),
        "flush": stream.flush,
        "finalize": stream.finalize,
        "close": stream.close,
    }
    calls[call]()


@settings(max_examples=1000)
@given(MODELS, st.lists(st.tuples(st.integers(0, 1), CALLS), max_size=25), st.sampled_from([1.0, 60.0]))
def test_no_order_of_calls_breaks_a_promise(
    model: Counting, calls: list[tuple[int, tuple[str, int]]], longest_s: float
) -> None:
    pairs = [opened(model, pieces=Pieces(chunk_ms=40, longest_segment_s=longest_s)) for _ in range(2)]
    expected = [_Expected(), _Expected()]
    for which, (call, amount) in calls:
        (stream, events), wanted = pairs[which], expected[which]
        of_the_other = len(pairs[1 - which][1])
        refuses = wanted.refuses(call)
        other_kind = not refuses and wanted.kind not in ("", call) and call in ("push", "bytes")
        if refuses or other_kind:
            count = len(events)
            with pytest.raises(StreamMisused if refuses else UsageError):
                _do(stream, call, amount)
            assert len(events) == count
        else:
            _do(stream, call, amount)
            wanted.did(call, bool(events) and isinstance(events[-1], Failure))
            if call in ("push", "bytes"):
                wanted.kind = call
        assert len(pairs[1 - which][1]) == of_the_other
        assert model.open == sum(one.state == "running" for one in expected)
    for stream, events in pairs:
        stream.close()
        assert broken(events) == []
        assert [from_line(to_line(event)) for event in events] == events
    assert model.open == 0
