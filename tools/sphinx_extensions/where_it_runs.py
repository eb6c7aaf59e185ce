"""The page "Where it runs": every environment and chapter, from the files in records/environments/.

As a Sphinx extension this gives book/where_it_runs.md the directive `{where-it-runs}` with one of
four arguments: `answer` (one sentence), `environments` and `chapters` (tables), `notes` (a list).
No number stands on that page that is not in the files.
"""

from tools.notebooks.files import chapter_title, code_cells, notebooks, read, tags_of
from tools.sphinx_extensions.markdown_directive import MarkdownDirective
from tools.watch.environments import read_all, total, versions_text

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


def records():
    """Return the records in the order of the page."""
    found, places = read_all(), list(SHORT)
    order = sorted(found, key=lambda name: (places.index(name) if name in SHORT else 99, name))
    return {name: found[name] for name in order}


def chapters():
    """Return the title of every chapter, by the name of its file."""
    return {path.stem: chapter_title(path) for path in notebooks()}


def answer(found, titles):
    """Return the page in one sentence."""
    released = {name: record for name, record in found.items() if name != "nightly"}
    ran = [record for record in released.values() if record["notebooks"]]
    whole = [record for record in ran if not missing(record, titles)]
    sums = [total(record) for record in ran]
    failed = sum(counts["failed"] for counts in sums)
    cells = failed + sum(counts["passed"] for counts in sums)
    return (
        f"**We ran {cells:,} cells in {_many(len(ran), 'environment')}, all {len(titles)} chapters "
        f"in {len(whole)} of them; {failed or 'none'} printed another number than the book. "
        f"The last run is of {max(record['date'] for record in ran)}.**"
    )


def missing(record, titles):
    """Return the chapters that did not run in an environment."""
    return [name for name in titles if name not in record["notebooks"]]


def environment_table(found, titles):
    """Return a row for each environment: what came of it, when, with which versions."""
    rows = ["| environment | outcome | with |", "|---|---|---|"]
    for record in found.values():
        said = f"{record['date']}: {outcome(record, titles)}"
        rows.append(f"| **{record['title']}** | {said} | {versions_text(record)} |")
    return "\n".join(rows)


def outcome(record, titles):
    """Return what came of an environment, in words."""
    if not record["notebooks"]:
        return "not run"
    sums = total(record)
    ran = f"{len(titles) - len(missing(record, titles))} of {len(titles)} chapters, "
    if sums["failed"]:
        said = f"**{_many(sums['failed'], 'cell')} of {sum(sums.values())} failed**"
    else:
        said = f"all {sums['passed']} cells as saved"
    skipped = f", {sums['skipped']} skipped" if sums["skipped"] else ""
    return ran + said + skipped


def chapter_table(found, titles):
    """Return a row for each chapter, a column for each environment in which something ran."""
    ran = {name: record for name, record in found.items() if record["notebooks"]}
    heads = [SHORT.get(name, name) for name in ran]
    rows = [f"| chapter | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for name, title in titles.items():
        cells = [cell(record["notebooks"].get(name)) for record in ran.values()]
        rows.append(f"| [{title}]({name}.ipynb) | {' | '.join(cells)} |")
    return "\n".join([":::{container} lb-narrow", *rows, ":::"])


def cell(counts):
    """Return what a table says of one chapter in one environment, in words as well as numbers."""
    if counts is None:
        return "not run"
    run = counts["passed"] + counts["failed"]
    said = f"**{counts['failed']} of {run} failed**" if counts["failed"] else str(run)
    return said + (f", {counts['skipped']} skipped" if counts["skipped"] else "")


def notes(found, titles):
    """Return what each environment needs said, and what did not run in it."""
    lines = []
    for record in found.values():
        gaps = missing(record, titles)
        said = list(record["notes"])
        if record["notebooks"] and gaps:
            said.append(f"Not run: {_links(gaps, titles)}.")
        unmeasured = [n for n in by_rule(record["backend"]) if n in record["notebooks"]]
        if unmeasured:
            said.append(f"Printed by rule, not measured: a cell of {_links(unmeasured, titles)}.")
        if said:
            lines.append(f"- **{record['title']}.** {' '.join(said)}")
    return "\n".join(lines)


def by_rule(backend):
    """Return the notebooks, a name for each cell, that measure nothing on a backend and say so."""
    return [
        path.stem
        for path in notebooks()
        for cell in code_cells(read(path))
        if f"by-rule-on-{backend}" in tags_of(cell)
    ]


def _links(names, titles):
    return ", ".join(f"[{titles[name]}]({name}.ipynb)" for name in names)


def _many(count, thing):
    return f"{count} {thing}{'' if count == 1 else 's'}"


PARTS = {
    "answer": answer,
    "environments": environment_table,
    "chapters": chapter_table,
    "notes": notes,
}


class WhereItRuns(MarkdownDirective):
    """A part of the page, from the files."""

    def text(self, argument):
        """Return the part."""
        if argument not in PARTS:
            raise ValueError(f"where-it-runs has the parts {', '.join(PARTS)}, not {argument!r}")
        return PARTS[argument](records(), chapters())


def setup(app):
    """Give the page its directive."""
    app.add_directive("where-it-runs", WhereItRuns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
