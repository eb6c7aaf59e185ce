"""The checks for readers who hear a page, and the alt texts of the book."""

import json
from pathlib import Path

import pytest

from tools.website import access as site_access

BOOK = Path(__file__).resolve().parents[3] / "book"
ALT = "Bars of three batch losses: 1.5, 2.0 and 8.5 over the rows of the epoch"
PAGE = f"""<header><img src="logo.svg" alt=""></header><article><h1>Epochs</h1>
<p>Three batches, and their mean.</p><h2>Batches</h2><h3>The last one</h3><h2>Rows</h2>
<figure><img src="../_images/f3a1.png" alt="{ALT}"><figcaption>Every batch loss of an
epoch with its 10 rows</figcaption></figure>
<table><thead><tr><th scope="col">batch</th></tr></thead><tr><td>1</td></tr></table></article>"""


def test_a_page_in_order_has_no_problem():
    assert list(site_access.check(PAGE)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f' alt="{ALT}"', "", "f3a1.png: no alt text"),
        (ALT, " ", "f3a1.png: no alt text"),
        (ALT, "f3a1.png", "alt text 'f3a1.png' is a file name"),
        (ALT, "f3a1", "alt text 'f3a1' is a file name"),
        (ALT, "my nice figure of an epoch.svg", "is a file name"),
        (ALT, "Bars of 3 batch losses", "has fewer than 6 words"),
        (ALT, "A picture that shows what we have said", "names no axis, no quantity and no number"),
        (ALT, "every batch loss of an epoch, with its 10 rows.", "says again what stands on the"),
        ("<h2>Batches</h2>", "", "a heading of level 3 follows one of level 1"),
        ("<h1>Epochs</h1>", "", "a heading of level 2 follows one of level 0"),
        ('<th scope="col">batch</th>', "<td>batch</td>", "table 1 has no headers"),
        (' scope="col"', "", "does not say what it heads"),
        (' scope="col"', ' scope="all"', "does not say what it heads"),
    ],
)
def test_a_fault_is_named(old, new, message):
    assert old in PAGE
    (problem,) = site_access.check(PAGE.replace(old, new))
    assert message in problem


def test_a_drawing_in_the_page_needs_a_name_too():
    page = '<article><h1>Map</h1><svg role="img"></svg></article>'
    assert list(site_access.check(page)) == ["a picture, an <svg>: no alt text"]


def figures():
    """Every cell of the book whose output is a picture, with its alt text."""
    for path in sorted(BOOK.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for at, cell in enumerate(cells):
            if "figure" in cell["metadata"].get("tags", []):
                yield path.name, at, cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")


def test_every_figure_of_the_book_has_an_alt_text_that_says_something():
    """The same rule as for the built page, in seconds and without building."""
    found = list(figures())
    assert len(found) > 30
    faults = [(name, at, site_access.alt_fault("figure.png", alt, "")) for name, at, alt in found]
    assert [fault for fault in faults if fault[2]] == []
