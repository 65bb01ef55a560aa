"""`meeting.docx`: the meeting as a Word document, for minutes and for editing.

Headings are Word's own, so that its navigation pane shows the chapters; times link to the words' paragraph in the
transcript; words that were probably never said have a comment. Nothing in it depends on when it was written.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from modellab.bundle.archive import plain_entry
from modellab.bundle.meeting import Meeting, Part
from modellab.bundle.naming import weekday
from modellab.bundle.palette import LIGHT, colour_index
from modellab.bundle.paragraphs import Paragraph
from modellab.bundle.pieces import NEVER_SAID
from modellab.text.results import ActionItem, Evidence
from modellab.units import clock

_AUTHOR = "Model Lab"
_DEFAULT_LANGUAGE = "en"
_FONT = "Calibri"
_SPOKEN = "Spoken"
_A4_CM, _MARGIN_CM = (21.0, 29.7), 2.2


def write_document(target: Path, meeting: Meeting, credits: Sequence[str]) -> None:
    """Write the document.

    Args:
        credits: sentences that say how the meeting's texts were made; the first is on every page.
    """
    written = io.BytesIO()
    _Writer(meeting, credits).write().save(written)
    with zipfile.ZipFile(written) as made, zipfile.ZipFile(target, "w") as archive:
        for name in made.namelist():
            archive.writestr(plain_entry(name), made.read(name))


class _Writer:
    """Puts one meeting into one document."""

    def __init__(self, meeting: Meeting, credits: Sequence[str]) -> None:
        import docx  # takes a tenth of a second, and only this needs it

        from modellab.bundle import wordml

        self._meeting, self._credits, self._wordml = meeting, credits, wordml
        self._document = docx.Document()
        self._colours = {
            person.id: wordml.colour(LIGHT.speakers[colour_index(number)])
            for number, person in enumerate(meeting.participants)
        }
        self._muted = wordml.colour(LIGHT.muted)
        self._set_up()

    def write(self) -> Any:
        """The document, whole."""
        self._head()
        if self._meeting.doubts:
            self._doubts()
        if self._meeting.participants:
            self._participants()
        if self._meeting.summary:
            self._summary()
        if self._meeting.action_items:
            self._action_items()
        if self._meeting.divided:
            self._chapters()
        for absence in self._meeting.missing:
            self._paragraph((f"Not in this pack: {absence.what}. ", True), (absence.brief, False))
        self._document.add_heading("Transcript", 1)
        for part in self._meeting.parts:
            self._part(part)
        if not self._meeting.paragraphs:
            self._document.add_paragraph("No words were recognised.")
        self._document.add_heading("About this document", 1)
        self._document.add_paragraph(" ".join(self._credits))
        return self._document

    def _set_up(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.shared import Cm, Pt

        document, properties = self._document, self._document.core_properties
        self._wordml.empty_template(document)
        self._wordml.set_language(document, self._meeting.language or _DEFAULT_LANGUAGE)
        self._wordml.add_link_style(document, LIGHT.accent)
        properties.title, properties.author, properties.comments = self._meeting.title, _AUTHOR, self._credits[0]
        properties.language = self._meeting.language or _DEFAULT_LANGUAGE
        section = document.sections[0]
        section.page_width, section.page_height = map(Cm, _A4_CM)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(_MARGIN_CM)
        normal = document.styles["Normal"]
        normal.font.name, normal.paragraph_format.space_after = _FONT, Pt(6)
        spoken = document.styles.add_style(_SPOKEN, WD_STYLE_TYPE.PARAGRAPH)
        spoken.base_style = normal
        spoken.paragraph_format.space_after = Pt(9)
        self._spoken = spoken
        self._footer(section.footer.paragraphs[0], section.page_width - section.left_margin - section.right_margin)

    def _footer(self, paragraph: Any, width: int) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT
        from docx.shared import Pt

        paragraph.style.font.size = Pt(8.5)
        paragraph.style.font.color.rgb = self._muted
        paragraph.paragraph_format.tab_stops.add_tab_stop(width, WD_TAB_ALIGNMENT.RIGHT)
        for stop in paragraph.style.paragraph_format.tab_stops:
            stop.alignment = WD_TAB_ALIGNMENT.CLEAR
        paragraph.add_run(f"{self._credits[0]}\tPage ")
        self._wordml.field(paragraph, "PAGE")
        paragraph.add_run(" of ")
        self._wordml.field(paragraph, "NUMPAGES")

    def _head(self) -> None:
        meeting = self._meeting
        self._document.add_heading(meeting.title, 0)
        facts = [clock(meeting.duration_s)]
        if meeting.recorded:
            facts.insert(0, meeting.recorded.text[:1].upper() + meeting.recorded.text[1:])
        if count := len(meeting.participants):
            facts.append(f"{count} {'speaker' if count == 1 else 'speakers'}")
        facts.append(f"{meeting.words:,} {'word' if meeting.words == 1 else 'words'}")
        self._document.add_paragraph(" · ".join(facts)).runs[0].font.color.rgb = self._muted

    def _doubts(self) -> None:
        self._document.add_heading("Please note", 1)
        for doubt in self._meeting.doubts:
            self._document.add_paragraph(doubt.brief, style="List Bullet")

    def _participants(self) -> None:
        self._document.add_heading("Participants", 1)
        table = self._table(("Speaker", "Talk time", "Share", "Words"), (7.0, 3.2, 3.2, 3.2))
        for person in self._meeting.participants:
            cells = table.add_row().cells
            name = cells[0].paragraphs[0].add_run(person.name)
            name.bold, name.font.color.rgb = True, self._colours[person.id]
            cells[1].text = clock(person.talk_s)
            cells[2].text = f"{100 * person.share:.0f} %"
            cells[3].text = f"{person.words:,}"
        self._finish(table)

    def _summary(self) -> None:
        summary = self._meeting.summary
        assert summary is not None
        self._document.add_heading("Summary", 1)
        for line in summary.lines:
            self._cited(self._document.add_paragraph(f"{line.text} ", style="List Bullet"), line.evidence)
        if not summary.lines:
            self._document.add_paragraph("Nothing was said that could be summed up.")
        for person in self._meeting.said_by:
            paragraph = self._document.add_paragraph()
            self._name(paragraph, person.speaker, ": ")
            for line in person.lines:
                paragraph.add_run(f"{line.text} ")
                self._cited(paragraph, line.evidence, named=False)
                paragraph.add_run(" ")

    def _action_items(self) -> None:
        found = self._meeting.action_items
        assert found is not None
        self._document.add_heading("Action items", 1)
        if not found.items:
            self._document.add_paragraph(found.note or "None were found.")
            return
        table = self._table(("", "What", "Who", "By when"), (0.8, 8.8, 3.4, 3.6))
        for item in found.items:
            self._action_item(table.add_row().cells, item)
        self._finish(table)
        if self._meeting.due_note:
            self._document.add_paragraph(self._meeting.due_note)

    def _action_item(self, cells: Sequence[Any], item: ActionItem) -> None:
        cells[0].text = "☐"
        cells[1].paragraphs[0].add_run(item.task).bold = True
        for evidence in item.evidence:
            quote = cells[1].add_paragraph(f"“{evidence.text}” ")
            quote.runs[0].font.color.rgb = self._muted
            self._cited(quote, [evidence])
        cells[2].text = self._meeting.assignee(item) or "not assigned"
        when = [weekday(item.due_date)] if item.due_date else []
        cells[3].text = " ".join([*when, *([f"“{item.due_text}”"] if item.due_text else [])])

    def _chapters(self) -> None:
        self._document.add_heading("Chapters", 1)
        for part in self._meeting.parts:
            assert part.chapter is not None
            paragraph = self._document.add_paragraph(f"{part.chapter.title} ", style="List Number")
            self._wordml.link(paragraph, clock(part.chapter.start_s), f"chapter{part.number}")

    def _part(self, part: Part) -> None:
        if part.chapter is not None:
            heading = self._document.add_heading(part.chapter.title, 2)
            self._wordml.bookmark(heading, f"chapter{part.number}", len(self._meeting.paragraphs) + part.number)
        speaker: object = self
        for number, spoken in enumerate(part.paragraphs, start=part.first):
            paragraph = self._document.add_paragraph(style=self._spoken)
            if spoken.speaker != speaker:
                self._name(paragraph, spoken.speaker, "  ")
            speaker = spoken.speaker
            paragraph.add_run(clock(spoken.start_s)).font.color.rgb = self._muted
            paragraph.add_run().add_break()
            self._said(paragraph, spoken)
            self._wordml.bookmark(paragraph, f"line{number}", number)

    def _said(self, paragraph: Any, spoken: Paragraph) -> None:
        """The words; those that were probably never said have a wavy line and a comment that says why."""
        for number, piece in enumerate(self._meeting.pieces(spoken)):
            between = " " if number and piece.words[0].space_before else ""
            if not piece.why:
                paragraph.add_run(f"{between}{piece.text}")
                continue
            if between:
                paragraph.add_run(between)
            run = paragraph.add_run(piece.text)
            self._wordml.underline_wavily(run, LIGHT.muted)
            self._wordml.comment(self._document, run, f"{NEVER_SAID}: {piece.why}", _AUTHOR)

    def _name(self, paragraph: Any, speaker: str | None, after: str) -> None:
        if name := self._meeting.name(speaker):
            run = paragraph.add_run(f"{name}{after}")
            run.bold = True
            if speaker in self._colours:
                run.font.color.rgb = self._colours[speaker]

    def _cited(self, paragraph: Any, evidence: Iterable[Evidence], *, named: bool = True) -> None:
        """Add links to the moments something rests on."""
        for number, each in enumerate(evidence):
            name = self._meeting.name(each.speaker) if named else None
            text = f"{name}, {clock(each.start_s)}" if name else clock(each.start_s)
            if number:
                paragraph.add_run(", ")
            self._wordml.link(paragraph, text, f"line{self._meeting.line_of(each.first_word)}")

    def _paragraph(self, *runs: tuple[str, bool]) -> None:
        paragraph = self._document.add_paragraph()
        for text, bold in runs:
            paragraph.add_run(text).bold = bold

    def _table(self, headings: Sequence[str], widths_cm: Sequence[float]) -> Any:
        from docx.shared import Cm

        table = self._document.add_table(rows=1, cols=len(headings))
        table.autofit = False
        for column, heading, width_cm in zip(table.columns, headings, widths_cm, strict=True):
            column.width = Cm(width_cm)
            run = column.cells[0].paragraphs[0].add_run(heading)
            run.bold, run.font.color.rgb = True, self._muted
        return table

    def _finish(self, table: Any) -> None:
        """Lines between rows, no space below a cell's text, a little after the table."""
        from docx.shared import Pt

        self._wordml.rule_rows(table, LIGHT.line)
        for row in table.rows:
            for cell, column in zip(row.cells, table.columns, strict=True):
                cell.width = column.width
                for paragraph in cell.paragraphs:
                    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
        self._document.add_paragraph().paragraph_format.space_after = Pt(0)
