"""The real page in headless Chromium: what a person meets who launches something in a new lab."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright, an optional package for tests, is not installed"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

WINDOW = {"width": 1400, "height": 1000}
_WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(_WITHIN_MS)
        yield page
        browser.close()


@pytest.mark.parametrize("job", ["fast_asr_only", "meeting", "stereo_call"])
def test_launching_a_job_of_a_new_lab_warns_of_nothing(ui, page, job):
    page.goto(f"{ui.address}/locations/modellab/jobs/{job}")
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_text("Launch runs to materialize")
    warning = page.get_by_text("may fail because the upstream assets")
    dialog.or_(warning).first.wait_for()
    assert not warning.is_visible(), warning.inner_text()
