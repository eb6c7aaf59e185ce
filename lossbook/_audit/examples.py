"""What the planted examples are made of: small models, mostly passing their inputs on."""

import linecache
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Example:
    """A compiled model and what audit takes with it."""

    model: Any
    data: dict[str, Any]


def compiled(model, loss, **options):
    """Compile a model, eager and with SGD unless told otherwise, and return it."""
    model.compile(**{"optimizer": "sgd", "loss": loss, "run_eagerly": True, **options})
    return model


def passing(predictions, y, loss, *, activation="linear", options=None, **data):
    """Return an example whose model passes its inputs through an activation."""
    import keras

    inputs = keras.Input(predictions.shape[1:])
    outputs = keras.layers.Activation(activation, name="out")(inputs)
    model = compiled(keras.Model(inputs, outputs), loss, **(options or {}))
    return Example(model, {"x": predictions, "y": y, **data})


def masked(shape, lengths, y, loss, after=None, **data):
    """Return an example whose model masks its inputs after so many steps of each row."""
    import keras

    x = drawn(*shape, seed=3)
    for row, length in enumerate(lengths):
        x[row, length:] = 0
    inputs = keras.Input(shape[1:])
    outputs = keras.layers.Masking(name="masking")(inputs)
    outputs = outputs if after is None else after(outputs)
    return Example(compiled(keras.Model(inputs, outputs), loss), {"x": x, "y": y, **data})


def two_heads(kind=list):
    """Return a model, not compiled, with the outputs "near" and "far" in a list or a dict."""
    import keras

    inputs = keras.Input((3,))
    names = ("near", "far")
    outputs = [keras.layers.Activation("linear", name=name)(inputs) for name in names]
    return keras.Model(inputs, dict(zip(names, outputs, strict=True)) if kind is dict else outputs)


def two_outputs(loss_weights=None, scale=1.0):
    """Return an example with two outputs; `scale` multiplies the targets of the second."""
    model = compiled(two_heads(), ["mse", "mse"], loss_weights=loss_weights)
    y = [drawn(4, 3, seed=1), drawn(4, 3, seed=2) * np.float32(scale)]
    return Example(model, {"x": drawn(4, 3), "y": y})


def written(file, source):
    """Return what a file of the user's defines, as if it had been imported."""
    defined = {"__name__": Path(file).stem}
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    exec(compile(source, file, "exec"), defined)
    return defined


def array(*rows):
    """Return rows as float32."""
    return np.array(rows, "float32")


def drawn(*shape, seed=0, low=0.05, high=0.95):
    """Return uniform numbers."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype("float32")


def simplex(*shape, seed=0):
    """Return rows that add up to 1."""
    p = drawn(*shape, seed=seed)
    return p / p.sum(-1, keepdims=True)


def one_hot(*shape, seed=1):
    """Return one-hot rows."""
    classes = np.random.default_rng(seed).integers(0, shape[-1], shape[:-1])
    return np.eye(shape[-1], dtype="float32")[classes]


def coins(*shape, seed=2):
    """Return labels 0 and 1."""
    return (drawn(*shape, seed=seed, low=0, high=1) > 0.5).astype("float32")


def row_mean(y_true, y_pred):
    """Return the squared error of each row, as a loss should."""
    from keras import ops

    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def scalar_mean(y_true, y_pred):
    """Return the squared error of the batch, which leaves no row to a weight."""
    from keras import ops

    return ops.mean(ops.square(y_true - y_pred))
