"""Run notebooks side by side, and keep the runs where the site's build looks for them.

A run is done by the function that the build itself uses (jupyter-cache's), with the build's kernel,
timeout and working directory. The build finds it by the notebook's code, cell metadata and kernel.
Those do not say whether a kept run is still true, for lossbook or an installed package may have
changed. So a run is kept with a digest of the world it ran in, and `current` compares that too.
"""

import hashlib
import os
import platform
import re
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime
from importlib import metadata
from typing import NamedTuple

import nbformat
from ipykernel.ipkernel import IPythonKernel
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode, from_dict

from tools.notebooks.files import ANSI, ROOT, code_cells, config, joined

KINDS = (".py", ".js", ".json")  # of the files of lossbook


class Run(NamedTuple):
    """A finished run: the notebook with its outputs, its time, and what went wrong, if anything."""

    nb: NotebookNode
    seconds: float
    error: str


def run_all(jobs, timeout):
    """Run notebooks in two processes, each with its own kernel; yield (path, Run) as they finish.

    Args:
        jobs: list of (path, notebook).
        timeout: seconds that one cell may take.
    """
    with ProcessPoolExecutor(min(2, len(jobs)) or 1, initializer=quiet) as pool:
        futures = {pool.submit(run, nb, str(path.parent), timeout): path for path, nb in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()


def run(nb, cwd, timeout):
    """Run one notebook in a fresh kernel."""
    for cell in code_cells(nb):
        cell.execution_count, cell.outputs = None, []
    try:
        result = single_nb_execution(nb, cwd=cwd, timeout=timeout, allow_errors=False)
    except Exception as error:  # the kernel died or never started
        done = max(
            (i for i, cell in enumerate(nb.cells, 1) if cell.get("execution_count")), default=0
        )
        return Run(nb, 0.0, f"  after cell {done}: {type(error).__name__}: {error}")
    if isinstance(result.err, CellTimeoutError):
        limit = f"a cell may take {timeout} s (execute: timeout in _config.yml)"
        return Run(nb, result.time, describe(nb, limit))
    return Run(nb, result.time, describe(nb) if result.err else "")


def quiet():
    """Send this process's stderr nowhere, for kernels inherit it and TensorFlow writes to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def describe(nb, reason=None):
    """Say which cell failed: its lines, with an arrow at the failing one, then the error."""
    number, cell = [(i, c) for i, c in enumerate(nb.cells, 1) if c.get("execution_count")][-1]
    failed = next((o for o in cell.outputs if o.output_type == "error"), None)
    trace = ANSI.sub("", "\n".join(failed.traceback)) if failed else ""
    line = re.search(r"Cell In\[\d+\], line (\d+)", trace)
    shown = [
        f"    {'>' if line and int(line[1]) == n else ' '} {text}".rstrip()
        for n, text in enumerate(cell.source.rstrip().splitlines(), start=1)
    ]
    reason = reason or ANSI.sub("", f"{failed.ename}: {failed.evalue}")
    return "\n".join([f"  cell {number}:", *shown, f"  {reason}"])


def seconds_of(cell):
    """Return how long a cell took, of the times that nbclient noted."""
    times = cell.metadata["execution"]
    start, end = (
        datetime.fromisoformat(times[key]) for key in ("iopub.status.busy", "iopub.status.idle")
    )
    return (end - start).total_seconds()


class Kept:
    """The runs that the site's build looks for, in `_build/.jupyter_cache`."""

    def __init__(self):
        self.cache = get_cache(str(ROOT / "_build" / ".jupyter_cache"))
        self.world = world()

    def current(self, nb):
        """Say whether a kept run of this notebook is still what a new run would give."""
        record = self._record(nb)
        return record is not None and (record.data or {}).get("world") == self.world

    def passed(self, path):
        """Say whether this very notebook, outputs included, has passed nbval, and would again."""
        nb = nbformat.read(path, as_version=4)
        record = self._record(nb)
        data = record.data or {} if record is not None else {}
        return data.get("world") == self.world and data.get("passed") == _digest(nb)

    def keep(self, path, run, passed=None):
        """Keep a run, and have the build write that page anew.

        Args:
            path: of the notebook.
            run: the Run.
            passed: the digest of the notebook that it agrees with, if it was compared.
        """
        data = {"execution_seconds": run.seconds, "world": self.world, "passed": passed}
        # In pieces, the site would lose the blank lines and the unfinished lines between them.
        for cell in code_cells(run.nb):
            cell.outputs = joined(cell.outputs)
        bundle = CacheBundleIn(run.nb, str(path), data=data)
        self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        _forget_page(path)

    def forget(self, path, nb):
        """Forget the kept run of a notebook that fails now."""
        record = self._record(nb)
        if record is not None:
            self.cache.remove_cache(record.pk)
        _forget_page(path)

    def _record(self, nb):
        try:
            return self.cache.match_cache_notebook(nb)
        except KeyError:
            return None


def keep_compared(path, nb, cells, seconds):
    """Keep a run that nbval has compared: (cell, outputs) of all code cells, which passed."""
    if len(cells) < len(code_cells(nb)) or path.parent != ROOT / "book":
        return
    saved = _digest(nb)
    for count, (cell, outputs) in enumerate(cells, start=1):
        cell.execution_count, cell.outputs = count, outputs
    # What a kernel says of itself, and nbclient writes down: the site colours code by it.
    nb.metadata.language_info = from_dict(IPythonKernel.language_info)
    Kept().keep(path, Run(nb, seconds, ""), saved)


def timeout():
    """Return the seconds that the site's build grants a cell."""
    return config()["execute"]["timeout"]


def _digest(nb):
    return hashlib.sha256(nbformat.writes(nb).encode()).hexdigest()


def _forget_page(path):
    if path.is_relative_to(ROOT):
        page = path.relative_to(ROOT).with_suffix(".doctree")
        (ROOT / "_build" / ".doctrees" / page).unlink(missing_ok=True)


def world():
    """Digest what a run depends on besides its notebook: lossbook, Python, the pinned packages.

    What other targets install beside them (Playwright, a linter) changes no number.
    """
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    pinned = {line.partition("==")[0] for line in lines}
    packages = sorted(
        f"{d.name}=={d.version}" for d in metadata.distributions() if _normal(d.name) in pinned
    )
    files = [path for path in (ROOT / "lossbook").rglob("*") if path.suffix in KINDS]
    sources = [path.read_text("utf8") for path in sorted(files)]
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    everything = [platform.python_version(), sys.platform, backend, *packages, *sources]
    return hashlib.sha256("\n".join(everything).encode()).hexdigest()


def _normal(name):
    """Return a package's name as requirements.txt writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()
