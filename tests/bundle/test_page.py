import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest

from modellab.bundle.meeting import Absence, Meeting, RecordingDay
from modellab.bundle.page import PageAudio, escape_markdown, render_html, render_markdown, render_text
from modellab.surfaces.results import Utterance, Word
from modellab.text.results import ActionItems, Chapter, Chapters, Evidence, Summary

MakeMeeting = Callable[..., Meeting]
Say = Callable[..., Utterance]

PEAKS = np.linspace(0, 1, 100, dtype=np.float32)
HOSTILE = '</span></script><script>alert("1")</script>&lt;<img src=x onerror=alert(2)>'


def html(meeting: Meeting, embedded: bytes | None = b"sound") -> str:
    audio = PageAudio("audio.mp3", "audio/mpeg", embedded)
    return render_html(meeting, PEAKS, audio, {"transcript.txt": "transcript, plain text"}, ["Made by <tests>."])


class Outline(HTMLParser):
    """Tags with their attributes, and the text of each `p` and `h1`."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("p", "h1"):
            self._inside = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "h1"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


def outline(page: str) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    return parsed


def test_what_was_said_is_text_and_nothing_else(make_meeting: MakeMeeting) -> None:
    words = [Word(HOSTILE, 0, 1, speaker=HOSTILE), Word("{{ 7*7 }}", 1, 2, speaker=HOSTILE)]
    meeting = make_meeting(
        Utterance(0, 2, HOSTILE, words, HOSTILE), name=f"{HOSTILE}.wav", language='"><script>alert(3)</script>'
    )
    parsed = outline(html(meeting))
    assert [tag for tag, _ in parsed.tags].count("script") == 2  # the embedded sound and the page's own
    assert not [tag for tag, attributes in parsed.tags if tag == "img" or any(a.startswith("on") for a in attributes)]
    assert f"{HOSTILE} {{{{ 7*7 }}}}" in parsed.texts
    assert HOSTILE in parsed.texts


def test_the_page_asks_for_nothing_from_elsewhere(two_speakers: Meeting) -> None:
    page = html(two_speakers)
    assert not re.findall(r"""(?:src|href)=["'](?!#|transcript\.txt|audio\.mp3)""", page)
    assert not re.findall(r"https?://|@import|url\(", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy and policy[1].startswith("default-src 'none'; script-src 'sha256-")


def test_words_and_lines_carry_their_times(two_speakers: Meeting) -> None:
    tags = outline(html(two_speakers)).tags
    assert [a["data-t"] for _, a in tags if "data-t" in a] == ["1.00", "1.50", "2.00", "3.00", "3.50", "4.00", "4.50"]
    lines = [a for _, a in tags if "data-start" in a]
    assert [(a["class"], a["data-start"], a["data-end"]) for a in lines] == [
        ("line s0", "1.00", "2.50"),
        ("line s1", "3.00", "5.00"),
    ]
    assert [a["href"] for tag, a in tags if tag == "a" and a.get("class") == "time"] == ["#t=1.00", "#t=3.00"]


def test_the_sound_is_in_the_page_or_beside_it(two_speakers: Meeting) -> None:
    assert base64.b64encode(b"sound").decode() in html(two_speakers)
    beside = html(two_speakers, None)
    assert "audio-data" not in beside.partition("<script>")[0]
    assert 'data-file="audio.mp3"' in beside


def test_silence_says_so_and_shows_no_empty_sections(make_meeting: MakeMeeting) -> None:
    page = html(make_meeting())
    assert "No words were recognised in this recording." in page
    assert "Participants" not in page
    assert 'id="search"' not in page


def test_without_speakers_there_are_no_names(make_meeting: MakeMeeting, say: Say) -> None:
    page = html(make_meeting(say("a b", 0.0)))
    assert 'class="lines unnamed"' in page
    assert 'class="who"' not in page
    assert 'class="lanes' not in page


def test_one_speaker_needs_no_lanes(make_meeting: MakeMeeting, say: Say) -> None:
    page = html(make_meeting(say("a b", 0.0, "SPEAKER_00"), turns=[(0.0, 1.0, "SPEAKER_00")]))
    assert "1 speaker<" in page
    assert 'class="lanes' not in page


def test_thirty_speakers_use_every_colour_and_thin_lanes(make_meeting: MakeMeeting, say: Say) -> None:
    meeting = make_meeting(
        *(say("word", float(n), f"SPEAKER_{n:02d}") for n in range(30)),
        turns=[(n, n + 1.0, f"SPEAKER_{n:02d}") for n in range(30)],
        duration_s=30.0,
    )
    page = html(meeting)
    assert 'class="lanes many"' in page
    assert "Speaker 30" in page
    assert {f"s{n}" for n in range(12)} <= set(re.findall(r'class="line (s\d+)"', page))


def test_scripts_without_spaces_and_right_to_left_text_keep_their_form(make_meeting: MakeMeeting) -> None:
    japanese = [Word("会議", 0, 1, space_before=False), Word("です", 1, 2, space_before=False)]
    arabic = [Word("مرحبا", 3, 4, speaker="SPEAKER_00"), Word("بكم", 4, 5, speaker="SPEAKER_00")]
    meeting = make_meeting(Utterance(0, 2, "", japanese), Utterance(3, 5, "", arabic))
    parsed = outline(html(meeting))
    assert "会議です" in parsed.texts
    assert "مرحبا بكم" in parsed.texts
    assert all(attributes["dir"] == "auto" for tag, attributes in parsed.tags if tag == "p" and "dir" in attributes)


def test_text(two_speakers: Meeting) -> None:
    assert render_text(two_speakers) == (
        "Weekly sync\n0:20 · 2 speakers\n\n"
        "[0:01] Speaker 1\nHello there, Bob.\n\n[0:03] Speaker 2\nHi & welcome <b>\n\n"
    )


def test_markdown(two_speakers: Meeting) -> None:
    assert render_markdown(two_speakers, ["Made by tests."]) == (
        "# Weekly sync\n\n0:20 · 2 speakers · 7 words · en\n\n"
        "## Participants\n\n| Speaker | Talk time | Share | Words |\n|---|---:|---:|---:|\n"
        "| Speaker 1 | 0:03 | 50 % | 3 |\n| Speaker 2 | 0:03 | 50 % | 4 |\n\n"
        "## Transcript\n\n**0:01 · Speaker 1**\n\nHello there, Bob.\n\n"
        "**0:03 · Speaker 2**\n\nHi \\& welcome \\<b\\>\n\n---\n\nMade by tests.\n"
    )


def test_markdown_of_everything(planned: MakeMeeting) -> None:
    absent = [Absence("speakers", "The *model* is missing.", True), Absence("speech segments", "No step.", False)]
    text = render_markdown(planned(absent=absent), ["Made by tests."])
    assert text.startswith(
        "# Weekly sync\n\nAdded 21 November 2026 · 1:00 · 2 speakers · 24 words · en\n\n## Participants"
    )
    begin, end = text.index("## Summary"), text.index("**0:10")
    assert text[begin:end] == (
        "## Summary\n\n"
        "- Bob will send the numbers. [Speaker 1, 0:03](index.html#t=3.00) [Speaker 2, 0:10](index.html#t=10.00)\n\n"
        "**Speaker 1:** Bob, send the numbers by Friday. [0:03](index.html#t=3.00)\n\n"
        "## Action items\n\n"
        "| What | Who | By when | Said |\n|---|---|---|---|\n"
        "| Send the numbers | Bob (Speaker 2) | Friday, 27 November 2026 (“by Friday”) | "
        "[Speaker 1, 0:03](index.html#t=3.00); [Speaker 2, 0:10](index.html#t=10.00) |\n"
        "| Have \\<b\\>lunch\\</b\\> | not assigned |  | [Speaker 1, 0:30](index.html#t=30.00) |\n\n"
        "Dates are reckoned from 21 November 2026, when this recording was added.\n\n"
        "## Chapters\n\n"
        "1. Numbers, Friday [0:01](index.html#t=1.00)\n2. Lunch [0:12](index.html#t=12.50)\n\n"
        "**Not in this pack: speakers.** The \\*model\\* is missing.\n\n"
        "## Transcript\n\n### Numbers, Friday\n\n"
        "**0:01 · Speaker 1**\n\nGood morning all. Bob, send the numbers by Friday.\n\n"
    )


def test_every_cited_line_leads_to_its_words(planned: MakeMeeting) -> None:
    parsed = outline(html(planned()))
    cites = [a for _, a in parsed.tags if (a.get("class") or "").startswith("cite ")]
    bob = {"class": "cite s1", "href": "#l1", "data-t": "10.00", "data-words": "9 14"}
    ann = {"class": "cite s0", "href": "#l0", "data-t": "3.00", "data-words": "3 9"}
    lunch = {"class": "cite s0", "href": "#l4", "data-t": "30.00", "data-words": "20 24"}
    assert cites == [ann, bob, ann, ann, bob, lunch]
    ids = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(set(ids)) == len(ids)
    assert {"l0", "l1", "l2", "l3", "l4", "c1", "c2"} <= set(ids)
    links = [a for tag, a in parsed.tags if tag == "a" and (a.get("href") or "").startswith("#c")]
    assert links == [{"href": "#c1", "data-t": "1.00"}, {"href": "#c2", "data-t": "12.50"}]


def test_chapters_are_marked_on_the_waveform(planned: MakeMeeting) -> None:
    page = html(planned())
    assert [re.sub("<[^>]+>", "", mark) for mark in re.findall(r'<div style="left:[^>]+>.*?</div>', page)] == [
        "1 Numbers, Friday",
        "2 Lunch",
    ]
    assert re.findall(r"left:([\d.]+)%;width:([\d.]+)%", page) == [("0.000", "20.833"), ("20.833", "79.167")]


def test_one_chapter_divides_nothing(planned: MakeMeeting) -> None:
    whole = Chapter("All of it", 1.0, 32.5, 0, 25, Evidence(1.0, 1.5, "SPEAKER_00", 0, 1, "Good"))
    meeting = planned(chapters=Chapters([whole], "extractive"))
    assert "All of it" not in html(meeting) + render_markdown(meeting, [])
    assert "All of it" in html(planned(chapters=Chapters([whole, replace(whole, first_word=15)], "extractive")))


def test_action_items_are_a_table(planned: MakeMeeting) -> None:
    table = html(planned())
    table = table[table.index("<table") : table.index("</table>")]
    assert re.findall(r"<th [^>]+>([^<]+)</th>", table) == ["What", "Who", "By when"]
    assert re.findall(r'class="assignee ([^"]+)"[^>]*>([^<]+)<', table) == [
        ("s1", "Bob (Speaker 2)"),
        ("nobody", "not assigned"),
    ]
    assert '<time datetime="2026-11-27">Friday, 27 November 2026</time>' in table
    assert "Have &lt;b&gt;lunch&lt;/b&gt;" in table


@pytest.mark.parametrize(("source", "shown"), [("file", "21 November 2026"), ("registered", "Added 21 November 2026")])
def test_the_date_is_a_date(planned: MakeMeeting, source: str, shown: str) -> None:
    page = html(planned(recorded=RecordingDay(date(2026, 11, 21), source)))
    assert f'<time datetime="2026-11-21">{shown}</time>' in page


def test_what_failed_is_said_and_what_the_pipeline_lacks_is_not(make_meeting: MakeMeeting, say: Say) -> None:
    absent = [Absence("summary", "The <server> is down.", True), Absence("chapters", "No step for it.", False)]
    page = html(make_meeting(say("Hello.", 0.0), absent=absent))
    assert "<strong>Not in this pack: summary.</strong> The &lt;server&gt; is down." in page
    assert "No step for it." not in page
    for heading in ("Summary", "Action items", "Chapters"):
        assert f">{heading}</h2>" not in page


def test_nothing_found_is_said(make_meeting: MakeMeeting, say: Say) -> None:
    page = html(
        make_meeting(
            say("Hello.", 0.0),
            summary=Summary([], [], "extractive"),
            action_items=ActionItems([], "rules"),
            chapters=Chapters([], "extractive"),
        )
    )
    assert "Nothing was said that could be summed up." in page
    assert "None were found." in page
    assert ">Chapters</h2>" not in page
    noted = ActionItems([], "rules", note="Rules exist for English only.")
    assert "Rules exist for English only." in html(make_meeting(say("Hallo", 0.0), action_items=noted))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("# not a heading", r"\# not a heading"),
        ("- not a list", r"\- not a list"),
        ("1. not a list", r"1\. not a list"),
        ("2024 was fine.", "2024 was fine."),
        ("a|b *c* [d](e) `f` <g>", r"a\|b \*c\* \[d\](e) \`f\` \<g\>"),
        ("=== rule", r"\=== rule"),
    ],
)
def test_markdown_shows_what_was_said(said: str, written: str) -> None:
    assert escape_markdown(said) == written


def test_the_same_meeting_gives_the_same_page(two_speakers: Meeting) -> None:
    assert html(two_speakers) == html(two_speakers)
