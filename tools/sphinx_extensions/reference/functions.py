"""A Sphinx extension: the docstrings of the package as pages, with links.

Sphinx's autodoc and napoleon read them. Where a docstring names a chapter or a place in Keras's
source ("keras/src/losses/loss.py::Loss.__call__, Keras 3.15.1"), it becomes a link.
"""

import re
from pathlib import Path

KERAS = "https://github.com/keras-team/keras/blob"
PLACE = re.compile(r"(keras/src/[\w/]+\.py)(::[\w.]+)?")
RELEASE = re.compile(r"Keras (\d+\.\d+\.\d+)")
CHAPTER = re.compile(r"\b[cC]hapter (\d+)\b")


def linked(app, kind, name, thing, options, lines):
    """Put the links into the lines of a docstring, in place."""
    chapters = {path.name[:2]: path.stem for path in Path(app.srcdir, "book").glob("[0-9]*.ipynb")}
    release = RELEASE.search(" ".join(lines))
    example = False
    for i, line in enumerate(lines):
        example = line.startswith(("    >>> ", ">>> ")) or (example and bool(line.strip()))
        if example:
            continue
        line = line.replace("|", "\\|")
        if release:
            line = PLACE.sub(rf"`\g<0> <{KERAS}/v{release[1]}/\g<1>>`__", line)
        lines[i] = CHAPTER.sub(lambda m: f":doc:`{m[0]} </book/{chapters[m[1].zfill(2)]}>`", line)


def without_a_word(app, kind, name, member, skip, options):
    """Leave out how a result is made, and what a named tuple says of its fields."""
    of_tuple = str(member.__doc__).startswith("Alias for field number")
    return True if of_tuple or name in ("__init__", "__new__") else None


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-docstring", linked, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", without_a_word)
