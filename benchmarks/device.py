"""What lossbook costs on the device of this backend, and whether its tensors stay there.

    python benchmarks/device.py 64 256 256 5           # where there is a GPU, beside the CPU alone
    python benchmarks/device.py 2 16 16 5              # small

Times are ratios to the device's own copy of an array, and, on a GPU, to the CPU alone in the same
run. It fails where a tensor left its device, or where eager and compiled totals differ.
"""

import json
import os
import statistics
import subprocess
import sys
import time

import keras
import numpy as np
from keras import ops

import lossbook as lb
from lossbook._losses.catalogue import LOSSES
from lossbook.notebook import device

REPEATS = 7
BACKEND = keras.backend.backend()
CPU_ALONE = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}


def wait(x):
    """Wait until a tensor is there, and return it: a GPU computes on while Python goes on."""
    if BACKEND == "jax":
        return x.block_until_ready()
    if BACKEND == "torch":
        import torch

        if x.is_cuda:
            torch.cuda.synchronize()
    elif hasattr(x, "shape"):
        ops.convert_to_numpy(ops.reshape(x, (-1,))[:1])
    return x


def jitted(function):
    """Compile a function of tensors with what the backend has for it."""
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    if BACKEND == "torch":
        import torch

        return torch.compile(function)
    import tensorflow as tf

    return tf.function(function, jit_compile=True)


def seconds(call):
    """Return the median seconds of a call."""
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def data(shape):
    """Return labels, predictions, weights and mask of this shape, as tensors on the device."""
    rng = np.random.default_rng(0)
    y_pred = rng.uniform(0.01, 0.99, shape).astype("float32")
    y_true = (rng.random(shape, dtype="float32") < 0.5).astype("float32")
    weight = rng.random(shape[:-1], dtype="float32")
    mask = rng.random(shape[:-1], dtype="float32") < 0.7
    return tuple(map(ops.convert_to_tensor, (y_true, y_pred, weight, mask)))


def outputs():
    """Yield (name, tensor) of what the helper functions return for tensors."""
    y_true, y_pred, weight, mask = data((4, 6, 3))
    labels = ops.argmax(y_true, axis=-1)
    for name, loss in LOSSES.items():
        sparse = "sparse" in name or "generalized" in name
        yield name, loss.function(labels if sparse else y_true, y_pred)
    values = ops.mean(lb.elementwise.binary_crossentropy(y_true, y_pred), axis=-1)
    for reduction in lb.reduction.REDUCTIONS:
        answer = lb.aggregate(values, weight, mask, reduction=reduction)
        yield f"aggregate {reduction}", answer.total
        yield f"aggregate {reduction}: coefficients", answer.coefficients
    traced = lb.trace("binary_crossentropy", y_true, y_pred, weight, mask)
    for part in ("elementwise", "coefficients", "contributions"):
        yield f"trace {part}", getattr(traced, part)


def strays(found, home):
    """Return the names of what lives elsewhere than at home."""
    return [f"{name} on {device(tensor)}" for name, tensor in found if device(tensor) != home]


def stages(y_true, y_pred, weight, mask):
    """Return what `trace` returns as total, as one function of tensors."""
    values = ops.mean(lb.elementwise.binary_crossentropy(y_true, y_pred), axis=-1)
    return lb.aggregate(values, weight, mask).total


def timed(shape):
    """Return {what: seconds, or the class of an error}, and the totals, which must agree."""
    tensors = data(shape)
    y_true, y_pred, _, _ = tensors
    compiled = jitted(stages)
    inputs = keras.Input(shape[1:])
    model = keras.Model(inputs, keras.layers.Conv2D(shape[-1], 1, activation="sigmoid")(inputs))
    x, y = (ops.convert_to_numpy(array) for array in (y_pred, y_true))

    def explained():
        return lb.explain(model, x, y, batch_size=len(x), verbose=0).total

    ways = {
        "copy": lambda: wait(y_pred + 0),
        "trace": lambda: lb.trace("binary_crossentropy", *tensors).total,
        "trace, jitted": lambda: float(compiled(*tensors)),
        "explain": explained,
        "explain, compiled": explained,
    }
    found, totals = {}, {}
    for what, call in ways.items():
        # jit_compile is Keras's "auto": XLA where the backend has it
        model.compile("sgd", "binary_crossentropy", run_eagerly=what == "explain")
        try:
            totals[what] = call()  # and what is compiled or loaded only once
            found[what] = seconds(call)
        except Exception as error:  # torch.compile needs a compiler of C++ or Triton
            found[what] = type(error).__name__
    del totals["copy"]
    return found, {what: float(total) for what, total in totals.items()}


def lines(home, shape, found, alone):
    """Return the times in words; `alone` are those of the CPU, or empty."""
    size = int(np.prod(shape))
    read = 2 * 4 * size + 5 * size // shape[-1]  # labels, predictions; weights, mask
    copied = 2 * 4 * size / found["copy"]  # read and written
    where = home.partition(":")[0].upper()
    said = [f"{where}: a copy moves {copied / 1e9:.1f} GB/s. Arrays of shape {shape}."]
    for what in list(found)[1:]:
        if isinstance(found[what], str):
            said.append(f"{what}: not measured ({found[what]}).")
            continue
        line = f"{what}: {found[what]:.3g} s, {read / found[what] / copied:.0%} of the copy's rate"
        if isinstance(alone.get(what), float):
            line += f"; the CPU needs {alone[what] / found[what]:.3g} times as long"
        said.append(line + ".")
    return said


def faults(stray, totals):
    """Return what is wrong with a measurement: tensors that strayed, totals that differ."""
    wrong = [f"a tensor left its device: {one}" for one in stray]
    for one, other in (("trace", "trace, jitted"), ("explain", "explain, compiled")):
        if one in totals and other in totals:
            gap = abs(totals[one] - totals[other])
            if gap > 2e-6 * abs(totals[one]) + 1e-7:
                wrong.append(f"{one} gives {totals[one]}, {other} gives {totals[other]}")
    return wrong


def main(arguments):
    """Print what was found and what is wrong; with --times the seconds alone."""
    shape = tuple(int(size) for size in arguments if size != "--times")
    found, totals = timed(shape)
    if "--times" in arguments:
        print(json.dumps(found))
        return 0
    home, named, alone = device(ops.ones(1)), list(outputs()), {}
    if home.startswith("gpu"):
        command = [sys.executable, __file__, "--times", *map(str, shape)]
        run = subprocess.run(
            command, env=os.environ | CPU_ALONE, check=True, capture_output=True, text=True
        )
        alone = json.loads(run.stdout.splitlines()[-1])
    print(f"{len(named)} results of the helper functions: all on {home}.")
    print(*lines(home, shape, found, alone), sep="\n")
    wrong = faults(strays(named, home), totals)
    print("\n".join(f"WRONG: {fault}" for fault in wrong), end="", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
