"""The life of a live stream, once for every model: start_stream, push_audio, flush, finalize, close.

A recogniser behind it need keep no promise but its contract's (`AsrStream`): numbers, segments, frames, resampling,
ends of segments, order of calls, and freeing everything are here.
"""

import logging
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any

from modellab.errors import LabError, StreamMisused
from modellab.media.audio import Samples
from modellab.redaction import redact
from modellab.streaming.endpointing import Endpointer
from modellab.streaming.events import AnyEvent
from modellab.streaming.hearing import Hearing, Pieces
from modellab.streaming.incoming import IncomingAudio, PcmBytes
from modellab.streaming.segments import Segments, Sent
from modellab.surfaces.contracts import AsrStream, AsrStreamModel
from modellab.wall_clock import steady

_log = logging.getLogger(__name__)


class _State(Enum):
    NEW = "has not been started"
    RUNNING = "is running"
    FINISHED = "was finalized"
    FAILED = "broke"
    CLOSED = "was closed"


class LiveStream:
    """One stream. Events go to `tell` as they happen, in the thread of the call that makes them.

    Any thread may call it: calls wait for each other, but for `close`, which never waits: what is at work stops at
    its next frame and frees everything. So does a stream that nobody holds any more, and one whose `tell` raises.

    Args:
        model: the recogniser; `model_rate_hz` is the rate of the audio that it takes.
        endpointer: finds where segments end; None: the recogniser itself, if it does (`finds_ends`).
        parameters: the recogniser's own (`AsrStreamModel.open_stream`).
        clock: seconds since 1970, running evenly.
    """

    def __init__(
        self,
        model: AsrStreamModel,
        model_rate_hz: int,
        tell: Callable[[AnyEvent], None],
        *,
        endpointer: Endpointer | None = None,
        pieces: Pieces | None = None,
        parameters: Mapping[str, Any] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._model: AsrStreamModel | None = model
        self._model_rate_hz, self._endpointer = model_rate_hz, endpointer
        self._pieces, self._parameters = pieces or Pieces(), parameters or {}
        self._clock = clock or steady()
        self._sent = Sent()
        self._segments = Segments(_told_through(tell), self._clock, self._sent)
        self._state, self._finished = _State.NEW, False
        self._incoming: IncomingAudio | None = None
        self._hearing: Hearing | None = None
        self._let_go: weakref.finalize[Any, Any] | None = None
        self._lock = threading.Lock()
        self._at_work: int | None = None
        """The thread that has the lock."""
        self._stopped = threading.Event()

    def start_stream(self, sample_rate_hz: int, channels: int = 1) -> None:
        """Begin, for audio of this rate and number of channels.

        Raises:
            StreamMisused: it was started before, or closed.
            UsageError: a rate, a number of channels or a parameter that can't be; it may be started again.
            Exception: whatever the model raises; it may be started again.
        """
        with self._alone("start_stream"):
            self._require("start_stream", _State.NEW, "Open another stream.")
            self._incoming = IncomingAudio(sample_rate_hz, channels, self._model_rate_hz)
            assert self._model is not None
            recogniser = self._model.open_stream(self._parameters)
            self._let_go = weakref.finalize(self, _close, recogniser)
            self._hearing = Hearing(
                recogniser,
                self._segments,
                self._endpointer,
                rate_hz=self._model_rate_hz,
                pieces=self._pieces,
                stopped=self._stopped.is_set,
            )
            self._state = _State.RUNNING
            self._sent.at_s = self._clock()

    def push_audio(self, audio: PcmBytes | Samples, sent_at_s: float | None = None) -> None:
        """Hear more audio; `IncomingAudio.push` says which.

        Args:
            sent_at_s: when it was sent, in seconds since 1970, where another process did; None: now.

        Raises:
            StreamMisused: the stream has not been started, was finalized or closed, or broke.
            UsageError: it is no such audio; nothing of it is heard, and the stream goes on.
        """
        with self._alone("push_audio"):
            self._require("push_audio", _State.RUNNING, "Call start_stream first; after its end, open another stream.")
            at_s = self._clock() if sent_at_s is None else sent_at_s
            incoming, hearing = self._running()
            samples = incoming.push(audio)
            self._sent.audio_s, self._sent.at_s = incoming.sent_s, at_s
            with self._told_when_broken():
                hearing.hear(samples)

    def flush(self) -> None:
        """End the segment that goes on, as if its speaker had stopped: its final comes now.

        Raises:
            StreamMisused: as `push_audio`.
        """
        with self._alone("flush"):
            self._require("flush", _State.RUNNING, "Call start_stream first; after its end, open another stream.")
            self._sent.at_s = self._clock()
            _, hearing = self._running()
            with self._told_when_broken():
                hearing.end_all("flush")

    def finalize(self) -> None:
        """Hear what is left, tell the last final, and free what the stream held. Once more, it does nothing.

        Raises:
            StreamMisused: the stream has not been started, or was closed before it was finalized.
        """
        with self._alone("finalize"):
            if self._finished or self._state is _State.FAILED:
                return
            self._require("finalize", _State.RUNNING, "Call start_stream first; what was closed can't be finalized.")
            self._sent.at_s = self._clock()
            incoming, hearing = self._running()
            with self._told_when_broken():
                hearing.hear(incoming.finish())
                hearing.end_all("finalize")
            if self._state is _State.RUNNING and not self._stopped.is_set():
                self._state, self._finished = _State.FINISHED, True
                self._free()

    def close(self) -> None:
        """Free everything, whatever the stream is doing, in any thread, any number of times; never waits or raises."""
        self._stopped.set()
        if not self._lock.acquire(blocking=False):
            return  # whoever has it looks at `_stopped` after letting it go
        try:
            self._state = _State.CLOSED
            self._free()
        finally:
            self._lock.release()

    def __enter__(self) -> "LiveStream":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _alone(self, call: str) -> Iterator[None]:
        """One call at a time. Where nobody listens any more, or a signal's handler raises, the stream is closed."""
        if self._at_work == threading.get_ident():
            raise StreamMisused(
                f"{call} of a live stream can't be called from what it tells its events to",
                hint="Only close can: it takes effect when the call at work returns.",
            )
        try:
            with self._lock:
                self._at_work = threading.get_ident()
                try:
                    yield
                except _NobodyListens as gone:
                    self._stopped.set()
                    raise gone.raised from None
                except BaseException as error:
                    if not isinstance(error, Exception):
                        self._stopped.set()
                    raise
                finally:
                    self._at_work = None
        finally:
            if self._stopped.is_set():
                self.close()

    def _require(self, call: str, state: _State, hint: str) -> None:
        found = _State.CLOSED if self._stopped.is_set() else self._state
        if found is not state:
            raise StreamMisused(f"{call} can't be called: the stream {found.value}", hint=hint)

    def _running(self) -> tuple[IncomingAudio, Hearing]:
        assert self._incoming is not None and self._hearing is not None
        return self._incoming, self._hearing

    @contextmanager
    def _told_when_broken(self) -> Iterator[None]:
        """What a recogniser or endpointer raises is the stream's last event."""
        try:
            yield
        except Exception as error:
            _log.exception("a live stream broke")
            said = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
            self._state = _State.FAILED
            self._free()
            self._segments.failed(redact(said))

    def _free(self) -> None:
        """Let go of what the stream holds; whatever is called afterwards finds its state."""
        if self._let_go is not None:
            self._let_go()
        self._hearing = self._incoming = self._endpointer = self._model = None


class _NobodyListens(BaseException):
    """What events are told to raised something: that is no failure of the recogniser."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__()
        self.raised = raised


def _told_through(tell: Callable[[AnyEvent], None]) -> Callable[[AnyEvent], None]:
    def told(event: AnyEvent) -> None:
        try:
            tell(event)
        except BaseException as error:
            raise _NobodyListens(error) from error

    return told


def _close(recogniser: AsrStream) -> None:
    try:
        recogniser.close()
    except Exception:
        _log.warning("a recogniser could not be closed", exc_info=True)
