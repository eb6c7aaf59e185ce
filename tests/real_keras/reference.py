"""Keras's side of a random call: its tensors, its masks, its numbers stage by stage."""

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src import backend
from keras.src.losses.loss import reduce_weighted_values

from tests.real_keras import differences
from tests.real_keras.tolerances import finite_sum
from tests.real_keras.transforms import gradient


def outcome(function, *arguments, **options):
    """Return what a call returns (None if it raises), what it raises, and what it warns."""
    as_usual = np.errstate(divide="warn", over="warn", invalid="warn")
    with as_usual, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = function(*arguments, **options), None
        except Exception as raised:
            result, error = None, raised
    told = [(w.category, str(w.message)) for w in caught]
    return result, error, [warning for warning in told if not differences.noise(warning[1])]


def dtype_of(x):
    """Return "float32" and the like, for arrays and for tensors of every backend."""
    return keras.backend.standardize_dtype(x.dtype)


def host(x):
    """Copy an array or a tensor to NumPy, in float64."""
    if isinstance(x, float):
        return np.asarray(x)
    if dtype_of(x) == "bfloat16":  # which NumPy does not have
        x = ops.cast(x, "float32")
    return np.asarray(ops.convert_to_numpy(x), np.float64)


def set_mask(x, mask):
    """Attach a mask to a tensor as the installed Keras does it."""
    if hasattr(backend, "set_keras_mask"):
        backend.set_keras_mask(x, mask)
    else:
        x._keras_mask = mask


def get_mask(x):
    """Return the mask of a tensor, or None."""
    read = getattr(backend, "get_keras_mask", lambda x: getattr(x, "_keras_mask", None))
    return read(x)


def tensor(case):
    """Return the predictions as Keras's losses get them from a model: a tensor with its mask."""
    y_pred = ops.convert_to_tensor(case.y_pred)
    if case.mask is not None:
        set_mask(y_pred, ops.convert_to_tensor(case.mask))
    return y_pred


def copied(array):
    """Copy weights: on PyTorch Keras multiplies the caller's own weights by the mask."""
    return None if array is None else array.copy()


@dataclass
class Keras:
    """What Keras makes of a call, stage by stage."""

    loss: Any
    y_pred: Any
    total: Any
    values: Any = None
    valid: Any = None  # the mask that the loss function brings
    mask: Any = None  # both masks
    coefficients: Any = None  # the gradient of Keras's own reduction
    absolute: Any = None  # the same for weights without their signs
    condition: float = 1.0  # how much the roundings in a sum of weights grow, where they cancel

    def __init__(self, case, loss, y_pred, total):
        """Run the loss function alone, then the reduction alone."""
        self.loss, self.y_pred, self.total = loss, y_pred, host(total)
        self.values, self.valid = self.function(case, case.y_true, case.y_pred)
        self.mask = get_mask(y_pred)
        if self.valid is not None:
            self.mask = self.valid if self.mask is None else self.mask & self.valid

        def coefficients(weight):
            """Return the gradient of Keras's own reduction, for these weights."""

            def total(values):
                mask, options = self.mask, {"reduction": case.reduction, "dtype": case.dtype}
                return ops.sum(reduce_weighted_values(values, copied(weight), mask, **options))

            return host(gradient(total)(self.values))

        self.coefficients = coefficients(case.sample_weight)
        self.absolute = np.abs(self.coefficients)
        if case.sample_weight is not None and (case.sample_weight < 0).any():
            signless = coefficients(np.abs(case.sample_weight))
            self.absolute = np.maximum(self.absolute, signless)
        if case.reduction == "mean_with_sample_weight" and case.sample_weight is not None:
            self.condition = max(1.0, finite_sum(self.coefficients))

    def function(self, case, y_true, y_pred):
        """Return what the loss function makes of labels and predictions, and its mask."""
        as_tensor = [ops.convert_to_tensor(x, dtype=case.dtype) for x in (y_true, y_pred)]
        values = self.loss.call(*as_tensor)
        return values, get_mask(values)
