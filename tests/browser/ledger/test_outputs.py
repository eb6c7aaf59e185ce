"""The ledger as a notebook's output: in a page, or a frame, without anything of the book's site."""

from html import escape

import pytest

from lossbook._core import home as home_module
from lossbook._interact.ledger import Ledger
from lossbook._interact.state import parse
from tests.browser.ledger.cases import FOUR, READ


@pytest.fixture
def home(monkeypatch):
    """Give the book a home, to which a link can lead."""
    monkeypatch.setattr(home_module, "SITE", "https://a.github.io/lossbook/")


@pytest.fixture
def output_page(browser_page, tmp_path):
    """Open a page that holds nothing but outputs of a notebook."""

    def opened(*outputs):
        file = tmp_path / "output.html"
        file.write_text("<!doctype html><meta charset=utf-8>" + "".join(outputs), encoding="utf-8")
        browser_page.goto(file.as_uri())
        return browser_page

    yield opened
    assert browser_page.errors == []


def test_an_output_works_alone(home, output_page):
    output = Ledger(parse(FOUR), "mine <b>bold</b>")._repr_html_()
    page = output_page(output, output)
    ledgers = page.locator("lossbook-ledger")
    assert ledgers.count() == 2
    ledgers.nth(1).get_by_role("button", name="True, mask, sample 3").click()
    first, second = (ledgers.nth(i).evaluate(READ) for i in range(2))
    assert (first["scalar"], second["scalar"]) == ("0.1500", "0.2000")
    # No address of its own to write to: the link leads to the book's site.
    assert page.url.endswith("output.html")
    assert second["link"].startswith("https://")
    assert "/book/ledger.html#ledger=1~4~none~0.2_0.4_1_2~1110~" in second["link"]
    assert len(page.requests) == 1


def test_without_a_home_an_output_links_nowhere(output_page, monkeypatch):
    monkeypatch.setattr(home_module, "SITE", "")
    page = output_page(Ledger(parse(FOUR), "mine")._repr_html_())
    assert page.get_by_role("button", name="True, mask, sample 3").is_visible()
    assert not page.locator("#link").is_visible() and not page.locator("#copy").is_visible()


@pytest.mark.parametrize(("colours", "dark"), [("#eee;background:#111", True), ("#111", False)])
def test_it_works_in_a_frame_that_may_nothing_and_takes_its_colours(home, open_page, colours, dark):
    """VS Code and Colab show an output in such a frame, without storage, clipboard or address."""
    output = f"<body style='color:{colours}'>{Ledger(parse(FOUR), '')._repr_html_()}"
    page = open_page(color_scheme="dark" if not dark else "light")  # the frame's colours count
    page.set_content(f'<iframe sandbox="allow-scripts" srcdoc="{escape(output)}" width="900">')
    ledger = page.frame_locator("iframe").locator("lossbook-ledger")
    ledger.get_by_role("button", name="True, mask, sample 3").click()
    ledger.get_by_role("button", name="Copy the link").click()
    ledger.locator("#said", has_text="Copy the link itself.").wait_for()
    assert ledger.evaluate(READ)["scalar"] == "0.2000"
    assert ledger.evaluate("node => node.hasAttribute('dark')") == dark
