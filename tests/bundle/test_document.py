"""The Word document, opened again by the library that Word users' tools use."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from modellab.bundle.document import write_document
from modellab.bundle.meeting import Absence, Meeting
from modellab.surfaces.results import Utterance
from modellab.text.results import ActionItems

MakeMeeting = Callable[..., Meeting]
Say = Callable[..., Utterance]
CREDITS = ["Made by machine.", "Put together by tests."]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Meeting], Any]:
    def write(meeting: Meeting) -> Any:
        write_document(tmp_path / "meeting.docx", meeting, CREDITS)
        return docx.Document(str(tmp_path / "meeting.docx"))

    return write


def texts(document: Any) -> list[tuple[str, str]]:
    return [(p.style.name, p.text) for p in document.paragraphs if p.text]


def test_everything_is_there_in_order(planned: MakeMeeting, written: Callable[[Meeting], Any]) -> None:
    document = written(planned(names={"SPEAKER_00": "Ann"}))
    assert texts(document) == [
        ("Title", "Weekly sync"),
        ("Normal", "Added 21 November 2026 · 1:00 · 2 speakers · 24 words"),
        ("Heading 1", "Participants"),
        ("Heading 1", "Summary"),
        ("List Bullet", "Bob will send the numbers. Ann, 0:03, Speaker 2, 0:10"),
        ("Normal", "Ann: Bob, send the numbers by Friday. 0:03 "),
        ("Heading 1", "Action items"),
        ("Normal", "Dates are reckoned from 21 November 2026, when this recording was added."),
        ("Heading 1", "Chapters"),
        ("List Number", "Numbers, Friday 0:01"),
        ("List Number", "Lunch 0:12"),
        ("Heading 1", "Transcript"),
        ("Heading 2", "Numbers, Friday"),
        ("Spoken", "Ann  0:01\nGood morning all. Bob, send the numbers by Friday."),
        ("Spoken", "Speaker 2  0:10\nSure, I will send them."),
        ("Heading 2", "Lunch"),
        ("Spoken", "Speaker 2  0:12\nWhat else?"),
        ("Spoken", "0:20\nLunch is at noon."),
        ("Spoken", "Ann  0:30\nGood, <b>lunch</b> it is."),
        ("Heading 1", "About this document"),
        ("Normal", "Made by machine. Put together by tests."),
    ]
    people, tasks = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    assert people == [
        ["Speaker", "Talk time", "Share", "Words"],
        ["Ann", "0:07", "56 %", "13"],
        ["Speaker 2", "0:05", "44 %", "11"],
    ]
    sent = "Send the numbers\n“Bob, send the numbers by Friday.” Ann, 0:03\n“Sure, I will send them.” Speaker 2, 0:10"
    assert tasks == [
        ["", "What", "Who", "By when"],
        ["☐", sent, "Bob (Speaker 2)", "Friday, 27 November 2026 “by Friday”"],
        ["☐", "Have <b>lunch</b>\n“Good, <b>lunch</b> it is.” Ann, 0:30", "not assigned", ""],
    ]


def test_every_link_leads_to_the_words_it_names(planned: MakeMeeting, written: Callable[[Meeting], Any]) -> None:
    document = written(planned())
    marked = {mark.get(qn("w:name")): mark.getparent() for mark in document.element.body.iter(qn("w:bookmarkStart"))}
    links = [
        ("".join(text.text for text in link.iter(qn("w:t"))), marked[link.get(qn("w:anchor"))])
        for link in document.element.body.iter(qn("w:hyperlink"))
    ]
    assert [(name, "".join(t.text for t in paragraph.iter(qn("w:t")))[:22]) for name, paragraph in links] == [
        ("Speaker 1, 0:03", "Speaker 1  0:01Good mo"),
        ("Speaker 2, 0:10", "Speaker 2  0:10Sure, I"),
        ("0:03", "Speaker 1  0:01Good mo"),
        ("Speaker 1, 0:03", "Speaker 1  0:01Good mo"),
        ("Speaker 2, 0:10", "Speaker 2  0:10Sure, I"),
        ("Speaker 1, 0:30", "Speaker 1  0:30Good, <"),
        ("0:01", "Numbers, Friday"),
        ("0:12", "Lunch"),
    ]
    numbers = [mark.get(qn("w:id")) for mark in document.element.body.iter(qn("w:bookmarkStart"))]
    assert len(set(numbers)) == len(numbers) == 7


def test_pages_are_numbered_and_say_who_made_them(planned: MakeMeeting, written: Callable[[Meeting], Any]) -> None:
    document = written(planned())
    footer = document.sections[0].footer.paragraphs[0]
    assert "".join(text.text for text in footer._p.iter(qn("w:t"))) == "Made by machine.Page 1 of 1"
    assert [field.get(qn("w:instr")) for field in footer._p.iter(qn("w:fldSimple"))] == ["PAGE", "NUMPAGES"]
    header = document.tables[1].rows[0]._tr.trPr
    assert header.find(qn("w:tblHeader")) is not None


@pytest.mark.parametrize(("language", "written_as"), [("de", "de"), (None, "en")])
def test_the_documents_language_is_the_meetings(
    make_meeting: MakeMeeting, say: Say, written: Callable[[Meeting], Any], language: str | None, written_as: str
) -> None:
    document = written(make_meeting(say("Guten Tag", 0.0), language=language))
    found = document.styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:lang')}")
    assert found.get(qn("w:val")) == document.core_properties.language == written_as


def test_what_is_missing_is_said_and_what_the_pipeline_lacks_is_not(
    make_meeting: MakeMeeting, say: Say, written: Callable[[Meeting], Any]
) -> None:
    absent = [Absence("summary", "The server is down.", True), Absence("chapters", "No step.", False)]
    shown = [text for _, text in texts(written(make_meeting(say("Hello.", 0.0), absent=absent)))]
    assert "Not in this pack: summary. The server is down." in shown
    assert not [text for text in shown if "chapters" in text.lower() or "No step" in text]


def test_a_note_stands_for_action_items_that_could_not_be_looked_for(
    make_meeting: MakeMeeting, say: Say, written: Callable[[Meeting], Any]
) -> None:
    noted = ActionItems([], "rules", date(2026, 1, 1), note="Rules exist for English only.")
    assert ("Normal", "Rules exist for English only.") in texts(
        written(make_meeting(say("Hallo", 0.0), action_items=noted))
    )


def test_silence_makes_a_document(make_meeting: MakeMeeting, written: Callable[[Meeting], Any]) -> None:
    assert ("Normal", "No words were recognised.") in texts(written(make_meeting()))


def test_words_that_xml_does_not_allow_are_left_out(
    make_meeting: MakeMeeting, say: Say, written: Callable[[Meeting], Any]
) -> None:
    assert ("Spoken", "0:00\nA B?") in texts(written(make_meeting(say("A\x00\uffff \x0bB\ud800", 0.0))))


def test_the_same_meeting_gives_the_same_bytes(planned: MakeMeeting, tmp_path: Path) -> None:
    for name in ("a.docx", "b.docx"):
        write_document(tmp_path / name, planned(), CREDITS)
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = docx.Document(str(tmp_path / "a.docx")).core_properties
    assert (properties.title, properties.author, properties.created) == ("Weekly sync", "Model Lab", None)
