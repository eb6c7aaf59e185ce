"""Run the notebooks and random whole models on other backends of Keras than TensorFlow.

    python tools/backends.py jax torch

Each backend gets an environment of its own in _build/backends, with the versions of
requirements.txt and the newest release of the backend (on Linux PyTorch brings 5 GB). The notebooks
must print what they printed on TensorFlow.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = {"jax": "jax[cpu]", "torch": "torch"}
NEEDED = ("keras", "numpy", "matplotlib", "ipykernel", "nbval", "pytest", "pytest-xdist")
MODELS = "100"


def environment(backend):
    """Make the environment of a backend, or bring it up to date; return its Python."""
    folder = ROOT / "_build" / "backends" / backend
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
    """Run everything on one backend; return whether all of it passed."""
    python = environment(backend)
    settings = {**os.environ, "KERAS_BACKEND": backend}
    # the kernels are those of the environment itself
    nbval = ["-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2", "--dist", "loadfile"]
    passed = True
    for what, command in [
        ("the notebooks", [*nbval, "--nbval", "--nbval-current-env", "book"]),
        ("whole models", ["tests/whole_models.py", MODELS]),
    ]:
        print(f"==> {backend}: {what}", flush=True)
        passed &= subprocess.run([python, *command], cwd=ROOT, env=settings).returncode == 0
    return passed


def main():
    """Run the backends that the command line names, and say which passed."""
    backends = sys.argv[1:] or list(PACKAGES)
    unknown = [backend for backend in backends if backend not in PACKAGES]
    if unknown:
        sys.exit(f"Unknown backend {', '.join(unknown)}. Known: {', '.join(PACKAGES)}.")
    results = {backend: run(backend) for backend in backends}
    for backend, passed in results.items():
        print(f"{backend}: {'passed' if passed else 'FAILED'}")
    return not all(results.values())


if __name__ == "__main__":
    sys.exit(main())
