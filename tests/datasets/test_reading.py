"""From what a manifest says of a case to what is known of it."""

import json
from pathlib import Path
from typing import Any

import mido
import pytest

from modellab.datasets.catalogue import Catalogue, Dataset
from modellab.datasets.reading import ReferenceReader
from modellab.datasets.reference import (
    Reference,
    ReferenceAction,
    ReferenceChapter,
    ReferenceNote,
    ReferenceSound,
    ReferenceUtterance,
)
from modellab.datasets.sources import Sources
from modellab.errors import DatasetError, LabError, MediaChanged, MediaMissing
from modellab.settings import Lab
from modellab.surfaces.results import Segment, Turn, Word

from .conftest import WriteDataset, case_of, digest_of, tone


@pytest.fixture
def known(lab: Lab, shipped: Path, write: WriteDataset) -> Any:
    """Reads the reference of a case that is written so; of a recording of ten seconds."""

    def read(reference: dict[str, Any], **case: Any) -> Reference:
        write("d", language="en", cases=[case_of("one", reference=reference, **case)])
        dataset: Dataset = Catalogue(lab, shipped).get("d")
        reader = ReferenceReader(Sources(lab), lambda path: ReferenceSound(digest_of(path), path.name))
        return reader.read(dataset, dataset.manifest.cases[0], 10.0)

    return read


STM = ";; a comment\nsession 1 anna 0.5 2 hello there\nsession 1 ben 1.5 3 <o,f0> hi\n"

RTTM = "SPEAKER session 1 0.5 1.5 <NA> <NA> anna <NA> <NA>\nSPEAKER session 1 1.5 1.5 <NA> <NA> ben <NA> <NA>\n"


def test_nothing_is_known_but_what_is_said(known: Any) -> None:
    assert known({}) == Reference(language="en")
    assert known({"text": "Hi, Anna.", "names": ["Anna"]}) == Reference(language="en", text="Hi, Anna.", names=["Anna"])
    assert known({"text": "", "speech": []}) == Reference(language="en", text="", speech=[])
    assert known({"text": " a  b \n"}, language="de") == Reference(language="de", text="a  b")


@pytest.mark.parametrize("as_file", [False, True])
def test_lines_of_the_fields_formats_in_the_manifest_or_in_a_file(known: Any, shipped: Path, as_file: bool) -> None:
    given: dict[str, Any] = {
        "stm": STM,
        "rttm": RTTM,
        "ctm": "session 1 0.5 0.25 hello 0.9\nsession 1 1.0 0.5 there\n",
        "uem": "session 1 4 6\nsession 1 0 2\nsession 1 1.5 3\n",
    }
    if as_file:
        for key, text in given.items():
            (shipped / f"x.{key}").write_text(text)
        given = {key: {"file": f"x.{key}"} for key in given}
    reference = known(given)
    assert reference.utterances == [
        ReferenceUtterance(0.5, 2.0, "anna", "hello there"),
        ReferenceUtterance(1.5, 3.0, "ben", "hi"),
    ]
    assert reference.turns == [Turn(0.5, 2.0, "anna"), Turn(1.5, 3.0, "ben")]
    assert reference.words == [Word("hello", 0.5, 0.75, 0.9), Word("there", 1.0, 1.5)]
    assert reference.evaluated == [Segment(0.0, 3.0), Segment(4.0, 6.0)]
    assert reference.text == "hello there hi"


def test_the_text_that_is_given_counts_before_the_words(known: Any) -> None:
    assert known({"ctm": "x 1 0 1 two\nx 1 1 1 words\n"}).text == "two words"
    assert known({"ctm": "x 1 0 1 two\nx 1 1 1 words\n", "text": "Two words."}).text == "Two words."
    assert known({"stm": ""}) == Reference(language="en", text="", utterances=[])


def test_stretches_that_an_stm_leaves_out_are_not_scored(known: Any) -> None:
    ignored = "x 1 inter 2 4 ignore_time_segment_in_scoring\nx 1 anna 4 10 so it begins\n"
    reference = known({"stm": ignored})
    assert reference.evaluated == [Segment(0.0, 2.0), Segment(4.0, 10.0)]
    assert reference.text == "so it begins"
    assert known({"stm": ignored, "uem": "x 1 1 5\n"}).evaluated == [Segment(1.0, 5.0)]


