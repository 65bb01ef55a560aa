"""Fetching a file from an address into the lab: whole and with the digest that was stated, or not at all.

What an interrupted download left is gone on with, where the server can do that; if that gives another file it is
fetched once more from its beginning, for the server's file may have changed meanwhile.
"""

from pathlib import Path

from filelock import FileLock

from modellab.datasets.places import UrlPlace
from modellab.errors import MediaChanged, MediaMissing
from modellab.files import sha256_file, sync_path
from modellab.legible import one_line
from modellab.resuming import TIMEOUT_S, append
from modellab.trouble import trouble_at

_LONGEST_NAME = 120


def kept_at(root: Path, place: UrlPlace) -> Path:
    """Where the file of an address is kept: in a folder of its digest, so that it keeps its name."""
    name = one_line(place.name).lstrip(".")[-_LONGEST_NAME:]
    return root / place.sha256 / (name or "file")


def download(root: Path, place: UrlPlace) -> Path:
    """The file of an address, fetched where it is not there yet. Safe with several processes at once.

    Args:
        root: the lab's folder of fetched files.

    Raises:
        MediaMissing: the server can't be reached, or does not give it.
        MediaChanged: it gives another file than was stated.
        StorageError: the disk is full or refuses.
    """
    target = kept_at(root, place)
    if target.is_file():
        return target
    part = target.parent / ".part"
    with trouble_at(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / ".lock"):
            if target.is_file():
                return target
            was_begun = part.is_file()
            digest = _fetched(place, part)
            if digest != place.sha256 and was_begun:
                digest = _fetched(place, part)
            if digest != place.sha256:
                raise MediaChanged(
                    f"{place.url} is not the file that the manifest states",
                    found=f"SHA-256 {digest}",
                    allowed=place.sha256,
                    hint="It was changed there: look for the file that was meant, or state the digest of the new one.",
                )
            sync_path(part)
            part.replace(target)
            sync_path(target.parent)
    return target


def _fetched(place: UrlPlace, part: Path) -> str:
    """Fetch what is missing of a file; gives the SHA-256 of the whole, and keeps nothing of another file."""
    import httpx2

    try:
        with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=True) as client:
            append(client, place.url, part, place.name)
    except httpx2.HTTPStatusError as error:
        answer = f"{error.response.status_code} {error.response.reason_phrase}".strip()
        raise MediaMissing(f"{place.url} can't be fetched", found=f"the server answers {answer}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise MediaMissing(
            f"{place.url} can't be fetched",
            found=f"{type(error).__name__}: {error}",
            hint="What has come is kept: the next try goes on from there.",
        ) from error
    digest = sha256_file(part)
    if digest != place.sha256:
        part.unlink()
    return digest
