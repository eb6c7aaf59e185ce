"""What holds for every page of the site: light, alone, accessible, readable without scripts."""

from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import PHONE
from tools.website import server as pages_server

PAGES = sorted(
    path.relative_to(pages_server.SITE).as_posix()
    for path in (*pages_server.SITE.glob("book/**/*.html"), *pages_server.SITE.glob("*.html"))
    if 'http-equiv="refresh"' not in path.read_text(encoding="utf-8")
)
KIB = 1024
LIMIT = 200 * KIB  # of one chapter without its images: on the wire, headers included
# The search page alone loads the index, once a reader asks for something.
SEARCH_LIMIT = 300 * KIB

VIOLATIONS = "options => axe.run(document, options).then(found => found.violations)"

every_page = pytest.mark.parametrize("name", PAGES)


def test_there_are_pages():
    assert len(PAGES) > 15, "no site in _build/html; build it with: make book"


def wake(page):
    """Do the first thing that a reader does, whatever it is: what waits for it comes."""
    page.mouse.move(40, 50)
    page.mouse.move(50, 60)
    page.wait_for_function(
        "!document.querySelector('lossbook-ledger') || !!customElements.get('lossbook-ledger')"
    )


def scroll_through(page):
    """Down to the end, so that what waits is loaded too."""
    page.evaluate("""async () => {
      for (let y = 0; y < document.body.scrollHeight; y += 700) {
        scrollTo({top: y, behavior: "instant"});
        await new Promise(done => setTimeout(done, 5));
      }
    }""")
    page.wait_for_timeout(100)


def bytes_by_kind(page):
    """What was received for the page and for each of its files, in bytes on the wire."""
    entries = page.evaluate("""() => [...performance.getEntriesByType("navigation"),
      ...performance.getEntriesByType("resource")].map(e => [e.name, e.transferSize])""")
    origin = page.evaluate("origin")
    assert all(size for url, size in entries if url.startswith(origin)), "taken from a cache"
    picture = (".png", ".svg", ".ico")
    images = sum(size for url, size in entries if urlsplit(url).path.endswith(picture))
    return sum(size for _, size in entries) - images, images


@pytest.fixture(scope="module")
def anew(pages):
    """Open a page on a phone with nothing in its caches, and measure what moves."""
    page, _ = pages.take(viewport=PHONE)
    chromium = page.context.new_cdp_session(page)
    chromium.send("Network.enable")
    chromium.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.add_init_script("""window.moved = 0; new PerformanceObserver(list => {
      for (const entry of list.getEntries()) window.moved += entry.value;
    }).observe({type: "layout-shift", buffered: true});""")

    def opened(url):
        page.goto("about:blank")
        chromium.send("HeapProfiler.collectGarbage")  # style sheets and fonts of the page before
        page.requests, page.errors = [], []
        page.goto(url, wait_until="networkidle")
        return page

    return opened


@every_page
def test_a_page_is_light_and_still_and_asks_no_other_host(name, site, anew):
    page = anew(f"{site}/{name}")
    text, _ = bytes_by_kind(page)
    assert 5 * KIB < text <= (SEARCH_LIMIT if name == "search.html" else LIMIT)
    wake(page)
    scroll_through(page)
    assert [url for url in page.requests if not url.startswith((site, "data:"))] == []
    assert page.errors == []
    assert page.evaluate("window.moved") < 0.1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@every_page
def test_axe_finds_no_violation(name, site, open_page, axe):
    """All rules in light; in dark, where colours alone differ, those that look at them."""
    page = open_page(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{site}/{name}")
    wake(page)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate(axe)
    for theme, only in (("light", None), ("dark", ["color-contrast", "link-in-text-block"])):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_function(
            "theme => document.documentElement.dataset.theme === theme", arg=theme
        )
        options = {"resultTypes": ["violations"]} | ({"runOnly": only} if only else {})
        found = page.evaluate(VIOLATIONS, options)
        problems = [
            f"{theme}: {one['id']}: {one['help']}: {node['target']} {node['html'][:120]}"
            for one in found
            for node in one["nodes"][:3]
        ]
        assert problems == []


@every_page
def test_a_page_can_be_read_without_scripts(name, site, open_page):
    page = open_page(java_script_enabled=False, viewport=PHONE)
    page.goto(f"{site}/{name}")
    heading = page.locator("article h1, main h1").first
    assert heading.is_visible()
    assert page.locator("nav.parts a", has_text="Masks").first.is_visible()
    assert not page.locator(".colour-mode").first.is_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        ground = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
        light = sum(int(part) for part in ground.strip("rgba()").split(",")[:3]) > 3 * 128
        assert light == (theme == "light")
    if page.locator("math").count():
        assert page.locator("article math").first.bounding_box()["width"] > 3