def test_of_a_file_of_several_recordings_each_gets_its_own(known: Any) -> None:
    both = "SPEAKER one 1 0 1 <NA> <NA> a <NA> <NA>\nSPEAKER rec7 1 2 1 <NA> <NA> b <NA> <NA>\n"
    assert known({"rttm": both}).turns == [Turn(0.0, 1.0, "a")]
    assert known({"rttm": both}, recording="rec7").turns == [Turn(2.0, 3.0, "b")]
    named = {"file": "media/rec7.wav", "sha256": "a" * 64}
    assert known({"rttm": both.replace("one", "other")}, source=named).turns == [Turn(2.0, 3.0, "b")]
    with pytest.raises(LabError, match=r"found other, rec7; allowed: one or one.*`recording`"):
        known({"rttm": both.replace("one", "other")})
    with pytest.raises(LabError, match=r"found one, rec7; allowed: rec8"):
        known({"rttm": both}, recording="rec8")


def test_speech_in_three_forms(known: Any, shipped: Path) -> None:
    (shipped / "x.txt").write_text("0.5\t1.5\tspeech\n1.5\t2\t\n4\t5\tspeech\n")
    (shipped / "x.rttm").write_text(
        "SPEAKER one 1 0.5 1.5 <NA> <NA> a <NA> <NA>\nSPEAKER one 1 1 0.5 <NA> <NA> b <NA> <NA>\n"
        "SPEAKER one 1 4 1 <NA> <NA> a <NA> <NA>\n"
    )
    expected = [Segment(0.5, 2.0), Segment(4.0, 5.0)]
    assert known({"speech": {"file": "x.txt"}}).speech == expected
    assert known({"speech": {"file": "x.rttm"}}).speech == expected
    assert known({"speech": [[0.5, 2], [4, 5]]}).speech == expected
    with pytest.raises(LabError, match=r"ends before it begins; found \[2\.0, 1\.0\]"):
        known({"speech": [[2, 1]]})


def test_tiers_of_praat(known: Any, shipped: Path) -> None:
    tiers = {
        "anna": [(0, 1, "hello there"), (1, 2, "")],
        "ben": [(0, 0.8, ""), (0.8, 2, "hi")],
        "anna - words": [(0, 0.5, "hello"), (0.5, 1, "there"), (1, 2, "sp")],
        "anna - phones": [(0, 2, "h")],
    }
    (shipped / "x.TextGrid").write_text(textgrid(tiers))
    reference = known({"textgrid": {"file": "x.TextGrid"}})
    assert reference.utterances == [
        ReferenceUtterance(0.0, 1.0, "anna", "hello there"),
        ReferenceUtterance(0.8, 2.0, "ben", "hi"),
    ]
    assert reference.words == [
        Word("hello", 0.0, 0.5, speaker="anna"),
        Word("there", 0.5, 1.0, speaker="anna"),
    ]
    assert reference.text == "hello there hi"
    (shipped / "x.TextGrid").write_text(textgrid({"words": [(0, 2, "one")], "phones": [(0, 2, "w")]}))
    reference = known({"textgrid": {"file": "x.TextGrid"}})
    assert (reference.utterances, reference.words, reference.text) == (None, [Word("one", 0.0, 2.0)], "one")


def textgrid(tiers: dict[str, list[tuple[float, float, str]]]) -> str:
    """The short form of Praat's file, two seconds long."""
    lines = ['"ooTextFile"', '"TextGrid"', "0", "2", "<exists>", str(len(tiers))]
    for name, labels in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", "2", str(len(labels))]
        lines += [str(part) for start, end, text in labels for part in (start, end, f'"{text}"')]
    return "\n".join(lines) + "\n"


