"""The ground that the other browser tests stand on: what is served, and what a page reports."""

import gzip
from urllib.request import Request, urlopen

from tools.website import server as pages_server


def test_text_is_compressed_and_pictures_are_not(site):
    for name, packed in [("book/index.html", True), ("_static/icon.png", False)]:
        request = Request(f"{site}/{name}", headers={"Accept-Encoding": "gzip"})
        with urlopen(request) as answer:
            body = answer.read()
            assert (answer.headers["Content-Encoding"] == "gzip") == packed, name
        file = (pages_server.SITE / name).read_bytes()
        assert (gzip.decompress(body) if packed else body) == file


def test_a_page_reports_requests_and_errors(site, browser_page):
    browser_page.goto(f"{site}/book/index.html")
    assert f"{site}/book/index.html" in browser_page.requests
    browser_page.evaluate("console.error('planted'); void 0")
    with browser_page.expect_event("pageerror"):
        browser_page.evaluate("setTimeout(() => { throw new Error('uncaught'); }); void 0")
    browser_page.goto(f"{site}/no-such-page.html")
    errors = "\n".join(browser_page.errors)
    for word in ("planted", "uncaught", f"404: {site}/no-such-page.html"):
        assert word in errors
