"""Words that were probably never said, as the pack shows them: marked with why, in every form."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import numpy as np
from docx.enum.text import WD_UNDERLINE
from docx.oxml.ns import qn

from modellab.bundle.document import write_document
from modellab.bundle.meeting import Meeting
from modellab.bundle.page import PageAudio, render_html, render_markdown, render_text
from modellab.bundle.published import publish
from modellab.speech.hallucinations.flags import Flag, FlagKind, Hallucinations, Strength

LOOP = Flag(
    FlagKind.LOOP, Strength.STRONG, 2.5, 6.0, 5, 8, "send the numbers", "“send” & <b> comes too often.", {"times": 3}
)
RATE = replace(LOOP, kind=FlagKind.WORD_RATE, first_word=7, end_word=12, why="Nobody speaks so fast.")
WEAK = replace(LOOP, kind=FlagKind.IMPROBABLE, strength=Strength.WEAK, first_word=0, end_word=2, why="Not likely.")
BIDI = replace(LOOP, first_word=2, end_word=3, text="\u202e", why="Nothing of it can be shown.")


def flagged(*flags: Flag) -> Hallucinations:
    return Hallucinations(list(flags), 25, 60.0, ["vad", "voicing"])


def html(meeting: Meeting) -> str:
    audio = PageAudio("recording.mp3", "audio/mpeg", None)
    return render_html(meeting, np.zeros(10, dtype=np.float32), audio, {}, [])


def test_words_are_numbered_as_the_pack_does_and_unshown_ones_left_out(planned: Callable[..., Meeting]) -> None:
    meeting = planned(flagged=flagged(WEAK, BIDI, LOOP, RATE))
    assert meeting.flags is not None
    assert [(flag.first_word, flag.end_word) for flag in meeting.flags] == [(0, 2), (4, 7), (6, 11)]
    assert [flag.kind for flag in meeting.flags_told] == [FlagKind.LOOP, FlagKind.WORD_RATE]
    assert planned().flags is None


def test_pieces_are_the_paragraph_and_part_where_the_reasons_change(planned: Callable[..., Meeting]) -> None:
    meeting = planned(flagged=flagged(WEAK, LOOP, RATE))
    pieces = [piece for paragraph in meeting.paragraphs for piece in meeting.pieces(paragraph)]
    assert [word for piece in pieces for word in piece.words] == [w for p in meeting.paragraphs for w in p.words]
    assert [(piece.first_word, piece.text, piece.why) for piece in pieces if piece.why] == [
        (4, "send the", LOOP.why),
        (6, "numbers", f"{LOOP.why} {RATE.why}"),
        (7, "by Friday.", RATE.why),
        (9, "Sure, I", RATE.why),
    ]


def test_the_page_marks_them_and_says_why_to_everyone(planned: Callable[..., Meeting]) -> None:
    page = html(planned(flagged=flagged(LOOP, RATE)))
    marks = re.findall(r'<mark tabindex="0" aria-describedby="(\w+)">(.*?)</mark>', page)
    assert [(name, re.sub("<[^>]+>", "", said)) for name, said in marks] == [
        ("why4", "send the"),
        ("why6", "numbers"),
        ("why7", "by Friday."),
        ("why9", "Sure, I"),
    ]
    told = dict(re.findall(r'<small class="why" id="(\w+)"><span lang="en">(.*?)</span></small>', page))
    assert list(told) == ["why4", "why6", "why7", "why9"]
    assert told["why4"] == "May never have been said: “send” &amp; &lt;b&gt; comes too often."
    assert "<mark" not in html(planned())
    assert re.sub(r"</?mark[^>]*>|<small class.*?</small>\n", "", page) == html(planned())


def test_text_and_markdown_have_a_note_below_the_words(planned: Callable[..., Meeting]) -> None:
    meeting = planned(flagged=flagged(RATE))
    assert "(May never have been said: “Sure, I”. Nobody speaks so fast.)" in render_text(meeting).splitlines()
    assert "> May never have been said: “Sure, I”. Nobody speaks so fast." in render_markdown(meeting, []).splitlines()
    assert "never have been said" not in render_text(planned()) + render_markdown(planned(), [])


def test_the_word_document_marks_them_with_a_comment_each(planned: Callable[..., Meeting], tmp_path: Path) -> None:
    def written(name: str, *flags: Flag) -> tuple[Any, bytes]:
        write_document(tmp_path / name, planned(flagged=flagged(*flags)), ["Made by machine."])
        return docx.Document(str(tmp_path / name)), (tmp_path / name).read_bytes()

    document, content = written("a.docx", WEAK, LOOP, RATE)
    marked = [run for paragraph in document.paragraphs for run in paragraph.runs if run.font.underline is not None]
    assert [(run.text, run.font.underline) for run in marked] == [
        (text, WD_UNDERLINE.WAVY) for text in ("send the", "numbers", "by Friday.", "Sure, I")
    ]
    whys = [LOOP.why, f"{LOOP.why} {RATE.why}", RATE.why, RATE.why]
    comments = list(document.comments)
    assert [(one.text, one.author, one.initials) for one in comments] == [
        (f"May never have been said: {why}", "Model Lab", "ML") for why in whys
    ]
    assert {one._comment_elm.find(f".//{qn('w:lang')}").get(qn("w:val")) for one in comments} == {"en"}
    # Each is about its words: between the range's ends lies that run, and the reference to the comment follows.
    for one, run in zip(comments, marked, strict=True):
        start, end, reference = run._r.getprevious(), run._r.getnext(), run._r.getnext().getnext()
        assert [each.get(qn("w:id")) for each in (start, end, reference[-1])] == [str(one.comment_id)] * 3
        assert [each.tag for each in (start, end)] == [qn("w:commentRangeStart"), qn("w:commentRangeEnd")]
    plain, _ = written("plain.docx")
    assert [p.text for p in document.paragraphs] == [p.text for p in plain.paragraphs], "no word or space is lost"
    assert list(plain.comments) == []
    assert written("b.docx", WEAK, LOOP, RATE)[1] == content, "nothing depends on when it was written"


def test_json_has_all_of_them(planned: Callable[..., Any]) -> None:
    published = publish(planned(flagged=flagged(WEAK, LOOP))).model_dump(mode="json")
    assert [(each["kind"], each["strength"]) for each in published["flags"]] == [
        ("improbable", "weak"),
        ("loop", "strong"),
    ]
    assert published["flags"][1] == {
        "kind": "loop",
        "strength": "strong",
        "start_s": 2.5,
        "end_s": 6.0,
        "first_word": 4,
        "end_word": 7,
        "text": "send the numbers",
        "why": LOOP.why,
        "figures": {"times": 3.0},
    }
    assert publish(planned()).flags is None
