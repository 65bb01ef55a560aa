"""The form of manifests: what is read from them, and what is said of one that is wrong."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modellab.datasets import loading
from modellab.datasets.loading import read_manifest, write_manifest
from modellab.datasets.manifest import ActionGiven, Manifest, Stretch
from modellab.datasets.places import FilePlace, FolderPlace, HubPlace, PackagePlace, TextPlace, UrlPlace
from modellab.errors import DatasetError

from .conftest import WriteDataset, case_of, manifest_of

SHA = "0123456789abcdef" * 4

FULL = """
id: everything_v1
version: '3'
description: One of each.
licence: CC-BY-4.0
tasks: [asr, meeting]
language: en
cases:
- id: '0001'
  source: {file: media/jfk.flac, sha256: SHA}
  language: pt-BR
  speakers: [s1, '2']
  tags: {noise: clean, channel: wideband}
  reference:
    text: ""
    speech: [[0, 1.5], {start_s: 2, end_s: 3}]
    stems: {drums: {url: "https://example.org/d%20rums.wav?x=1", sha256: SHA}}
    clean: {folder: clean-speech, file: a/b.wav, sha256: SHA}
    actions: [{task: send it, due_date: 2026-10-03}]
    rttm: {file: all.rttm}
- id: two
  source: {package: pyannote, file: audio/sample/sample.wav, sha256: SHA}
- id: three
  source: {hub: owner/name, file: data/x.wav, sha256: SHA}
- id: four
  source: {text: "Say this."}
