"""Bringing the database up to date while work goes on, so that a long run's rows can be read before it ends."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modellab.aside import stepping_back
from modellab.errors import LabError
from modellab.settings import Lab
from modellab.warehouse.builder import build

INTERVAL_S = 30.0
_LEAST_REST = 20.0
"""A build of a large database takes a while: at most a twentieth of the time is spent on it."""
_log = logging.getLogger(__name__)


@contextmanager
def built_meanwhile(
    lab: Lab, interval_s: float | None = None, *, before: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Build now and then from a thread of its own while the block runs, and once more, here, when it is over.

    Args:
        before: called before each build from the thread.
        interval_s: seconds between builds; without it, half a minute.

    Raises:
        WarehouseError: from the last build. What keeps an earlier one from working is in the log.
    """
    over = threading.Event()
    builder = threading.Thread(
        target=_build_until, args=(lab, over, INTERVAL_S if interval_s is None else interval_s, before), daemon=True
    )
    builder.start()
    try:
        yield
    finally:
        over.set()
        builder.join()
        build(lab)


def _build_until(lab: Lab, over: threading.Event, interval_s: float, before: Callable[[], None]) -> None:
    rest_s = interval_s
    with stepping_back():
        while not over.wait(rest_s):
            try:
                before()
                rest_s = max(interval_s, _LEAST_REST * build(lab).seconds)
            except LabError as error:
                _log.warning("the database could not be brought up to date while work goes on: %s", error)
