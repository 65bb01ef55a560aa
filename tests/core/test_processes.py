"""Other processes: which they are, and ending them whatever they are at."""

import os
import signal
import subprocess
import sys
import time

import pytest

from modellab.processes import Process, _seconds, end_all, process_of, process_that_was, with_descendants

_LISTENS = "import time; print('up', flush=True); time.sleep(100)"
_DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) > 1:
    print(subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True).pid, flush=True)
else:
    print("up", flush=True)
time.sleep(100)
"""
_IN_C = """
import ctypes, signal, sys
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
print('up', flush=True)
libc.pthread_mutex_lock(mutex)
"""
"""In a C function that never returns and holds Python's own lock: no thread and no handler of Python's runs."""


@pytest.fixture
def start():
    started = []

    def begin(*arguments):
        process = subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_process_is_its_number_and_its_birth(start):
    this = process_of(os.getpid())
    assert this is not None and this.lives and this == process_of(os.getpid())
    assert not Process(os.getpid(), "another birth").lives
    child, _ = start(_LISTENS)
    one = process_of(child.pid)
    assert one.birth != this.birth
    assert process_that_was(child.pid, 0.0) == one
    assert process_that_was(child.pid, 3600.0) is None  # the number was another's then
    child.kill()
    while one.lives:
        time.sleep(0.01)
    assert child.returncode is None  # nobody has asked how it ended yet
    assert process_of(child.pid) is None


def test_who_listens_is_not_killed(start):
    child, _ = start(_LISTENS)
    told = []
    assert end_all(process_of(child.pid), 30.0, lambda: told.append(1)) is False
    assert told == [] and child.wait() == -signal.SIGTERM


@pytest.mark.parametrize("code", [_DEAF, _IN_C], ids=["ignores it", "holds the lock in C"])
def test_who_does_not_listen_is_killed_after_it_was_said(start, code):
    child, _ = start(code)
    told = []
    assert end_all(process_of(child.pid), 0.2, lambda: told.append(child.poll())) is True
    assert told == [None] and child.wait() == -signal.SIGKILL


def test_all_that_it_started_ends_with_it_also_in_a_session_of_its_own(start):
    child, grandchild = start(_DEAF, _DEAF)
    other, _ = start(_LISTENS)
    one, below = process_of(child.pid), process_of(int(grandchild))
    assert with_descendants(one) == [one, below]
    assert end_all(one, 0.2) is True
    assert not one.lives and not below.lives
    assert process_of(other.pid) is not None and with_descendants(one) == []


def test_one_that_is_gone_needs_no_end(start):
    child, _ = start(_LISTENS)
    one = process_of(child.pid)
    child.kill()
    child.wait()
    assert end_all(one, 10.0) is False


def test_ages_as_ps_writes_them():
    assert [_seconds(age) for age in ("00:07", "01:02:03", "2-00:00:01")] == [7.0, 3723.0, 172801.0]
