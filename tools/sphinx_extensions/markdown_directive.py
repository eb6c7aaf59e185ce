"""A Sphinx directive whose content is Markdown that a tool makes: tables and lists from data."""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


class MarkdownDirective(SphinxDirective):
    """A directive that stands for the Markdown its `text` returns; one optional argument."""

    optional_arguments = 1

    def text(self, argument):
        """Return the Markdown for the argument; ValueError for one that isn't known."""
        raise NotImplementedError

    def run(self):
        """Parse the Markdown in place."""
        try:
            text = self.text((self.arguments or [""])[0])
        except ValueError as error:
            raise self.error(str(error)) from error
        inside = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), self.name), 0, inside, match_titles=1)
        return inside.children
