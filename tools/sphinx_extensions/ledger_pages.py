"""A Sphinx extension: pages with interactive ledgers load their script once, and link to states.

A notebook's output brings the script along; here it is taken out, and the page's first ledger names
`_static/ledger.js` instead, which has the same text. Our script loads it as soon as the reader does
anything, or a ledger is near the window. The first one has the id "ledger": a
link to `#ledger=STATE` sets it (lossbook/_interact/state.py has the form).

In `.md` pages, a ledger and a link to a state of the page's first one:

    :::{ledger} 1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-3.15~mean
    Two of four weights are 0
    :::

    {ledger}`what the link says <1~4~none~0.2_0.4_1_2~1100~none~keras-3.15~mean>`
"""

import hashlib
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

from lossbook._interact.ledger import Ledger, script
from lossbook._interact.state import parse

ELEMENT = "<lossbook-ledger "
SCRIPT = re.compile(r'<script class="lossbook-ledger">.*?</script>', re.DOTALL)


class LedgerDirective(SphinxDirective):
    """A ledger that begins with the state in its argument; its title is the content."""

    required_arguments = 1
    has_content = True

    def run(self):
        try:
            ledger = Ledger(parse(self.arguments[0]), " ".join(self.content))
            return [nodes.raw("", ledger.static_html(), format="html")]
        except ValueError as error:
            raise self.error(str(error)) from error


class LedgerRole(SphinxRole):
    """A link that gives the page's first ledger another state."""

    def run(self):
        text, _, state = self.text.rpartition("<")
        try:
            parse(state.removesuffix(">"))
        except ValueError as error:
            return [], [self.inliner.reporter.error(str(error), line=self.lineno)]
        link = nodes.reference(
            "", text.strip(), refuri=f"#ledger={state.removesuffix('>')}", internal=True
        )
        return [link], []


def share_script(app, pagename, templatename, context, doctree):
    """Take the script out of every ledger of a page, number them, name the script once."""
    body = context.get("body", "")
    if ELEMENT not in body:
        return
    first, *others = SCRIPT.sub("", body).split(ELEMENT)
    version = hashlib.sha256(script().encode()).hexdigest()[:8]  # a browser may keep an old one
    path = f"{context['pathto']('_static/ledger.js', 1)}?v={version}"
    numbered = [
        f'{ELEMENT}id="ledger-{n}" {rest}' if n > 1
        else f'{ELEMENT}id="ledger" data-script="{path}" {rest}'
        for n, rest in enumerate(others, start=1)
    ]  # fmt: skip
    context["body"] = first + "".join(numbered)


def write_script(app, error):
    """Put the script where the pages expect it."""
    if error is None and app.builder.format == "html":
        Path(app.outdir, "_static/ledger.js").write_text(script(), encoding="utf-8")


def setup(app):
    """Connect before the theme, which makes its table of contents of the body."""
    app.add_directive("ledger", LedgerDirective)
    app.add_role("ledger", LedgerRole())
    app.connect("html-page-context", share_script, priority=400)
    app.connect("build-finished", write_script)
