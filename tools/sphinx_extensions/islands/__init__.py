"""A Sphinx extension: pictures that move, in pages and in chapters (places.toml).

In an `.md` page:

    :::{island} forgotten
    :::

A module here has `html()`, which fills the template of its name in `templates`: a picture, what
moves it, and the same as a table, by lossbook; without scripts that is all. The one script of all
is the theme's islands.js, made of tools/theme/static/islands; page.js brings it when it is needed.
path.py has no script at all: the strip of the eight stages, a link each.
"""

import importlib
import tomllib
from pathlib import Path

from docutils import nodes
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sphinx.util.docutils import SphinxDirective

NAMES = ("stages", "forgotten", "means")
HERE = Path(__file__).parent
PLACES = tomllib.loads((HERE / "places.toml").read_text(encoding="utf-8"))["place"]
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def fill(name, **values):
    """Return the HTML of an island, without an empty line."""
    text = TEMPLATES.get_template(f"{name}.html.j2").render(**values)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def island(name):
    """Return the HTML of an island.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"No picture that moves has the name {name!r}; expected one of {NAMES}.")
    return importlib.import_module(f"{__name__}.{name}").html()


class IslandDirective(SphinxDirective):
    required_arguments = 1

    def run(self):
        try:
            return [nodes.raw("", island(self.arguments[0]), format="html")]
        except ValueError as error:
            raise self.error(str(error)) from error


def place(app, doctree):
    """Put islands at the end of the sections that places.toml names."""
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
    app.connect("doctree-read", importlib.import_module(f"{__name__}.path").place)
    app.connect("html-page-context", name_script, priority=400)
