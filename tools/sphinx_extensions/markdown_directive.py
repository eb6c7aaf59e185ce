"""Directives whose content is Markdown that is made from data, with a template of templates/."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sphinx.util.docutils import SphinxDirective

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


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
