"""Work in a thread beside other work."""

import os
import sys
import threading
import time

import pytest

from modellab import processor
from modellab.aside import done_aside


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads of a process have one priority")
def test_it_steps_back_and_nobody_else_does() -> None:
    nice: list[int] = []
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with done_aside(lambda: nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())), "beside"):
        pass
    assert nice == [min(19, before + 10)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="threads' clocks can't be read here")
def test_its_processor_time_is_not_counted_as_the_blocks() -> None:
    worked = threading.Event()

    def work() -> None:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass
        worked.set()

    before_s = processor.seconds()
    with done_aside(work, "beside"):
        assert worked.wait(60)
        assert processor.seconds() - before_s < 0.1


def test_the_block_ends_when_both_are_over() -> None:
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        assert begun.wait(60)
        over.set()

    with done_aside(work, "beside"):
        begun.set()
    assert over.is_set()


def test_what_goes_wrong_in_it_is_raised_where_the_block_ends() -> None:
    def work() -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"), done_aside(work, "beside"):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "beside"]


def test_what_the_block_raises_comes_first() -> None:
    def work() -> None:
        raise OSError("no room")

    with pytest.raises(KeyboardInterrupt), done_aside(work, "beside"):
        raise KeyboardInterrupt
