"""Run the book on a GPU, under each backend that is installed there, and report.

    python3 -m tools.watch.gpu              tests, notebooks, times; writes
    records/environments/gpu-BACKEND.json
    python3 -m tools.watch.gpu --dry        small, on the CPU: so it is where no GPU is found
    python3 -m tools.watch.gpu --record     then leaves a note, too: records/environments/gpu.json
    python3 -m tools.watch.gpu --no-tests   without the comparison tests

The machine may be bare: Python 3.11 or newer, with JAX, PyTorch or TensorFlow for its GPU. What
else is needed (Keras, pytest, nbval and theirs) comes from the wheels that `make gpu-wheels` puts
into _build/gpu/wheels on a machine with a network; only what is missing is unpacked, beside the
machine's own packages and never over them.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "_build" / "gpu"
WHEELS, SITE = FOLDER / "wheels", FOLDER / "site"
TITLES = {"jax": "JAX", "torch": "PyTorch", "tensorflow": "TensorFlow"}
NEEDED = ("keras", "matplotlib", "ipykernel", "nbval", "nbformat", "pytest", "xdist", "yaml")
SHAPE, SMALL = (64, 256, 256, 5), (2, 16, 16, 5)
# Answers with 0 where the backend has a GPU.
HAS_GPU = {
    "jax": "import jax; raise SystemExit(jax.default_backend() != 'gpu')",
    "torch": "import torch; raise SystemExit(not torch.cuda.is_available())",
    "tensorflow": "import tensorflow as tf; "
    "raise SystemExit(not tf.config.list_physical_devices('GPU'))",
}
CPU_ALONE = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
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


def settings(backend, gpu):
    """Return the environment variables of a run: the site folder last but for the repository."""
    path = os.pathsep.join([str(ROOT), str(SITE)])
    ours = {
        "KERAS_BACKEND": backend,
        "KERAS_HOME": str(FOLDER / "keras"),
        "IPYTHONDIR": str(FOLDER / "ipython"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # several processes share the card
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "PYTHONPATH": path,
    }
    return {**os.environ, **ours, **({} if gpu else CPU_ALONE)}


def python(arguments, backend, gpu=True, **more):
    """Run this Python with arguments, on a backend; with the GPU, or without."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=settings(backend, gpu), text=True, **more)


def installed():
    """Return the backends that are installed here."""
    return [name for name in TITLES if importlib.util.find_spec(name) is not None]


def has_gpu(backend):
    """Say whether a backend sees a GPU."""
    return python(["-c", HAS_GPU[backend]], backend, capture_output=True).returncode == 0


