"""Record what stands at the lines of Keras and TensorFlow that the book links to.

    .venv/bin/python -m tools.website.permalinks [FOLDER]

tests/book/permalinks.json then says, for each link, which function the lines are in or begin with,
and how they begin. tests/book/test_permalinks.py compares every link of the book with it, and what
it says of the pinned Keras with the installed one. The packages of the older releases are needed
only here: after a link into one of them was added.
"""

import ast
import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "book" / "permalinks.json"
LINK = re.compile(
    r"(?:\[(?P<text>[^]\n]*)\]\()?"
    r"(?P<url>https://github\.com/(?:keras-team|tensorflow)/(?P<project>keras|tensorflow)/blob/"
    r"v?(?P<version>[\d.]+)/(?P<file>[\w/]+\.py)(?:#L(?P<first>\d+)(?:-L(?P<last>\d+))?)?)"
    r'(?: "(?P<title>[^"\n]*)")?'
)


class Link(NamedTuple):
    """A link into a source, with its words and its title ("" where it has none)."""

    page: str
    text: str
    title: str
    url: str
    project: str
    version: str
    file: str
    first: int
    last: int


def links(page, text):
    """Return the links of a text; one without lines has 0 for them."""
    return [
        Link(
            *(page, found["text"] or "", found["title"] or "", found["url"]),
            *(found["project"], found["version"], found["file"]),
            first := int(found["first"] or 0),
            int(found["last"] or first),
        )
        for found in LINK.finditer(text)
    ]


def links_of_book():
    """Return every link on a page of the book: what we write, without outputs."""
    found = []
    for path in sorted((ROOT / "book").glob("*.md")):
        found += links(path.stem, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found += links(path.stem, "\n".join("".join(cell["source"]) for cell in cells))
    return found


def shown(source, first, last):
    """Return what lines show: the functions that begin there, else the one around, and line one.

    >>> shown("class Loss:\\n    def call(self):\\n        return 1\\n", 2, 3)
    ['Loss.call', 'def call(self):']
    >>> shown("class Loss:\\n    def call(self):\\n        return 1\\n", 3, 3)
    ['in Loss.call', 'return 1']
    """
    begin, around = [], []

    def walk(node, names):
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef | ast.ClassDef):
                walk(child, names)
                continue
            inside = [*names, child.name]
            if child.lineno in range(first, last + 1) and child.end_lineno <= last:
                begin.append(".".join(inside))
            elif child.lineno <= first and last <= child.end_lineno:
                around[:] = [".".join(inside)]
                walk(child, inside)

    walk(ast.parse(source), [])
    where = ", ".join(begin) or f"in {around[0]}" if begin or around else "in the module"
    return [where, source.splitlines()[first - 1].strip()]


def installed(link):
    """Return the file of a link into the installed Keras, None for another release."""
    if link.project != "keras" or importlib.metadata.version("keras") != link.version:
        return None
    return Path(importlib.util.find_spec("keras").origin).parent.parent / link.file


def released(link, folder):
    """Return the file in the environments that `make atlas` leaves; names differ in a package."""
    names = [link.file, link.file.replace("keras/", "keras/src/", 1)]
    if link.project == "keras":
        homes = [folder / "overlays" / f"keras-{link.version}"]
        homes += [
            path.parent for path in folder.glob(f"tf-*/lib/*/*/keras-{link.version}.dist-info")
        ]
    else:
        homes = list(folder.glob(f"tf-{link.version}/lib/*/site-packages"))
        names = [link.file, link.file.replace("tensorflow/", "tensorflow_core/", 1)]
    files = [home / name for home in homes for name in names]
    return next((file for file in files if file.is_file()), None)


def main(arguments):
    folder = Path(arguments[0]) if arguments else ROOT / "_build" / "atlas"
    record, missing = {}, []
    for link in links_of_book():
        file = installed(link) or released(link, folder)
        if file is None or not link.first:
            missing.append(f"{link.page}: {link.url}: {'no lines' if file else 'no such package'}")
            continue
        record[link.url] = shown(file.read_text(encoding="utf-8"), link.first, link.last)
    if missing:
        print("\n".join(missing))
        return 1
    text = json.dumps(dict(sorted(record.items())), indent=1, ensure_ascii=False) + "\n"
    RECORD.write_text(text, encoding="utf-8")
    print(f"{RECORD.name}: {len(record)} links")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
