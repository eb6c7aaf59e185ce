"""The environments of `make matrix`, `backends`, `colab`, `mutants`: by nox and uv.

Each session gets an environment of its own in _build/nox (`nox -r` keeps it for the next run). The
Makefile says which session runs; RELEASES, BACKENDS and RUNTIMES come as variables of the
environment. These sessions run for minutes to hours and download 1 to 5 GB each.
"""

import os
import re
import sys
from pathlib import Path

import nox
from uv import find_uv_bin

from records.atlas import build as atlas
from tools import mutants as mutation
from tools.environments import colab as colabs
from tools.environments import runs

nox.options.default_venv_backend = "uv"
nox.options.envdir = "_build/nox"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = []

os.environ.pop("PYTHONPATH", None)  # an environment holds what is installed in it alone
# The Pythons that only pyenv knows: its stand-ins on the PATH start none of them by themselves.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
os.environ["PATH"] = os.pathsep.join(
    [os.environ["PATH"], *map(str, sorted(PYENV.glob("versions/*/bin")))]
)

# Keras, and the newest TensorFlow of its time that runs on NumPy 2.
RELEASES = {
    "3.5.0": "tensorflow==2.18.1",
    "3.8.0": "tensorflow==2.18.1",
    "3.10.0": "tensorflow==2.19.1",
    "3.13.2": "tensorflow==2.20.0",
    "3.14.1": "tensorflow==2.21.0",
    "newest": "tensorflow",
}
WITH_NOTEBOOKS = ("3.13.2", "3.14.1", "newest")  # from Colab's on they print what is saved
BACKENDS = {"jax": "jax[cpu]", "torch": "torch"}
TOOLS = ("numpy>=2", "pytest", "pytest-xdist", "syrupy", "nbval", "ipykernel", "matplotlib")
OLDER = ">=3.11,<3.13"  # older TensorFlows know no newer Python
MODELS = "100"


def each(argument, variable, known):
    """Make a session for each name in a variable of the environment, or else for each known one."""
    names = os.environ.get(variable, "").split() or list(known)
    return nox.parametrize(argument, names, ids=names)


def install_keras(session, release):
    """Install a release of Keras 3, with a TensorFlow that it supports, and lossbook."""
    if not re.fullmatch(r"3\.\d+\.\d+|newest|nightly", release):
        session.error(f"expected a release of Keras 3, as 3.8.0, newest or nightly, got {release}")
    newest = release in ("newest", "nightly")
    tensorflow = "tensorflow" if newest else RELEASES.get(release, RELEASES["3.5.0"])
    session.install(tensorflow, *TOOLS)
    # Keras comes alone: before 3.5 it is older than what these TensorFlows ask for.
    if release == "nightly":  # the same module, under another name
        session.run_install(find_uv_bin(), "pip", "uninstall", "keras", external=True)
        session.install("keras-nightly")
    else:
        session.install("keras" if newest else f"keras=={release}")
    session.install("--no-deps", "--editable", ".")


def inside(session):
    """Return the Python of a session's environment."""
    return str(Path(session.bin) / "python")


def run(session, *arguments, backend="tensorflow"):
    """Run the environment's Python; the session fails where it does."""
    session.run("python", *arguments, env=runs.variables(backend))


@nox.session(python=OLDER)
@each("release", "RELEASES", RELEASES)
def matrix(session, release):
    """Run the tests against Keras, and the notebooks, with another release of it.

    With the newest and the nightly, the atlas's cases too: which numbers moved?
    """
    install_keras(session, release)
    session.log(runs.versions_text(runs.versions(inside(session))))
    moved = []
    if release in ("newest", "nightly"):
        moved = atlas.moved(inside(session))
        session.log(f"The atlas: {len(moved)} cases moved. {' '.join(moved)}")
    if release == "nightly":  # before the tests, which may fail with it
        record = runs.record(release, "Keras as it is developed", inside(session))
        if failed := [name for name, n in record["notebooks"].items() if n["failed"]]:
            note = f"The next release may print other numbers there: {', '.join(failed)}."
            record["notes"].append(note)
        runs.keep(record)
    tests = (*runs.KERAS_TESTS, "tests/real_keras/test_whole_models.py")
    # Those of the drawn calls themselves are left out. Up to 3.5 Keras said of a Sequential that it
    # loses the mask, though it passed it on.
    without = ("-k", "not the_calls", "-W", "ignore:Layer 'sequential:UserWarning")
    run(session, *runs.PYTEST, *without, *tests)
    if release in WITH_NOTEBOOKS:
        book = ("--dist", "loadfile", "--nbval", "--nbval-current-env", "book")
        run(session, *runs.PYTEST, *book)
    if moved:
        session.error(f"{len(moved)} cases of the atlas moved")


@nox.session
@each("backend", "BACKENDS", BACKENDS)
def backends(session, backend):
    """Run tests, notebooks, whole models, faults on another backend; record the notebooks."""
    if backend not in BACKENDS:
        session.error(f"unknown backend {backend}, known: {', '.join(BACKENDS)}")
    session.install("--constraint", "requirements.txt", "keras", *TOOLS, BACKENDS[backend])
    session.install("--no-deps", "--editable", ".")
    run(session, *runs.PYTEST, *runs.TESTS, backend=backend)
    title = runs.BACKENDS[backend]
    record = runs.record(backend, title, inside(session), backend)
    if failed := runs.keep(record):
        session.error(f"{failed} cells print something else")
    run(session, "-m", "tests.real_keras.fuzz", "--models", MODELS, backend=backend)
    run(session, "-m", "tests.unit.faults", backend=backend)


def runtimes():
    """Return the runtimes of Colab that are asked for, each with its own Python."""
    names = os.environ.get("RUNTIMES", "").split() or list(colabs.RUNTIMES)
    if unknown := [name for name in names if name not in colabs.RUNTIMES]:
        sys.exit(f"Unknown runtime {', '.join(unknown)}. Known: {', '.join(colabs.RUNTIMES)}.")
    return [nox.param(colabs.RUNTIMES[name].python, name, id=name) for name in names]


@nox.session
@nox.parametrize("python, runtime", runtimes())
def colab(session, runtime):
    """Run the setup cell and the notebooks with Colab's versions (-- --setup: the cell alone)."""
    title, _, packages = colabs.RUNTIMES[runtime]
    session.install("--compile-bytecode", *packages)
    cell = colabs.run_setup(runtime, inside(session))
    print(cell.printed, end="")
    if problems := colabs.problems(cell):
        session.error("\n".join(problems))
    notes = colabs.notes(cell)
    session.log(notes[1])
    if "--setup" in session.posargs:
        return
    record = runs.record(runtime, title, inside(session), notes=notes)
    if failed := runs.keep(record):
        session.error(f"{failed} cells print something else")


@nox.session
def mutants(session):
    """Break the algebra: mutmut writes the mutants here, the tests run in the book's Python."""
    session.install(mutation.MUTMUT)
    mutation.copy_tree()
    with session.chdir(mutation.TREE):
        session.run("python", "-m", "tools.mutants.write")
    session.run(sys.executable, "-m", "tools.mutants", *session.posargs, external=True)
