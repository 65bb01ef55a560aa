"""Whatever is done to files, and whenever processes die: none is lost, none is run twice, each is said once."""

import os
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.drops.inboxes import Inbox, InboxOptions
from modellab.drops.remembered import ENDED, Work
from modellab.drops.state import DropState
from modellab.files import sha256_file
from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.query import query

from .conftest import Watched, write_noise

_NAMES = st.sampled_from(["a.wav", "b.wav", "c.wav", "c.wav.part", "sub/d.wav"])
_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _NAMES, st.integers(0, 3)),
        st.tuples(st.just("write badly"), _NAMES, st.integers(0, 1)),
        st.tuples(st.just("rename"), _NAMES, _NAMES),
        st.tuples(st.just("delete"), _NAMES, st.just(0)),
        st.tuples(st.sampled_from(["look", "look", "take", "run", "die", "record"]), st.just(""), st.integers(0, 12)),
    ),
    max_size=30,
)


class _Killed(BaseException):
    """What a process that is killed does not catch."""


class _Killer:
    """Ends the process after some statements."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, run: object, state: DropState, sql: str, *values: object) -> object:
        self.left -= 1
        if self.left < 0:
            raise _Killed
        return run(state, sql, *values)  # type: ignore[operator]


@settings(max_examples=8, deadline=None)
@given(actions=_ACTIONS)
def test_no_file_is_lost_and_none_is_run_twice(actions: list[tuple[str, str, object]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        folder = root / "dropped"
        (folder / "sub").mkdir(parents=True)
        lab = Lab(Settings(_env_file=None, home=root / "home"))
        inbox = Inbox("dropped", InboxOptions(folder=folder, pipeline="ingest"), folder, None)
        watched, deaths = Watched(lab, inbox), Counter[str]()
        for number, action in enumerate(actions):
            _do(watched, number, *action, deaths=deaths)
        watched.settle()
        watched.settle()
        _check(watched, deaths)


def _do(watched: Watched, number: int, what: str, name: str, detail: object, *, deaths: Counter[str]) -> None:
    path = watched.folder / name
    if what in ("write", "write badly"):
        path.unlink(missing_ok=True)  # as programs that save do; the clock of some disks ticks too slowly to tell
        if what == "write":
            write_noise(path, int(str(detail)))
        else:
            path.write_bytes(b"no sound" * (int(str(detail)) + 1))
        os.utime(path, (number, number))
    elif what == "rename" and path.exists():
        path.rename(watched.folder / str(detail))
    elif what == "delete":
        path.unlink(missing_ok=True)
    elif not name:
        _work(watched, what, int(str(detail)), deaths)


def _work(watched: Watched, what: str, detail: int, deaths: Counter[str]) -> None:
    def dies(work: Work) -> Work:
        deaths[work.digest] += 1
        return replace(work, status="pending", deaths=work.deaths + 1)

    run = DropState._run
    killer = _Killer(detail if detail < 10 else 10_000)
    steps = {"look": watched.look, "take": watched.take, "run": watched.run, "record": watched.record}
    if what == "die":
        watched.run(dies)
        return
    # A run that was asked for is not asked for again: that is Dagster's part, so here it is never cut short.
    with patch.object(DropState, "_run", lambda *given: killer(run, *given) if what != "run" else run(*given)):
        try:
            steps[what]()
        except _Killed:
            return


def _check(watched: Watched, deaths: Counter[str]) -> None:
    drops = {drop.id: drop for drop in watched.drops()}
    assert all(drop.status in ENDED for drop in drops.values())
    with DropState(watched.lab) as state:
        names = state.known(watched.inbox.key)
        by_name = dict(state._run("SELECT path, drop_id FROM names WHERE gone_at IS NULL"))
    for path in (each for each in watched.folder.rglob("*") if each.is_file() and each.suffix != ".part"):
        name = os.fsencode(path.relative_to(watched.folder))
        drop = drops[by_name[name]]
        assert names[name].state == "taken"
        assert drop.digest == sha256_file(path) if drop.status != "refused" else path.read_bytes()[:2] == b"no"
    ran = Counter(digest for run in watched.ran for digest in run)
    taken = {drop.digest for drop in drops.values() if drop.digest}
    assert ran == {digest: 1 + deaths[digest] for digest in taken}
    build(watched.lab)
    rows = query(watched.lab, 'SELECT "drop", status FROM drops').rows
    assert sorted(rows) == sorted((drop.id, drop.status) for drop in drops.values())
    assert Counter(status for _, status in rows if status == "completed")["completed"] == len(taken)
