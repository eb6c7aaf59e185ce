"""What the model's own evaluate reports: compiled as it is, or eagerly as the model is just now."""

import inspect
import math
from contextlib import ExitStack, contextmanager, suppress

from lossbook._core import keras, private
from lossbook._model.check import overridden
from lossbook._model.own_steps import loss_in

_TRACES_DIFFER = 1e-5  # relative: far more than two compilations of one step round apart


def evaluated(model, x, y=None, **data):
    """Return the loss that the model's own evaluate reports.

    An evaluate of the model's own may call its data otherwise, and take no settings.
    """
    data = {name: value for name, value in data.items() if value is not None}
    data |= {"verbose": 0, "return_dict": True}
    takes = inspect.signature(model.evaluate).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values()):
        settings = {"batch_size", "verbose", "callbacks", "return_dict"}
        data = {n: value for n, value in data.items() if n in takes or n not in settings}
    return _loss_of(model.evaluate(*([x] if y is None else [x, y]), **data))


def evaluated_eagerly(model, **first):
    """Return the loss of a first batch by the model as it is just now, not as it was compiled."""
    if "evaluate" not in overridden(model):
        with suppress(Exception):  # of data that are no arrays
            return on_batch_eagerly(model, first)
    with _eager(model):
        return evaluated(model, **first)


def on_batch_eagerly(model, first):
    """Return the same of one batch, without what Keras builds for data."""
    with _eager(model):
        model.reset_metrics()
        batch = {name: first[name] for name in ("x", "y", "sample_weight")}
        return _loss_of(model.test_on_batch(**batch, return_dict=True))


@contextmanager
def _eager(model):
    """Let the model run eagerly."""
    with ExitStack() as undo:
        for name in ("test_function", "run_eagerly"):
            undo.callback(setattr, model, name, private(model, name))
        model.run_eagerly, model.test_function = True, None
        yield


def _loss_of(logs):
    """Return the loss among what evaluate returns, or its first number."""
    if isinstance(logs, dict):
        logs = logs[loss_in(logs)] if logs else math.nan
    elif isinstance(logs, (list, tuple)):  # an evaluate of its own that returns no dict
        logs = logs[0]
    return float(logs)


def compiles(model):
    """Say whether the model's steps are compiled: then they may have been traced long ago."""
    compiled = keras.backend.backend() != "torch" or model.jit_compile
    return compiled and not model.run_eagerly


def traced(model):
    """Say whether the model may have a compiled evaluation; on JAX it outlives compile()."""
    return private(model, "test_function") is not None or keras.backend.backend() == "jax"


def close(own, number):
    """Say whether two traces of one step agree."""
    return own == number or not abs(own - number) > _TRACES_DIFFER * max(abs(own), abs(number))
