"""The page "Where it runs": every environment and chapter, from the files in records/environments/.

As a Sphinx extension this gives book/where_it_runs.md the directive `{where-it-runs}` with one of
four arguments: `answer` (one sentence), `environments` and `chapters` (tables), `notes` (a list).
No number stands on that page that is not in the files.
"""

from functools import cache

from tools.environments.runs import read_all, total, versions_text
from tools.notebooks.files import chapters, code_cells, notebooks, read, tags_of
from tools.sphinx_extensions.markdown_directive import add_markdown, fill

PARTS = ("answer", "environments", "chapters", "notes")
# In this order, then all others; the word that heads a column.
SHORT = {
    "pinned": "Pinned",
    "colab-2026-08": "Colab",
    "colab-2026-07": "Colab, earlier",
    "jax": "JAX",
    "torch": "PyTorch",
    "gpu": "GPU",
    "nightly": "Unreleased",
}


def titles():
    """Return the title of every chapter with its number, by the name of its file."""
    return {file: f"{number} {title}" for number, (file, title) in chapters().items()}


def part_of(part, records, titles):
    """Return a part of the page; records by name, in the order of the page."""
    if part not in PARTS:
        raise ValueError(f"where-it-runs has the parts {', '.join(PARTS)}, not {part!r}")
    found = [_with_sums(name, record, titles) for name, record in records.items()]
    ran = [r for r in found if r["notebooks"] and r["name"] != "nightly"]
    failed = sum(record["sums"]["failed"] for record in ran)
    cells = failed + sum(record["sums"]["passed"] for record in ran)
    ahead = next((r for r in found if r["notebooks"] and r["name"] == "nightly"), None)
    values = {"records": found, "ran": ran, "failed": failed, "cells": cells, "titles": titles}
    values["ahead"] = ahead
    return fill("where_it_runs.md.j2", part=part, **values).rstrip("\n")


def _with_sums(name, record, titles):
    """Return a record with what the page says besides: sums, gaps, what a rule printed."""
    ran = record["notebooks"]
    return {
        **record,
        "name": name,
        "short": SHORT.get(name, name),
        "sums": total(record),
        "versions": versions_text(record),
        "missing": [file for file in titles if file not in ran],
        "by_rule": [file for file in by_rule(record["backend"]) if file in ran],
    }


@cache
def by_rule(backend):
    """Return the notebooks, a name for each cell, that measure nothing on a backend and say so."""
    return [
        path.stem
        for path in notebooks()
        for cell in code_cells(read(path))
        if f"by-rule-on-{backend}" in tags_of(cell)
    ]


def on_page(part):
    """Return a part of the page, from the files."""
    found, places = read_all(), list(SHORT)
    order = sorted(found, key=lambda name: (places.index(name) if name in SHORT else 99, name))
    return part_of(part, {name: found[name] for name in order}, titles())


def setup(app):
    """Give the page its directive."""
    add_markdown(app, "where-it-runs", on_page)
