"""Who stopped a run, as its record says."""

import subprocess
import sys
import time

from modellab.warehouse.liveness import ProcessMark, holder
from modellab.warehouse.stops import Stop, account, note_stop, remove_old_stops, stop_of

_HOLD = """
import sys, time
from modellab.settings import Lab
from modellab.warehouse.liveness import ProcessMark
ProcessMark(Lab.from_environment(), "theirs")
print("up", flush=True)
time.sleep(100)
"""


def test_the_first_who_wants_it_stopped_it(lab):
    assert stop_of(lab, "one") is None
    first = note_stop(lab, "one", "ann on host")
    assert str(first) == "stopped by ann on host"
    assert note_stop(lab, "one", "bob") == first == stop_of(lab, "one")
    (lab.home / "stopped" / "two.json").write_text('{"by": 1')
    assert stop_of(lab, "two") is None
    assert account().split(" on ")[1]


def test_what_was_said_long_ago_goes(lab, monkeypatch):
    note_stop(lab, "one", "ann")
    remove_old_stops(lab)
    assert isinstance(stop_of(lab, "one"), Stop)
    later = time.time() + 31 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    remove_old_stops(lab)
    assert stop_of(lab, "one") is None


def test_a_mark_says_whose_it_is_until_that_ends(lab):
    process = subprocess.Popen([sys.executable, "-c", _HOLD], stdout=subprocess.PIPE, text=True)
    with process, process.stdout as said:
        assert said.readline() == "up\n"
        assert holder(lab, "theirs").pid == process.pid
        ProcessMark(lab, "theirs")  # it is taken: who has it keeps it
        assert holder(lab, "theirs").pid == process.pid
        process.kill()
    assert holder(lab, "theirs") is None
    assert holder(lab, "nobody's") is None