def test_notes_follow_the_tempo(known: Any, shipped: Path) -> None:
    file = mido.MidiFile(type=1, ticks_per_beat=100)
    tempi, notes = mido.MidiTrack(), mido.MidiTrack()
    file.tracks += [tempi, notes]
    tempi.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))  # half a second a beat
    tempi.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=200))  # from 1 s on a second
    notes.append(mido.Message("note_on", note=60, velocity=127, time=0))
    notes.append(mido.Message("note_on", channel=9, note=38, velocity=100, time=0))  # a drum
    notes.append(mido.Message("note_on", note=64, velocity=64, time=100))
    notes.append(mido.Message("note_off", note=60, velocity=0, time=100))
    notes.append(mido.Message("note_on", note=64, velocity=0, time=100))  # ends it, too
    notes.append(mido.Message("note_on", note=67, velocity=1, time=0))
    notes.append(mido.Message("note_on", note=72, velocity=1, time=100))
    file.save(shipped / "x.mid")
    assert known({"midi": {"file": "x.mid"}}).notes == [
        ReferenceNote(0.0, 1.0, 60, 1.0),
        ReferenceNote(0.5, 2.0, 64, 64 / 127),
        ReferenceNote(2.0, 3.0, 67, 1 / 127),
        ReferenceNote(3.0, 3.0, 72, 1 / 127),
    ]
    (shipped / "x.mid").write_bytes(b"MThd" + b"\0" * 40)
    with pytest.raises(LabError, match=r"x\.mid is not MIDI"):
        known({"midi": {"file": "x.mid"}})


def test_sounds_labels_prompts_chapters_and_actions(known: Any, shipped: Path) -> None:
    clean, drums = tone(shipped / "clean.wav"), tone(shipped / "drums.wav", hz=100)
    (shipped / "labels.txt").write_text("dog\n\n rain \n")
    (shipped / "chapters.yaml").write_text("- {start_s: 0, title: Start}\n- {start_s: 4.5}\n")
    (shipped / "actions.json").write_text('[{"task": "send it", "due_date": "2026-10-03"}]')
    reference = known(
        {
            "clean": {"file": "clean.wav", "sha256": digest_of(clean)},
            "stems": {"drums": {"file": "drums.wav", "sha256": digest_of(drums)}},
            "labels": {"file": "labels.txt"},
            "chapters": {"file": "chapters.yaml"},
            "actions": {"file": "actions.json"},
            "summary": "They talk.",
        },
        source={"text": "Say this."},
    )
    assert reference.clean == ReferenceSound(digest_of(clean), "clean.wav")
    assert reference.stems == {"drums": ReferenceSound(digest_of(drums), "drums.wav")}
    assert reference.labels == ["dog", "rain"]
    assert reference.prompt == "Say this."
    assert reference.chapters == [ReferenceChapter(0.0, "Start"), ReferenceChapter(4.5)]
    assert reference.actions == [ReferenceAction("send it", due_date="2026-10-03")]
    assert (reference.summary, reference.text) == ("They talk.", None)


def test_translations_in_the_manifest_or_in_files(lab: Lab, shipped: Path, known: Any, write: WriteDataset) -> None:
    (shipped / "one.fr.txt").write_text("Bonjour.\n")
    given = {"de": " Guten Tag. ", "fr": {"file": "one.fr.txt"}}
    assert known({"text": "Hello.", "translations": given}).translations == {"de": "Guten Tag.", "fr": "Bonjour."}
    assert known({"text": "Hello."}).translations is None
    write("d", cases=[case_of("one", reference={"translations": given | {"es": {"file": "gone.txt"}}})])
    dataset = Catalogue(lab, shipped).get("d")
    reader = ReferenceReader(Sources(lab), lambda path: ReferenceSound(digest_of(path), path.name))
    reference, problems = reader.try_read(dataset, dataset.manifest.cases[0], 10.0)
    assert reference.translations == {"de": "Guten Tag.", "fr": "Bonjour."} and set(problems) == {"translations.es"}
    write("d", cases=[case_of("one", reference={"translations": {"pt-BR": "Olá.", "pt-PT": "Olá."}})])
    with pytest.raises(DatasetError, match="there are two translations into pt: a case has one reference for each"):
        Catalogue(lab, shipped).get("d")


