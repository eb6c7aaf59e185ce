"""A Sphinx extension: formulas become MathML when the site is built.

A page then needs no script to show them, and none from another host. A formula that the translator
does not know is a warning, which fails `make book`.
"""

from docutils import nodes
from sphinx.util import logging

from tools.formulas.mathml import FormulaError, formula

LOG = logging.getLogger(__name__)


def translated(node, display):
    try:
        return formula(node.astext(), display)
    except FormulaError as error:
        LOG.warning("%s", error, location=node)
        return f"<code>{node.astext()}</code>"


def inline(self, node):
    self.body.append(f'<span class="math">{translated(node, display=False)}</span>')
    raise nodes.SkipNode


def block(self, node):
    if node.get("number"):
        LOG.warning("formulas have no numbers on this site", location=node)
    label = f' id="{node["ids"][0]}"' if node["ids"] else ""
    self.body.append(f'<div class="math"{label}>{translated(node, display=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("native_math", (inline, None), (block, None))
