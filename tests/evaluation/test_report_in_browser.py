"""The report as its reader meets it: opened from a file in headless Chromium."""

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.bundle.audio import as_mp3
from modellab.evaluation.report.page import render_html
from modellab.media.audio import Audio
from tests.evaluation.test_report import HOSTILE, hostile

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright, an optional package for tests, is not installed"
)
Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of hostile names, with two seconds of sound."""
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(32_000, dtype=np.float32) / 16_000)
    sound = base64.b64encode(as_mp3(Audio(tone[np.newaxis].astype(np.float32), 16_000))).decode()
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(hostile(f"data:audio/mpeg;base64,{sound}")), encoding="utf-8")
    return path


@pytest.fixture
def open_page(chromium: Any, file: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page; at the end nothing may have run, and nothing may have been asked of the network."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts: list[Any] = []

    def opened(**options: Any) -> Any:
        context = chromium.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url[:80] for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(
    ("scheme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
)
def test_everybody_can_read_it(open_page: Callable[..., Any], scheme: str, viewport: dict[str, int]) -> None:
    page = open_page(color_scheme=scheme, viewport=viewport)
    for details in page.query_selector_all("details"):
        details.evaluate("one => { one.open = true }")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(251, 250, 248)" if scheme == "light" else "rgb(19, 20, 21)"
    )


def test_hostile_names_are_read_as_they_are(open_page: Callable[..., Any]) -> None:
    page = open_page()
    assert page.inner_text("h1") == " ".join(HOSTILE.split())
    assert page.query_selector_all("script, img") == []


def test_a_clip_plays(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.eval_on_selector("audio", "one => { one.muted = true; one.play() }")
    end = time.monotonic() + 10
    while not page.eval_on_selector("audio", "one => one.currentTime > 0.2 && Math.abs(one.duration - 2) < 0.1"):
        assert time.monotonic() < end, "it never played"
        page.wait_for_timeout(20)


def test_the_keyboard_reaches_the_verdict_first_then_all_sections(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "verdict"
    anchors = page.eval_on_selector_all("nav a", "all => all.map(one => one.getAttribute('href').slice(1))")
    sections = page.eval_on_selector_all("main > section", "all => all.map(one => one.id)")
    assert anchors == sections[1:] == ["figures", "speed", "slices", "worst", "invented", "protocol", "cautions"]
