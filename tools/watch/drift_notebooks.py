"""What the notebooks print with another Keras: chapter, heading and cell, old lines and new.

A cell that stops does not stop the run: its error is told in one line, and cells that lack what it
would have made are counted.
"""

import difflib
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output

from tools.notebooks.files import ANSI, chapter_title, code_cells, finish, notebooks, read
from tools.notebooks.files import visible_text as text_of
from tools.notebooks.runs import quiet, timeout
from tools.watch import environments

NOT_RUN = "NotRun"  # an earlier cell took too long, or its kernel died
LINES = 4  # of a cell, told each way; of the others how many there are


class Difference(NamedTuple):
    """A cell that prints something else now: where it is, its lines then, and its lines now."""

    place: str
    old: tuple
    new: tuple
    cells: int = 1  # more where they only lack what an earlier one would have made


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
        broken, *rest = [
            cell
            for cell in code_cells(nb)
            if "shell.execute_reply" not in cell.metadata.get("execution", {})  # nbclient's clock
        ]
        broken.outputs.append(new_output("error", ename=type(error).__name__, evalue=str(error)))
        for cell in rest:
            cell.outputs = [new_output("error", ename=NOT_RUN)]
    return nb, round(time.monotonic() - start, 1)


def differences(chapter, saved, fresh):
    """Return what a run prints otherwise than what is saved."""
    found, place, waiting = [], chapter, 0
    errors = {i: _error(cell) for i, cell in enumerate(fresh.cells)}
    finish(fresh)  # clears what is not compared, errors included
    for i, (before, after) in enumerate(zip(saved.cells, fresh.cells, strict=True)):
        if before.cell_type == "markdown":
            heads = re.findall(r"^#+ (.+)$", before.source, flags=re.MULTILINE)
            place = f"{chapter}, {heads[-1]}" if heads else place
            continue
        error = errors[i]
        stopped = any(errors[earlier] for earlier in range(i))
        if error and (error.ename == NOT_RUN or (stopped and error.ename == "NameError")):
            waiting += 1
            continue
        old, new = _changed(before, after)
        if error:
            new += (f"stops: {error.ename}: {_reason(error)}",)
        if old or new:
            found.append(Difference(place, old, new))
    if waiting:
        text = f"{waiting} more cells stop for want of what these would have made."
        found.append(Difference(chapter, (), (text,), waiting))
    return found


def _error(cell):
    outputs = cell.get("outputs", ())
    return next((output for output in outputs if output.output_type == "error"), None)


def _reason(error):
    """Return the first line of an error's message; the line that raised it where it has none."""
    said = ANSI.sub("", error.evalue).strip() or ANSI.sub("", "\n".join(error.traceback))
    raised = re.search(r"^-+> *\d+ +(.+)", said, flags=re.MULTILINE)
    return (raised[1] if raised else said.splitlines()[0]).strip()


def _lines(cell, kind):
    """Return what a reader sees below a cell, of its HTML or of all but its HTML."""
    shown = []
    for output in cell.outputs:
        data = output.get("data", {})
        if kind == "html" and "text/html" in data:
            page = re.sub(r"</(?:tr|p|div|li|caption)>", "\n", data["text/html"])
            shown.append(text_of({"data": {"text/html": page}}))
        elif kind != "html" and output.output_type != "error":
            rest = {name: data[name] for name in sorted(data) if name != "text/html"}
            shown.append(text_of({**output, "data": rest}))
    return [" ".join(line.split()) for line in "\n".join(shown).splitlines() if line.strip()]


def _changed(before, after):
    """Return the lines that are below one cell alone, of each; of the HTML where they are there."""
    for kind in ("plain", "html"):
        steps = list(difflib.ndiff(_lines(before, kind), _lines(after, kind)))
        gone, come = ([line[2:] for line in steps if line.startswith(sign)] for sign in "-+")
        if gone or come:
            break
    return _short(gone), _short(come)


def _short(lines):
    more = [f"and {len(lines) - LINES} more lines"] if len(lines) > LINES + 1 else []
    return tuple([*lines[:LINES], *more] if more else lines)


def report(found, counts):
    """Return what moved in the notebooks, for a terminal and for a page of GitHub."""
    cells = sum(count["passed"] + count["failed"] for count in counts.values())
    moved = sum(difference.cells for difference in found)
    lines = [f"### Notebooks: {moved} of {cells} cells print something else", ""]
    for place, old, new, _ in found:
        said = [f"- {line}" for line in old] + [f"+ {line}" for line in new]
        lines += [f"{place}:", "", "```diff", *said, "```", ""]
    return "\n".join(lines)


def record(python, found, counts):
    """Return the record of a run with the nightly, for the page "Where it runs"."""
    places = dict.fromkeys(difference.place for difference in found if difference.cells == 1)
    notes = [f"The next release may print other numbers there: {'; '.join(places)}."]
    title = "Keras as it is developed"
    return environments.record(
        "nightly", title, python, counts=counts, notes=notes if places else ()
    )
