"""Run the notebooks as Colab's readers run them: Colab's versions, lossbook absent.

    python -m tools.watch.colab [RUNTIMES]     both runtimes, or those that are named
    python -m tools.watch.colab --setup        their setup cell alone; nothing is recorded

Each runtime gets an environment of its own in _build/colab (2 GB). In it the setup cell of the
notebooks runs first and installs lossbook, from an archive of what is committed instead of the
repository's address; `pip freeze` may change by lossbook alone, and the cell prints one line. Then
every notebook has to print what it printed when it was saved. What came of it is written to
records/environments/colab-*.json.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient

from tools.notebooks.files import ROOT, code_cells, notebooks, read, repository
from tools.notebooks.runs import seconds_of
from tools.watch import environments

FOLDER = ROOT / "_build" / "colab"
UV = Path(sys.executable).parent / "uv"
LIMIT = 20  # seconds that the setup cell may take; more is said, and fails nothing

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
NEWEST = "colab-2026-08"  # the other one is left out where its Python isn't at hand
OPEN = "Colab itself was not opened: its versions were rebuilt on another machine."


class Cell(NamedTuple):
    """What the setup cell did: its output, how long it took, what pip lists before and after."""

    printed: str
    seconds: float
    before: tuple
    after: tuple


def python_of(version):
    """Return a Python of that version, from the PATH, pyenv or uv; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [shutil.which(f"python{version}"), sys.executable]
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python"))
    for python in filter(None, candidates):
        if _version(python) == version:
            return str(python)
    found = subprocess.run([UV, "python", "find", version], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def _version(python):
    """Return 3.13 for an interpreter that is one; pyenv's stand-ins only say that they are not."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return run.stdout.strip()


def environment(name, python):
    """Make the environment of a runtime, without lossbook; return its Python."""
    runtime, folder = RUNTIMES[name], FOLDER / name
    inside, stamp = folder / "bin" / "python", folder / "made-of.json"
    made_of = json.dumps([python, *runtime.packages])
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != made_of:
        subprocess.run(
            [UV, "venv", "--quiet", "--clear", "--seed", "--python", python, folder], check=True
        )
        install = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", inside]
        subprocess.run([*install, *runtime.packages], check=True)
        stamp.write_text(made_of, encoding="utf-8")
    remove = [UV, "pip", "uninstall", "--quiet", "--python", inside, "lossbook"]
    subprocess.run(remove, check=True, capture_output=True)
    return inside


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
    given = {k: v for k, v in environments.settings().items() if k not in ours}
    os.environ["JUPYTER_PATH"] = given["JUPYTER_PATH"]  # nbclient looks for the kernel there
    before = freeze(python)
    with tempfile.TemporaryDirectory() as folder:
        cell = nbformat.v4.new_code_cell(setup_cell(archive(folder)))
        nb = nbformat.v4.new_notebook(cells=[cell])
        client = NotebookClient(nb, timeout=600, kernel_name=environments.kernel(name, python))
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


def run(name, python, setup_only=False):
    """Run one runtime; return its record, None where nothing is recorded, and its problems."""
    runtime = RUNTIMES[name]
    print(f"==> {name}: {runtime.title}, in {FOLDER.relative_to(ROOT)}", flush=True)
    inside = environment(name, python)
    cell = run_setup(name, inside)
    print(cell.printed, end="")
    found = problems(cell)
    if found:
        return None, [f"{name}: {problem}" for problem in found]
    print(notes(cell)[1])
    if setup_only:
        return None, []
    print(f"==> {name}: notebooks", flush=True)
    record = environments.record(name, runtime.title, inside, notes=notes(cell))
    environments.write(record)
    failed = environments.total(record)["failed"]
    return record, [f"{name}: {failed} cells differ."] if failed else []


def main(arguments):
    """Run the runtimes that the command line names, or both; say whether all went well."""
    setup_only = "--setup" in arguments
    names = [name for name in arguments if name != "--setup"] or list(RUNTIMES)
    if unknown := [name for name in names if name not in RUNTIMES]:
        sys.exit(f"Unknown runtime {', '.join(unknown)}. Known: {', '.join(RUNTIMES)}.")
    os.environ.pop("PYTHONPATH", None)  # lossbook is absent
    pythons = {name: python_of(RUNTIMES[name].python) for name in names}
    gaps = [name for name in names if pythons[name] is None]
    results = {name: run(name, pythons[name], setup_only) for name in names if pythons[name]}
    for name in gaps:
        print(f"{name}: not run, for no Python {RUNTIMES[name].python} is at hand.")
    done = {name: record for name, (record, _) in results.items() if record}
    if done:
        print("", environments.table(done), sep="\n")
    bad = [problem for _, found in results.values() for problem in found]
    if bad:
        print("", *bad, sep="\n")
    return bool(bad) or NEWEST in gaps or gaps == names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
