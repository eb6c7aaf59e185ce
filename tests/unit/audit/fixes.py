"""Applies the code of a fix to a case: what stands between backticks, as a reader pastes it."""

import re

import keras
import numpy as np

from lossbook._audit.examples import Example, compiled
from lossbook._model import compiled_with

_COMPILED = ("loss", "loss_weights", "metrics", "weighted_metrics")


def applied(finding, case):
    """Run the code in the fix of a finding; return the case that it makes of this one."""
    model, data = case.model, {"sample_weight": None, "class_weight": None, **case.data}
    before = {name: compiled_with(model).get(name) for name in _COMPILED}
    space = {"np": np, "keras": keras, "model": model, **data, **before}
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        space["tf"] = tf
    code = re.findall(r"`([^`]+)`", finding.fix)
    assert code, f"no code in: {finding.fix}"
    for line in code:
        exec(line, space)
    if any(space[name] is not before[name] for name in _COMPILED):
        compiled(model, space["loss"], **{name: space[name] for name in _COMPILED[1:]})
    return Example(model, {name: space[name] for name in data if space[name] is not None})
