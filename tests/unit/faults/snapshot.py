"""What a call of lossbook must not change: attributes, classes, variables, the process's settings.

A snapshot maps a place, `(owner, name)`, to what was there. Containers are compared by what they
hold, everything else by identity, values of variables as arrays.
"""

import logging
import random
import re
import sys
import threading
import types
import warnings

import keras
import numpy as np
from keras.src import losses as loss_modules
from keras.src.backend.common import global_state

from lossbook._core import to_numpy

CLASSES = (
    *(keras.Layer, keras.Operation, keras.Model, keras.Sequential, keras.Metric, keras.Variable),
    *(keras.losses.Loss, keras.losses.MeanSquaredError, keras.metrics.Mean),
    *(keras.callbacks.Callback, keras.callbacks.CallbackList, keras.utils.PyDataset),
)
MODULES = (keras, keras.losses, keras.ops, keras.metrics, loss_modules.loss, loss_modules.losses)
LOGGERS = ("", "tensorflow", "absl", "keras", "jax")


def attributes(model):
    """Return {(owner, name): value} of the model, its parts, the classes of Keras, the process."""
    owners = {"model": model, "compiled loss": model._compile_loss}
    if model._compile_metrics is not None:
        owners["compiled metrics"] = model._compile_metrics
    owners |= {f"loss {i}": loss for i, loss in enumerate(_losses(model))}
    owners |= {f"metric {m.name}": m for m in model.metrics}
    layers = model._flatten_layers(include_self=False)
    owners |= {f"layer {i} {type(layer).__name__}": layer for i, layer in enumerate(layers)}
    owners |= {"optimizer": model.optimizer}
    owners |= {f"class {kind.__name__}": kind for kind in (*CLASSES, type(model._compile_loss))}
    owners |= {f"module {module.__name__}": module for module in MODULES}
    owners["state of Keras"] = global_state.GLOBAL_STATE_TRACKER
    found = {(o, name): v for o, owner in owners.items() for name, v in vars(owner).items()}
    found.pop(("state of Keras", "_keras_mask_dict"), None)  # its entries go when JAX's tensors do
    found |= {
        (owner, f"{name}'s code"): value.__code__
        for (owner, name), value in found.items()
        if owner.startswith(("class", "module")) and isinstance(value, types.FunctionType)
    }
    return {place: _held(value) for place, value in (found | _process()).items()}


def variables(model):
    """Return {(kind, name): array} of all variables; None for one that lost its value."""
    kinds = {
        "metric variable": model.metrics_variables,
        "optimizer variable": model.optimizer.variables,
        "variable": model.variables,
    }
    return {  # names without Keras's numbers, which other models don't share
        (kind, f"{i} {re.sub(r'_[0-9]+', '', v.path.rpartition('/')[2])}"): _value(v)
        for kind, found in kinds.items()
        for i, v in enumerate(found)
    }


def differences(before, after):
    """Return the places where two snapshots differ."""
    return {
        place
        for place in before.keys() | after.keys()
        if not _same(before.get(place, _Missing), after.get(place, _Missing))
    }


def from_lossbook(found):
    """Return the places that hold something made by lossbook."""
    return {
        place
        for place, value in found.items()
        if not place[0].startswith(("class", "module")) and _made_by_lossbook(value)
    }


class _Missing:
    """Stands for an attribute that isn't there."""


def _losses(model):
    """Return the Loss objects that the model was compiled with."""
    given = keras.tree.flatten(model._compile_loss._user_loss)
    return [loss for loss in given if isinstance(loss, keras.losses.Loss)]


def _process():
    """Return what belongs to the whole process."""
    found = {
        ("process", "warnings.filters"): tuple(warnings.filters),
        ("process", "warnings.showwarning"): warnings.showwarning,
        ("process", "threading.excepthook"): threading.excepthook,
        ("process", "sys.excepthook"): sys.excepthook,
        ("process", "sys.unraisablehook"): sys.unraisablehook,
        ("process", "numpy.geterr"): tuple(np.geterr().items()),
        ("process", "random"): random.getstate(),
        ("process", "numpy.random"): np.random.get_state()[1].tobytes(),  # noqa: NPY002
        ("process", "floatx"): keras.config.floatx(),
    }
    for name in LOGGERS:
        logger = logging.getLogger(name)
        found["logger", name] = (logger.level, *logger.filters, *logger.handlers)
    if keras.backend.backend() == "torch":
        import torch

        found["process", "torch's generator"] = torch.get_rng_state().numpy().tobytes()
        found["process", "torch's gradients"] = torch.is_grad_enabled()
    return found


def _held(value, depth=3):
    """Return the kind of a container and what is in it; of anything else, itself."""
    if depth and isinstance(value, dict):
        return type(value), *((key, _held(held, depth - 1)) for key, held in value.items())
    if depth and isinstance(value, (list, tuple)):
        held = tuple(_held(item, depth - 1) for item in value)
        return held if type(value) is tuple else (type(value), *held)
    return value


def _same(one, other):
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, types.MethodType):
        return one == other
    return isinstance(one, (str, bytes, int, float, bool)) and one == other


def _made_by_lossbook(value):
    if isinstance(value, tuple):
        return any(map(_made_by_lossbook, value))
    kind = value if isinstance(value, (type, types.FunctionType)) else type(value)
    return str(getattr(kind, "__module__", "")).startswith("lossbook")


def _value(variable):
    try:
        return np.array(to_numpy(variable))
    except Exception:  # on JAX it was taken out
        return None
