"""The path as a strip of links, where a chapter draws it with one stage lit: plots.path("mask")."""

import re
from pathlib import Path

from docutils import nodes

from lossbook.plots._path import STAGES
from tools.sphinx_extensions.islands import fill

BOOK = Path(__file__).resolve().parents[3] / "book"
CALL = re.compile(r"lb\.plots\.path\((?:highlight=)?\"(.+)\"\)")


def html(lit):
    """Return the strip; chapters 2 to 9 take one stage each."""
    chapters = [path.stem for path in sorted(BOOK.glob("0*.ipynb"))][1:]
    stops = [
        {"name": name, "page": f"{page}.html", "lit": name == lit}
        for name, page in zip(STAGES, chapters, strict=True)
    ]
    return fill("path", stops=stops)


def place(app, doctree):
    """Put the strip where the cell was that draws it."""
    for cell in doctree.findall(
        lambda n: isinstance(n, nodes.container) and "cell" in n["classes"]
    ):
        call = CALL.fullmatch(next(iter(cell.findall(nodes.literal_block)), cell).astext())
        if call:
            cell.replace_self(nodes.raw("", html(call[1]), format="html"))
            return
