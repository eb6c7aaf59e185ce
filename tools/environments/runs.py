"""Where the tests and notebooks run: one JSON file for each environment, in records/environments/.

    python -m tools.environments.runs   run the notebooks with this Python, write pinned.json

The sessions of noxfile.py and gpu.py make other environments and call `record` and `keep`. The page
"Where it runs" shows the files. pytest and nbval run here, in the environment of the book; the
environment under test only needs a kernel.
"""

import datetime
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from tools.notebooks.files import BACKENDS, ROOT, notebooks

FOLDER = ROOT / "records" / "environments"
KERNELS = ROOT / "_build" / "kernels"
VERSIONS = ("python", "keras", "backend", "backend_version", "device")  # None where nothing ran
COUNTS = ("passed", "failed", "skipped")
ASK = """
import importlib, json, keras, platform
from lossbook.notebook import device
backend = keras.backend.backend()
print(json.dumps({
    "python": platform.python_version(),
    "keras": keras.__version__,
    "backend": backend,
    "backend_version": importlib.import_module(backend).__version__,
    "device": device(keras.ops.ones(1)).partition(":")[0],
}))
"""
# The tests that hold lossbook against whichever Keras runs, from 3.5 on.
KERAS_TESTS = (
    "tests/real_keras/own_steps/test_own_steps.py",
    "tests/real_keras/test_against_keras.py",
    "tests/real_keras/test_compiled_models.py",
    "tests/real_keras/test_layers_pass_masks.py",
    "tests/real_keras/test_releases.py",
    "tests/unit/explain/test_decompose.py",
    "tests/unit/explain/test_explain.py",
    "tests/unit/explain/test_explained_models.py",
    "tests/unit/losses/test_losses.py",
    "tests/unit/losses/test_whose_loss.py",
    "tests/unit/marks/test_hooks.py",
    "tests/unit/marks/test_measured.py",
    "tests/unit/rules/test_class_weights.py",
    "tests/unit/rules/test_total.py",
)
# And those that hold on every backend, with the pinned Keras.
TESTS = (
    *KERAS_TESTS,
    "tests/exercises/test_later_parts_against_keras.py",
    "tests/exercises/test_path_against_keras.py",
    "tests/unit/core/test_arrays.py",
    "tests/unit/core/test_messages.py",
    "tests/unit/core/test_transforms.py",
    "tests/unit/explain/test_explain_messages.py",
    "tests/unit/explain/test_nothing_left_behind.py",
    "tests/unit/explain/test_own_steps.py",
    "tests/unit/explain/test_refused.py",
    "tests/unit/explain/test_reported.py",
    "tests/unit/explain/test_strategies.py",
    "tests/unit/explain/test_users_losses.py",
    "tests/unit/losses/test_regressions.py",
    "tests/unit/show/test_notebook.py",
    "tests/unit/trace/test_source.py",
    "tests/unit/trace/test_trace.py",
    "tests/unit/trace/test_trace_text.py",
)
PYTEST = (
    *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", os.environ.get("WORKERS", "2")),
    # Keras on JAX and PyTorch turns a tensor into an array in a way that a new NumPy warns of.
    *("-W", "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
)


# --- files ----------------------------------------------------------------------------------------


def read_all(folder=FOLDER):
    """Return the records of all environments, by name: {"colab-2026-08": {...}, ...}."""
    files = sorted(Path(folder).glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def write(record, folder=FOLDER):
    """Write a record as JSON that reads well in a diff: a line for each notebook."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    text = re.sub(r"\{\s+(\"passed\"[^{}]*?)\s+\}", _one_line, text)
    file = Path(folder) / f"{record['environment']}.json"
    file.write_text(text + "\n", encoding="utf-8")
    return file


def _one_line(match):
    return "{" + " ".join(match[1].split()) + "}"


# --- runs -----------------------------------------------------------------------------------------


def variables(backend="tensorflow"):
    """Return the variables that a run needs: no setting of the user's moves a number."""
    return {
        "KERAS_BACKEND": backend,
        "KERAS_HOME": str(ROOT / "_build" / "keras"),
        "IPYTHONDIR": str(ROOT / "_build" / "ipython"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JUPYTER_PATH": str(KERNELS),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the kernel warns of its own debugger
    }


def settings(backend="tensorflow"):
    """Return the whole environment of a run: what is inherited, and the variables above."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "PYTHONHOME"))}
    return inherited | variables(backend)


def kernel(name, python):
    """Make the kernel of an environment known to Jupyter; return its name."""
    folder = KERNELS / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": name, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return name


def versions(python, backend="tensorflow"):
    """Return the versions that an environment computes with, and on which device."""
    run = subprocess.run(
        [python, "-c", ASK],
        env=settings(backend),
        cwd=ROOT / "book",  # what is installed, not what lies beside
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def nbval(name, python, backend="tensorflow", files=()):
    """Run notebooks with nbval in the kernel of an environment; return the counts of each."""
    report = KERNELS / f"{name}.xml"
    chosen = [str(path.relative_to(ROOT)) for path in notebooks(files)]
    command = [sys.executable, *PYTEST, "--dist", "loadfile", "--junit-xml", report]
    command += ["--nbval", "--nbval-kernel-name", kernel(name, python), *chosen]
    report.unlink(missing_ok=True)
    subprocess.run(command, cwd=ROOT, env=settings(backend))
    if not report.exists():
        sys.exit(f"The Loss Book: {name}: pytest left no report")
    found = results(report.read_text(encoding="utf-8"))
    nothing = {"passed": 0, "failed": 1, "skipped": 0, "seconds": 0.0}  # not even collected
    return {Path(path).stem: found.get(Path(path).stem, nothing) for path in chosen}


def results(xml):
    """Return the counts of each notebook from pytest's report (JUnit XML)."""
    found = {}
    for case in ET.fromstring(xml).iter("testcase"):
        name = case.get("classname").removesuffix(".ipynb").rpartition(".")[2]
        counts = found.setdefault(name, {**dict.fromkeys(COUNTS, 0), "seconds": 0.0})
        marks = {child.tag for child in case}
        bad = marks & {"failure", "error"}
        counts["failed" if bad else "skipped" if "skipped" in marks else "passed"] += 1
        counts["seconds"] += float(case.get("time", 0))
    for counts in found.values():
        counts["seconds"] = round(counts["seconds"], 1)
    return found


def record(name, title, python, backend="tensorflow", *, notes=()):
    """Run the notebooks in an environment; return its record."""
    return {
        "environment": name,
        "title": title,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        **versions(python, backend),
        "notebooks": nbval(name, python, backend),
        "notes": list(notes),
    }


def keep(record):
    """Write a record and say what is in it; return how many of its cells failed."""
    counts = total(record)
    outcome = ", ".join(f"{count} {key}" for key, count in counts.items())
    head = f"{write(record).name}: {versions_text(record)}: {outcome}"
    print(head, *record["notes"], sep="\n  ", flush=True)
    return counts["failed"]


# --- words ----------------------------------------------------------------------------------------


def total(record):
    """Return how many cells of a record passed, failed and were skipped."""
    return {key: sum(counts[key] for counts in record["notebooks"].values()) for key in COUNTS}


def versions_text(record):
    """Return the versions of a record as a reader says them."""
    if record["keras"] is None:
        return "nothing ran"
    backend = f"{BACKENDS[record['backend']]} {record['backend_version']}"
    device = record["device"].upper()
    return f"Keras {record['keras']}, {backend}, Python {record['python']}, {device}"


if __name__ == "__main__":
    sys.exit(keep(record("pinned", "The pinned versions", sys.executable)) > 0)
