"""Run the book on a GPU, under each backend that is installed there, and report.

    python3 -m tools.environments.gpu        tests, notebooks, times; writes gpu-BACKEND.json
    python3 -m tools.environments.gpu --dry  times alone, small, on the CPU: so it is without a GPU

The machine may be bare: Python 3.11 or newer, with JAX, PyTorch or TensorFlow for its GPU. What
else is needed (Keras, pytest, nbval and theirs) comes from the wheels that `make gpu-wheels` puts
into _build/gpu/wheels on a machine with a network; only what is missing is unpacked, beside the
machine's own packages and never over them.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "_build" / "gpu"
WHEELS, SITE = FOLDER / "wheels", FOLDER / "site"
TITLES = {"jax": "JAX", "torch": "PyTorch", "tensorflow": "TensorFlow"}
NEEDED = (
    "keras",
    "matplotlib",
    "ipykernel",
    "nbval",
    "nbformat",
    "pytest",
    "syrupy",
    "xdist",
    "yaml",
)
SHAPE, SMALL = ("64", "256", "256", "5"), ("2", "16", "16", "5")
# Answers with 0 where the backend has a GPU.
HAS_GPU = {
    "jax": "import jax; raise SystemExit(jax.default_backend() != 'gpu')",
    "torch": "import torch; raise SystemExit(not torch.cuda.is_available())",
    "tensorflow": "import tensorflow as tf; "
    "raise SystemExit(not tf.config.list_physical_devices('GPU'))",
}
NO_GPU = "No GPU was found: this is a dry run on the CPU, and says nothing about one."


def carry():
    """Unpack the wheels of what this Python lacks into the site folder; say what is missing yet."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    here = {normal(d.metadata["Name"] or "") for d in importlib.metadata.distributions()}
    for wheel in sorted(WHEELS.glob("*.whl")):
        if normal(wheel.name.partition("-")[0]) not in here:
            zipfile.ZipFile(wheel).extractall(SITE)
    sys.path.append(str(SITE))
    importlib.invalidate_caches()
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def normal(name):
    """Return the name of a package as the registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def share_the_card():
    """Set the variables of all that runs from here: the site folder last, memory as needed."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(SITE)])
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"


def python(*arguments, backend, **more):
    """Run this Python on a backend, in the repository."""
    from tools.environments.runs import settings

    command, env = [sys.executable, *arguments], settings(backend)
    return subprocess.run(command, cwd=ROOT, env=env, text=True, **more)


def has_gpu(backend):
    """Say whether a backend sees a GPU."""
    return python("-c", HAS_GPU[backend], backend=backend, capture_output=True).returncode == 0


def card():
    """Return the name of the GPU as its driver has it."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    if shutil.which(command[0]) is None:
        return "of unknown name"
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def report(backend, gpu):
    """Time one backend and, on a GPU, run tests and notebooks, and record; say what is wrong."""
    from tools.environments import runs

    print(f"==> {TITLES[backend]}: tensors and times", flush=True)
    shape = SHAPE if gpu else SMALL
    run = python("benchmarks/device.py", *shape, backend=backend, stdout=subprocess.PIPE)
    print(run.stdout)
    wrong = ["tensors and times"] if run.returncode else []
    if not gpu:
        return wrong
    print(f"==> {TITLES[backend]}: tests, notebooks", flush=True)
    tests = python(*runs.PYTEST, *runs.TESTS, backend=backend)
    notes = [*run.stdout.splitlines(), "The tests passed."]
    if tests.returncode:
        wrong.append("tests")
        notes[-1] = "A test failed."
    title = f"{TITLES[backend]} on a GPU ({card()})"
    record = runs.record(f"gpu-{backend}", title, sys.executable, backend, notes=notes)
    return wrong + (["notebooks"] if runs.keep(record) else [])


def main(arguments):
    """Run all backends of this machine; 1 if something is wrong."""
    missing = carry()
    if missing:
        sys.exit(
            f"The Loss Book: this Python lacks {', '.join(missing)}. On a machine with a network: "
            "make gpu-wheels; then copy _build/gpu/wheels here."
        )
    share_the_card()
    backends = [name for name in TITLES if importlib.util.find_spec(name) is not None]
    if not backends:
        sys.exit(f"The Loss Book: install one of {', '.join(TITLES)} for this machine's GPU first.")
    with_gpu = [] if "--dry" in arguments else [name for name in backends if has_gpu(name)]
    if with_gpu:  # the record that says that none was at hand
        (ROOT / "records" / "environments" / "gpu.json").unlink(missing_ok=True)
    else:
        print(NO_GPU, flush=True)
    failures = [
        f"{TITLES[backend]}: {what}"
        for backend in with_gpu or backends
        for what in report(backend, bool(with_gpu))
    ]
    print("\n".join(f"WRONG: {failure}" for failure in failures) or "Nothing is wrong.")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
