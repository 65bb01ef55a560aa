"""The page as its reader meets it: opened from a file in headless Chromium."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.bundle.audio import FILE_NAME, MEDIA_TYPE, write_audio
from modellab.bundle.meeting import Absence, Meeting
from modellab.bundle.page import PageAudio, render_html
from modellab.media.decode import MediaReader
from modellab.speech.hallucinations.flags import Flag, FlagKind, Hallucinations, Strength
from modellab.surfaces.results import Utterance, Word

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright, an optional package for tests, is not installed"
)
Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

MakeMeeting = Callable[..., Meeting]
Say = Callable[..., Utterance]
OpenPage = Callable[..., Any]

DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 360, "height": 740}
SECONDS = 60
ALLOWED_SCHEMES = ("file:", "blob:")


def until(page: Any, expression: str, within_s: float = 10.0) -> None:
    """Wait until an expression holds. Playwright's own waiting evaluates strings, which the page's policy forbids."""
    end = time.monotonic() + within_s
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never became true: {expression}; {state(page)}"
        page.wait_for_timeout(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A minute in which second n sounds at 300 + 50 n Hz."""
    folder = tmp_path_factory.mktemp("recording")
    seconds = [0.3 * np.sin(2 * np.pi * (300 + 50 * n) * np.arange(24_000) / 24_000) for n in range(SECONDS)]
    soundfile.write(folder / "in.wav", np.concatenate(seconds), 24_000)
    with MediaReader(folder / "in.wav") as reader:
        write_audio(folder / "out.mp3", reader, [1.0])
    return (folder / "out.mp3").read_bytes()


@pytest.fixture
def open_page(chromium: Any, recording: bytes, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens a meeting's page; at the end no script may have failed and nothing may have been asked of the network."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts: list[Any] = []

    def open_meeting(meeting: Meeting, *, embed: bool = True, fragment: str = "", **options: Any) -> Any:
        (tmp_path / FILE_NAME).write_bytes(recording)
        audio = PageAudio(FILE_NAME, MEDIA_TYPE, recording if embed else None)
        peaks = np.abs(np.sin(np.arange(2000.0) / 90)).astype(np.float32)
        text = render_html(meeting, peaks, audio, {FILE_NAME: "the recording"}, ["Made by tests."])
        (tmp_path / "index.html").write_text(text)
        context = chromium.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("request", lambda request: requests.append(request.url))
        page.goto((tmp_path / "index.html").as_uri() + fragment)
        until(page, "audio.readyState >= 1")
        return page

    yield open_meeting
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url[:80] for url in requests if not url.startswith(ALLOWED_SCHEMES)] == []


@pytest.fixture
def meeting(make_meeting: MakeMeeting, say: Say) -> Meeting:
    """Two people taking turns every ten seconds."""
    sentences = ["Good morning everyone.", "Hello Ann, hello all.", "Shall we begin?", "Yes, the numbers first."] * 2
    return make_meeting(
        *(say(text, 2.0 + 7 * n, f"SPEAKER_{n % 2:02d}") for n, text in enumerate(sentences[:8])),
        turns=[(2.0 + 7 * n, 5.0 + 7 * n, f"SPEAKER_{n % 2:02d}") for n in range(8)],
        duration_s=float(SECONDS),
    )


@pytest.fixture
def flagged() -> Hallucinations:
    """What `planned` says of the numbers was probably never said."""
    why = "“send the numbers” comes too often."
    said = (2.5, 6.0, 5, 8, "send the numbers", why, {"times": 3.0})
    return Hallucinations([Flag(FlagKind.LOOP, Strength.STRONG, *said)], 25, 60.0)


def state(page: Any) -> tuple[bool, float]:
    """Whether the recording plays, and where it is."""
    playing, at_s = page.evaluate("[!audio.paused, audio.currentTime]")
    return playing, at_s


