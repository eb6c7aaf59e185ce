"""What a built page owes to readers who hear it: alt texts, headings in order, headed tables.

tools/website/check.py calls `check` on every page of the site, and `make book` fails on what it
says.
"""

import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

WORDS = 6  # fewer do not say what a figure shows
# What a figure is about: its axes, its quantities. A number does as well.
QUANTITY = re.compile(
    r"(?i)\b(ax[ei]s|rows?|columns?|loss(es)?|coefficients?|contributions?|weights?|masks?|values?"
    r"|gradients?|logits?|probabilit(y|ies)|shares?|epochs?|batch(es)?|denominators?|totals?)\b"
)


class Outline(HTMLParser):
    """The pictures, headings and tables of an article, and its text."""

    def __init__(self, html):
        super().__init__()
        self.pictures = []  # (source, alt), an alt that is missing is None
        self.headings = []  # levels
        self.tables = []  # for each, the scopes of its headers
        self.text = []
        self._article = 0
        self._open = []  # tables around
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self._article += tag == "article"
        if not self._article:
            return
        if tag == "img":
            self.pictures.append((given.get("src", ""), given.get("alt")))
        elif tag == "svg" and given.get("role") == "img" and "aria-labelledby" not in given:
            self.pictures.append(("an <svg>", given.get("aria-label") or None))
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "table":
            self._open.append([])
            self.tables.append(self._open[-1])
        elif tag == "th" and self._open:
            self._open[-1].append(given.get("scope"))

    def handle_endtag(self, tag):
        self._article -= tag == "article"
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data):
        if self._article:
            self.text.append(data)


def plain(text):
    return " ".join(re.findall(r"\w+", text.lower()))


def alt_fault(source, alt, text):
    """Say what is wrong with an alternative text, or return None; `text` is that of the page."""
    if alt is None or not alt.strip():
        return "no alt text"
    stem = PurePosixPath(source).stem.lower()
    if re.search(r"(?i)\.(png|svg|jpe?g|gif|webp)$", alt.strip()) or alt.strip().lower() == stem:
        return f"alt text {alt!r} is a file name"
    if len(alt.split()) < WORDS:
        return f"alt text {alt!r} has fewer than {WORDS} words"
    if not (re.search(r"\d", alt) or QUANTITY.search(alt)):
        return f"alt text {alt!r} names no axis, no quantity and no number"
    if plain(alt) in plain(text):
        return f"alt text {alt!r} says again what stands on the page"
    return None


def check(html):
    """Yield the problems of one page."""
    page = Outline(html)
    text = "".join(page.text)
    for source, alt in page.pictures:
        fault = alt_fault(source, alt, text)
        if fault:
            yield f"a picture, {PurePosixPath(source).name}: {fault}"
    for before, after in zip([0, *page.headings], page.headings, strict=False):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
    for number, scopes in enumerate(page.tables, start=1):
        if not scopes:
            yield f"table {number} has no headers"
        elif any(scope not in ("col", "row", "colgroup", "rowgroup") for scope in scopes):
            yield f"table {number} has a header that does not say what it heads (scope)"
