"""Give every case to the real library, and record value and gradient in results.json.

make rosetta                 make the environments, run all, write results.json
make rosetta ARGS=--check    run again and compare with results.json, write nothing
make rosetta ARGS="--python torch=/path/to/python --python jax=/path/to/python"
                             take interpreters that have the libraries

The gradient is that of the value with respect to the logits (or whatever the loss is given), for
reduction "none" that of the sum. scikit-learn gives no gradients.
"""

import argparse
import importlib.metadata
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

from records.rosetta.cases import CASES, TOKENS, digest

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
ROOT = HERE.parents[1]
BUILD = ROOT / "_build" / "rosetta"
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
ENVIRONMENTS = {
    "torch": (
        "torch==2.13.0",
        "numpy==2.4.6",
        "scikit-learn==1.9.1",
        "transformers==5.23.0",
        "accelerate==1.15.0",
    ),
    "jax": ("jax==0.10.2", "optax==0.2.8", "numpy==2.4.6"),
}
LIBRARIES = {"torch": ("torch", "sklearn", "transformers"), "jax": ("optax",)}
TOLERANCE = 1e-6  # of --check: another processor may round the last digit of a float32 otherwise


# --- inside an environment: one function for each library


def run_torch(loss, input, target, options):
    """Return value and gradient of a loss class of torch.nn, or a function of its functional."""
    import torch

    as_tensor = {
        name: torch.tensor(option) if isinstance(option, list) else option
        for name, option in options.items()
    }
    input, target = torch.tensor(input, requires_grad=True), torch.tensor(target)
    if hasattr(torch.nn, loss):
        value = getattr(torch.nn, loss)(**as_tensor)(input, target)
    else:
        value = getattr(torch.nn.functional, loss)(input, target, **as_tensor)
    value.sum().backward()
    return value.tolist(), input.grad.tolist()


def run_optax(loss, input, target, options):
    """Return value and gradient of a loss of optax and the reduction around it."""
    import jax
    import jax.numpy as jnp
    import optax

    weight, where = (
        None if options.get(name) is None else jnp.array(options[name])
        for name in ("weight", "where")
    )

    def reduced(logits):
        values = getattr(optax, loss)(logits, jnp.array(target))
        if options.get("reduce") == "average":
            return jnp.average(values, weights=weight)
        values = values if weight is None else weight * values
        if options.get("reduce") is None:
            return values
        return getattr(jnp, options["reduce"])(values, where=where)

    logits = jnp.array(input, dtype="float32")
    gradient = jax.grad(lambda z: jnp.sum(reduced(z)))(logits)
    return reduced(logits).tolist(), gradient.tolist()


def run_sklearn(loss, input, target, options):
    """Return the value of a function of sklearn.metrics."""
    import numpy as np
    from sklearn import metrics

    dtype = options.pop("dtype", "float32")
    return getattr(metrics, loss)(target, np.array(input, dtype), **options), None


def run_transformers(loss, input, target, options):
    """Return value and gradient of a loss of Transformers, or what its Trainer reports."""
    import torch
    from transformers.loss import loss_utils

    if loss.startswith("Trainer"):
        return run_trainer(loss.partition(".")[2], input, target, **options), None
    logits, labels = torch.tensor(input, requires_grad=True), torch.tensor(target)
    value = getattr(loss_utils, loss)(logits, labels, vocab_size=TOKENS, **options)
    value.backward()
    return value.item(), logits.grad.tolist()


