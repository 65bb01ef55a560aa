"""Downloads that go on from what an earlier try left."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.disk import HOME, require_space

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 30.0
"""Without a byte."""
_PARTIAL, _PAST_THE_END = 206, 416
"""HTTP status codes (RFC 9110)."""


def append(
    client: "httpx2.Client",
    url: str,
    part: Path,
    what: str,
    *,
    headers: Mapping[str, str] | None = None,
    check: Callable[["httpx2.Response"], object] = lambda response: response.raise_for_status(),
    told: Callable[[int], None] = lambda held: None,
    variable: str = HOME,
) -> None:
    """Fetch what a part of a file lacks; what comes is in it even where the connection is lost, or Ctrl-C ends it.

    A server that does not give the rest alone gives the whole, and the part is begun anew.

    Args:
        what: the file's name, for errors.
        check: raises what an answer that is none means.
        told: called with the bytes that the part holds.
        variable: names a folder on a larger disk, for the error.

    Raises:
        StorageError: the disk has no room for it.
        httpx2.HTTPError: whatever went wrong on the way, or `check` raised.
    """
    held = part.stat().st_size if part.is_file() else 0
    # Compressed on the way it would have other bytes, and no place to go on from.
    asked = {**(headers or {}), "Accept-Encoding": "identity", **({"Range": f"bytes={held}-"} if held else {})}
    with client.stream("GET", url, headers=asked) as response:
        if held and response.status_code == _PAST_THE_END:
            return  # all of it is there, or it is another file, which its digest tells
        check(response)
        goes_on = response.status_code == _PARTIAL and response.headers.get("Content-Range", "").startswith(
            f"bytes {held}-"
        )
        require_space(part.parent, int(response.headers.get("Content-Length", 0)), what, variable)
        held = held if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            told(held)
            # As it comes: blocks of a fixed size would be waited for, and lost when the connection is.
            for block in response.iter_raw():
                file.write(block)
                held += len(block)
                told(held)
