"""A dataset in the lab: inputs, references, rows; what can't be had is named and keeps nothing else back."""

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.reference import CaseId, Reference, ReferenceSound
from modellab.datasets.references import References
from modellab.datasets.sources import Sources
from modellab.inputs.store import InputStore
from modellab.runs.enrolling import Enrolment, enrol, length_slice
from modellab.settings import Lab
from modellab.surfaces.results import Turn
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query

from .conftest import WriteDataset, digest_of, tone

CASES = "SELECT case_id, input, language, speakers, known, tags, error FROM current_cases ORDER BY ALL"


def recorded(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": digest_of(path)}


@pytest.fixture
def enrolled(lab: Lab, shipped: Path, write: WriteDataset) -> Any:
    def run(*cases: dict[str, Any], **changes: Any) -> Enrolment:
        write("calls", cases=list(cases), **({"language": "en"} | changes))
        done = enrol(lab, Catalogue(lab, shipped).get("calls"), Sources(lab))
        build(lab)
        return done

    return run


def test_a_dataset_becomes_inputs_references_and_rows(lab: Lab, shipped: Path, enrolled: Any) -> None:
    one, clean = tone(shipped / "Café 1.wav", 7.0), tone(shipped / "clean.wav", 7.0, 300)
    rttm = "SPEAKER x 1 0.5 1 <NA> <NA> a <NA> <NA>\n"
    done = enrolled(
        {
            "id": "one",
            "source": recorded(one),
            "speakers": ["s1", "s2"],
            "tags": {"noise": "street"},
            "reference": {"text": "hello", "rttm": rttm, "clean": recorded(clean)},
        },
        {"id": "say", "source": {"text": "Good morning."}, "language": "de"},
    )
    assert done.failed == []
    source, text = done.inputs
    assert (source.sha256, source.name, source.kind) == (digest_of(one), "Café 1.wav", "media")
    assert (text.path.read_text(), text.name, text.kind) == ("Good morning.", "say.txt", "text")

    references = References(lab.references)
    (known,) = references.of(source.sha256)
    assert known.case == CaseId("calls", "1", "one")
    reference = references.read(known.reference)
    sound = ReferenceSound(digest_of(clean), "clean.wav")
    assert reference == Reference(
        language="en", text="hello", turns=[Turn(0.5, 1.5, "a")], voices=["s1", "s2"], clean=sound
    )
    assert references.sound(sound).read_bytes() == clean.read_bytes()
    (spoken,) = references.of(text.sha256)
    assert references.read(spoken.reference) == Reference(language="de", prompt="Good morning.")

    rows = query(lab, CASES).as_records()
    assert rows == [
        {
            "case_id": "one",
            "input": source.key,
            "language": "en",
            "speakers": ["s1", "s2"],
            "known": ["clean", "text", "turns", "voices"],
            "tags": {"duration": "5-15 s", "noise": "street"},
            "error": None,
        },
        {
            "case_id": "say",
            "input": text.key,
            "language": "de",
            "speakers": [],
            "known": ["prompt"],
            "tags": {},
            "error": None,
        },
    ]
    digests = query(lab, "SELECT reference_sha256 FROM current_cases ORDER BY case_id").rows
    assert digests == [(known.reference,), (spoken.reference,)]
    assert query(lab, "SELECT dataset, version, licence, tasks, languages, cases FROM current_datasets").rows == [
        ("calls", "1", "CC0-1.0", ["asr"], ["de", "en"], 2)
    ]
    rebuild(lab)
    assert query(lab, CASES).as_records() == rows


def test_what_cannot_be_had_is_named_and_the_rest_is_enrolled(lab: Lab, shipped: Path, enrolled: Any) -> None:
    good, other = tone(shipped / "good.wav"), tone(shipped / "other.wav", hz=200)
    (shipped / "broken.wav").write_text("no recording")
    done = enrolled(
        {"id": "gone", "source": {"file": "gone.wav", "sha256": "a" * 64}, "reference": {"text": "x"}},
        {"id": "changed", "source": {"file": "good.wav", "sha256": "b" * 64}, "reference": {"text": "x"}},
        {"id": "broken", "source": recorded(shipped / "broken.wav"), "reference": {"text": "x"}},
        {"id": "unread", "source": recorded(other), "reference": {"rttm": {"file": "gone.rttm"}}},
        {"id": "good", "source": recorded(good), "reference": {"text": "hello"}},
    )
    assert [(one.case.id, one.error.what) for one in done.failed if one.error] == [
        ("gone", "gone.wav is missing"),
        ("changed", "good.wav is not the file that the manifest states"),
        ("broken", "broken.wav is not audio or video in a format that can be decoded"),
        ("unread", "gone.rttm is missing"),
    ]
    assert [source.sha256 for source in done.inputs] == [digest_of(good)]
    rows = query(lab, "SELECT case_id, input IS NOT NULL, known, error FROM current_cases ORDER BY case_id").rows
    assert rows == [
        ("broken", False, None, "broken.wav is not audio or video in a format that can be decoded"),
        ("changed", False, None, "good.wav is not the file that the manifest states"),
        ("gone", False, None, "gone.wav is missing"),
        ("good", True, ["text"], None),
        ("unread", True, None, "gone.rttm is missing"),
    ]
    assert [known.case.case_id for known in References(lab.references).of(digest_of(good))] == ["good"]
    assert References(lab.references).of(digest_of(other)) == []


def test_what_changed_is_a_new_snapshot_and_the_latest_counts(lab: Lab, shipped: Path, enrolled: Any) -> None:
    path = tone(shipped / "one.wav")
    case = {"id": "one", "source": recorded(path), "reference": {"text": "hello"}}
    enrolled(case)
    enrolled(case)
    assert query(lab, "SELECT count(*) FROM datasets").rows == [(1,)]
    (before,) = References(lab.references).of(digest_of(path))
    enrolled({**case, "reference": {"text": "hello there"}})
    enrolled({**case, "reference": {"text": "hello there"}, "tags": {"noise": "street"}})
    assert query(lab, "SELECT count(*) FROM datasets").rows == [(3,)]
    (after,) = References(lab.references).of(digest_of(path))
    assert before.reference != after.reference
    assert query(lab, "SELECT reference_sha256, tags ->> 'noise' FROM current_cases").rows == [
        (after.reference, "street")
    ]
    # The manifest's version is another dataset to compare by: its cases stand beside those of before.
    enrolled(case, version="2")
    assert query(lab, "SELECT version FROM current_cases ORDER BY ALL").rows == [("1",), ("2",)]
    assert [known.case.version for known in References(lab.references).of(digest_of(path))] == ["2"]


def test_a_recording_that_the_lab_has_need_not_be_where_it_was(lab: Lab, shipped: Path, enrolled: Any) -> None:
    path = tone(shipped / "one.wav")
    case = {"id": "one", "source": recorded(path), "reference": {"text": "hello"}}
    (source,) = enrolled(case).inputs
    path.rename(shipped / "elsewhere.wav")
    assert enrolled(case).inputs == [source]
    # A copy that was damaged is made anew, from where the manifest says.
    source.path.write_bytes(b"rotten")
    (failed,) = enrolled(case).failed
    assert "one.wav is missing" in str(failed.error)
    shutil.copy(shipped / "elsewhere.wav", path)
    assert enrolled(case).failed == []
    assert digest_of(source.path) == source.sha256


class TestAReferenceWhoseFileIsMissing:
    """The recording is found by its digest; what is known of it is found by what the manifest says."""

    @pytest.fixture
    def case(self, shipped: Path) -> dict[str, Any]:
        (shipped / "one.txt").write_text("hello there")
        (shipped / "one.rttm").write_text("SPEAKER one 1 0 1 <NA> <NA> a <NA> <NA>\n")
        reference = {"text": {"file": "one.txt"}, "rttm": {"file": "one.rttm"}}
        return {"id": "one", "source": recorded(tone(shipped / "one.wav")), "reference": reference}

    def test_is_the_one_of_the_last_time(self, lab: Lab, shipped: Path, enrolled: Any, case: dict[str, Any]) -> None:
        (source,) = enrolled(case).inputs
        before = References(lab.references).of(source.sha256)
        rows = query(lab, CASES).rows
        (shipped / "one.rttm").unlink()
        # What is said of the dataset or of another case changes nothing in what is known of this one.
        other = {"id": "other", "source": {"text": "Hello."}}
        for changes in ({}, {"description": "said anew"}):
            done = enrolled(case, other, **changes)
            assert [(one.case.id, one.kept.what) for one in done.kept if one.kept] == [("one", "one.rttm is missing")]
            assert done.failed == []
            assert References(lab.references).of(source.sha256) == before
        assert [row for row in query(lab, CASES).rows if row[0] == "one"] == rows

    @pytest.mark.parametrize(
        "changes",
        [
            {"language": "de"},
            {"recording": "two"},
            {"reference": {"text": "good bye", "rttm": {"file": "one.rttm"}}},
            {"reference": {"text": {"file": "one.txt"}, "rttm": {"file": "one.rttm"}, "names": ["Ann"]}},
        ],
    )
    def test_is_not_taken_for_what_the_manifest_says_anew(
        self, shipped: Path, enrolled: Any, case: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        enrolled(case)
        (shipped / "one.rttm").unlink()
        (failed,) = enrolled(case | changes).failed
        assert "one.rttm is missing" in str(failed.error)
        assert failed.reference is None

    def test_is_not_taken_for_that_of_another_recording(
        self, shipped: Path, enrolled: Any, case: dict[str, Any]
    ) -> None:
        enrolled(case)
        (shipped / "one.rttm").unlink()
        another = recorded(tone(shipped / "one.wav", hz=200))
        assert [one.case.id for one in enrolled(case | {"source": another}).failed] == ["one"]

    def test_a_file_that_is_there_and_wrong_is_a_change(
        self, shipped: Path, enrolled: Any, case: dict[str, Any]
    ) -> None:
        enrolled(case)
        (shipped / "one.txt").unlink()
        (shipped / "one.rttm").write_text("SPEAKER one 1 zero 1 <NA> <NA> a <NA> <NA>\n")
        (failed,) = enrolled(case).failed
        assert "one.rttm" in str(failed.error)

    def test_of_a_lab_that_has_lost_it_is_an_error(
        self, lab: Lab, shipped: Path, enrolled: Any, case: dict[str, Any]
    ) -> None:
        (source,) = enrolled(case).inputs
        (known,) = References(lab.references).of(source.sha256)
        (shipped / "one.rttm").unlink()
        place = next(lab.references.rglob(f"{known.reference}.json"))
        place.write_text("{")
        assert len(enrolled(case).failed) == 1
        place.unlink()
        assert len(enrolled(case).failed) == 1


def test_a_recording_is_one_input_however_many_cases_it_has(lab: Lab, shipped: Path, enrolled: Any) -> None:
    path = tone(shipped / "one.wav", 2.0)
    shared = {"source": recorded(path), "reference": {"text": "hello"}}
    done = enrolled({"id": "a", **shared}, {"id": "b", **shared})
    assert len(done.inputs) == len(InputStore(lab).all()) == 1
    assert [known.case.case_id for known in References(lab.references).of(digest_of(path))] == ["a", "b"]


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (0.4, "0-5 s"),
        (5.0, "5-15 s"),
        (59.9, "15-60 s"),
        (60.0, "1-10 min"),
        (3599.0, "10-60 min"),
        (3600.0, "over 1 h"),
    ],
)
def test_slices_of_length(seconds: float, name: str) -> None:
    assert length_slice(seconds) == name