def active(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(".line.now", "all => all.map(e => e.querySelector('p').textContent)")
    return found


@pytest.mark.parametrize("embed", [True, False])
def test_clicking_a_line_plays_it_and_the_page_follows(open_page: OpenPage, meeting: Meeting, embed: bool) -> None:
    page = open_page(meeting, embed=embed)
    until(page, f"Math.abs(audio.duration - {SECONDS}) < 0.1")
    page.click(".line:nth-child(3) .time")
    until(page, "audio.currentTime > 16.6")
    assert active(page) == ["Shall we begin?"]
    assert page.inner_text(".line p span.now") in ("we", "begin?")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.evaluate("audio.currentTime = 23.1")
    until(page, "document.querySelector('.line.now p')?.textContent === 'Yes, the numbers first.'")
    page.evaluate("audio.currentTime = 27")
    until(page, "!document.querySelector('.line.now')")


def test_clicking_a_word_plays_from_that_word(open_page: OpenPage, meeting: Meeting) -> None:
    page = open_page(meeting)
    page.click(".line:nth-child(4) p span:nth-of-type(3)")
    until(page, "!audio.paused")
    assert 24.0 <= state(page)[1] < 24.5


def test_seeking_lands_where_it_should(open_page: OpenPage, meeting: Meeting) -> None:
    page = open_page(meeting)
    page.evaluate(
        """() => {
          const context = new AudioContext();
          window.analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
          context.createMediaElementSource(audio).connect(analyser).connect(context.destination);
          window.loudest = () => {
            const bins = new Float32Array(analyser.frequencyBinCount);
            analyser.getFloatFrequencyData(bins);
            return bins.indexOf(Math.max(...bins)) * context.sampleRate / analyser.fftSize;
          };
        }"""
    )
    for second in (41, 7, 55):
        page.evaluate(f"audio.currentTime = {second}.35; audio.play()")
        until(page, f"audio.currentTime > {second}.7")
        heard_hz = page.evaluate("loudest()")
        assert abs(heard_hz - (300 + 50 * second)) < 15, (second, heard_hz, state(page))


def test_everything_works_by_keyboard(open_page: OpenPage, meeting: Meeting) -> None:
    page = open_page(meeting)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the transcript"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Play from 0:02"
    page.keyboard.press("Enter")
    until(page, "!audio.paused && audio.currentTime >= 2")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    until(page, "audio.paused")
    page.evaluate("audio.currentTime = 10")
    page.keyboard.press("ArrowRight")
    until(page, "Math.abs(audio.currentTime - 15) < 0.1")
    page.keyboard.press("ArrowLeft")
    until(page, "Math.abs(audio.currentTime - 10) < 0.1")
    page.keyboard.press("Alt+ArrowDown")
    until(page, "Math.abs(audio.currentTime - 16) < 0.1")
    page.keyboard.press("Alt+ArrowUp")
    until(page, "Math.abs(audio.currentTime - 9) < 0.1")
    page.focus("#seek")
    page.keyboard.press("Home")
    until(page, "audio.currentTime === 0")
    assert page.get_attribute("#seek", "aria-valuetext") == "0:00 of 1:00"


def test_every_control_has_a_name(open_page: OpenPage, meeting: Meeting) -> None:
    page = open_page(meeting)
    names = page.eval_on_selector_all(
        "button, input, select, a",
        "all => all.map(e => (e.ariaLabel || e.labels?.[0]?.textContent || e.textContent).trim())",
    )
    assert all(names), names


def test_search_finds_across_words_and_ignores_case_and_accents(
    open_page: OpenPage, make_meeting: MakeMeeting, say: Say
) -> None:
    page = open_page(
        make_meeting(say("We went to the Café Noir", 0.0), say("the café NOIR again", 10.0), duration_s=float(SECONDS))
    )
    page.fill("#search", "cafe noir")
    assert page.inner_text("#found") == "1 of 2"
    assert page.eval_on_selector_all(".hit", "all => all.map(e => e.textContent)") == ["Café", "Noir", "café", "NOIR"]
    page.press("#search", "Enter")
    assert page.inner_text("#found") == "2 of 2"
    assert page.eval_on_selector_all(".chosen", "all => all.map(e => e.textContent)") == ["café", "NOIR"]
    page.press("#search", "Shift+Enter")
    assert page.inner_text("#found") == "1 of 2"
    page.fill("#search", "nothing like it")
    assert page.inner_text("#found") == "Not found"
    page.press("#search", "Escape")
    assert (page.input_value("#search"), page.inner_text("#found")) == ("", "")


def test_a_link_to_a_moment_opens_there(open_page: OpenPage, meeting: Meeting) -> None:
    page = open_page(meeting, fragment="#t=23.10")
    until(page, "Math.abs(audio.currentTime - 23.1) < 0.05")
    until(page, "document.querySelector('.line.now p')?.textContent === 'Yes, the numbers first.'")
    assert state(page)[0] is False


def test_the_timeline_is_a_place_to_click(open_page: OpenPage, meeting: Meeting) -> None:
    page = open_page(meeting)
    box = page.locator("#track").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 20)
    until(page, f"Math.abs(audio.currentTime - {0.75 * SECONDS}) < 0.2")


