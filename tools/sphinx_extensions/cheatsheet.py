"""The cheat sheet on the site: both files beside the pages, and `{cheatsheet}`, the same as tables.

The rows and the drawing are those of tools/cheatsheet.
"""

from tools.cheatsheet import content, sheet
from tools.notebooks.files import chapters
from tools.sphinx_extensions.head import site_address
from tools.sphinx_extensions.markdown_directive import add_markdown, fill


def markdown(_=""):
    """Return the tables as Markdown."""
    return fill("cheatsheet.md.j2", tables=content.tables(), chapters=chapters())


def finish(app, error):
    if not error and app.builder.name == "html":
        sheet.save(app.outdir, site_address.of(app))


def setup(app):
    add_markdown(app, "cheatsheet", markdown)
    app.connect("build-finished", finish)
