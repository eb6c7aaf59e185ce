"""Run the tests, the notebooks and random whole models on other backends than TensorFlow.

    python -m tools.watch.backends jax torch

Each backend gets an environment of its own in _build/backends, with the versions of
requirements.txt and the newest release of the backend (on Linux PyTorch brings 5 GB). The tests are
those that compare with Keras on whichever backend runs; the notebooks must print what they printed
on TensorFlow. What came of the notebooks is written to records/environments/jax.json and
torch.json.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from tools.notebooks.files import BACKENDS
from tools.watch import environments

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "_build" / "backends"
PACKAGES = {"jax": "jax[cpu]", "torch": "torch"}
NEEDED = ("keras", "numpy", "matplotlib", "ipykernel", "pytest", "pytest-xdist")
MODELS = "100"
TESTS = (
    "real_keras/test_against_keras",
    "unit/core/test_arrays",
    "unit/rules/test_class_weights",
    "real_keras/test_compiled_models",
    "exercises/test_exercises_against_keras",
    "exercises/test_exercises_against_keras_2",
    "unit/explain/test_explain",
    "unit/explain/test_explain_messages",
    "unit/explain/test_explained_models",
    "unit/losses/test_losses",
    "unit/core/test_messages",
    "unit/show/test_notebook",
    "unit/losses/test_regressions",
    "unit/rules/test_releases",
    "unit/trace/test_source",
    "unit/rules/test_total",
    "unit/trace/test_trace",
    "unit/core/test_transforms",
)
PYTEST = ("-p", "no:cacheprovider", "-q", "-n", "2")
# Keras on JAX and PyTorch turns a tensor into an array in a way that a new NumPy warns of.
QUIET = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"


def environment(backend):
    """Make the environment of a backend, or bring it up to date; return its Python."""
    folder = FOLDER / backend
    uv = Path(sys.executable).parent / "uv"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python]
    constraints = ["--constraint", ROOT / "requirements.txt"]
    subprocess.run([*install, *constraints, *NEEDED, PACKAGES[backend]], check=True)
    subprocess.run([*install, "--no-deps", "--editable", ROOT], check=True)
    return python


def run(backend):
    """Run everything on one backend; return whether all of it passed, and what it came to."""
    start = time.monotonic()
    print(f"==> {backend}: installing it into {FOLDER.relative_to(ROOT)}", flush=True)
    python = environment(backend)
    tests = [f"tests/{name}.py" for name in TESTS]
    report = FOLDER / f"{backend} tests.xml"
    report.unlink(missing_ok=True)
    command = ["-m", "pytest", *PYTEST, "--junit-xml", report, "-W", QUIET, "--dist", "worksteal"]
    passed = execute(backend, "tests", python, [*command, *tests])
    results = [f"{counts(report)} tests"]
    print(f"==> {backend}: notebooks", flush=True)
    record = environments.record(backend, BACKENDS[backend], python, backend)
    environments.write(record)
    print(environments.table({backend: record}), flush=True)
    cells = environments.total(record)
    passed &= not cells["failed"]
    results.append("{passed} passed, {failed} failed, {skipped} skipped cells".format(**cells))
    same = execute(backend, "whole models", python, ["tests/real_keras/whole_models.py", MODELS])
    results.append(f"{MODELS} whole models {'agree' if same else 'DO NOT AGREE'}")
    minutes = (time.monotonic() - start) / 60
    return passed and same, f"{'; '.join(results)}; {minutes:.0f} minutes"


def execute(backend, what, python, command):
    """Run one command of a backend's Python; return whether it succeeded."""
    print(f"==> {backend}: {what}", flush=True)
    settings = {**os.environ, "KERAS_BACKEND": backend}
    return subprocess.run([python, *command], cwd=ROOT, env=settings).returncode == 0


def counts(report):
    """Say how many passed, failed and were skipped, from the report that pytest left."""
    if not report.exists():
        return "no report of"
    total = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in ET.parse(report).getroot().iter("testsuite"):
        for name in total:
            total[name] += int(suite.get(name, 0))
    failed = total["failures"] + total["errors"]
    good = total["tests"] - failed - total["skipped"]
    return f"{good} passed, {failed} failed, {total['skipped']} skipped"


def main():
    """Run the backends that the command line names, and say which passed."""
    backends = sys.argv[1:] or list(PACKAGES)
    unknown = [backend for backend in backends if backend not in PACKAGES]
    if unknown:
        sys.exit(f"Unknown backend {', '.join(unknown)}. Known: {', '.join(PACKAGES)}.")
    results = {backend: run(backend) for backend in backends}
    for backend, (passed, text) in results.items():
        print(f"{backend} {'passed' if passed else 'FAILED'}: {text}")
    return not all(passed for passed, _ in results.values())


if __name__ == "__main__":
    sys.exit(main())
