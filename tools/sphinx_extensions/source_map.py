"""The map of the source: from `model.evaluate` to the loss of an element, as Keras calls it.

As a Sphinx extension it gives book/map.md the directives `{source-map}`, a drawing whose boxes link
to Keras's lines and to the chapters, and `{source-list}`, the same as a list. The stops are in
content/source_map.toml, the lines are those of the installed Keras (`lossbook.source`).
"""

from pathlib import Path

import lossbook as lb
from tools.notebooks.files import chapters
from tools.sphinx_extensions.markdown_directive import add_markdown, data, fill

STOPS = data("source_map.toml")["stop"]
# CSS pixels of a phone; a desktop shows them larger.
SIZES = {"WIDTH": 372, "ROW": 58, "BOX": 50, "INDENT": 11, "PILL": 52}


def parent(index):
    """Return the place of the function that calls a stop, None for the first."""
    above = (i for i in range(index - 1, -1, -1) if STOPS[i]["depth"] < STOPS[index]["depth"])
    return next(above, None)


def placed():
    """Return the stops with their lines in Keras, their chapters, and where they are drawn."""
    found, known = [], chapters()
    for index, stop in enumerate(STOPS):
        source = lb.source(stop["name"])
        file, title = known[stop["chapter"]]
        place = {"x": 1 + SIZES["INDENT"] * stop["depth"], "y": SIZES["ROW"] * index + 4}
        lines = f"{Path(source.file).name}, lines {source.first_line} to {source.last_line}"
        above = None if parent(index) is None else found[parent(index)]
        found.append(
            stop
            | place
            | {"source": source, "lines": lines, "file": file, "title": title, "above": above}
        )
    return found


def svg(_=""):
    """Return the drawing, as Markdown has it: HTML without an empty line."""
    drawn = fill("source_map.svg.j2", stops=placed(), **SIZES)
    return "\n".join(line for line in drawn.splitlines() if line)


def listed(_=""):
    """Return the same as a list, in the order of the calls."""
    lines = []
    for stop in placed():
        source, above = stop["source"], stop["above"]
        name = f"`{source.function}`"
        where = f"[{name}]({source.permalink})" if source.permalink else name
        caller = f", called by `{above['source'].function}`" if above else ""
        chapter = f"[{stop['title']}]({stop['file']}.ipynb)"
        lines.append(f"1. {where}, {stop['lines']}{caller}: {stop['does']} ({chapter})")
    return "\n".join(lines)


def setup(app):
    add_markdown(app, "source-map", svg)
    add_markdown(app, "source-list", listed)
