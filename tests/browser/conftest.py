"""What the browser tests share: the built site, served as GitHub Pages does, and Chromium.

`make browser` installs what is missing and runs them; `make test` leaves this folder out.

    site           base URL of _build/html, gzip as on Pages: f"{site}/book/04_masks.html"
    open_page      open_page(color_scheme="dark", java_script_enabled=False, ...): a blank page;
                   the options are those of Playwright's Browser.new_context
    browser_page   open_page() without options: 1280 x 900, light
    axe            the text of axe-core, which judges accessibility in a page

A page keeps `page.requests` (each URL that it asked for) and `page.errors` (what the console called
an error, what no script caught, what was not found).
"""

import os
import shutil
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.website import server as pages_server

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def site():
    if not (pages_server.SITE / "book/index.html").is_file():
        pytest.fail("No site in _build/html. Build it with: make book")
    with pages_server.serving() as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail("Chromium is missing. On Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as whom containers run.
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        chromium = playwright.chromium.launch(executable_path=found, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pages(browser):
    """The pages that wait for the next test: a new one costs four times what a visit does."""
    return Pages(browser)


class Pages:
    """Blank pages by what their contexts were made with."""

    def __init__(self, browser):
        self.browser, self.blank = browser, defaultdict(list)

    def take(self, viewport=DESK, color_scheme="light", reduced_motion="no-preference", **options):
        """Return a blank page that looks so, and what puts it back."""
        blank = self.blank[repr(options)]
        page = blank.pop() if blank else self._new(options)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.requests, page.errors = [], []
        return page, lambda: self._put_back(page, blank)

    def _new(self, options):
        page = self.browser.new_context(**options).new_page()
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and page.errors.append(said.text))
        page.on(
            "response",
            lambda answer: (
                answer.status >= 400 and page.errors.append(f"{answer.status}: {answer.url}")
            ),
        )
        return page

    def _put_back(self, page, blank):
        """Leave nothing of the test: no window, no route, nothing stored, the pointer at 0, 0."""
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.unroute_all()
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.goto("about:blank")
        page.mouse.move(0, 0)
        blank.append(page)


@pytest.fixture
def open_page(pages):
    with ExitStack() as after:

        def opened(**options):
            page, put_back = pages.take(**options)
            after.callback(put_back)
            return page

        yield opened


@pytest.fixture
def browser_page(open_page):
    return open_page()


@pytest.fixture(scope="session")
def axe():
    path = os.environ.get("AXE", "")
    assert Path(path).is_file(), "axe-core is missing; run: make browser"
    return Path(path).read_text(encoding="utf-8")
