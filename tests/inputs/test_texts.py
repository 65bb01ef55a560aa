import hashlib
import os
from pathlib import Path

import pytest

from modellab.errors import InputDamaged, InputRefused
from modellab.inputs.registered import RegisteredInput, check_copy
from modellab.inputs.store import InputStore
from modellab.settings import Lab


@pytest.fixture
def store(lab: Lab) -> InputStore:
    return InputStore(lab)


def test_a_text_becomes_an_input(store: InputStore, lab: Lab, tmp_path: Path) -> None:
    content = "\ufeffGrüß Gott,\r\n\tsagte sie.\n".encode()
    path = tmp_path / "Erste Zeile.TXT"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    found = store.register(path)
    assert found == RegisteredInput(
        key=f"erste-zeile-{digest[:16]}",
        sha256=digest,
        name="Erste Zeile.TXT",
        path=lab.inputs / digest[:16] / "text.txt",
        duration_s=0.0,
        sample_rate_hz=0,
        channels=0,
        format="text/utf-8",
        bytes=len(content),
        registered_at=found.registered_at,
        names=("Erste Zeile.TXT",),
        kind="text",
    )
    assert found.path.read_bytes() == content
    assert store.get(found.key) == store.register(path) == found


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "notes.txt does not exist"),
        (b"", "notes.txt is empty"),
        (b" \n--\n", "notes.txt has nothing to say; found 5 characters"),
        ("Köln".encode("latin-1"), "notes.txt can't be read: not UTF-8; found the byte 0xf6 at 1"),
        (b"one\x00two", r"notes.txt is not plain text; found the control character U\+0000 at 3"),
        (b"\x1b[31mred", r"notes.txt is not plain text; found the control character U\+001B at 0"),
        (b"a" * (2**20 + 1), "notes.txt can't be read: too large; allowed: 1,048,576 bytes"),
        ("a".encode("utf-16"), "notes.txt can't be read: not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_and_leaves_nothing(
    store: InputStore, lab: Lab, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "notes.txt").write_bytes(content)
    with pytest.raises(InputRefused, match=f"^{reason}"):
        store.register(tmp_path / "notes.txt")
    assert store.all() == [] and not list(lab.inputs.glob("[0-9a-f]*"))


def test_a_folder_and_a_pipe_are_refused(store: InputStore, tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InputRefused, match=r"^folder.txt is a folder; allowed: a file"):
        store.register(tmp_path / "folder.txt")
    with pytest.raises(InputRefused, match=r"^pipe.txt is not a regular file"):
        store.register(tmp_path / "pipe.txt")


def test_a_longest_text_is_taken(store: InputStore, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"a" * 2**20)
    assert store.register(tmp_path / "long.txt").bytes == 2**20


def test_a_damaged_copy_of_a_text_is_repaired(store: InputStore, tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("What was said.")
    found = store.register(path)
    found.path.write_text("What was sold.")
    with pytest.raises(InputDamaged, match=r"copy of line\.txt is damaged.*Add the intact text again"):
        check_copy(found)
    check_copy(store.register(path))
