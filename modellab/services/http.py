"""Asking a service over HTTP: again, with growing pauses, while a failure may pass."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from modellab.redaction import redact

if TYPE_CHECKING:
    import httpx2
    import tenacity

T = TypeVar("T")

Send = Callable[["httpx2.Client"], AbstractContextManager["httpx2.Response"]]
"""Begins a request, its body from the start each time, and gives the answer as it comes: `client.stream(...)`."""

CONNECT_S = 10.0
_WORTH_RETRYING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_QUOTED_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often an answer is asked for; it decides nothing about the answer."""

    timeout_s: float
    """Longest silence."""
    attempts: int
    first_wait_s: float = 0.5
    """Before the second attempt, about; it grows."""
    longest_wait_s: float = 20.0
    """Between two attempts, where the service names no time."""
    longest_asked_s: float = 120.0
    """A service that asks for a longer pause (`Retry-After`) is not waited for."""
    silence_passes: bool = True
    """Whether to ask again after a silence. Not where what was asked costs money: the service may be at work on it."""
    poll_s: float = 3.0
    """Between two looks at a job, of services that give an answer later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with a status of 200 to 299."""

    content: bytes
    headers: Mapping[str, str]
    """Names in small letters."""
    attempts: int


class Unanswered(Exception):
    """There is no answer that says yes. Its words hold no secret, and name the attempts where they were several.

    Args:
        status: of the last answer; None where there was none.
        silent: whether it was waited for in vain.
        wait_s: how long the service wants nothing, where it said so.
    """

    def __init__(
        self, said: str, *, attempts: int, status: int | None = None, silent: bool = False, wait_s: float | None = None
    ) -> None:
        super().__init__(f"{said}, {attempts} times" if attempts > 1 else said)
        self.attempts, self.status, self.silent, self.wait_s = attempts, status, silent, wait_s


class Transient(Exception):
    """A failure that another attempt may not meet."""

    def __init__(self, said: str, status: int | None = None, wait_s: float | None = None) -> None:
        super().__init__(said)
        self.status, self.wait_s = status, wait_s


def ask(
    send: Send,
    patience: Patience,
    understand: Callable[[Answer], T],
    *,
    largest_bytes: int,
    pause: Callable[[float], None] = time.sleep,
) -> T:
    """What a service answers, as it is understood.

    Args:
        understand: may raise `Transient`: the service is then asked again.
        largest_bytes: of an answer that is read.
        pause: waits between attempts; what it raises ends them.

    Raises:
        Unanswered: it refuses, stays silent, or fails again and again.
    """
    import tenacity

    begun = 0

    def once() -> T:
        nonlocal begun
        begun += 1
        return understand(_once(send, patience, largest_bytes, begun))

    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.attempts),
        wait=_wait(patience),
        retry=tenacity.retry_if_exception_type(Transient),
        sleep=pause,
        reraise=True,
    )
    try:
        return attempts(once)
    except Transient as error:
        raise Unanswered(str(error), attempts=begun, status=error.status, wait_s=error.wait_s) from error


def _wait(patience: Patience) -> "Callable[[tenacity.RetryCallState], float]":
    import tenacity

    growing = tenacity.wait_random_exponential(patience.first_wait_s, max=patience.longest_wait_s)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Transient) and error.wait_s is not None:
            return error.wait_s
        return growing(state)

    return wait


def _once(send: Send, patience: Patience, largest_bytes: int, attempt: int) -> Answer:
    import httpx2

    try:
        with (
            httpx2.Client(timeout=httpx2.Timeout(patience.timeout_s, connect=CONNECT_S)) as client,
            send(client) as response,
        ):
            content = _read(response, largest_bytes, attempt)
    except httpx2.TimeoutException as error:
        said = f"no answer within {patience.timeout_s:g} s"
        if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
            raise Transient(f"no connection within {CONNECT_S:g} s") from error
        if patience.silence_passes:
            raise Transient(said) from error
        raise Unanswered(said, attempts=attempt, silent=True) from error
    except httpx2.TransportError as error:
        raise Transient(f"{type(error).__name__}: {error}") from error
    except httpx2.InvalidURL as error:
        raise Unanswered(f"its address is none: {error}", attempts=1) from error
    if response.is_success:
        headers = {name.casefold(): value for name, value in response.headers.items()}
        return Answer(content, headers, attempt)
    said = f"status {response.status_code}: {quoted(content)}"
    wait_s = asked_to_wait(response.headers.get("Retry-After"))
    if response.status_code in _WORTH_RETRYING and (wait_s is None or wait_s <= patience.longest_asked_s):
        raise Transient(said, response.status_code, wait_s)
    raise Unanswered(said, attempts=attempt, status=response.status_code, wait_s=wait_s)


def _read(response: "httpx2.Response", largest_bytes: int, attempt: int) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > largest_bytes:
            raise Unanswered(
                f"an answer of more than {largest_bytes >> 20} MiB", attempts=attempt, status=response.status_code
            )
    return bytes(content)


def asked_to_wait(value: str | None) -> float | None:
    """Seconds that a `Retry-After` asks for, a number or a date (RFC 9110, 10.2.3); None where it asks for none."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def quoted(content: bytes) -> str:
    """The beginning of what a service said, on one line, without secrets."""
    # Before it is cut off: half a key is one as well.
    text = redact(" ".join(content.decode(errors="replace").split()))
    return text[:_QUOTED_CHARACTERS] + ("…" if len(text) > _QUOTED_CHARACTERS else "") or "nothing"


def plain_address(address: str, key_variable: str) -> str:
    """An address that may be kept and shown with every result: it names a place, and carries no credentials.

    Args:
        key_variable: where a key belongs.

    Raises:
        ValueError: it is none, or says more.
    """
    wanted = "an endpoint is an address such as http://localhost:8000/v1"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if "@" in parts.netloc or "\\" in address:
        raise ValueError(f"an endpoint takes no user or password; a key's place is the variable {key_variable}")
    if "?" in address or "#" in address:
        raise ValueError(f"an endpoint takes no query or fragment; a key's place is the variable {key_variable}")
    usable = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not usable or not address.isprintable() or " " in address:
        raise ValueError(wanted)
    return address