def marked(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(".cited", "all => all.map(e => e.textContent)")
    return found


def test_a_line_of_the_summary_leads_to_its_words_and_back(open_page: OpenPage, planned: MakeMeeting) -> None:
    page = open_page(planned(), viewport={"width": 1200, "height": 500})
    page.click(".summary .cite:nth-of-type(2) [dir]")
    until(page, "!audio.paused && audio.currentTime >= 10 && audio.currentTime < 12")
    assert marked(page) == ["Sure,", "I", "will", "send", "them."]
    until(
        page,
        "(box => box.top > 0 && box.bottom < innerHeight)(document.querySelector('.cited').getBoundingClientRect())",
    )
    assert page.evaluate("document.activeElement.closest('.line').id") == "l1"
    page.go_back()
    until(page, "(box => box.top > 0 && box.bottom < innerHeight)(document.activeElement.getBoundingClientRect())")
    assert page.evaluate("document.activeElement.matches('.summary .cite:nth-of-type(2)')")
    page.click(".tasks tbody tr:nth-child(2) .cite [dir]")
    assert marked(page) == ["Good,", "<b>lunch</b>", "it", "is."]
    assert active(page) == ["Good, <b>lunch</b> it is."]


def test_summary_action_items_and_chapters_work_by_keyboard(open_page: OpenPage, planned: MakeMeeting) -> None:
    page = open_page(planned())
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
    assert reached[:11] == [
        "Skip to the transcript",
        "Hear Speaker 1, 0:03",
        "Hear Speaker 2, 0:10",
        "Hear 0:03",
        "Hear Speaker 1, 0:03",
        "Hear Speaker 2, 0:10",
        "Hear Speaker 1, 0:30",
        "0:01 Numbers, Friday",
        "0:12 Lunch",
        "search",
        "Play from 0:01",
    ]
    page.focus(".chapters li:nth-child(2) a")
    page.keyboard.press("Enter")
    until(page, "!audio.paused && audio.currentTime >= 12.5")
    assert page.evaluate("document.activeElement.id") == "c2"
    current = page.eval_on_selector_all(".chapters [aria-current]", "all => all.map(e => e.textContent.trim())")
    assert current == ["0:12 Lunch"]


@pytest.mark.parametrize(("fragment", "at_s"), [("#l1", 10.0), ("#c2", 12.5)])
def test_the_address_of_a_line_or_chapter_opens_there(
    open_page: OpenPage, planned: MakeMeeting, fragment: str, at_s: float
) -> None:
    page = open_page(planned(), fragment=fragment)
    until(page, f"Math.abs(audio.currentTime - {at_s}) < 0.05")
    assert state(page)[0] is False


def test_words_that_nobody_said_say_why_to_pointer_and_keyboard(
    open_page: OpenPage, planned: MakeMeeting, flagged: Hallucinations
) -> None:
    page = open_page(planned(flagged=flagged))
    why = page.locator("#why4")
    assert not why.is_visible()
    page.locator("mark").hover()
    assert why.is_visible()
    assert why.inner_text() == "May never have been said: “send the numbers” comes too often."
    page.mouse.move(0, 0)
    assert not why.is_visible()
    page.locator("mark").focus()
    assert why.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('mark')).textDecorationStyle") == "wavy"
    page.emulate_media(media="print")
    page.locator("mark").blur()
    assert why.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_axe_finds_nothing_to_object_to(
    open_page: OpenPage, planned: MakeMeeting, flagged: Hallucinations, scheme: str, viewport: dict[str, int]
) -> None:
    absent = [Absence("speech segments", "The model is missing.", True)]
    said = planned(absent=absent, flagged=flagged)
    page = open_page(said, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.evaluate("audio.currentTime = 31; document.querySelector('.cite').click(); audio.pause()")
    page.fill("#search", "lunch")
    page.focus("mark")
    results = Axe().run(page).response
    problems = [(found["id"], node["html"][:120]) for found in results["violations"] for node in found["nodes"]]
    assert problems == []
    assert {"color-contrast", "heading-order", "landmark-one-main", "link-name", "list", "region"} <= {
        passed["id"] for passed in results["passes"]
    }


def test_on_paper_tasks_are_a_checklist_and_links_are_text(
    open_page: OpenPage, planned: MakeMeeting, tmp_path: Path
) -> None:
    page = open_page(planned(), viewport=PHONE, color_scheme="dark")
    page.emulate_media(media="print")
    box = "getComputedStyle(document.querySelector('.tasks .what'), '::before')"
    assert page.evaluate(f"{box}.borderTopStyle") == "solid"
    assert page.evaluate("getComputedStyle(document.querySelector('.cite')).textDecorationLine") == "none"
    assert page.is_visible(".tasks") and page.is_visible(".chapters") and page.is_visible(".summary")


CONTRASTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("script, option, .hidden, .skip")) continue;
    let behind = element;
    while (behind && rgba(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const colours = [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor];
    const [a, b] = colours.map((colour) => luminance(rgba(colour))).sort((x, y) => y - x);
    found.push([texts.currentNode.textContent.trim(), Math.round(100 * (a + 0.05) / (b + 0.05)) / 100]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_aa_contrast_as_rendered(
    open_page: OpenPage, make_meeting: MakeMeeting, say: Say, scheme: str
) -> None:
    speakers = [f"SPEAKER_{n:02d}" for n in range(12)]
    meeting = make_meeting(
        *(say("Words to read", 5.0 * n, speaker) for n, speaker in enumerate(speakers)),
        turns=[(5.0 * n, 5.0 * n + 2, speaker) for n, speaker in enumerate(speakers)],
        duration_s=float(SECONDS),
    )
    page = open_page(meeting, color_scheme=scheme)
    page.fill("#search", "read")
    for number in range(len(speakers)):
        page.evaluate(f"audio.currentTime = {5 * number + 0.3}")
        until(page, f"document.querySelector('.line.now')?.dataset.start == {5 * number}")
        page.wait_for_timeout(200)  # the line's background fades in
        found = page.evaluate(CONTRASTS)
        assert len(found) > 60
        assert [each for each in found if each[1] < 4.5] == []


@pytest.mark.parametrize("width", [320, 360, 1200])
def test_nothing_overflows_sideways(open_page: OpenPage, make_meeting: MakeMeeting, say: Say, width: int) -> None:
    long_word = "Donaudampfschifffahrtsgesellschaft" * 6
    meeting = make_meeting(
        say(f"{long_word} short", 0.0, "N" * 120),
        say("مرحبا بكم في الاجتماع", 5.0, "SPEAKER_01"),
        name="x" * 240 + ".wav",
        duration_s=float(SECONDS),
    )
    page = open_page(meeting, viewport={"width": width, "height": 740}, is_mobile=width < 500, has_touch=width < 500)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    arabic = page.locator(".line p").nth(1)
    assert arabic.evaluate("e => getComputedStyle(e).direction") == "rtl"


@pytest.mark.parametrize("width", [320, 1200])
def test_long_names_and_words_overflow_nowhere_in_the_sections(
    open_page: OpenPage, planned: MakeMeeting, width: int
) -> None:
    long = "Donaudampfschifffahrtsgesellschaft" * 6
    found = planned()
    assert found.chapters and found.summary and found.action_items
    meeting = replace(
        planned(names={"SPEAKER_00": "N" * 120, "SPEAKER_01": f"{long} {long}"}),
        chapters=tuple(replace(chapter, title=long) for chapter in found.chapters),
        summary=replace(found.summary, lines=[replace(line, text=long) for line in found.summary.lines]),
        action_items=replace(
            found.action_items,
            items=[replace(item, task=long, due_text=long, assignee=long) for item in found.action_items.items],
        ),
        absent=(Absence("speech segments", long, True),),
    )
    page = open_page(meeting, viewport={"width": width, "height": 740}, is_mobile=width < 500, has_touch=width < 500)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_print_shows_the_whole_transcript_and_no_player(open_page: OpenPage, meeting: Meeting, tmp_path: Path) -> None:
    page = open_page(meeting, color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.is_visible("#player")
    assert not page.is_visible("#search")
    assert page.is_visible(".line:last-child p")
    assert page.evaluate("getComputedStyle(document.querySelector('.who')).color") == "rgb(31, 95, 191)"
    assert page.pdf(path=tmp_path / "page.pdf").startswith(b"%PDF")


def test_hostile_words_and_names_run_nothing(open_page: OpenPage, make_meeting: MakeMeeting) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    words = [Word(hostile, 0, 1, speaker=hostile)]
    page = open_page(
        make_meeting(Utterance(0, 1, hostile, words, hostile), name=f"{hostile}.wav", duration_s=float(SECONDS))
    )
    page.wait_for_timeout(300)
    assert page.inner_text(".line p") == hostile
    assert page.title() == hostile


def test_a_missing_recording_is_explained(open_page: OpenPage, meeting: Meeting, tmp_path: Path, chromium: Any) -> None:
    open_page(meeting, embed=False)
    (tmp_path / FILE_NAME).unlink()
    page = chromium.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_selector("#problem:not([hidden])")
    assert "audio.mp3 must lie in the folder of this page" in page.inner_text("#problem")
    page.close()


def test_a_three_hour_meeting_opens_quickly(open_page: OpenPage, make_meeting: MakeMeeting, say: Say) -> None:
    sentence = "We should look at these numbers again before the end."
    utterances = [say(sentence, 3.6 * n, f"SPEAKER_{n // 2 % 6:02d}", word_s=0.33) for n in range(3000)]
    meeting = make_meeting(
        *utterances, turns=[(u.start_s, u.end_s, str(u.speaker)) for u in utterances], duration_s=10_800.0
    )
    assert meeting.words == 30_000
    assert len(render_html(meeting, np.ones(9, np.float32), PageAudio("a", "b", None), {}, [])) < 2_000_000
    page = open_page(meeting)
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert timing < 4_000
    search_ms = page.evaluate(
        """() => { const start = performance.now(); search.value = "numbers again";
                   search.dispatchEvent(new Event("input")); return performance.now() - start }"""
    )
    assert page.inner_text("#found") == "1 of 3000"
    assert search_ms < 3_000
    print(f"load {timing:.0f} ms, search {search_ms:.0f} ms")