""".replace("SHA", SHA)


def read(folder: Path, text: str, dataset: str = "everything_v1") -> Manifest:
    path = folder / f"{dataset}.yaml"
    path.write_text(text)
    return read_manifest(path)


def test_what_a_manifest_says(tmp_path: Path) -> None:
    manifest = read(tmp_path, FULL)
    assert manifest.version == "3"
    one, two, three, four = manifest.cases
    assert (one.id, one.speakers) == ("0001", ["s1", "2"])
    assert one.source == FilePlace(file="media/jfk.flac", sha256=SHA)
    assert two.source == PackagePlace(package="pyannote", file="audio/sample/sample.wav", sha256=SHA)
    assert three.source == HubPlace(hub="owner/name", file="data/x.wav", revision="main", sha256=SHA)
    assert (four.source, four.is_text, one.is_text) == (TextPlace(text="Say this."), True, False)
    known = one.reference
    assert known.text == ""
    assert known.summary is None
    assert known.speech == [Stretch(start_s=0.0, end_s=1.5), Stretch(start_s=2.0, end_s=3.0)]
    assert known.rttm == FilePlace(file="all.rttm")
    assert known.actions == [ActionGiven(task="send it", due_date="2026-10-03")]
    drums = UrlPlace(url="https://example.org/d%20rums.wav?x=1", sha256=SHA)
    assert known.sounds() == {
        "clean": FolderPlace(folder="clean-speech", file="a/b.wav", sha256=SHA),
        "stems.drums": drums,
    }
    assert drums.name == "d rums.wav"
    assert [manifest.language_of(case) for case in manifest.cases] == ["pt-BR", "en", "en", "en"]
    assert manifest.languages == ["en", "pt-BR"]


def test_every_problem_is_named_with_its_case_and_field(tmp_path: Path) -> None:
    cases = [
        case_of("one", source={"file": "../secret.wav", "sha256": SHA}, speakers=["a", "a"]),
        case_of("two", source={"file": "x.wav"}),
        case_of("two", tags={"noise": False}, language="english"),
        case_of("four", source={"url": "ftp://x/y.wav", "sha256": "12"}, referenc={}),
        case_of("six", source={"url": "https://me:secret@x.org/y.wav", "sha256": SHA}),
        {"source": {"hub": "a/b", "sha256": SHA}, "reference": {"text": 5, "speech": [[3, -1]]}},
        "five",
    ]
    text = yaml.safe_dump(manifest_of("bad", tasks=["asr", "asrr"], version=1.5, cases=cases))
    with pytest.raises(DatasetError) as caught:
        read(tmp_path, text, "bad")
    told = caught.value
    assert told.what == f"{tmp_path / 'bad.yaml'} is not a valid dataset manifest"
    starts = [
        "version: Input should be a valid string: write it in quotes (found 1.5)",
        "tasks.1: Input should be 'asr', ",
        "case one, source.file: a path below its folder, with / between names, no `.` and no `..` "
        "(found '../secret.wav')",
        "case one, speakers: a speaker is there twice",
        "case two: sha256 is missing of source: media are known by their bytes",
        "case two, language: String should match pattern",
        "case two, tags.noise: Input should be a valid string: write it in quotes (found False)",
        "case four, source.url: an address that begins with https:// or http:// (found 'ftp://x/y.wav')",
        "case four, source.sha256: String should match pattern",
        "case four, referenc: Extra inputs are not permitted",
        "case six, source.url: an address without credentials in it, for manifests are passed on",
        "case number 6, id: Field required",
        "case number 6, source.file: Field required",
        "case number 6, reference.text: a text, or a mapping that names a file of it (found 5)",
        "case number 6, reference.speech.0.end_s: Input should be greater than or equal to 0 (found -1)",
        "case number 7: Input should be a valid dictionary",
    ]
    assert len(told.places) == len(starts)
    assert "secret@" not in str(told)
    assert [start for start in starts if not any(place.startswith(start) for place in told.places)] == []


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "tomorrow", "20261003", 2026])
def test_a_day_that_is_none(tmp_path: Path, day: object) -> None:
    case = case_of("one", reference={"actions": [{"task": "send it", "due_date": day}]})
    with pytest.raises(DatasetError, match=r"actions\.0\.due_date: a day such as 2026-10-03"):
        read(tmp_path, yaml.safe_dump(manifest_of("everything_v1", cases=[case])))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id: [", "not YAML"),
        ("", "Input should be a valid dictionary"),
        (yaml.safe_dump(manifest_of("other")), "names another dataset than its name; found other; allowed: everything"),
        (yaml.safe_dump(manifest_of("everything_v1", cases={"file": "../x.jsonl"})), "leads outside"),
        (yaml.safe_dump(manifest_of("everything_v1", cases={"file": "gone.jsonl"})), "can't be read; found No such"),
        (yaml.safe_dump(manifest_of("everything_v1", cases=[case_of("a"), case_of("a")])), "are there twice: a"),
        (yaml.safe_dump(manifest_of("everything_v1", cases=[])), "cases: List should have at least 1 item"),
    ],
)
def test_a_file_that_is_no_manifest(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        read(tmp_path, text)


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="can't be read"):
        read_manifest(tmp_path / "none.yaml")


@pytest.mark.parametrize("as_lines", [False, True])
def test_what_is_written_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_lines: bool) -> None:
    if as_lines:
        monkeypatch.setattr(loading, "_MOST_IN_YAML", 3)
    manifest = read(tmp_path, FULL)
    path = write_manifest(manifest, tmp_path / "everything_v1")
    assert path == tmp_path / "everything_v1" / "dataset.yaml"
    assert (path.parent / "cases.jsonl").exists() == as_lines
    again = read_manifest(path)
    assert again == manifest
    assert again.digest == manifest.digest


def test_a_bad_line_of_cases_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"id": "one"}\n\n{"id":\n')
    with pytest.raises(DatasetError, match=r"line 3 of .*cases\.jsonl can't be read: not JSON"):
        read(tmp_path, yaml.safe_dump(manifest_of("everything_v1", cases={"file": "cases.jsonl"})))


def test_the_digest_is_of_what_is_said(write: WriteDataset) -> None:
    one = read_manifest(write("d"))
    assert one.digest == read_manifest(write("d", language=None)).digest
    assert one.digest != read_manifest(write("d", language="en")).digest
    assert one.digest != read_manifest(write("d", cases=[case_of("one", reference={"text": ""})])).digest


_names = st.text(min_size=1, max_size=8).filter(lambda text: text == text.strip() and text.isprintable())


@settings(max_examples=150, deadline=None)
@example(text="a\x85b", speakers=["x"], tags={})
@example(text="a\u2028 b\rc\ufeff", speakers=[], tags={})
@example(text=" - a: [b]\n\n  # c\n", speakers=["no", "1e3"], tags={"~": "null"})
@given(
    text=st.text(max_size=40), speakers=st.lists(_names, unique=True, max_size=3), tags=st.dictionaries(_names, _names)
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, speakers: list[str], tags: dict[str, str]
) -> None:
    case = case_of("one", reference={"text": text}, speakers=speakers, tags=tags)
    manifest = Manifest.model_validate(manifest_of("any", cases=[case]))
    folder = tmp_path_factory.mktemp("d") / "any"
    assert read_manifest(write_manifest(manifest, folder)) == manifest
