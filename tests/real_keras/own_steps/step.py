"""What a step is, and what several of them need."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

import lossbook as lb

STEPS = {}  # name -> function that returns (step, parts)


def own_step(build):
    """Take the step that `build` makes into the gallery.

    `build()` returns (step, parts): `step(mark)` returns a scalar tensor, `parts` maps the names of
    the parts to their contributions.
    """
    STEPS[build.__name__] = build
    return build


@dataclass
class Outcome:
    """A step taken apart with its marks, and without them: the share that nobody names."""

    with_marks: Any
    parts: dict
    marks: int
    unmarked: float
    unmarked_without: float

    @property
    def residual(self):
        """The residual, relative to the magnitudes of all contributions."""
        return abs(self.with_marks.residual) / self.with_marks.groups.scale


def outcome(name):
    """Take a step apart."""
    keras.utils.set_random_seed(0)
    step, parts = STEPS[name]()
    marked = []

    def mark(name, tensor):
        marked.append(name)
        return lb.mark(name, tensor)

    with_marks = lb.decompose(lambda: step(mark))
    count = len(marked)
    without = lb.decompose(lambda: step(lambda name, tensor: tensor))
    return Outcome(with_marks, parts, count, _unmarked(with_marks), _unmarked(without))


def _unmarked(explanation):
    return abs(explanation.by("source").get("(unmarked)", 0.0) / explanation.reported)


def draws(*shape, seed=0, low=0.1, high=0.9):
    """Return float32 numbers between two others."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype("float32")


def tensor(array):
    """Return a tensor."""
    return ops.convert_to_tensor(array)


def numpy(x):
    """Return a NumPy array of float64 from the output of a layer, or of a list of them."""
    return np.array(ops.convert_to_numpy(ops.stop_gradient(x)), "float64")


def dense(*shape, seed=0, **options):
    """Return a layer that is built, and its weights."""
    layer = keras.layers.Dense(shape[1], **options)
    layer.build((None, shape[0]))
    layer.set_weights([draws(*shape, seed=seed, low=-1, high=1), draws(shape[1], seed=seed + 1)])
    return layer


def gradient(function, x):
    """Return the derivative of a sum with respect to x, which may be differentiated again."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(function(x))
        return tape.gradient(total, x)
    if backend == "jax":
        import jax

        return jax.grad(lambda x: ops.sum(function(x)))(x)
    import torch

    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(ops.sum(function(x)), x, create_graph=True)[0]


# --- losses in plain NumPy, before any mean -------------------------------------------------------


def square(a, b):
    return (np.float64(a) - b) ** 2


def cross_entropy(labels, logits):
    """Return -log softmax at the labels, over the last axis."""
    logits = np.float64(logits) - np.max(logits, -1, keepdims=True)
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -np.take_along_axis(log, np.asarray(labels)[..., None], -1)[..., 0]


def binary(y, logits):
    """Return the binary crossentropy of logits."""
    logits = np.float64(logits)
    return np.maximum(logits, 0) - logits * y + np.log1p(np.exp(-abs(logits)))


def huber(error, delta=1.0):
    size = abs(error)
    return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2)


def softmax(logits):
    power = np.exp(np.float64(logits) - np.max(logits, -1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.float64(x)))


def unit(x):
    return x / np.sqrt((np.float64(x) ** 2).sum(-1, keepdims=True))
