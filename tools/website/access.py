"""What a built page owes to readers who hear it: alt texts, headings in order, headed tables.

tools/website/check.py calls `check` on every page of the site, and `make book` fails on what it
says.
"""

import re
from pathlib import PurePosixPath

from bs4 import BeautifulSoup

WORDS = 6  # fewer do not say what a figure shows
# What a figure is about: its axes, its quantities. A number does as well.
QUANTITY = re.compile(
    r"(?i)\b(ax[ei]s|rows?|columns?|loss(es)?|coefficients?|contributions?|weights?|masks?|values?"
    r"|gradients?|logits?|probabilit(y|ies)|shares?|epochs?|batch(es)?|denominators?|totals?)\b"
)

SCOPES = ("col", "row", "colgroup", "rowgroup")


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
    """Yield the problems of one page, which may have been parsed already."""
    page = BeautifulSoup(html, "html.parser") if isinstance(html, str) else html
    text = " ".join(article.get_text() for article in page.select("article"))
    drawn = 'article img, article svg[role="img"]:not([aria-labelledby])'
    for picture in page.select(drawn):
        is_image = picture.name == "img"
        source = picture.get("src", "") if is_image else "an <svg>"
        fault = alt_fault(source, picture.get("alt" if is_image else "aria-label"), text)
        if fault:
            yield f"a picture, {PurePosixPath(source).name}: {fault}"
    levels = [
        int(heading.name[1]) for heading in page.select("article :is(h1, h2, h3, h4, h5, h6)")
    ]
    for before, after in zip([0, *levels], levels, strict=False):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
    for number, table in enumerate(page.select("article table"), start=1):
        heads = [head for head in table("th") if head.find_parent("table") is table]
        if not heads:
            yield f"table {number} has no headers"
        elif any(head.get("scope") not in SCOPES for head in heads):
            yield f"table {number} has a header that does not say what it heads (scope)"
