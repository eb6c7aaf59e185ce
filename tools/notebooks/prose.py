"""The rules of a chapter's Markdown: what Colab also shows, and no number that no output shows."""

import re
from itertools import zip_longest

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.notebooks.files import alt_of, code_cells, numbered
from tools.notebooks.numbers import numbers, numbers_of, shows
from tools.notebooks.rules import BADGE, Problem
from tools.website.access import alt_fault

HTML = ("details", "summary", "a", "img", "sub", "sup", "br")

# What MyST understands and Colab prints as it stands.
MYST = {
    r"^:{3,}\s*\{": "a colon fence",
    r"^\([\w-]+\)=\s*$": "a MyST target",
    r"^%\s": "a MyST comment",
    r"^\+\+\+": "a MyST block break",
    r"\{\{.*?\}\}": "a substitution",
    r"\[\^[^\]]+\]": "a footnote",
}

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").use(dollarmath_plugin)


def plain_markdown(nb, about):
    """CommonMark and $math$ alone: no directive, no role, nothing that only MyST understands."""
    for i, cell in numbered(nb, "markdown"):
        for token in _MARKDOWN.parse(cell.source):
            if token.type == "fence" and token.info.strip().startswith("{"):
                yield Problem(i, f"directive {token.info.strip()}; Colab shows its code")
            if token.type == "math_block_label":
                yield Problem(i, f"equation label ({token.info}); refer to it by words")
            children = token.children or []
            for child, following in zip_longest(children, children[1:]):
                if child.type != "text":
                    continue
                role = re.search(r"\{[\w:+-]+\}$", child.content)
                if role and following is not None and following.type == "code_inline":
                    yield Problem(i, f"role {role[0]}; write a link or plain text")
                for pattern, what in MYST.items():
                    if re.search(pattern, child.content):
                        shown = child.content[:40]
                        yield Problem(i, f"{what} ({shown!r}); Colab shows it as it is")


def plain_html(nb, about):
    """Raw HTML is limited to a few elements that GitHub, Colab and the site all show."""
    for i, cell in numbered(nb, "markdown"):
        for token in _flat(_MARKDOWN.parse(cell.source)):
            if token.type in ("html_block", "html_inline"):
                for tag in re.findall(r"<[/!]?\s*([a-zA-Z-]*)", token.content):
                    if tag.lower() not in HTML:
                        shown = f"<{tag}>" if tag.strip("-") else "an HTML comment"
                        yield Problem(i, f"{shown} in Markdown; allowed are {', '.join(HTML)}")
                if re.search(r"<img\b(?![^>]*\balt=\"[^\"]+\")", token.content):
                    yield Problem(i, "<img> without alt text")
            if token.type != "image" or token.content == BADGE:
                continue
            if fault := alt_fault(token.attrs["src"], token.content, ""):
                yield Problem(i, fault)


def headings(nb, about):
    """One title, at the very beginning; below it no level is jumped."""
    last = 0
    for i, cell in numbered(nb, "markdown"):
        for token in _MARKDOWN.parse(cell.source):
            if token.type == "heading_open":
                level = int(token.tag[1])
                if level == 1 and last:
                    yield Problem(i, "a second title (#); use ## or deeper")
                elif level > last + 1:
                    yield Problem(i, f"heading {'#' * level} after level {last}")
                last = level


def first_cell(nb, about):
    """The first cell has the title, the answer in bold with a formula, and what it takes."""
    if not nb.cells or nb.cells[0].cell_type != "markdown":
        yield Problem(1, "the first cell must be Markdown, beginning with # and the title")
        return
    tokens = _MARKDOWN.parse(nb.cells[0].source)
    kinds = {token.type for token in _flat(tokens)}
    if not tokens or tokens[0].tag != "h1":
        yield Problem(1, "does not begin with # and the title")
    if "strong_open" not in kinds:
        yield Problem(1, "no answer; give it as one **bold** sentence")
    if not kinds & {"math_inline", "math_block", "math_inline_double"}:
        yield Problem(1, "no formula; give the answer's as $...$")
    if not re.search(r"\d+ minutes · needs: \S", nb.cells[0].source):
        yield Problem(1, "no line such as `12 minutes · needs: The class axis`")


def numbers_shown(nb, about):
    """A decimal, or a number from 1000 on, that the text names is shown by an output.

    Text is everything but code; a span of code that is nothing but a number may also repeat a
    number of a code cell. See numbers.py for what counts and how it is rounded.
    """
    shown = numbers_of(nb)
    code = {n.value for cell in code_cells(nb) for n in numbers(cell.source)}
    for i, cell in enumerate(nb.cells, start=1):
        text, spans = _prose(cell.source) if cell.cell_type == "markdown" else (alt_of(cell), "")
        for number in numbers(text):
            if number.counts and not shows(shown, number):
                text = f"says {number.text}, which no output shows; print it or leave it out"
                yield Problem(i, text)
        for number in numbers(spans):
            if number.counts and number.value not in code and not shows(shown, number):
                text = f"says `{number.text}`, which no output shows and no code cell holds"
                yield Problem(i, text)


def _prose(source):
    """Return the text of a Markdown cell with its math, and its spans of code that are a number."""
    text, spans = [], []
    for token in _flat(_MARKDOWN.parse(source)):
        if token.type in ("text", "image", "math_inline", "math_inline_double", "math_block"):
            text.append(token.content)
        elif token.type == "code_inline":
            text.append(" ")
            if re.fullmatch(r"[-+\N{MINUS SIGN}]?[\d.,_]+([eE][-+]?\d+)?", token.content):
                spans.append(token.content)
        elif token.type == "html_inline":
            text.append({"<sup>": "^{", "</sup>": "}"}.get(token.content, " "))
        elif token.type in ("softbreak", "hardbreak", "inline", "paragraph_close"):
            text.append("\n")
    return "".join(text), " ".join(spans)


def _flat(tokens):
    return [t for token in tokens for t in (token, *(token.children or ()))]


RULES = (plain_markdown, plain_html, headings, first_cell, numbers_shown)
