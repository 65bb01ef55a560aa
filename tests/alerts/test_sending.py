"""Out of the outbox: again after a failure, ever later, once; whoever is killed, and whichever server hangs."""

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

from modellab.alerts.looking import look, make_alerts
from modellab.alerts.outbox import GIVE_UP_S, Outbox
from modellab.alerts.sending import send
from modellab.alerts.settings import alert_settings
from modellab.errors import StorageError
from modellab.warehouse.builder import build

from .records import Runs, drop
from .servers import Answer, receiving

SECRET = "a secret that both sides know"


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("OPS_SECRET", SECRET)


def _write(lab, **channels):
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.alerts_file.write_text(yaml.safe_dump({"gather_s": 0, "channels": channels}))
    return alert_settings(lab)


def _hook(receiver, **changes):
    return {"kind": "webhook", "url": receiver.url, "secret_variable": "OPS_SECRET", **changes}


def _tell(lab, settings, name="1.wav"):
    """Something goes wrong, and is found."""
    runs = Runs()
    with Outbox(lab) as outbox:
        if outbox.note("looked") is None:
            look(lab, outbox, runs)
        drop(lab, name)
        build(lab)
        look(lab, outbox, runs)
        assert make_alerts(lab, outbox, settings) == 1


def _round(lab, settings, **how):
    came = send(lab, settings, **how)
    assert came.wait(None)
    return came.sent, came.put_off


def _deliveries(lab):
    with Outbox(lab) as outbox:
        return {one.channel: one for _, each in outbox.alerts(1)[0] for one in each}


def test_each_channel_gets_what_it_wants_once(lab, receiver, tmp_path):
    settings = _write(
        lab,
        ops=_hook(receiver),
        file={"kind": "log", "file": str(tmp_path / "alerts.log")},
        gate={"kind": "log", "file": str(tmp_path / "gate.log"), "of": ["regressions"]},
    )
    _tell(lab, settings)
    assert _round(lab, settings) == (2, 0)
    assert _round(lab, settings) == (0, 0)
    assert [post.document["title"] for post in receiver.posts] == ["1.wav in /calls: refused"]
    assert len((tmp_path / "alerts.log").read_text().splitlines()) == 1
    assert not (tmp_path / "gate.log").exists()


def test_it_is_tried_again_ever_later_under_the_same_id_until_it_is_taken(lab, receiver, monkeypatch):
    settings = _write(lab, ops=_hook(receiver))
    _tell(lab, settings)
    receiver.answers = [Answer(503)] * 9 + [Answer(429, b"", {"Retry-After": "7200"})]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    waits = []
    for _ in range(10):
        assert _round(lab, settings) == (0, 1)
        one = _deliveries(lab)["ops"]
        assert one.status == "waiting" and one.said.startswith("the server answered")
        assert _round(lab, settings) == (0, 0)  # not before its time
        waits.append(round(one.due_at - now))
        now = one.due_at
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 7200]
    assert _round(lab, settings) == (1, 0)
    assert len(receiver.posts) == 11 and len({post.headers["webhook-id"] for post in receiver.posts}) == 1
    assert _deliveries(lab)["ops"].status == "sent"


def test_after_days_it_is_given_up_and_said_so(lab, receiver, monkeypatch):
    settings = _write(lab, ops=_hook(receiver))
    _tell(lab, settings)
    receiver.answers = [Answer(500, b"no")] * 2
    assert _round(lab, settings) == (0, 1)
    later = time.time() + GIVE_UP_S
    monkeypatch.setattr(time, "time", lambda: later)
    assert _round(lab, settings) == (0, 1)
    assert _deliveries(lab)["ops"].status == "given up"
    assert _round(lab, settings, at_once=True) == (0, 0)


def test_at_once_waits_for_no_time(lab, receiver):
    settings = _write(lab, ops=_hook(receiver))
    _tell(lab, settings)
    receiver.answers = [Answer(503)]
    assert _round(lab, settings) == (0, 1)
    assert _round(lab, settings, at_once=True) == (1, 0)


def test_a_server_that_hangs_holds_up_nobody(lab, receiver):
    hold = threading.Event()
    with receiving(hold=hold) as hanging:
        settings = _write(lab, hangs=_hook(hanging), ops=_hook(receiver))
        _tell(lab, settings)
        came = send(lab, settings)
        while came.sent < 1:  # the other got it
            time.sleep(0.01)
        assert not came.wait(0.0)
        while not hanging.posts:
            time.sleep(0.01)
        again = send(lab, settings)  # the next tick: nobody sends by it twice at a time
        assert again.wait(None)
        assert (again.sent, again.busy) == (0, ["hangs"])
        hold.set()
        assert came.wait(None)
        assert (came.sent, len(hanging.posts), len(receiver.posts)) == (2, 1, 1)


