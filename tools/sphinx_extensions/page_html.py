"""A Sphinx extension: the HTML of an article, so that a page loads at once and can be heard.

Pictures have their size, and wait until they are near; tables scroll in their own box, say what
their headers head, and may break a long name at an underscore; code has no element for what looks
like the text around it. What may scroll is marked for the keyboard; tools/theme/static/page.js
takes the mark from what does not. A folded cell says what it holds.
"""

import re
from html import unescape
from pathlib import Path

from docutils import nodes
from pygments.formatters import HtmlFormatter
from pygments.token import Name, Punctuation, Whitespace
from sphinx.highlighting import PygmentsBridge
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator

PLAIN = (Name, Punctuation, Whitespace)  # they have the colour of the text
NARROW = 40  # characters of code that a phone shows in a line
BREAKS = re.compile(
    r"(?<=\w_)(?=[^\W_])|(?<=\w)(?=\()"
)  # of mean_with_sample_weight, Loss(weight=w)
BADGE = "colab-badge.svg"
FOLDED = {"device": "Setup", "figure": "Plot"}  # by the tag of a cell


class CodeFormatter(HtmlFormatter):
    """Code in as few elements as its colours need."""

    def _get_css_class(self, ttype):
        return "" if ttype in PLAIN else super()._get_css_class(ttype)

    def _wrap_pre(self, inner):
        lines = list(inner)
        longest = max((len(plain(line).rstrip("\n")) for _, line in lines), default=0)
        yield 0, '<pre tabindex="0">' if longest > NARROW else "<pre>"
        yield from lines
        yield 0, "</pre>"


class PageTranslator(HTML5Translator):
    """Sphinx's HTML, with sizes, headers and boxes that scroll."""

    in_table = 0  # how deep

    def visit_document(self, node):
        self.pictures = 0
        super().visit_document(node)

    def visit_image(self, node):
        if node["uri"].endswith(BADGE):  # in a notebook, a picture from another host; here, words
            self.body.append(f'<span class="lb-badge">{self.encode(node["alt"])}</span>')
            raise nodes.SkipNode
        self.size = get_image_size(Path(self.builder.srcdir, node["uri"]))
        super().visit_image(node)

    def visit_table(self, node):
        self.body.append('<div class="scrolls" tabindex="0">')
        super().visit_table(node)
        self.in_table += 1

    def depart_table(self, node):
        self.in_table -= 1
        super().depart_table(node)
        self.body.append("</div>\n")

    def visit_entry(self, node):
        super().visit_entry(node)
        if not node.astext() and self.body[-1].startswith("<th"):  # it heads nothing
            self.body[-1] = "<td>"
            self.context[-1] = "</td>\n"

    def starttag(self, node, tagname, suffix="\n", empty=False, **attributes):
        if tagname == "th":
            heads = isinstance(node.parent.parent, nodes.thead)
            attributes["scope"] = "col" if heads else "row"
        elif tagname == "img" and self.size:
            attributes["width"], attributes["height"] = map(str, self.size)
            attributes["decoding"] = "async"
            if self.pictures:  # the first often stands in the first screen
                attributes["loading"] = "lazy"
            self.pictures += 1
        return super().starttag(node, tagname, suffix, empty, **attributes)

    def visit_Text(self, node):
        """Without Sphinx's element around every word of `code`; in a table long names may break."""
        if self.protect_literal_text:
            self.body.append(self.encode(node.astext()))
        else:
            super().visit_Text(node)
        if self.in_table:
            self.body[-1] = BREAKS.sub("<wbr>", self.body[-1])


def plain(html):
    return unescape(re.sub(r"<[^>]+>", "", html))


def name_folded(app, doctree):
    """Say in a word what a folded cell holds, by its tags, instead of "Show code cell source"."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code":
            tags = cell["cell_metadata"].get("tags", [])
            word = next((word for tag, word in FOLDED.items() if tag in tags), "Code")
            cell["prompt_show"] = cell["prompt_hide"] = word


def setup(app):
    app.connect("doctree-read", name_folded)
    PygmentsBridge.html_formatter = CodeFormatter
    app.set_translator("html", PageTranslator)
