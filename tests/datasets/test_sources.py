"""Where datasets' files are found: real folders, an installed package, and real servers on loopback."""

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modellab.datasets.places import FilePlace, FolderPlace, HubPlace, PackagePlace, UrlPlace
from modellab.datasets.sources import Sources
from modellab.errors import MediaChanged, MediaMissing, PathRefused, UsageError
from modellab.settings import Lab, Settings

DATA = bytes(range(256)) * 40
SHA = hashlib.sha256(DATA).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def online(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The same lab, which may ask others."""
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    return Lab(Settings(_env_file=None))


class Handler(BaseHTTPRequestHandler):
    """A server of one file, and as much of the hub's interface as one file of a data set takes."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        server: Server = self.server  # type: ignore[assignment]
        path = self.path.split("?")[0]
        asked_range = self.headers.get("Range")
        server.asked.append((self.command, path, asked_range))
        if path == "/talk.wav":
            return self._file(server, asked_range)
        if path.startswith("/api/datasets/makers/toy"):
            return self._send(200, json.dumps({"id": "makers/toy", "sha": COMMIT}).encode(), {}, body)
        if path.startswith("/datasets/makers/toy/resolve/") and path.endswith("/data/x.wav"):
            headers = {"ETag": f'"{hashlib.sha1(server.data).hexdigest()}"', "X-Repo-Commit": COMMIT}
            return self._send(200, server.data, headers, body)
        return self._send(404, b"", {"X-Error-Code": "RepoNotFound"}, body)

    def _file(self, server: "Server", asked_range: str | None) -> None:
        first = int(asked_range.removeprefix("bytes=").partition("-")[0]) if asked_range and server.ranges else 0
        if first >= len(server.data):
            return self._send(416, b"", {}, True)
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(server.data) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(server.data) - 1}/{len(server.data)}")
        self.end_headers()
        self.wfile.write(server.data[first : server.breaks_at])
        self.wfile.flush()
        self.close_connection = True

    def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep test output clean."""


class Server(ThreadingHTTPServer):
    """What it serves, whether it can go on from a place, where it breaks off, and what it was asked."""

    data, ranges, breaks_at = DATA, True, None
    asked: list[tuple[str, str, str | None]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server as the hub, with an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return server


def test_a_file_beside_the_manifest(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.wav").write_bytes(DATA)
    place = FilePlace(file="media/a.wav", sha256=SHA)
    sources = Sources(lab)
    assert sources.find(place, tmp_path) == tmp_path / "media" / "a.wav"
    assert sources.missing(place, tmp_path) is None
    gone = FilePlace(file="media/b.wav", sha256=SHA)
    assert "no media/b.wav in" in str(sources.missing(gone, tmp_path))
    with pytest.raises(MediaMissing, match=r"media/b\.wav is missing; found no media/b\.wav in"):
        sources.find(gone, tmp_path)


def test_another_file_is_refused_with_its_digest(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"other")
    sources = Sources(lab)
    with pytest.raises(MediaChanged) as caught:
        sources.find(FilePlace(file="a.wav", sha256=SHA), tmp_path)
    assert hashlib.sha256(b"other").hexdigest() in str(caught.value.found)
    assert caught.value.allowed == SHA
    assert sources.find(FilePlace(file="a.wav"), tmp_path).read_bytes() == b"other"


def test_a_link_that_leads_out_of_the_manifests_folder_is_refused(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(DATA)
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "a.wav").symlink_to(tmp_path / "secret.wav")
    place = FilePlace(file="a.wav", sha256=SHA)
    with pytest.raises(PathRefused, match="leads outside"):
        Sources(lab).find(place, folder)
    assert isinstance(Sources(lab).missing(place, folder), PathRefused)
    assert Sources(lab).here(place, folder) is None


def test_a_file_of_a_package_is_found_without_importing_it(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("one", "two"):  # a package that two distributions share
        (tmp_path / part / "toyspeech" / part).mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path / part)
    (tmp_path / "one" / "toyspeech" / "one" / "a.wav").write_bytes(DATA)
    sources = Sources(lab)
    found = sources.find(PackagePlace(package="toyspeech", file="one/a.wav", sha256=SHA), tmp_path)
    assert found == tmp_path / "one" / "toyspeech" / "one" / "a.wav"
    assert "toyspeech" not in sys.modules
    with pytest.raises(MediaMissing) as caught:
        sources.find(PackagePlace(package="toyspeech", file="three/a.wav", sha256=SHA), tmp_path)
    assert len(caught.value.places) == 2
    with pytest.raises(MediaMissing, match="found no package nothing_like_it"):
        sources.find(PackagePlace(package="nothing_like_it", file="a.wav", sha256=SHA), tmp_path)


def test_the_sample_of_pyannote_is_a_source(lab: Lab, tmp_path: Path, sample_wav: Path) -> None:
    place = PackagePlace(package="pyannote", file="audio/sample/sample.wav")
    assert Sources(lab).find(place, tmp_path) == sample_wav


def test_a_folder_that_the_user_names(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.wav").write_bytes(DATA)
    place = FolderPlace(folder="ted-lium", file="a.wav", sha256=SHA)
    with pytest.raises(MediaMissing, match=r"found MODELLAB_DATA_TED_LIUM is not set.*--folder ted-lium=PATH"):
        Sources(lab).find(place, tmp_path)
    monkeypatch.setenv("MODELLAB_DATA_TED_LIUM", str(tmp_path / "here"))
    assert Sources(lab).find(place, tmp_path) == tmp_path / "here" / "a.wav"
    given = Sources(lab, [f"ted-lium={tmp_path / 'there'}"])
    assert given.find(place, tmp_path) == tmp_path / "there" / "a.wav"
    with pytest.raises(UsageError, match="NAME=PATH"):
        Sources(lab, ["ted-lium"])


def test_a_file_from_an_address_is_fetched_once(online: Lab, server: Server, tmp_path: Path) -> None:
    place = UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA)
    assert Sources(online).missing(place, tmp_path) is None
    assert Sources(online).here(place, tmp_path) is None
    path = Sources(online).find(place, tmp_path)
    assert (path.read_bytes(), path.name, path.parent.parent) == (DATA, "talk.wav", online.fetched)
    assert Sources(online).find(place, tmp_path) == Sources(online).here(place, tmp_path) == path
    assert len(server.asked) == 1


def test_no_address_is_asked_offline_but_what_was_fetched_is_there(
    lab: Lab, online: Lab, server: Server, tmp_path: Path
) -> None:
    place = UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA)
    with pytest.raises(MediaMissing, match="MODELLAB_OFFLINE forbids asking"):
        Sources(lab).find(place, tmp_path)
    assert "MODELLAB_OFFLINE" in str(Sources(lab).missing(place, tmp_path))
    assert server.asked == []
    Sources(online).find(place, tmp_path)
    assert Sources(lab).find(place, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_download_goes_on(online: Lab, server: Server, tmp_path: Path, ranges: bool) -> None:
    place = UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA)
    server.ranges, server.breaks_at = ranges, 1000
    with pytest.raises(MediaMissing, match="the next try goes on from there"):
        Sources(online).find(place, tmp_path)
    assert Sources(online).here(place, tmp_path) is None
    server.breaks_at = None
    assert Sources(online).find(place, tmp_path).read_bytes() == DATA
    assert [asked for _, _, asked in server.asked] == [None, "bytes=1000-"]


def test_what_was_begun_of_another_file_is_fetched_anew(online: Lab, server: Server, tmp_path: Path) -> None:
    place = UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA)
    server.data, server.breaks_at = b"x" * len(DATA), 1000
    with pytest.raises(MediaMissing):
        Sources(online).find(place, tmp_path)
    server.data, server.breaks_at = DATA, None
    assert Sources(online).find(place, tmp_path).read_bytes() == DATA
    assert [asked for _, _, asked in server.asked] == [None, "bytes=1000-", None]


def test_an_address_that_gives_another_file(online: Lab, server: Server, tmp_path: Path) -> None:
    place = UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA)
    server.data = b"other"
    with pytest.raises(MediaChanged, match=hashlib.sha256(b"other").hexdigest()):
        Sources(online).find(place, tmp_path)
    assert [path.name for path in online.fetched.glob("*/*")] == [".lock"]
    with pytest.raises(MediaMissing, match="the server answers 404"):
        Sources(online).find(UrlPlace(url=f"{server.address}/none.wav", sha256=SHA), tmp_path)


def test_a_fetched_file_that_rotted_is_fetched_again(online: Lab, server: Server, tmp_path: Path) -> None:
    place = UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA)
    path = Sources(online).find(place, tmp_path)
    path.write_bytes(b"rotten")
    assert Sources(online).find(place, tmp_path).read_bytes() == DATA


def test_a_server_out_of_reach(online: Lab, server: Server, tmp_path: Path) -> None:
    server.shutdown()  # or its loop may still take the connection, and reset it
    server.server_close()
    with pytest.raises(MediaMissing, match="can't be fetched; found ConnectError"):
        Sources(online).find(UrlPlace(url=f"{server.address}/talk.wav", sha256=SHA), tmp_path)


def test_a_file_of_the_hub_is_fetched_once_and_then_from_its_cache(
    lab: Lab, online: Lab, hub: Server, tmp_path: Path
) -> None:
    place = HubPlace(hub="makers/toy", file="data/x.wav", sha256=SHA)
    with pytest.raises(MediaMissing, match=r"the Hugging Face cache does not hold it.*MODELLAB_OFFLINE"):
        Sources(lab).find(place, tmp_path)
    assert hub.asked == []
    path = Sources(online).find(place, tmp_path)
    assert (path.read_bytes(), path.name) == (DATA, "x.wav")
    asked = len(hub.asked)
    assert Sources(lab).find(place, tmp_path) == path
    assert len(hub.asked) == asked


def test_what_the_hub_refuses_is_told(online: Lab, hub: Server, tmp_path: Path) -> None:
    with pytest.raises(MediaMissing, match="makers/none does not exist, or is private"):
        Sources(online).find(HubPlace(hub="makers/none", file="x.wav", sha256=SHA), tmp_path)
    hub.data = b"other"
    with pytest.raises(MediaChanged, match=hashlib.sha256(b"other").hexdigest()):
        Sources(online).find(HubPlace(hub="makers/toy", file="data/x.wav", sha256=SHA), tmp_path)


def test_a_hub_out_of_reach_is_asked_once(online: Lab, hub: Server, tmp_path: Path) -> None:
    hub.shutdown()
    hub.server_close()
    sources = Sources(online)
    place = HubPlace(hub="makers/toy", file="data/x.wav", sha256=SHA)
    assert sources.missing(place, tmp_path) is None
    with pytest.raises(MediaMissing, match=r"Hugging Face hub: can't be reached \(ConnectError"):
        sources.find(place, tmp_path)
    assert "can't be reached" in str(sources.missing(place, tmp_path))
