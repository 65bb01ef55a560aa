"""Taking files through a pipeline, all in one run; a bad one never stops the rest."""

import logging
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Protocol

from modellab.at_once import at_once
from modellab.errors import InputRefused, UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore, may_be_name
from modellab.inputs.texts import find_texts
from modellab.media.folders import LeftOut, find_media, is_folder, refused_folder
from modellab.pipeline.events import Event, RunEnded, input_of, observed_by
from modellab.pipeline.system import System
from modellab.runs.launching import LaunchResult, OpenLauncher, Told
from modellab.runs.outcome import FileOutcome
from modellab.settings import Lab
from modellab.trouble import as_lab_error
from modellab.wall_clock import rising

_AT_ONCE_BYTES = 16 << 20
"""Files up to this size are read several at once; a stop waits for those that are begun."""
_log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Whoever shows what goes on."""

    def files(self, count: int) -> None:
        """How many files there are; called once, first."""

    def left_out(self, left_out: LeftOut) -> None:
        """What lies beside them in the folders given; called once."""

    def taken_up(self, path: Path) -> None:
        """A file is about to be read; all are, before the first step."""

    def registered(self, source: RegisteredInput) -> None:
        """The file became an input; its steps follow."""

    def waits(self, most: int) -> None:
        """So many runs are at work, and there may be no more: this one waits."""

    def observe(self, event: Event) -> None:
        """Something happened to a step of one of the inputs."""

    def ended(self, outcome: FileOutcome) -> None:
        """A file is done with."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read."""

    what: RegisteredInput | Exception
    """The input that it is, or why it is none."""
    started: float
    """When its reading began, on this process's clock."""
    seconds: float


@dataclass
class _Recording:
    """One recording of the batch."""

    number: int
    """Of its file, from 0."""
    path: Path
    source: RegisteredInput
    started: float
    """When the reading of its file began, on this process's clock."""
    reading_s: float
    same: list[int] = field(default_factory=list)
    """Numbers of other files with the same bytes."""


