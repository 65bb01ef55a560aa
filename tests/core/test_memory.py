import ctypes
import gc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from modellab.memory import collect_garbage, gc_frozen, peak_mib, reset_peak


class Node:
    """Refers to itself: only the collector can let go of it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def test_the_collector_rests_inside_and_works_again_after_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(RuntimeError), gc_frozen():
        assert not gc.isenabled()
        raise RuntimeError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with gc_frozen():
        pass
    assert not gc.isenabled()


def test_what_is_made_inside_is_not_gone_through_again_until_all_is() -> None:
    with gc_frozen():
        made = weakref.ref(Node())
    gc.collect()
    assert made() is not None
    collect_garbage()
    assert made() is None


def test_what_nobody_refers_to_before_does_not_stay() -> None:
    before = weakref.ref(Node())
    with gc_frozen():
        pass
    assert before() is None


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs the GNU C library")
def test_what_was_freed_does_not_count_for_what_comes_next() -> None:
    reset_peak()
    before = peak_mib()
    many = [np.ones(8_000) for _ in range(10_000)]  # 610 MiB, in pieces small enough for the heap
    assert peak_mib() > before + 500
    kept = many[::100]
    del many
    reset_peak()
    assert peak_mib() < before + 100
    assert len(kept) == 100
