"""What the browser tests share: the built site, served as GitHub Pages does, and Chromium.

`make browser` installs what is missing and runs them; `make test` leaves this folder out.

    site           base URL of _build/html, gzip as on Pages: f"{site}/book/04_masks.html"
    open_page      open_page(color_scheme="dark", java_script_enabled=False, ...): a new page;
                   the options are those of Playwright's Browser.new_context
    browser_page   open_page() without options: 1280 x 900, light
    axe            the text of axe-core, which judges accessibility in a page

A page keeps `page.requests` (each URL that it asked for) and `page.errors` (what the console called
an error, what no script caught, what was not found).
"""

import os
import shutil
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


@pytest.fixture
def open_page(browser):
    contexts = []

    def opened(**options):
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.requests, page.errors = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console",
            lambda message: page.errors.append(message.text) if message.type == "error" else None,
        )
        page.on(
            "response",
            lambda answer: (
                page.errors.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else 0
            ),
        )
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def browser_page(open_page):
    return open_page()


@pytest.fixture(scope="session")
def axe():
    path = os.environ.get("AXE", "")
    assert Path(path).is_file(), "axe-core is missing; run: make browser"
    return Path(path).read_text(encoding="utf-8")
