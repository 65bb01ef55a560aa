"""Alerts out of the outbox: each channel by a thread of its own, so that a server that hangs holds up neither the
others nor whoever asked for it."""

import logging
import threading
import time
from dataclasses import dataclass, field

from filelock import FileLock, Timeout

from modellab.alerts.alert import line
from modellab.alerts.delivery import Channel, NotDelivered
from modellab.alerts.outbox import Outbox
from modellab.alerts.settings import AlertSettings
from modellab.settings import Lab
from modellab.trouble import as_lab_error

_ROUND_S = 60.0
"""Then a channel's thread ends, and the next one goes on: settings may have changed."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sent:
    """What came of a round; its counts grow while threads are at work."""

    sent: int = 0
    put_off: int = 0
    busy: list[str] = field(default_factory=list)
    """Channels by which another thread or process is sending."""
    threads: list[threading.Thread] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, seconds: float | None) -> bool:
        """Wait for the threads, at most so long; whether all are done."""
        end = None if seconds is None else time.monotonic() + seconds
        for thread in self.threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)


def send(lab: Lab, settings: AlertSettings, *, at_once: bool = False) -> Sent:
    """Begin to send what is due; `Sent.wait` waits for it.

    Args:
        at_once: send what is put off as well.
    """
    came = Sent()
    with Outbox(lab) as outbox:
        now = time.time()
        channels = {one.channel for one in (outbox.waiting() if at_once else outbox.due(now))}
        for one in outbox.waiting():
            if one.channel not in settings.names:
                outbox.end(one, "not wanted", "there is no such channel any more", now)
    for name in sorted(channels & settings.usable.keys()):
        thread = threading.Thread(
            target=_send_by,
            args=(lab, name, settings.usable[name], came, at_once),
            name=f"alerts by {name}",
            daemon=True,
        )
        came.threads.append(thread)
        thread.start()
    return came


def _send_by(lab: Lab, name: str, channel: Channel, came: Sent, at_once: bool) -> None:
    end = time.monotonic() + _ROUND_S
    try:
        # A lock of the system's: also between processes, and gone with whoever had it.
        with FileLock(lab.alerts / f"{name}.lock", timeout=0), Outbox(lab) as outbox:
            for one in outbox.waiting(name) if at_once else outbox.due(time.time(), name):
                if time.monotonic() > end:
                    return
                alert = outbox.alert(one.alert)
                if not channel.wants(alert):
                    outbox.end(one, "not wanted", "it goes out by it no more", time.time())
                    continue
                try:
                    noted = channel.deliver(alert)
                except Exception as error:  # whatever a library raises: the alerts behind this one go on
                    known = as_lab_error(error)
                    wait_s = known.wait_s if isinstance(known, NotDelivered) else None
                    outbox.put_off(one, line(str(known)), time.time(), wait_s)
                    with came.lock:
                        came.put_off += 1
                else:
                    outbox.end(one, "sent", noted and line(noted), time.time())
                    with came.lock:
                        came.sent += 1
    except Timeout:
        with came.lock:
            came.busy.append(name)
    except Exception:  # a thread of nobody's: the log is all that hears of it, and what waits is tried again
        _log.exception("alerts could not be sent by %s", name)