def test_files_are_synced_several_at_once(
    lab: Lab, shipped: Path, enrolled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, a disk writes its journal for each of ten syncs of a case: a thousand clips take minutes."""
    wanted, sync = 4, os.fsync
    at_work, most = 0, 0
    changed, reached = threading.Lock(), threading.Event()

    def counted(descriptor: int) -> None:
        nonlocal at_work, most
        with changed:
            at_work += 1
            most = max(most, at_work)
            if most >= wanted:
                reached.set()
        reached.wait(20.0)  # until so many are at work, and then never again
        sync(descriptor)
        with changed:
            at_work -= 1

    monkeypatch.setattr(os, "fsync", counted)
    paths = [tone(shipped / f"{number}.wav", 0.2, 200.0 + number) for number in range(8)]
    cases = [{"id": path.stem, "source": recorded(path), "reference": {"text": path.stem}} for path in paths]
    done = enrolled(*cases)
    assert most >= wanted
    assert [one.case.id for one in done.outcomes] == [path.stem for path in paths]
    assert done.failed == []
    assert [known.sha256 for known in done.inputs] == [digest_of(path) for path in paths]
    assert InputStore(lab).all() == done.inputs, "they are listed in the order of the cases"


def test_who_stops_it_keeps_what_is_done_and_the_next_time_goes_on(
    lab: Lab, shipped: Path, write: WriteDataset
) -> None:
    paths = [tone(shipped / f"{number}.wav", 0.2, 200.0 + number) for number in range(40)]
    cases = [{"id": path.stem, "source": recorded(path), "reference": {"text": path.stem}} for path in paths]
    write("calls", cases=cases)
    dataset = Catalogue(lab, shipped).get("calls")

    def stop(outcome: Any) -> None:
        if outcome.case.id == "2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrol(lab, dataset, Sources(lab), stop)
    kept = InputStore(lab).all()
    assert 3 <= len(kept) < len(paths)
    before = {one.key: one.registered_at for one in kept}
    build(lab)
    assert query(lab, "SELECT count(*) FROM inputs").rows == [(len(kept),)]
    done = enrol(lab, dataset, Sources(lab))
    assert len(done.inputs) == len(paths)
    assert {one.key: one.registered_at for one in done.inputs if one.key in before} == before


def test_a_shipped_dataset_is_enrolled(lab: Lab) -> None:
    done = enrol(lab, Catalogue(lab).get("asr_smoke_v1"), Sources(lab))
    assert done.failed == []
    assert len(done.inputs) == len(done.dataset.manifest.cases)
