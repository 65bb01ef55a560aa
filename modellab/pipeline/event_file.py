"""The events of a run as a file, `<home>/events/<Dagster run>.jsonl`: other processes follow it while it grows.

One JSON object a line: `event` names its class in `events`, the rest are its fields. Whoever writes holds a lock on the
file, so that a follower knows when nothing more will come, also of a process that was killed.
"""

import fcntl
import json
import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, get_args

from pydantic import TypeAdapter, ValidationError

from modellab.errors import TextRefused, UnknownName
from modellab.outside import parse_json
from modellab.pipeline.events import Event, StepProgressed, observed_by
from modellab.redaction import redact_all
from modellab.settings import Lab

_log = logging.getLogger(__name__)
_ADAPTERS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}
_PROGRESS_INTERVAL_S = 1.0
"""Progress that is overtaken within this is left out: an hour's step would fill megabytes."""
_POLL_S = 0.1
_KEPT_S = 30 * 24 * 3600.0
"""The records say for ever what came of a run; how it went on is of use for a while."""


@contextmanager
def recorded_events(lab: Lab, dagster_run_id: str) -> Iterator[None]:
    """Write the events of a run into its file while the block runs; where that can't be, the run goes on without."""
    with ExitStack() as stack:
        try:
            writer = stack.enter_context(_writer(_path(lab, dagster_run_id), dagster_run_id))
        except OSError as error:
            _log.warning("the events of run %s can't be followed: %s", dagster_run_id, error)
        else:
            stack.enter_context(observed_by(writer))
        yield


def follow(lab: Lab, dagster_run_id: str, after: int = 0) -> Iterator[Event]:
    """The events of a run in order, those to come as well, until its process is done with it or dead.

    Args:
        after: leave out events up to this number, which were seen before.

    Raises:
        UnknownName: no events of such a run are kept.
    """
    path = _path(lab, dagster_run_id)
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise UnknownName(
            f"no events of a run {dagster_run_id!r} are kept", hint="See the runs there are: modellab runs list."
        ) from error
    with file:
        rest = b""
        while True:
            over = _nobody_writes(file)  # asked before reading: what was written until then is read
            data = file.read()
            *lines, rest = (rest + data).split(b"\n")
            yield from (event for event in map(_event, lines) if event is not None and event.number > after)
            if over:
                return
            if not data:
                time.sleep(_POLL_S)


def remove_old_events(lab: Lab, now_s: float | None = None) -> int:
    """Delete the files of runs that ended a month ago or earlier; returns how many.

    Args:
        now_s: seconds since 1970.
    """
    before_s = (time.time() if now_s is None else now_s) - _KEPT_S
    old = [path for path in lab.events.glob("*.jsonl") if path.stat().st_mtime < before_s]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def finished_events(lab: Lab) -> Iterator[tuple[Path, str, int]]:
    """Each file that nobody writes any more: the Dagster run, and how many of its lines are no JSON. The last one of a
    process that was killed may be half: it does not count."""
    for path in sorted(lab.events.glob("*.jsonl")):
        with path.open("rb") as file:
            if _nobody_writes(file):
                lines = file.read().split(b"\n")[:-1]
                yield path, path.stem, sum(1 for line in lines if line and not _is_json(line))


def _is_json(line: bytes) -> bool:
    try:
        parse_json(line, "an event")
    except TextRefused:
        return False
    return True


def _path(lab: Lab, dagster_run_id: str) -> Path:
    return lab.events / f"{Path(dagster_run_id).name}.jsonl"


class _Writer:
    """Writes events of one run as they come."""

    def __init__(self, descriptor: int, dagster_run_id: str) -> None:
        self._descriptor, self._run = descriptor, dagster_run_id
        self._told: dict[tuple[str, str, str], float] = {}
        """Input, system and step -> when its progress was written last."""
        self._cut_off = False
        """Whether the disk took no more, and perhaps half a line; said once, not with every event."""

    def __call__(self, event: Event) -> None:
        if event.dagster_run_id != self._run or (isinstance(event, StepProgressed) and self._overtaken(event)):
            return
        name = type(event).__name__
        fields = redact_all(_ADAPTERS[name].dump_python(event, mode="json"))
        line = json.dumps({"event": name, **fields}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if self._cut_off:
            line = b"\n" + line
        try:
            whole, why = os.write(self._descriptor, line) == len(line), "the disk is full"
        except OSError as error:
            whole, why = False, str(error)
        if not whole and not self._cut_off:
            _log.warning("events of run %s are lost to whoever follows it: %s", self._run, why)
        self._cut_off = not whole

    def _overtaken(self, event: StepProgressed) -> bool:
        now, where = time.monotonic(), (event.input, event.system, event.step)
        if event.fraction < 1.0 and now - self._told.get(where, -_PROGRESS_INTERVAL_S) < _PROGRESS_INTERVAL_S:
            return True
        self._told[where] = now
        return False


@contextmanager
def _writer(path: Path, dagster_run_id: str) -> Iterator[_Writer]:
    path.parent.mkdir(parents=True, exist_ok=True)
    unlocked = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    descriptor = os.open(unlocked, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unlocked.replace(path)  # so that nobody finds it without its lock
        yield _Writer(descriptor, dagster_run_id)
    finally:
        os.close(descriptor)


def _nobody_writes(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return True


def _event(line: bytes) -> Event | None:
    """The event of a line; None for one that a full disk cut off, or that a later version wrote."""
    try:
        fields = parse_json(line, "an event")
        event: Event = _ADAPTERS[fields.pop("event")].validate_python(fields)
    except (TextRefused, TypeError, KeyError, AttributeError, ValidationError):
        return None
    return event
