"""Colab's versions, and what the setup cell of the notebooks does where lossbook is absent.

`make colab` makes an environment for each runtime (noxfile.py). In it the setup cell runs first and
installs lossbook, from an archive of what is committed instead of the repository's address;
`pip freeze` may change by lossbook alone, and the cell prints one line. Then every notebook has to
print what it printed when it was saved.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient

from tools.environments import runs
from tools.notebooks.files import ROOT, code_cells, notebooks, read, repository
from tools.notebooks.runs import seconds_of

LIMIT = 20  # seconds that the setup cell may take; a slower one is noted, and fails nothing

# Colab's own, from googlecolab/backend-info. PyTorch, JAX and 600 more are not asked for: no
# notebook imports them. The kernel's parts are those of the list of June 2026 (pip-freeze.gpu.txt
# at 03a89033), the newest that names them all.
KERNEL = (
    *("pip==24.1.2", "setuptools==75.2.0", "ipykernel==6.17.1", "ipython==7.34.0"),
    *("ipywidgets==7.7.1", "jupyter_client==7.4.9", "traitlets==5.7.1", "tornado==6.5.1"),
    *("pyzmq==26.2.1", "matplotlib-inline==0.2.2", "pexpect==4.9.0"),
)


class Runtime(NamedTuple):
    """A runtime of Colab: what it is, which Python it has, what is installed in it."""

    title: str
    python: str
    packages: tuple


RUNTIMES = {
    "colab-2026-08": Runtime(
        "Colab's image of 2026-08-19",
        "3.13",
        (
            *("tensorflow==2.20.0", "keras==3.13.2", "tf_keras==2.20.1", "numpy==2.1.3"),
            *("matplotlib==3.10.0", "scikit-learn==1.6.1", *KERNEL),
        ),
    ),
    "colab-2026-07": Runtime(
        "Colab's earlier runtime, 2026.07",
        "3.12",
        (
            *("tensorflow==2.20.0", "keras==3.13.2", "tf_keras==2.20.0", "numpy==2.0.2"),
            *("matplotlib==3.10.0", "scikit-learn==1.6.1", *KERNEL),
        ),
    ),
}
NEWEST = "colab-2026-08"
OPEN = "Colab itself was not opened: its versions were rebuilt on another machine."


class Cell(NamedTuple):
    """What the setup cell did: its output, how long it took, what pip lists before and after."""

    printed: str
    seconds: float
    before: tuple
    after: tuple


def freeze(python):
    """Return what pip lists in an environment, pip itself included."""
    command = [python, "-m", "pip", "freeze", "--all", "--disable-pip-version-check"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return tuple(sorted(run.stdout.splitlines()))


def archive(folder):
    """Pack what is committed; return the file."""
    file = Path(folder) / "lossbook.zip"
    subprocess.run(["git", "archive", "--output", file, "HEAD"], cwd=ROOT, check=True)
    return file


def setup_cell(source):
    """Return the setup cell of the notebooks, with another source of the package."""
    cells = {code_cells(read(path))[0].source for path in notebooks()}
    if len(cells) != 1:
        raise ValueError("the notebooks begin with different setup cells; run make refresh")
    (cell,) = cells
    address = "git+{url}@{branch}".format(**repository())
    if address not in cell:
        raise ValueError(f"the setup cell installs nothing from {address}")
    return cell.replace(address, str(source))


def run_setup(name, python):
    """Run the setup cell in a kernel of the environment, as the first cell of a notebook."""
    ours = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")  # no reader has set them
    given = {k: v for k, v in runs.settings().items() if k not in ours}
    os.environ["JUPYTER_PATH"] = given["JUPYTER_PATH"]  # nbclient looks for the kernel there
    before = freeze(python)
    with tempfile.TemporaryDirectory() as folder:
        cell = nbformat.v4.new_code_cell(setup_cell(archive(folder)))
        nb = nbformat.v4.new_notebook(cells=[cell])
        client = NotebookClient(nb, timeout=600, kernel_name=runs.kernel(name, python))
        client.execute(env=given, cwd=folder)
    printed = "".join(o.get("text", "") or f"{o.output_type}\n" for o in cell.outputs)
    return Cell(printed, seconds_of(cell), before, freeze(python))


def problems(cell):
    """Return what the setup cell did that a reader would mind, in words."""
    found = []
    lines = cell.printed.splitlines()
    if len(lines) != 1:
        found.append(f"The setup cell prints {len(lines)} lines:\n{cell.printed}")
    if any(_is_ours(line) for line in cell.before):
        found.append("lossbook was there before the setup cell ran.")
    added = sorted(set(cell.after) - set(cell.before))
    removed = sorted(set(cell.before) - set(cell.after))
    if len([line for line in added if _is_ours(line)]) != 1:
        found.append("The setup cell did not install lossbook.")
    if others := [line for line in added if not _is_ours(line)] + removed:
        found.append(f"The setup cell changed more than lossbook: {', '.join(others)}.")
    return found


def _is_ours(line):
    return line.split("=")[0].split("@")[0].strip() == "lossbook"


def notes(cell):
    """Return what a record says of the setup cell."""
    many = f"left the {len(cell.before)} other packages as they were"
    slow = f" (more than {LIMIT} s)" if cell.seconds > LIMIT else ""
    took = f"took {cell.seconds:.0f} s{slow} and printed one line"
    return [OPEN, f"The setup cell added lossbook, {many}, {took}."]
