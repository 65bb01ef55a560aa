"""Folders from outside as they are: what is broken is named with file and line, and nothing leads out of the folder."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.importing.bring import Brought, Wanted, bring
from modellab.datasets.importing.case_ids import case_ids
from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.nxt import read_words
from modellab.datasets.importing.words import language_code, tags_of
from modellab.datasets.loading import read_manifest
from modellab.datasets.manifest import Case
from modellab.datasets.places import FilePlace
from modellab.datasets.sources import Sources
from modellab.errors import DatasetError, InputRefused, LabError, UnknownName, UsageError
from modellab.settings import Lab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.mkdir()
    return path


def sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(800, 0.1, np.float32), 8000)
    return path


def transcripts(folder: Path, *rows: str) -> None:
    (folder / "transcripts.tsv").write_text("file\ttext\n" + "".join(f"{row}\n" for row in rows), "utf-8", newline="")


def problems(brought: Brought) -> list[str]:
    return [str(problem) for problem in brought.account.problems]


def test_every_problem_of_a_table_is_named_and_the_rest_is_taken(lab: Lab, folder: Path) -> None:
    for name in ("good.wav", "ü.wav", "twice.wav"):
        sound(folder / name)
    table = (
        b"\xef\xbb\xbffile\ttext\r\ngood.wav\tyes\r\n\r\ngone.wav\tno\r\nu\xcc\x88.wav\tf\xc3\xbcr\r\n"
        b"twice.wav\tone\r\ntwice.wav\ttwo\r\nlatin\xe4.wav\tx\r\nshort.wav\r\n/etc/passwd\tx\n../given/../x.wav\tx\n\tx\n"
    )
    (folder / "transcripts.tsv").write_bytes(table)
    brought = bring(lab, Wanted(folder, "d"))
    assert problems(brought) == [
        "transcripts.tsv, line 4: gone.wav is not there",
        "transcripts.tsv, line 7: twice.wav is there twice, first in transcripts.tsv, line 6",
        "transcripts.tsv, line 8: is not UTF-8: byte 0xe4; save the file as UTF-8",
        "transcripts.tsv, line 9: has 1 columns where there are 2 names of columns",
        f"transcripts.tsv, line 10: /etc/passwd leads out of {folder}",
        f"transcripts.tsv, line 11: ../given/../x.wav leads out of {folder}",
        "transcripts.tsv, line 12: names no file",
    ]
    assert [(case.id, case.reference.text) for case in read_manifest(brought.manifest).cases] == [
        ("good", "yes"),
        ("u", "für"),
        ("twice", "one"),
    ]


def test_tables_in_utf_16(lab: Lab, folder: Path) -> None:
    sound(folder / "a.wav")
    (folder / "transcripts.tsv").write_text("file\ttext\r\na.wav\tgrüß dich\r\n", "utf-16")
    assert read_manifest(bring(lab, Wanted(folder, "d")).manifest).cases[0].reference.text == "grüß dich"


def test_links_names_and_pipes(lab: Lab, folder: Path, tmp_path: Path) -> None:
    outside = sound(tmp_path / "outside.wav")
    sound(folder / "in.wav")
    sound(folder / "new\nline.wav")
    sound(folder / "back\\slash.wav")
    sound(folder / "x.wav").rename(os.fsdecode(os.fsencode(folder) + b"/\xff.wav"))
    sound(folder / ".hidden/h.wav")
    (folder / "inner.wav").symlink_to("in.wav")
    (folder / "outer.wav").symlink_to(outside)
    (folder / "broken.wav").symlink_to("gone.wav")
    (folder / "above").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.wav")
    found = Folder(folder, lab.home)
    assert found.media == ["in.wav", "inner.wav", "new\nline.wav"]
    assert found.unusable == {
        "back\\slash.wav": "has a backslash in its name, which a manifest can't hold",
        os.fsdecode(b"\xff.wav"): "has a name that is not UTF-8",
        "outer.wav": f"is a link out of the folder, to {outside}",
        "broken.wav": "is a broken link",
        "above": f"is a link out of the folder, to {tmp_path}",
        "pipe.wav": "is a pipe, a socket or a device",
    }
    transcripts(folder, "outer.wav\tx", "above/outside.wav\tx", "in.wav\tin")
    (folder / "new\nline.txt").write_text("strange")
    brought = bring(lab, Wanted(folder, "d"))
    assert problems(brought) == [
        f"transcripts.tsv, line 2: outer.wav is a link out of the folder, to {outside}",
        "transcripts.tsv, line 3: above/outside.wav is not there",
    ]
    manifest = read_manifest(brought.manifest)
    assert [(case.id, case.source.file) for case in manifest.cases if isinstance(case.source, FilePlace)] == [
        ("in", "in.wav"),
        ("new-line", "new\nline.wav"),
    ]
    assert brought.account.notes[-1].startswith("not looked into: ")
    assert brought.account.notes[-1].count(" is a link out of the folder, to ") == 2


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.rttm", b"SPEAKER a 1 x 1 <NA> <NA> s <NA> <NA>\n", "a.rttm, line 1: line 1 of {path} is not RTTM"),
        ("a.stm", b"a 1 s 2 1 backwards\n", "a.stm, line 1: line 1 of {path} is not STM"),
        ("a.TextGrid", b"no grid", "a.TextGrid, line 1: line 1 of {path} is not TextGrid"),
        ("a.txt", b"\xff\xfea", "a.txt: {path} can't be read: not UTF-16"),
        ("a.lab", b"0 1000000 sil\n1000000 2000000 w\n", "a.lab: holds times: HTK's labels are not read"),
        (
            "a.ctm",
            b"b 1 0 1 x\nc 1 0 1 y\n",
            "a.ctm: holds 2 recordings (b, c), none called a",
        ),
        ("a.seglst.json", b"{}", "a.seglst.json: {path} is not SegLST"),
    ],
)
def test_references_that_cannot_be_read(lab: Lab, folder: Path, name: str, data: bytes, told: str) -> None:
    sound(folder / "a.wav")
    (folder / name).write_bytes(data)
    with pytest.raises(DatasetError) as error:
        bring(lab, Wanted(folder, "d"))
    assert error.value.what == f"nothing in {folder} can be taken as beside"
    assert error.value.places[0].startswith(told.format(path=folder / name))
    assert list(lab.datasets.glob("d*")) == []


def test_json_that_is_none_and_archives_cut_off(lab: Lab, folder: Path) -> None:
    sound(folder / "a.wav")
    first = b'{"audio_filepath": "a.wav", "text": "yes"}\n'
    (folder / "m.json").write_bytes(first + b'{"audio_filepath": \n[1]\n{"text": "x"}\n{"a": 1, "a": 2}\n')
    brought = bring(lab, Wanted(folder, "d"))
    assert [said.partition(";")[0] for said in problems(brought)] == [
        "m.json, line 2: the line can't be read: not JSON",
        "m.json, line 3: is not a JSON object",
        "m.json, line 4: has no audio_filepath",
        "m.json, line 5: the line can't be read: not usable JSON",
    ]
    (folder / "m.json").unlink()
    cut = b'{"id": "c", "type": "MonoCut", "x": "%s"}' % os.urandom(99).hex().encode()
    (folder / "cuts.jsonl.gz").write_bytes(gzip.compress(cut)[:-9])
    with pytest.raises(DatasetError) as error:
        bring(lab, Wanted(folder, "e", layout="lhotse"))
    assert error.value.what == f"nothing in {folder} can be taken as lhotse"


def test_recordings_of_which_nothing_is_said(lab: Lab, folder: Path) -> None:
    """Who speaks is worth something, to models of voices; a recording alone is not."""
    for name in ("a", "b"):
        sound(folder / f"{name}.wav")
    (folder / "m.json").write_text('{"audio_filepath": "a.wav", "speaker": "ann"}\n{"audio_filepath": "b.wav"}\n')
    brought = bring(lab, Wanted(folder, "d"))
    assert problems(brought) == ["m.json, line 2: nothing is said of b.wav, by which a result could be judged"]
    manifest = read_manifest(brought.manifest)
    assert (manifest.tasks, [case.speakers for case in manifest.cases]) == (["embed"], [["ann"]])


def test_csv_with_a_quotation_mark_that_never_closes(lab: Lab, folder: Path) -> None:
    sound(folder / "a.wav")
    sound(folder / "b.wav")
    (folder / "metadata.csv").write_text('file_name,text\na.wav,"one\ntwo"\nb.wav,"open\n')
    brought = bring(lab, Wanted(folder, "d"))
    assert problems(brought) == ["metadata.csv, line 4: is not CSV: unexpected end of data"]
    assert [case.reference.text for case in read_manifest(brought.manifest).cases] == ["one two"]


@pytest.mark.parametrize("head", ['<!DOCTYPE x [<!ENTITY a "aaaa">]>', "<unclosed"])
def test_xml_with_types_of_its_own_is_refused(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(f"<?xml version='1.0'?>\n{head}<r><w starttime='0' endtime='1'>&a;</w></r>")
    with pytest.raises(LabError, match=r"line 2 of .* is not NXT's XML"):
        read_words(path, "A")


def test_which_of_several_formats_must_be_said(lab: Lab, folder: Path) -> None:
    sound(folder / "a.wav")
    transcripts(folder, "a.wav\tx")
    (folder / "m.json").write_text('{"audio_filepath": "a.wav", "text": "y"}\n')
    with pytest.raises(UsageError) as error:
        bring(lab, Wanted(folder, "d"))
    assert error.value.what == f"{folder} could be in several formats"
    assert [place.partition(":")[0] for place in error.value.places] == ["transcripts", "nemo"]
    assert error.value.hint == "Say which: --format transcripts"
    assert bring(lab, Wanted(folder, "d", layout="nemo")).layout == "nemo"
    with pytest.raises(UnknownName, match=r"there is no format 'nemoo'.*Did you mean nemo?"):
        bring(lab, Wanted(folder, "e", layout="nemoo"))


def test_which_of_several_tables_must_be_said(lab: Lab, folder: Path) -> None:
    sound(folder / "clips/a.mp3")
    for name in ("dev", "test"):
        (folder / f"{name}.tsv").write_text("client_id\tpath\tsentence\nx\ta.mp3\tyes\n")
    with pytest.raises(UsageError, match=r"several tables of recordings; found dev, test. Say which: --split dev"):
        bring(lab, Wanted(folder, "d"))
    with pytest.raises(UsageError, match=r"no table of the split 'tests'; allowed: dev, test. Did you mean test?"):
        bring(lab, Wanted(folder, "d", split="tests"))
    assert bring(lab, Wanted(folder, "d", split="test")).cases == 1
    with pytest.raises(UsageError, match="audiofolder has no lists to choose from with --split; found test"):
        bring(lab, Wanted(folder, "e", layout="audiofolder", split="test"))


def test_folders_that_are_no_dataset(lab: Lab, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="gone is not a folder"):
        bring(lab, Wanted(tmp_path / "gone", "d"))
    sound(folder / "a.wav")
    with pytest.raises(UsageError, match="is in none of the known formats; found 1 recordings among 1 files"):
        bring(lab, Wanted(folder, "d"))
    lab.inputs.mkdir(parents=True)
    with pytest.raises(InputRefused, match="is the lab's own home, or lies in it"):
        bring(lab, Wanted(lab.inputs, "d"))
    with pytest.raises(UsageError, match="'D 1' can't be a dataset's id; allowed: small letters"):
        bring(lab, Wanted(folder, "D 1"))
    with pytest.raises(UsageError, match="'german' can't be a dataset's language"):
        bring(lab, Wanted(folder, "d", language="german"))


def test_an_id_that_is_taken_is_replaced_only_if_asked(lab: Lab, folder: Path) -> None:
    sound(folder / "a.wav")
    transcripts(folder, "a.wav\tone")
    bring(lab, Wanted(folder, "d"))
    transcripts(folder, "a.wav\ttwo")
    with pytest.raises(DatasetError, match=r"there is a dataset d already. Take another id, or --replace it."):
        bring(lab, Wanted(folder, "d"))
    assert read_manifest(bring(lab, Wanted(folder, "d", replace=True)).manifest).cases[0].reference.text == "two"
    assert sorted(path.name for path in lab.datasets.iterdir() if not path.name.startswith(".")) == [
        "d",
        "folders.json",
    ]


def test_media_are_found_again_without_a_word(lab: Lab, folder: Path) -> None:
    """Where the folder is that a dataset was imported from is kept; a file that changed is refused."""
    path = sound(folder / "x y/ä.wav")
    transcripts(folder, "x y/ä.wav\tone")
    bring(lab, Wanted(folder, "7d"))
    [case] = Catalogue(lab).get("7d").manifest.cases
    assert isinstance(case, Case) and isinstance(case.source, FilePlace)
    assert Sources(lab).find(case.source, lab.datasets / "7d") == path
    soundfile.write(path, np.zeros(900, np.float32), 8000)
    with pytest.raises(LabError, match="is not the file that the manifest states"):
        Sources(lab).find(case.source, lab.datasets / "7d")


def test_copied_media_lie_beside_the_manifest(lab: Lab, folder: Path) -> None:
    path = sound(folder / "x/a.wav")
    transcripts(folder, "x/a.wav\tone")
    brought = bring(lab, Wanted(folder, "d", copy=True))
    data = path.read_bytes()
    path.unlink()
    [case] = read_manifest(brought.manifest).cases
    assert case.source == FilePlace(file="media/x/a.wav", sha256=hashlib.sha256(data).hexdigest())
    assert Sources(lab).find(case.source, brought.manifest.parent).read_bytes() == data
    assert not (lab.datasets / "folders.json").exists()


def test_progress_and_one_reading_of_each_file(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        sound(folder / f"{number}.wav")
    transcripts(folder, *(f"{number}.wav\tx" for number in range(3)))
    told: list[tuple[int, int]] = []
    bring(lab, Wanted(folder, "d"), lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    monkeypatch.setattr("modellab.registry.digests._joined_sha256", lambda _: pytest.fail("read again"))
    [case, *_] = read_manifest(lab.datasets / "d" / "dataset.yaml").cases
    assert isinstance(case.source, FilePlace)
    Sources(lab).find(case.source, lab.datasets / "d")


def test_case_ids_are_short_readable_and_different() -> None:
    names = ["a/x.wav", "b/x.wav", "b/x.flac", "Grüße 1.wav", "广州.mp3", "...", "y", "y", "y-2", "z" * 300]
    assert case_ids(names) == [
        "a-x",
        "b-x.wav",
        "b-x.flac",
        "Grusse-1",
        "GuangZhou",
        "case",
        "y",
        "y-2",
        "y-2-2",
        "z" * 100 + "-" + hashlib.sha256(b"z" * 300).hexdigest()[:8],
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("aAü/.-_ \n广1"), max_size=6), max_size=12))
def test_case_ids_are_always_valid_and_different(names: list[str]) -> None:
    ids = case_ids(names)
    assert len(set(ids)) == len(names)
    for one in ids:
        Case(id=one, source=FilePlace(file="a.wav", sha256="a" * 64))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("English", "en"),
        ("pt_BR", "pt-BR"),
        ("EN", "en"),
        ("zh-Hans-CN", "zh-Hans-CN"),
        ("", None),
        ("klingonish!", None),
    ],
)
def test_languages_as_corpora_write_them(written: str, code: str | None) -> None:
    assert language_code(written) == code


def test_slices_that_fields_tell() -> None:
    fields = {"Accents": " us ", "sex": "F", "age": 7, "noise": "", "text": "x", "domain": ["a"], "channel": 0}
    assert tags_of(fields) == {"accent": "us", "gender": "female", "age": "7"}
