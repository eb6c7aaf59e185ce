"""Real Keras, for the exercises: the loss of an object, of a compiled model, of several outputs."""

import keras
import numpy as np
from keras import layers, ops

from lossbook._exercises import EXERCISES


def expected(name, *arguments):
    return EXERCISES[name].expected(*arguments)


def cases(name):
    return EXERCISES[name].cases


def same(ours, theirs, rtol=2e-6):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-7)


def loss_of(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
    """Return what a loss object makes of values that are its losses: absolute errors against 0."""
    y_pred = ops.convert_to_tensor(np.asarray(values, "float32")[..., None])
    if mask is not None:
        keras.src.backend.set_keras_mask(y_pred, ops.convert_to_tensor(mask))
    loss = keras.losses.MeanAbsoluteError(reduction=reduction)
    return float(loss(ops.zeros_like(y_pred), y_pred, sample_weight))


def identity(shape, layer=None, loss="mae", loss_weights=None):
    """Return a model that predicts its input, through a layer if one is given, and never learns."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, (layer or layers.Identity())(inputs))
    sgd = keras.optimizers.SGD(0.0)
    model.compile(sgd, loss=loss, loss_weights=loss_weights, run_eagerly=True)
    return model


def evaluate(y_pred, y_true=None, layer=None, loss="mae", loss_weights=None, **options):
    """Return what evaluate gives for a model with these predictions."""
    y_pred = np.asarray(y_pred, "float32")
    y_true = 0 * y_pred if y_true is None else np.asarray(y_true, "float32")
    model = identity(y_pred.shape[1:], layer, loss, loss_weights)
    return model.evaluate(y_pred, y_true, verbose=0, **options)


def evaluate_outputs(errors, loss_weights, layer=None, **options):
    """Return the loss of several outputs with these errors; the first may go through a layer."""
    x = [np.asarray(error, "float32") for error in errors]
    inputs = [keras.Input(error.shape[1:]) for error in x]
    outputs = [(layer or layers.Identity())(inputs[0]), *map(layers.Identity(), inputs[1:])]
    model = keras.Model(inputs, outputs)
    factors = [float(weight) for weight in loss_weights]
    model.compile(loss=["mae"] * len(x), loss_weights=factors, run_eagerly=True)
    y = [0 * error for error in x]
    return model.evaluate(x, y, verbose=0, return_dict=True, **options)["loss"]


def dense(kernel, bias=None, **options):
    """Return a dense layer with these weights."""
    layer = layers.Dense(np.shape(kernel)[1], use_bias=bias is not None, **options)
    layer.build((None, len(kernel)))
    layer.set_weights([np.asarray(w, "float32") for w in (kernel, bias) if w is not None])
    return layer
