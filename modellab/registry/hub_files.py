"""Files of a hub repository: which are wanted, what of them this machine lacks, and fetching that so that it resumes.

The hub's own client throws away what of a file came before it was stopped. Large files, whose SHA-256 the hub states,
are therefore fetched here to where its client looks for them; it does the rest: small files, links, references.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from modellab.errors import WeightsCorrupt
from modellab.files import sha256_file, sync_path
from modellab.hub import QUESTION_TIMEOUT_S
from modellab.registry.config import HubSource
from modellab.resuming import TIMEOUT_S, append
from modellab.trouble import trouble_at
from modellab.units import size

if TYPE_CHECKING:
    import httpx2

CACHE_VARIABLE = "HF_HOME"
"""Names the folder that the cache lies in."""
Told = Callable[[int], None]
"""Called with the bytes that have come of what was missing."""


class ConnectionLost(Exception):
    """A download ended early, and a further try brought nothing more; what has come is kept."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository at one commit."""

    repository: str
    commit: str
    name: str
    bytes: int
    sha256: str | None
    """As the hub states it; None of a small file, of which it does not."""

    @property
    def _folder(self) -> str:
        return f"models--{self.repository.replace('/', '--')}"

    @property
    def blob(self) -> Path:
        """Where the hub's client keeps a large file's bytes, under their digest."""
        assert self.sha256 is not None
        return cache() / self._folder / "blobs" / self.sha256

    @property
    def part(self) -> Path:
        """What has come of it so far."""
        return self.blob.with_name(f"{self.sha256}.incomplete")

    @property
    def lock(self) -> Path:
        """That which the hub's client takes for it, too."""
        return cache() / ".locks" / self._folder / f"{self.sha256}.lock"

    @property
    def is_here(self) -> bool:
        """Whether the cache has the whole of it."""
        from huggingface_hub import try_to_load_from_cache

        known = try_to_load_from_cache(self.repository, self.name, revision=self.commit)
        return isinstance(known, str) or (self.sha256 is not None and self.blob.is_file())

    @property
    def missing_bytes(self) -> int:
        """What of it has not come to this machine."""
        if self.is_here:
            return 0
        if self.sha256 is None:
            return self.bytes
        return max(0, self.bytes - (self.part.stat().st_size if self.part.is_file() else 0))


def cache() -> Path:
    """The Hugging Face cache."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def missing_bytes(files: Iterable[HubFile]) -> int:
    """What this machine lacks of files, each counted once."""
    return sum(file.missing_bytes for file in dict.fromkeys(files))


def wanted(hub: HubSource, token: str | None) -> list[HubFile]:
    """The files that a source names, as the hub lists them now. One quick question comes first, so that a machine
    without a network is told so after seconds, not minutes.

    Raises:
        Exception: as the hub's client does.
    """
    from huggingface_hub import HfApi, RepoFile
    from huggingface_hub.utils import filter_repo_objects

    api = HfApi(token=token)
    commit = api.model_info(hub.repository, revision=hub.revision, timeout=QUESTION_TIMEOUT_S).sha
    tree = api.list_repo_tree(hub.repository, recursive=True, revision=commit)
    files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    names = filter_repo_objects(files, allow_patterns=list(hub.files))
    return [
        HubFile(hub.repository, str(commit), name, files[name].size, lfs.sha256 if (lfs := files[name].lfs) else None)
        for name in names
    ]


def fetch(hub: HubSource, files: Sequence[HubFile], token: str | None, told: Told | None = None) -> Path:
    """Fetch what is missing of a source's files; gives the folder that has them all.

    Args:
        files: as `wanted` gave them.
        told: None: the hub's own bars show it on a terminal.

    Raises:
        ConnectionLost: it ended early; the same again goes on from there.
        WeightsCorrupt: what came is not what the hub states.
        StorageError: the disk is full or refuses.
        Exception: as the hub's client does.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.utils import tqdm

    class Quiet(tqdm):  # type: ignore[misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named | {"disable": True})

    # Larger ones the hub does not give in this way, and its client, which can fetch them otherwise, gets them.
    large = [file for file in files if file.sha256 and file.bytes <= constants.MAX_HTTP_DOWNLOAD_SIZE]
    before, missing = 0, missing_bytes(files)
    for file in large:
        if file.is_here:
            continue
        lacking = file.missing_bytes
        with tqdm(desc=file.name, total=file.bytes, unit="B", unit_scale=True, disable=True if told else None) as bar:

            def tell(held: int, bar: tqdm = bar, since: int = before + lacking - file.bytes) -> None:
                bar.update(held - bar.n)
                if told is not None:
                    told(max(0, since + held))

            _fetch_large(file, token, tell)
        before += lacking
    folder = snapshot_download(
        hub.repository,
        revision=hub.revision,
        allow_patterns=list(hub.files),
        token=token,
        tqdm_class=Quiet if told else None,
    )
    if told is not None:
        told(missing)
    return Path(folder)


def _fetch_large(file: HubFile, token: str | None, told: Told) -> None:
    """Safe with several processes at once, also with those of the hub's client."""
    with trouble_at(file.blob):
        for path in (file.blob, file.lock):
            path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.lock):
            if file.blob.is_file():
                return
            was_begun = file.part.is_file()
            digest = _fetched(file, token, told)
            if digest != file.sha256 and was_begun:
                digest = _fetched(file, token, told)
            if digest != file.sha256:
                raise WeightsCorrupt(
                    f"{file.name} of {file.repository} is not the file that the hub states",
                    found=f"SHA-256 {digest}",
                    allowed=file.sha256,
                    hint="It was damaged on the way, or something there: fetch it again. Nothing of it was kept.",
                )
            sync_path(file.part)
            file.part.replace(file.blob)
            sync_path(file.blob.parent)


def _fetched(file: HubFile, token: str | None, told: Told) -> str:
    """Fetch what is missing of a file; gives the SHA-256 of the whole, and keeps nothing of another file."""
    import httpx2

    with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=True) as client:
        while True:
            held = _size(file.part)
            try:
                _append(client, file, token, told)
                break
            except httpx2.TransportError as error:
                # A lost connection is none of the hub's words; as long as each try brings something, it goes on.
                if (come := _size(file.part)) <= held:
                    raise ConnectionLost(
                        f"the connection to {file.repository} was lost ({type(error).__name__}) with {size(come)} of "
                        f"{size(file.bytes)} of {file.name}, which are kept: the same command goes on from there"
                    ) from error
    digest = sha256_file(file.part)
    if digest != file.sha256:
        file.part.unlink()
    return digest


def _append(client: "httpx2.Client", file: HubFile, token: str | None, told: Told) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    append(
        client,
        hf_hub_url(file.repository, file.name, revision=file.commit),
        file.part,
        file.name,
        headers=build_hf_headers(token=token),
        check=hf_raise_for_status,
        told=told,
        variable=CACHE_VARIABLE,
    )


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
