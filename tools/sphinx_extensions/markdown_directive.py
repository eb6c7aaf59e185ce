"""Directives whose content is Markdown that is made from data; content/ has data and templates."""

import tomllib
from functools import cache
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sphinx.util.docutils import SphinxDirective

CONTENT = Path(__file__).with_name("content")
TEMPLATES = Environment(
    loader=FileSystemLoader(CONTENT),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def data(name):
    """Return what a TOML file of content/ says."""
    return tomllib.loads((CONTENT / name).read_text(encoding="utf-8"))


def fill(template, **values):
    """Return what a template says of these values."""
    return TEMPLATES.get_template(template).render(**values)


def add_markdown(app, name, text):
    """Add a directive that stands for the Markdown of `text(argument)`.

    `text` raises a ValueError for an argument that it doesn't know: the build names it and fails.
    """

    class MarkdownDirective(SphinxDirective):
        optional_arguments = 1

        def run(self):
            try:
                lines = text((self.arguments or [""])[0]).splitlines()
            except ValueError as error:
                raise self.error(str(error)) from error
            inside = nodes.Element()
            self.state.nested_parse(StringList(lines, name), 0, inside, match_titles=1)
            return inside.children

    app.add_directive(name, MarkdownDirective)
