"""Run the comparison tests with older and newer releases of Keras than the pinned one.

    python -m tools.watch.matrix 3.5.0 newest

Each release gets an environment of its own in _build/matrix, with a TensorFlow that it supports
(2 GB each; deleted after the run unless KEEP=1). From Colab's Keras on the notebooks run too: they
must print what they printed with the pinned release.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"
# Keras, and the newest TensorFlow of its time that runs on NumPy 2; None: whatever is newest now.
RELEASES = {
    "3.5.0": "2.18.1",
    "3.8.0": "2.18.1",
    "3.10.0": "2.19.1",
    "3.13.2": "2.20.0",
    "3.14.1": "2.21.0",
    "newest": None,
}
NIGHTLY = "nightly"  # of the drift watch, not of the matrix's own list
NOTEBOOKS = ("3.13.2", "3.14.1", "newest")
# The tests that hold lossbook against Keras; those of the drawn calls themselves are left out.
TESTS = [
    *(
        f"tests/{name}.py"
        for name in (
            "real_keras/test_against_keras",
            "unit/rules/test_class_weights",
            "real_keras/test_compiled_models",
            "unit/explain/test_explain",
            "unit/explain/test_explained_models",
            "unit/losses/test_losses",
            "unit/rules/test_releases",
            "unit/rules/test_total",
            "real_keras/test_whole_models",
        )
    ),
    "-k",
    "not the_calls",
    "-W",  # up to 3.5 Keras said so of a Sequential, though it passed the mask on
    "ignore:Layer 'sequential:UserWarning",
]
PYTHON = "3.11 or 3.12: older TensorFlows know no newer one"


def python_for_all():
    """Return a Python that every TensorFlow of the list has wheels for."""
    if sys.version_info < (3, 13):
        return sys.executable
    found = subprocess.run([UV, "python", "find", ">=3.11,<3.13"], capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"The Loss Book: the matrix needs Python {PYTHON}. {found.stderr.strip()}")
    return found.stdout.strip()


def environment(release, folder):
    """Make the environment of a release in an empty folder; return its Python."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([UV, "venv", "--quiet", "--python", python_for_all(), folder], check=True)
    python = folder / "bin" / "python"
    tensorflow = None if release == NIGHTLY else RELEASES.get(release, "2.18.1")
    keras = "keras" if release == "newest" else f"keras=={release}"
    wanted = ["tensorflow" if tensorflow is None else f"tensorflow=={tensorflow}", "numpy>=2"]
    wanted += ["pytest", "pytest-xdist", "nbval", "ipykernel", "matplotlib"]
    install = [UV, "pip", "install", "--quiet", "--python", python]
    # Keras comes alone: before 3.5 it is older than what these TensorFlows ask for.
    subprocess.run([*install, *wanted], check=True)
    if release == NIGHTLY:  # the same module, under another name
        subprocess.run([*install[:2], "uninstall", *install[3:], "keras"], check=True)
        keras = "keras-nightly"
    subprocess.run([*install, keras], check=True)
    subprocess.run([*install, "--no-deps", "--editable", ROOT], check=True)
    return python


def pytest(python, *arguments):
    """Run pytest in an environment; return its last line and whether all passed."""
    command = [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *arguments]
    settings = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    run = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    if run.returncode:
        print("\n".join(lines[-60:]), run.stderr[-2000:], sep="\n", file=sys.stderr)
    return (lines or ["nothing ran"])[-1], run.returncode == 0


def versions(python):
    """Return what is installed, as `Keras 3.8.0, TensorFlow 2.18.1, NumPy 2.0.2`."""
    code = "from importlib.metadata import version as v; from lossbook._core.arrays import "
    code += "installed_keras as k; print(k(), v('tensorflow'), v('numpy'))"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return "Keras {}, TensorFlow {}, NumPy {}".format(*found.stdout.split())


def run(release):
    """Run everything with one release; return lines that say what came of it, and whether well."""
    start, folder = time.monotonic(), ROOT / "_build" / "matrix" / release
    print(f"==> Keras {release}: installing", flush=True)
    python = environment(release, folder)
    title = versions(python)
    print(f"==> {title}: comparison tests", flush=True)
    line, passed = pytest(python, *TESTS)
    lines = [f"{title}: {line}"]
    if release in NOTEBOOKS:
        print(f"==> {title}: notebooks", flush=True)
        line, well = pytest(python, "--dist", "loadfile", "--nbval", "--nbval-current-env", "book")
        lines.append(f"{'':{len(title)}}  notebooks: {line}")
        passed &= well
    if not os.environ.get("KEEP"):
        shutil.rmtree(folder)
    print(*lines, f"{time.monotonic() - start:.0f} s with the installation", sep="\n", flush=True)
    return lines, passed


def main():
    """Run the releases that the command line names, or all of the list."""
    releases = sys.argv[1:] or list(RELEASES)
    unknown = [r for r in releases if r != "newest" and not re.fullmatch(r"3\.\d+\.\d+", r)]
    if unknown:
        sys.exit(f"Expected releases of Keras 3, as 3.8.0, or newest. Got: {', '.join(unknown)}.")
    results = [run(release) for release in releases]
    print("\n==> The matrix")
    for lines, passed in results:
        print(*lines, sep="\n")
        print("passed" if passed else "FAILED")
    return not all(passed for _, passed in results)


if __name__ == "__main__":
    sys.exit(main())