class Batch:
    """Files through one system.

    Args:
        start: makes the launcher; called when there is a good file, so that refusing costs nothing.
        force: run steps although their results are there.
        retry_of: Dagster run that this is another attempt at.
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop; called between files, for a signal may
            come while somebody else's handler is in place.
    """

    def __init__(
        self,
        lab: Lab,
        system: System,
        start: OpenLauncher,
        *,
        force: bool = False,
        retry_of: str | None = None,
        check_stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self._lab, self._system, self._start, self._force = lab, system, start, force
        self._retry_of = retry_of
        self._check_stopped = check_stopped
        self._store = InputStore(lab)
        self._files: Sequence[Path] = ()
        self._ended: dict[int, FileOutcome] = {}
        """Number of a file -> what came of it."""
        self.left_out = LeftOut()
        """What lies in the folders given and was not taken."""

    @property
    def outcomes(self) -> list[FileOutcome]:
        """What came of the files so far, in order; also when somebody stopped the batch."""
        return [self._ended[number] for number in sorted(self._ended)]

    def run(self, paths: Sequence[Path], watcher: Watcher) -> list[FileOutcome]:
        """What came of every file that the paths name, in order; of a folder without any, that it is refused.

        A path where nothing is may be what an input of the lab is called (`InputStore.take`). All files are read first;
        then the recordings among them go through the system together, step by step.

        Raises:
            UsageError: there is no way to run anything; all else that goes wrong is in the files' outcomes.
            KeyboardInterrupt: somebody stopped it, be it while Dagster would not listen.
        """
        takes_texts = self._system.takes == "text"
        found = (find_texts if takes_texts else find_media)(paths, self._lab.home)
        self._files, self.left_out = found.files, found.left_out
        watcher.files(len(found.files))
        watcher.left_out(found.left_out)
        if recordings := self._read(watcher):
            self._sweep(recordings, watcher)
        self._check_stopped()
        return self.outcomes

    def _read(self, watcher: Watcher) -> dict[str, _Recording]:
        """The recordings among the files, by the key of their input; the other files are done with."""
        recordings: dict[str, _Recording] = {}
        with closing(self._all_read()) as all_read:
            for number, path in enumerate(self._files):
                self._check_stopped()
                watcher.taken_up(path)
                read = next(all_read)
                match read.what:
                    case InputRefused() as error:
                        refused = FileOutcome(path, self._system.key, "refused", str(error), error_page=error.told())
                        self._end(number, refused, watcher)
                    case Exception() as error:
                        self._end(number, self._failed(path, error, self._lab.home), watcher)
                    case source if source.key in recordings:
                        recordings[source.key].same.append(number)
                    case source:
                        watcher.registered(source)
                        recordings[source.key] = _Recording(number, path, source, read.started, read.seconds)
        return recordings

    def _all_read(self) -> Generator[_Read]:
        """The files, each read, in order; small ones a few ahead of what is asked for."""
        for small, files in groupby(zip(self._files, rising(), strict=False), lambda given: _is_small(given[0])):
            read = at_once if small else map
            yield from read(self._take, files)

    def _take(self, given: tuple[Path, datetime]) -> _Read:
        """A file as an input of the lab, registered at that time if it is new."""
        path, at = given
        started = time.perf_counter()
        try:
            if is_folder(path):
                wanted = "text (.txt)" if self._system.takes == "text" else "audio or video file"
                raise refused_folder(path, self._lab.home, wanted)
            what: RegisteredInput | Exception = self._store.take(path, self._system.takes, at)
        except Exception as error:
            what = error
        return _Read(what, started, time.perf_counter() - started)

    def _sweep(self, recordings: Mapping[str, _Recording], watcher: Watcher) -> None:
        """Run them all. What came of one is told, and stands, as soon as its last step is over."""
        told, alone = Told(), len(recordings) == 1

        def tell(event: Event) -> None:
            told(event)
            recording = recordings.get(input_of(event))
            watcher.observe(event)
            if recording is not None and isinstance(event, RunEnded) and event.status != "canceled":
                self._end_all(
                    recording, told.result(event.input, event.system, event.dagster_run_id), watcher, alone=alone
                )

        place = self._lab.dagster_home
        try:
            with self._start(self._lab) as launcher, observed_by(tell):
                place = self._lab.home
                sources = [recording.source for recording in recordings.values()]
                results = launcher.sweep(
                    [self._system.key], sources, force=self._force, waits=watcher.waits, retry_of=self._retry_of
                )
        except Exception as error:
            if isinstance(error, UsageError) and not self._ended:
                raise
            for recording in recordings.values():
                for number in (recording.number, *recording.same):
                    if number not in self._ended:
                        self._end(number, self._failed(self._files[number], error, place), watcher)
            return
        for recording, result in zip(recordings.values(), results, strict=True):
            if recording.number not in self._ended:
                self._end_all(recording, result, watcher, alone=alone)

    def _end_all(self, recording: _Recording, result: LaunchResult, watcher: Watcher, *, alone: bool) -> None:
        """A recording is done with, and so are the files that are the same."""
        order = [step.name for step in self._system.all_steps]
        records = tuple(sorted(result.records, key=lambda record: order.index(record.step)))
        its_steps_s = (record.total_s for record in records)
        outcome = FileOutcome(
            path=recording.path,
            system=self._system.key,
            status=result.status,
            error=result.error,
            error_page=result.error_page,
            source=recording.source,
            run=result.run,
            dagster_run_id=result.dagster_run_id,
            records=records,
            checks=result.checks,
            by_name=may_be_name(recording.path),
            seconds=time.perf_counter() - recording.started if alone else recording.reading_s + sum(its_steps_s),
        )
        self._end(recording.number, outcome, watcher)
        for number in recording.same:
            path = self._files[number]
            self._end(number, outcome.again(path, by_name=may_be_name(path)), watcher)

    def _end(self, number: int, outcome: FileOutcome, watcher: Watcher) -> None:
        self._ended[number] = outcome
        watcher.ended(outcome)

    def _failed(self, path: Path, error: Exception, place: Path) -> FileOutcome:
        """What came of a file that something nobody thought of happened to; `place` is what it may have happened to."""
        _log.debug("%s failed", path, exc_info=error)
        known = as_lab_error(error, place)
        return FileOutcome(path, self._system.key, "failed", str(known), error_page=known.told())


def _is_small(path: Path) -> bool:
    """Whether a file is read beside others; what can't be looked at is, and is refused where it is read."""
    try:
        return path.stat().st_size <= _AT_ONCE_BYTES
    except OSError:
        return True