def measure(backend, shape, gpu):
    """Return what tools/watch/gpu_bench.py found, on the GPU or on the CPU alone."""
    run = python(["tools/watch/gpu_bench.py", *shape], backend, gpu, capture_output=True)
    if run.returncode:
        sys.exit(f"The Loss Book: the measurement broke down on {backend}:\n{run.stderr[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def tests(backend, gpu):
    """Run the comparison tests; return the last line of pytest, and whether all passed."""
    from tools.watch.backends import QUIET, TESTS

    names = [f"tests/{name}.py" for name in TESTS]
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", QUIET, *names]
    run = python(command, backend, gpu, stdout=subprocess.PIPE)
    return (run.stdout.splitlines() or ["nothing ran"])[-1], run.returncode == 0


def notebooks(backend, gpu, files):
    """Run notebooks with nbval in this Python; return the counts of each, by name."""
    from tools.watch.environments import results

    report = FOLDER / f"{backend}.xml"
    report.unlink(missing_ok=True)
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml", report]
    python([*command, "--nbval", "--nbval-current-env", *files], backend, gpu)
    return results(report.read_text(encoding="utf8")) if report.exists() else {}


def lines(found, alone):
    """Return the measurement in words: the device against the CPU alone."""
    shape, copied = tuple(found["shape"]), found["copied"] / found["seconds"]["copy"]
    where = found["device"].partition(":")[0].upper()
    said = [f"{where}: a copy moves {copied / 1e9:.1f} GB/s. Arrays of shape {shape}."]
    for what, seconds in found["seconds"].items():
        if what == "copy":
            continue
        if isinstance(seconds, str):
            said.append(f"{what}: not measured ({seconds}).")
            continue
        rate = found["read"] / seconds
        line = f"{what}: {seconds:.3g} s, {rate / 1e9:.3g} GB/s of its inputs, "
        line += f"{rate / copied:.0%} of the copy"
        other = alone["seconds"].get(what) if alone else None
        if isinstance(other, float):
            line += f"; the CPU needs {other / seconds:.3g} times as long"
        said.append(line + ".")
    return said


def checks(found, gpu):
    """Return what is wrong with a measurement: tensors that strayed, totals that differ."""
    wrong = [f"a tensor left its device: {stray}" for stray in found["strays"]]
    if gpu and not found["device"].startswith("gpu"):
        wrong.append(f"the tensors lived on {found['device']}, not on the GPU")
    totals = found["totals"]
    for one, other in (("trace", "trace, jitted"), ("explain", "explain, compiled")):
        if one in totals and other in totals:
            gap = abs(totals[one] - totals[other])
            if gap > 2e-6 * abs(totals[one]) + 1e-7:
                wrong.append(f"{one} gives {totals[one]}, {other} gives {totals[other]}")
    return wrong


def card():
    """Return the name of the GPU as its driver has it, or an empty text."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def report(backend, gpu, chosen):
    """Run everything on one backend; return its record, and what is wrong."""
    from tools.watch.environments import today, versions

    files = chosen.files or (["book"] if gpu else [])
    shape = SHAPE if gpu else SMALL
    print(f"==> {TITLES[backend]}: tensors and times at {shape}", flush=True)
    found = measure(backend, shape, gpu)
    wrong = checks(found, gpu)
    said = lines(found, measure(backend, shape, False) if gpu else None)
    said.insert(0, f"{found['checked']} results of the helper functions: all on {found['device']}.")
    if chosen.tests and gpu:
        print(f"==> {TITLES[backend]}: comparison tests", flush=True)
        last, passed = tests(backend, gpu)
        said.append(f"Comparison tests: {last.strip('= ')}.")
        wrong += [] if passed else ["comparison tests failed"]
    counts = {}
    if files:
        print(f"==> {TITLES[backend]}: notebooks", flush=True)
        counts = notebooks(backend, gpu, files)
        failed = sum(count["failed"] for count in counts.values())
        wrong += [f"{failed} cells differ"] if failed or not counts else []
    os.environ.update(settings(backend, gpu))
    place = f"on a GPU ({card() or 'of unknown name'})" if gpu else "on the CPU: a dry run"
    title = f"{TITLES[backend]} {place}"
    record = {
        "environment": f"gpu-{backend}",
        "title": title,
        "date": today(),
        **versions(sys.executable, backend),
        "notebooks": counts,
        "notes": said,
    }
    return record, wrong


def absent(backends, with_gpu):
    """Say which backends did not run on the GPU, and why."""
    reasons = {
        name: "sees no GPU here" if name in backends else "is not installed here"
        for name in TITLES
        if name not in with_gpu
    }
    return [f"Not run on this GPU: {TITLES[name]}, which {why}." for name, why in reasons.items()]


def dry_record(records):
    """Return the record that stands where that of a GPU would: nothing ran on one, and why."""
    from tools.watch.environments import today

    ran = [f"{TITLES[r['backend']]} {r['backend_version']}" for r in records]
    notes = [
        "No GPU was at hand: nothing has run on one, under TensorFlow, JAX or PyTorch.",
        "Instead `make gpu` ran dry, small and on a CPU, which shows that its code works: "
        f"{', '.join(ran)}. The notebooks ran on CPUs: see the other rows.",
    ]
    empty = dict.fromkeys(("python", "keras", "backend", "backend_version", "device"))
    found = {"environment": "gpu", "title": "A GPU", "date": today(), **empty}
    return {**found, "notebooks": {}, "notes": notes}


def main():
    """Run what the command line asks for; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="notebooks (with a GPU: all)")
    parser.add_argument("--dry", action="store_true", help="small, on the CPU")
    parser.add_argument("--record", action="store_true", help="write a dry run's note, too")
    parser.add_argument("--no-tests", dest="tests", action="store_false")
    chosen = parser.parse_args()
    start = time.monotonic()
    missing = carry()
    if missing:
        sys.exit(
            f"The Loss Book: this Python lacks {', '.join(missing)}. On a machine with a network: "
            "make gpu-wheels; then copy _build/gpu/wheels here."
        )
    from tools.watch import environments

    backends = installed()
    if not backends:
        sys.exit(f"The Loss Book: install one of {', '.join(TITLES)} for this machine's GPU first.")
    with_gpu = [] if chosen.dry else [backend for backend in backends if has_gpu(backend)]
    if not with_gpu:
        print(NO_GPU)
    records, failures = [], []
    for backend in with_gpu or backends:
        record, wrong = report(backend, bool(with_gpu), chosen)
        record["notes"] += absent(backends, with_gpu) if with_gpu else []
        print(environments.table({record["environment"]: record}))
        records.append(record)
        failures += [f"{backend}: {what}" for what in wrong]
        if with_gpu:
            environments.write(record)
    if chosen.record and not with_gpu:
        environments.write(dry_record(records))
    print(f"{(time.monotonic() - start) / 60:.1f} minutes. {'' if with_gpu else NO_GPU}")
    print("\n".join(f"WRONG: {failure}" for failure in failures) or "Nothing is wrong.")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