def test_every_part_that_cannot_be_read_is_told(lab: Lab, shipped: Path, write: WriteDataset) -> None:
    (shipped / "bad.rttm").write_text("SPEAKER one 1 zero 1 <NA> <NA> a <NA> <NA>\n")
    (shipped / "chapters.json").write_text('[{"start_s": -1}]')
    tone(shipped / "clean.wav")
    given = {
        "rttm": {"file": "bad.rttm"},
        "ctm": {"file": "gone.ctm"},
        "uem": "one 1 5 2\n",
        "clean": {"file": "clean.wav", "sha256": "0" * 64},
        "chapters": {"file": "chapters.json"},
        "text": "still here",
    }
    write("d", cases=[case_of("one", reference=given)])
    dataset = Catalogue(lab, shipped).get("d")
    reader = ReferenceReader(Sources(lab), lambda path: ReferenceSound(digest_of(path), path.name))
    reference, problems = reader.try_read(dataset, dataset.manifest.cases[0], 10.0)
    assert reference == Reference(text="still here")
    assert set(problems) == {"rttm", "ctm", "uem", "clean", "chapters"}
    assert "line 1 of" in str(problems["rttm"])
    assert str(problems["uem"]).startswith("line 1 of `uem` of case one is not UEM")
    assert isinstance(problems["ctm"], MediaMissing)
    assert isinstance(problems["clean"], MediaChanged)
    assert "0.start_s: Input should be greater than or equal to 0" in str(problems["chapters"])
    with pytest.raises(LabError):
        reader.read(dataset, dataset.manifest.cases[0], 10.0)


def test_a_transcript_with_planted_words_is_read_with_their_numbers(shipped: Path, known: Any) -> None:
    words = [
        {"text": text, "start_s": place, "end_s": place + 0.5} for place, text in enumerate(["one", "two", "three"])
    ]
    told = {"utterances": [{"start_s": 0, "end_s": 3, "text": "one two three", "words": words}], "duration_s": 3.0}
    spans = [{"first_word": 2, "end_word": 3, "kind": "loop"}, {"first_word": 0, "end_word": 1}]
    (shipped / "a.json").write_text(json.dumps({"planted": spans, "transcript": told}))
    (shipped / "b.json").write_text(json.dumps({"planted": [], "transcript": told}))
    first, second = known({"planted": [{"file": "a.json"}, {"file": "b.json"}]}).planted
    assert (first.made_up, second.made_up) == ([0, 2], [])
    assert [word.text for word in first.transcript.words] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"planted": [{"first_word": 2, "end_word": 4}]}, "plants words that its transcript does not have"),
        ({"planted": [{"first_word": 2, "end_word": 2}]}, "plants words that its transcript does not have"),
        ({"planted": [{"first_word": -1, "end_word": 1}]}, "is no transcript with planted words"),
        ({}, "is no transcript with planted words"),
        (None, "is no transcript with planted words"),
    ],
)
def test_planted_words_that_are_not_there_are_refused(shipped: Path, known: Any, content: Any, why: str) -> None:
    words = [
        {"text": text, "start_s": place, "end_s": place + 0.5} for place, text in enumerate(["one", "two", "three"])
    ]
    told = {"utterances": [{"start_s": 0, "end_s": 3, "text": "one two three", "words": words}], "duration_s": 3.0}
    text = "{" if content is None else json.dumps({"transcript": told, **content})
    (shipped / "a.json").write_text(text)
    with pytest.raises(LabError, match=why):
        known({"planted": [{"file": "a.json"}]})


def test_a_file_that_cases_share_is_read_once(
    lab: Lab, shipped: Path, write: WriteDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modellab.datasets import reading

    read: list[Path] = []
    original = reading.read_rttm

    def counting(path: Path) -> Any:
        read.append(path)
        return original(path)

    monkeypatch.setattr(reading, "read_rttm", counting)
    (shipped / "all.rttm").write_text("".join(f"SPEAKER c{n} 1 {n} 1 <NA> <NA> a <NA> <NA>\n" for n in range(5)))
    write("d", cases=[case_of(f"c{n}", reference={"rttm": {"file": "all.rttm"}}) for n in range(5)])
    dataset = Catalogue(lab, shipped).get("d")
    reader = ReferenceReader(Sources(lab), lambda path: ReferenceSound("", ""))
    turns = [reader.read(dataset, case, 10.0).turns for case in dataset.manifest.cases]
    assert turns == [[Turn(float(n), n + 1.0, "a")] for n in range(5)]
    assert len(read) == 1
