import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest

from modellab.bundle.meeting import Meeting
from modellab.bundle.page import PageAudio, escape_markdown, render_html, render_markdown, render_text
from modellab.surfaces.results import Utterance, Word

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
