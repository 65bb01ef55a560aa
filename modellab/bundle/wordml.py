"""What a Word document needs and python-docx has no name for: links within it, page numbers, language, plain tables.

WordprocessingML's elements as in ECMA-376 part 1, section 17.
"""

from typing import Any

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_UNDERLINE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph
from docx.text.run import Run

LINK_STYLE = "Moment"
_RULE = {"val": "single", "sz": "4", "space": "0"}
"""A line of half a point."""
_UNUSED = (
    RELATIONSHIP_TYPE.THUMBNAIL,
    "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects",
)


def element(name: str, /, **attributes: str) -> Any:
    """An element such as `w:tab`, with attributes of the same namespace."""
    made = OxmlElement(name)
    for attribute, value in attributes.items():
        made.set(qn(f"w:{attribute}"), value)
    return made


def colour(code: str) -> RGBColor:
    """`#rrggbb` as python-docx wants it."""
    return RGBColor.from_string(code.removeprefix("#").upper())


def add_link_style(document: Document, code: str) -> None:
    """The style of `link`, of a colour."""
    style = document.styles.add_style(LINK_STYLE, WD_STYLE_TYPE.CHARACTER)
    style.font.color.rgb = colour(code)


def bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Make a paragraph something to link to."""
    start = element("w:bookmarkStart", id=str(number), name=name)
    properties = paragraph._p.pPr
    if properties is None:
        paragraph._p.insert(0, start)
    else:
        properties.addnext(start)
    paragraph._p.append(element("w:bookmarkEnd", id=str(number)))


def link(paragraph: Paragraph, text: str, to: str) -> None:
    """Add text that leads to a bookmark."""
    hyperlink = element("w:hyperlink", anchor=to, history="1")
    run = paragraph.add_run(text, style=LINK_STYLE)
    hyperlink.append(run._r)
    paragraph._p.append(hyperlink)


def underline_wavily(run: Run, code: str) -> None:
    """A wavy line below a run, of a colour."""
    run.font.underline = WD_UNDERLINE.WAVY
    run._r.get_or_add_rPr().find(qn("w:u")).set(qn("w:color"), code.removeprefix("#"))


def comment(document: Document, run: Run, text: str, author: str) -> None:
    """Say something in English in the margin beside a run, without a date."""
    made = document.add_comment(run, "", author, "".join(word[0] for word in author.split()))
    del made._comment_elm.attrib[qn("w:date")]
    said = made.paragraphs[0].add_run(text)
    said._r.get_or_add_rPr().append(element("w:lang", val="en"))


def field(paragraph: Paragraph, code: str) -> None:
    """Add what Word works out: `PAGE`, `NUMPAGES`."""
    simple = element("w:fldSimple", instr=code)
    simple.append(paragraph.add_run("1")._r)
    paragraph._p.append(simple)


def set_language(document: Document, code: str) -> None:
    """The language that spelling is checked in and a screen reader reads in."""
    language = document.styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:lang')}")
    for script in ("val", "eastAsia", "bidi"):
        language.set(qn(f"w:{script}"), code)


def rule_rows(table: Table, code: str) -> None:
    """Lines between the rows of a table and nothing else, of a colour; its first row repeats on every page."""
    borders = element("w:tblBorders")
    for edge in ("top", "bottom", "insideH"):
        borders.append(element(f"w:{edge}", **_RULE, color=code.removeprefix("#")))
    table._tbl.tblPr.append(borders)
    table.rows[0]._tr.get_or_add_trPr().append(element("w:tblHeader"))
    for row in table.rows:
        row._tr.get_or_add_trPr().append(element("w:cantSplit"))


def empty_template(document: Document) -> None:
    """Take out when python-docx's template was made, its preview, its styles' second copy for Word 2010, and its 99
    styles of tables: nothing here uses them, and every paragraph that is added looks through them."""
    properties = document.core_properties._element
    for name in ("dcterms:created", "dcterms:modified"):
        for found in properties.findall(qn(name)):
            properties.remove(found)
    styles = document.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:type")) == "table" and style.get(qn("w:default")) is None:
            styles.remove(style)
    for relations in (document.part.package.rels, document.part.rels):
        for key in [key for key, relation in relations.items() if relation.reltype in _UNUSED]:
            del relations[key]
