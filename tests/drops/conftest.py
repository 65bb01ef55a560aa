"""A watched folder in a lab, and what a daemon would do with it, step by step."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.drops.inboxes import Inbox, InboxOptions
from modellab.drops.listing import list_folder
from modellab.drops.outcome import record_ended
from modellab.drops.remembered import Batch, Drop, Work
from modellab.drops.state import DropState
from modellab.drops.taking import Taken, Taker
from modellab.drops.watching import look
from modellab.settings import Lab

RATE_HZ = 8000


def write_noise(path: Path, seed: int) -> Path:
    """A tenth of a second of sound: the same seed, the same bytes."""
    with path.open("wb") as file:  # not by name: soundfile's own way to a file wants names in UTF-8
        samples = np.random.default_rng(seed).normal(0, 0.1, RATE_HZ // 10).astype(np.float32)
        soundfile.write(file, samples, RATE_HZ, format="WAV")
    return path


@dataclass
class Watched:
    """A watched folder; each call is a process of its own, which may be the last that its predecessor lived to see."""

    lab: Lab
    inbox: Inbox
    now: float = 1000.0
    ran: list[tuple[str, ...]] = field(default_factory=list)
    """Digests of each run that was asked for."""

    @property
    def folder(self) -> Path:
        return self.inbox.folder

    def look(self, later_s: float = 10.0) -> None:
        """One tick, some time after the last."""
        self.now += later_s
        with DropState(self.lab) as state:
            listing = list_folder(self.folder, self.lab.home, subfolders=self.inbox.options.subfolders)
            changes = look(state.known(self.inbox.key), listing, self.now, self.inbox.options.steady_s)
            state.apply(self.inbox.key, changes, self.now)

    def take(self) -> Taken:
        """The job takes what is ready."""
        with DropState(self.lab) as state:
            return Taker(self.lab, state, [self.inbox], lambda _source: None, lambda: self.now).take_all()

    def run(self, end: Callable[[Work], Work] = lambda work: replace(work, status="completed", run="r")) -> None:
        """Everything pending is run; `end` says how each recording's part ends."""
        with DropState(self.lab) as state:
            state.make_batches(2, 3, 1e9, self.now)
            for batch in state.open_batches():
                self._run(state, batch, end)

    def _run(self, state: DropState, batch: Batch, end: Callable[[Work], Work]) -> None:
        works = state.works_of(batch)
        self.ran.append(tuple(work.digest for work in works))
        state.end_batch(batch, map(end, works))

    def record(self) -> list[Drop]:
        """The job records what has ended."""
        with DropState(self.lab) as state:
            return record_ended(self.lab, state, [self.inbox])

    def settle(self) -> None:
        """Go on until nothing changes any more."""
        for _ in range(4):
            self.look()
            self.take()
            self.run()
            self.record()

    def drops(self) -> list[Drop]:
        with DropState(self.lab) as state:
            return state.drops()

    def statuses(self) -> dict[str, list[str]]:
        """Name -> how its drops stand, in order."""
        drops = sorted(self.drops(), key=lambda drop: drop.path)
        return {
            name: [drop.status for drop in group]
            for name, group in itertools.groupby(drops, key=lambda drop: drop.path.decode("utf-8", "replace"))
        }


@pytest.fixture
def watch(lab: Lab, tmp_path: Path) -> Callable[..., Watched]:
    """Watches a new folder: `watch(refused="move")`."""

    def made(**options: object) -> Watched:
        folder = (tmp_path / "dropped").resolve()
        folder.mkdir()
        named = {} if "use_case" in options else {"pipeline": "ingest"}
        given = InboxOptions.model_validate({"folder": folder, **named, **options})
        return Watched(lab, Inbox("dropped", given, folder, None))

    return made


@pytest.fixture
def watched(watch: Callable[..., Watched]) -> Watched:
    return watch()