def test_a_secret_that_is_missing_is_waited_for(lab, receiver, monkeypatch):
    monkeypatch.delenv("OPS_SECRET")
    settings = _write(lab, ops=_hook(receiver))
    _tell(lab, settings)
    assert _round(lab, settings) == (0, 1)
    assert _deliveries(lab)["ops"].said.startswith("OPS_SECRET is not set")
    monkeypatch.setenv("OPS_SECRET", SECRET)
    assert _round(lab, settings, at_once=True) == (1, 0)


def test_a_broken_channel_gets_its_alerts_when_it_is_mended(lab, receiver):
    settings = _write(lab, ops={"kind": "webhook"}, other=_hook(receiver, of=["drops"]))
    _tell(lab, settings)
    assert _round(lab, settings) == (1, 0)
    assert _round(lab, _write(lab, ops=_hook(receiver), other=_hook(receiver))) == (1, 0)
    assert len(receiver.posts) == 2


def test_a_channel_that_is_gone_is_waited_for_no_more(lab, receiver):
    settings = _write(lab, ops=_hook(receiver, url="http://127.0.0.1:1/"), other=_hook(receiver))
    _tell(lab, settings)
    assert _round(lab, settings) == (1, 1)
    only = _write(lab, other=_hook(receiver))
    assert _round(lab, only) == (0, 0)
    assert _deliveries(lab)["ops"].status == "not wanted"


def test_what_a_library_raises_by_mistake_stops_no_later_alert(lab, receiver, monkeypatch):
    settings = _write(lab, ops=_hook(receiver))
    _tell(lab, settings, "1.wav")
    monkeypatch.setattr(type(settings.usable["ops"]), "deliver", lambda *_: 1 / 0)
    assert _round(lab, settings) == (0, 1)
    assert _deliveries(lab)["ops"].said.startswith("unexpected ZeroDivisionError")
    monkeypatch.undo()
    monkeypatch.setenv("OPS_SECRET", SECRET)
    _tell(lab, settings, "2.wav")
    assert _round(lab, settings) == (1, 0)
    assert receiver.posts[0].document["title"] == "2.wav in /calls: refused"


def test_old_alerts_are_forgotten_when_they_are_done_with(lab, receiver, monkeypatch):
    settings = _write(lab, ops=_hook(receiver))
    _tell(lab, settings)
    later = time.time() + 91 * 24 * 3600
    with Outbox(lab) as outbox:
        outbox.forget_old(later)
        assert len(outbox.alerts(9)[0]) == 1  # still to be sent
    _round(lab, settings)
    with Outbox(lab) as outbox:
        outbox.forget_old(time.time())
        assert len(outbox.alerts(9)[0]) == 1
        outbox.forget_old(later)
        assert outbox.alerts(9) == ([], 0)
        assert outbox.waiting() == []


# --- killed


NEVER = 1 << 30


@pytest.fixture
def tick(lab):
    """A look and a round of sending by another process, killed before it keeps its n-th change: `killed` or `done`."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("looking_process.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(commit, failed):
            process.stdin.write(json.dumps({"commit": commit, "failed": failed}) + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield ask
        process.stdin.close()


def test_killed_before_any_change_everything_is_told_and_twice_only_under_one_id(lab, receiver, tick, tmp_path):
    _write(lab, ops=_hook(receiver))
    drop(lab, "before.wav")
    build(lab)
    assert tick(NEVER, []) == "done" and not receiver.posts
    drop(lab, "after.wav")
    build(lab)
    before = shutil.copytree(lab.alerts, tmp_path / "alerts")
    told, came = [], "killed"
    while came == "killed":
        shutil.rmtree(lab.alerts)
        shutil.copytree(before, lab.alerts)
        came = tick(len(told) + 1, ["r1"])
        assert tick(NEVER, ["r1"]) == "done"  # the daemon starts again
        posts, receiver.posts = receiver.posts, []
        titles = {post.headers["webhook-id"]: post.document["title"] for post in posts}
        assert sorted(titles.values()) == ["a run of job of r1 failed", "after.wav in /calls: refused"]
        told.append(len(posts))
        with Outbox(lab) as outbox:
            assert outbox.waiting() == [] and outbox.untold(0.0, time.time()) == []
    assert came == "done" and len(told) > 10  # so many changes are kept in a tick
    # Only a kill between a server's yes and its mark as sent sends again: one for each of the two.
    assert sorted(told) == [2] * (len(told) - 2) + [3] * 2


def test_an_outbox_that_is_none_says_so(lab):
    path = lab.alerts / "outbox.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, and long enough to be taken for one" * 20)
    with pytest.raises(StorageError, match=r"the outbox of alerts can't be read or written: .*outbox\.sqlite3"):
        Outbox(lab).__enter__()