def run_trainer(method, batches, labels, loss_type=None, gradient_accumulation_steps=1):
    """Return the loss that the Trainer reports for batches of ready logits; nothing is learned."""
    import torch
    from transformers import Trainer, TrainingArguments
    from transformers.loss.loss_utils import ForCausalLMLoss

    class Ready(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.loss_type = loss_type
            self.shift = torch.nn.Parameter(torch.zeros(()))

        def forward(self, logits, labels, **options):
            logits = logits + self.shift
            return {"loss": ForCausalLMLoss(logits, labels, TOKENS, **options), "logits": logits}

    rows = [
        {"logits": torch.tensor(logits), "labels": torch.tensor(row)}
        for batch, rows in zip(batches, labels, strict=True)
        for logits, row in zip(batch, rows, strict=True)
    ]
    settings = TrainingArguments(
        output_dir=str(BUILD / "trainer"),
        per_device_train_batch_size=2,
        per_device_eval_batch_size=2,
        gradient_accumulation_steps=gradient_accumulation_steps,
        learning_rate=0.0,
        num_train_epochs=1,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        train_sampling_strategy="sequential",
    )
    trainer = Trainer(Ready(), settings, train_dataset=rows, eval_dataset=rows)
    if method == "evaluate":
        return trainer.evaluate()["eval_loss"]
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def record(environment):
    """Run the cases of an environment's libraries; print them as JSON."""
    warnings.simplefilter("ignore")
    found = {}
    for case in CASES:
        if case["library"] in LIBRARIES[environment]:
            run = globals()[f"run_{case['library']}"]
            arguments = (case["loss"], case["input"], case["target"], dict(case["options"]))
            try:
                value, gradient = run(*arguments)
                found[case["id"]] = {"value": plain(value), "gradient": plain(gradient)}
            except Exception as error:
                text = " ".join(str(error).split())
                found[case["id"]] = {"error": f"{type(error).__name__}: {text}"[:200]}
    names = [package.partition("==")[0] for package in ENVIRONMENTS[environment]]
    versions = {name: importlib.metadata.version(name) for name in names}
    versions = {"python": platform.python_version(), **versions}
    print(json.dumps({"versions": versions, "results": found}))


def plain(x):
    """Return numbers with 9 digits, which tell every float32; NaN and infinity as text."""
    if x is None or isinstance(x, (list, tuple)):
        return x and [plain(part) for part in x]
    return float(f"{x:.9g}") if math.isfinite(x) else str(float(x))


# --- outside: environments, and the file


def environment(name):
    """Make an environment, or make it again where other packages are asked for."""
    folder, packages = BUILD / name, ENVIRONMENTS[name]
    python, stamp = folder / "bin" / "python", folder / "packages.txt"
    if not stamp.exists() or stamp.read_text() != "\n".join(packages):
        print(f"==> {name}: installing {', '.join(packages)}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        install = [UV, "pip", "install", "--quiet", "--python", python, *packages]
        cpu = [*install, "--torch-backend", "cpu"]  # a tenth of the size; not every mirror has it
        if subprocess.run(cpu, capture_output=True).returncode:
            subprocess.run(install, check=True)
        stamp.write_text("\n".join(packages))
    return python


def collect(interpreters):
    """Return provenance and results of all environments."""
    provenance, results = {"cases": digest()}, {}
    for name in ENVIRONMENTS:
        python = interpreters.get(name) or environment(name)
        command = [python, "-W", "ignore", "-m", "records.rosetta.run", "--record", name]
        settings = {**os.environ, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=settings
        )
        found = json.loads(done.stdout.splitlines()[-1])
        provenance[name] = found["versions"]
        results |= found["results"]
        print(f"{name}: {len(found['results'])} cases", flush=True)
    return {"provenance": provenance, "results": {c["id"]: results[c["id"]] for c in CASES}}


def save(found):
    """Write results.json: a line for each case."""
    lines = [f"  {json.dumps(id)}: {json.dumps(result)}" for id, result in found["results"].items()]
    provenance = json.dumps(found["provenance"])
    text = f'{{\n"provenance": {provenance},\n"results": {{\n' + ",\n".join(lines) + "\n}\n}\n"
    RESULTS.write_text(text)


def same(a, b):
    """Say whether two recorded things are equal, numbers to the tolerance."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= TOLERANCE * (1 + abs(b))
    return a == b


def main():
    """Run all cases; write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with results.json")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--record", choices=ENVIRONMENTS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.record:
        record(chosen.record)
        return
    found = collect(dict(given.split("=", 1) for given in chosen.python))
    print(
        " ".join(f"{name} {v}" for e in ENVIRONMENTS for name, v in found["provenance"][e].items())
    )
    if not chosen.check:
        save(found)
        return
    saved = json.loads(RESULTS.read_text())["results"]
    ids = sorted({*saved, *found["results"]})
    changed = [id for id in ids if not same(found["results"].get(id), saved.get(id))]
    print(f"{len(ids)} cases, {len(changed)} differ: {', '.join(changed) or 'none'}")
    sys.exit(bool(changed))


if __name__ == "__main__":
    main()
