"""Posting to a webhook: what signed and chat webhooks have in common."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from modellab.alerts.delivery import ANSWER_S, CONNECT_S, NotDelivered

_QUOTED = 200
_LONGEST_WAIT_S = 6 * 3600.0


def checked_url(url: str) -> str:
    """An address that can be posted to.

    Raises:
        ValueError: it is none, or holds a secret.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("it is no address; allowed: https://host/path, or http://")
    if parts.username or parts.password:
        raise ValueError("it holds a user or password; name a variable that holds the whole address: url_variable")
    return url


def post(url: str, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext) -> None:
    """Post a JSON body. Redirects are not followed: they would take a signed body elsewhere.

    Raises:
        NotDelivered: it was not taken, or nobody knows.
    """
    import httpx2

    timeout = httpx2.Timeout(ANSWER_S, connect=CONNECT_S)
    sent = {"Content-Type": "application/json", "User-Agent": "modellab", **headers}
    try:
        with (
            httpx2.Client(timeout=timeout, verify=tls, trust_env=True) as client,
            client.stream("POST", url, content=body, headers=sent) as response,
        ):
            answer = b"" if response.is_success else _beginning(response)
    except httpx2.TimeoutException as error:
        raise NotDelivered("the server did not answer in time", found=type(error).__name__) from error
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise NotDelivered("the server could not be reached", found=str(error) or type(error).__name__) from error
    if not response.is_success:
        said = answer.decode("utf-8", "replace")[:_QUOTED].strip()
        raise NotDelivered(
            f"the server answered {response.status_code}",
            found=said or None,
            wait_s=_asked_to_wait(response.headers.get("Retry-After")),
        )


def _beginning(response: "object") -> bytes:
    answer = b""
    for piece in response.iter_bytes():  # type: ignore[attr-defined]
        answer += piece
        if len(answer) >= _QUOTED:
            break
    return answer


def _asked_to_wait(value: str | None) -> float | None:
    """Seconds that `Retry-After` names; None where it names none, or a date."""
    if value is None or not value.strip().isdigit():
        return None
    return min(float(value), _LONGEST_WAIT_S)
