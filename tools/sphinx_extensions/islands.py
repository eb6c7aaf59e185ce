"""A Sphinx extension: pictures that move, in pages and in chapters (content/islands.toml).

In an `.md` page:

    :::{island} forgotten
    :::

Their one script is the theme's islands.js; page.js brings it when it is needed.
"""

import importlib

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from tools.sphinx_extensions.markdown_directive import data

NAMES = ("stages", "forgotten", "means")
PLACES = data("islands.toml")["place"]


def island(name):
    """Return the HTML of an island.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"No picture that moves has the name {name!r}; expected one of {NAMES}.")
    return importlib.import_module(f"tools.islands.{name}").html()


class IslandDirective(SphinxDirective):
    required_arguments = 1

    def run(self):
        try:
            return [nodes.raw("", island(self.arguments[0]), format="html")]
        except ValueError as error:
            raise self.error(str(error)) from error


def place(app, doctree):
    """Put islands at the end of the sections that content/islands.toml names."""
    for entry in PLACES:
        if entry["page"] != app.env.docname:
            continue
        found = [s for s in doctree.findall(nodes.section) if entry["section"] in s["ids"]]
        if not found:
            raise ValueError(f"{entry['page']} has no section {entry['section']!r} for an island.")
        inside = found[0]
        after = next((i for i, n in enumerate(inside) if isinstance(n, nodes.section)), len(inside))
        inside.insert(after, nodes.raw("", island(entry["island"]), format="html"))


def name_script(app, pagename, templatename, context, doctree):
    """Tell every island of a page where the script lies."""
    body = context.get("body", "")
    if " data-island=" in body:
        path = context["pathto"]("_static/islands.js", 1)
        context["body"] = body.replace(" data-island=", f' data-script="{path}" data-island=')


def setup(app):
    app.add_directive("island", IslandDirective)
    app.connect("doctree-read", place)
    app.connect("html-page-context", name_script, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
