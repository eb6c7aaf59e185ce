"""Time lossbook on the device of this environment's backend, and see that its tensors stay there.

    python -m tools.watch.gpu_bench 64 256 256 5

tools/watch/gpu.py calls it, once with the GPU and once with the CPU alone. One line of JSON: the
device,
which functions kept their tensors on it, the device's own bandwidth of a copy, and seconds.
"""

import json
import statistics
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
    """Return the median seconds of a call, the first one (compilation, loading) left out."""
    call()
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
            totals[what] = call()
            found[what] = seconds(call)
        except Exception as error:  # torch.compile needs a compiler of C++ or Triton
            found[what] = type(error).__name__
    totals.pop("copy", None)
    return found, {what: float(total) for what, total in totals.items()}


def main():
    """Print what was found, on one line."""
    shape = tuple(map(int, sys.argv[1:]))
    home = device(ops.ones(1))
    names = list(outputs())
    found, totals = timed(shape)
    size = int(np.prod(shape))
    answer = {
        "device": home,
        "checked": len(names),
        "strays": strays(names, home),
        "shape": shape,
        "copied": 2 * 4 * size,  # read and written
        "read": 2 * 4 * size + 5 * size // shape[-1],  # labels, predictions; weights, mask
        "seconds": found,
        "totals": totals,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
