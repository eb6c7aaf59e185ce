"""What the notebooks print with another Keras: chapter, heading and cell, old lines and new.

tools/watch/drift.py runs them in the environment that it made. A cell that stops does not stop the
watch:
its error is told in one line, and cells that only lack what it would have made are counted.
"""

import ast
import difflib
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output

from tools.notebooks.files import (
    ANSI,
    chapter_title,
    code_cells,
    finish,
    notebooks,
    parse,
    read,
    visible_text,
)
from tools.notebooks.runs import quiet, timeout
from tools.watch import environments

NOT_RUN = "NotRun"  # an earlier cell took too long, or its kernel died
LINES = 4  # of a cell, told each way; of the others how many there are


class Difference(NamedTuple):
    """A cell that prints something else now: where it is, its lines then, and its lines now."""

    chapter: str
    heading: str
    cell: str
    old: tuple
    new: tuple
    cells: int = 1  # more, and no name, where they only lack what an earlier one would have made


def run_all(name, python, files=()):
    """Run notebooks in an environment, two at once; return the Differences, and counts by name."""
    kernel, paths = environments.kernel(name, python), notebooks(files)
    settings = environments.settings()
    os.environ["JUPYTER_PATH"] = settings["JUPYTER_PATH"]  # nbclient looks for the kernel there
    with ProcessPoolExecutor(2, initializer=quiet) as pool:
        runs = list(pool.map(_run, paths, [kernel] * len(paths), [settings] * len(paths)))
    found, counts = [], {}
    for path, (fresh, seconds) in zip(paths, runs, strict=True):
        saved = read(path)
        differ = differences(chapter_title(path), saved, fresh)
        failed = sum(difference.cells for difference in differ)
        passed = len(code_cells(saved)) - failed
        counts[path.stem] = {"passed": passed, "failed": failed, "skipped": 0, "seconds": seconds}
        found += differ
    return found, counts


def _run(path, kernel, settings):
    """Run one notebook to its end, whatever its cells do; return it as it is then, and seconds."""
    start, nb = time.monotonic(), read(path)
    client = NotebookClient(nb, timeout=timeout(), kernel_name=kernel, allow_errors=True)
    try:
        client.execute(env=settings, cwd=str(path.parent))
    except (CellTimeoutError, DeadKernelError) as error:
        broken, *rest = [cell for cell in code_cells(nb) if not _ended(cell)]
        broken.outputs.append(_stop(type(error).__name__, str(error)))
        for cell in rest:
            cell.outputs = [_stop(NOT_RUN, "")]
    return nb, round(time.monotonic() - start, 1)


def _ended(cell):
    return "shell.execute_reply" in cell.metadata.get("execution", {})  # nbclient's clock


def _stop(name, text):
    return new_output("error", ename=name, evalue=text, traceback=[])


def differences(chapter, saved, fresh):
    """Return what a run prints otherwise than what is saved."""
    found, heading, lost, waiting = [], "", set(), 0
    errors = {i: _error(cell) for i, cell in enumerate(fresh.cells)}
    finish(fresh)  # clears what is not compared, errors included
    for i, (before, after) in enumerate(zip(saved.cells, fresh.cells, strict=True)):
        if before.cell_type == "markdown":
            heads = re.findall(r"^#+ (.+)$", before.source, flags=re.MULTILINE)
            heading = heads[-1] if heads else heading
            continue
        error = errors[i]
        if error:
            missing = re.match(r"name '(\w+)' is not defined", error.evalue)
            waits = error.ename == NOT_RUN or (missing and missing[1] in lost)
            lost |= _made_in(before)
            if waits:
                waiting += 1
                continue
        old, new = _changed(before, after)
        if error:
            new += (f"stops: {error.ename}: {_reason(error)}",)
        if old or new:
            found.append(Difference(chapter, heading, before.id, old, new))
    if waiting:
        more = "cell needs" if waiting == 1 else "cells need"
        text = f"{waiting} more {more} what these would have made."
        found.append(Difference(chapter, "", "", (), (text,), waiting))
    return found


def _error(cell):
    outputs = cell.get("outputs", ())
    return next((output for output in outputs if output.output_type == "error"), None)


def _reason(error):
    """Return the first line of an error's message; the line that raised it where it has none."""
    said = ANSI.sub("", error.evalue).strip() or ANSI.sub("", "\n".join(error.traceback))
    raised = re.search(r"^-+> *\d+ +(.+)", said, flags=re.MULTILINE)
    return (raised[1] if raised else said.splitlines()[0]).strip()


def _made_in(cell):
    """Return the names that a cell gives something to."""
    made = set()
    for node in ast.walk(parse(cell.source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
    return made


def _lines(cell, kind):
    """Return what a reader sees below a cell, of its HTML or of all but its HTML."""
    shown = []
    for output in cell.outputs:
        data = output.get("data", {})
        if kind == "html" and "text/html" in data:
            page = re.sub(r"</(?:tr|p|div|li|caption)>", "\n", data["text/html"])
            shown.append(visible_text({"data": {"text/html": page}}))
        elif kind != "html" and output.output_type != "error":
            rest = {name: data[name] for name in sorted(data) if name != "text/html"}
            shown.append(visible_text({**output, "data": rest}))
    return [" ".join(line.split()) for line in "\n".join(shown).splitlines() if line.strip()]


def _changed(before, after):
    """Return the lines that are below one cell alone, of each; of the HTML where they are there."""
    for kind in ("plain", "html"):
        old, new = _lines(before, kind), _lines(after, kind)
        steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        gone = [line for what, a, b, _, _ in steps if what != "equal" for line in old[a:b]]
        come = [line for what, _, _, a, b in steps if what != "equal" for line in new[a:b]]
        if gone or come:
            break
    return _short(gone), _short(come)


def _short(lines):
    more = [f"and {len(lines) - LINES} more lines"] if len(lines) > LINES + 1 else []
    return tuple([*lines[:LINES], *more] if more else lines)


def verdict(version, found, counts):
    """Return the first line of a report."""
    cells = sum(count["passed"] + count["failed"] for count in counts.values())
    if not found:
        return f"Notebooks: all of {cells} cells print with {version} what is saved."
    count = sum(difference.cells for difference in found)
    do = "does" if count == 1 else "do"
    return f"Notebooks: {count} of {cells} cells {do} not print with {version} what is saved."


def text(version, found, counts):
    """Return the report for a terminal."""
    lines = [verdict(version, found, counts)]
    for one in found:
        lines += [f"  {place(one)}"]
        lines += [f"    - {line}" for line in one.old] + [f"    + {line}" for line in one.new]
    return "\n".join(lines)


def markdown(version, found, counts):
    """Return the report for a page of GitHub."""
    lines = [f"### {verdict(version, found, counts)}", ""]
    for one in found:
        said = [f"- {line}" for line in one.old] + [f"+ {line}" for line in one.new]
        lines += [f"{place(one)}:", "", "```diff", *said, "```", ""]
    return "\n".join(lines)


def place(difference):
    """Return where a cell is, in words."""
    where = ", ".join(filter(None, (difference.chapter, difference.heading)))
    return f"{where} (cell {difference.cell})" if difference.cell else where


def record(title, python, found, counts):
    """Return the record of a run, for environments/ and the page "Where it runs"."""
    moved = [f"{one.chapter}, {one.heading}" for one in found if one.cell]
    notes = [f"The next release may print other numbers there: {'; '.join(dict.fromkeys(moved))}."]
    return {
        "environment": "nightly",
        "title": title,
        "date": environments.today(),
        **environments.versions(python),
        "notebooks": counts,
        "notes": notes if moved else [],
    }
