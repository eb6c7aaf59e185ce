"""What is asked of a case: its findings, its number, and what the code of a fix makes of it."""

import re

import keras
import numpy as np

import lossbook as lb
from lossbook._audit.examples import Example, compiled
from lossbook._model import compiled_with

_COMPILED = ("loss", "loss_weights", "metrics", "weighted_metrics")


def audited(case):
    return lb.audit(case.model, **case.data)


def codes(findings, *severities):
    return [one.code for one in findings if not severities or one.severity in severities]


def the(findings, code):
    (finding,) = (one for one in findings if one.code == code)
    return finding


def evaluated(case):
    return case.model.evaluate(**case.data, verbose=0, return_dict=True)["loss"]


def applied(finding, case):
    """Run the code in a fix, what stands between backticks; return the case that it makes."""
    model, data = case.model, {"sample_weight": None, "class_weight": None, **case.data}
    before = {name: compiled_with(model).get(name) for name in _COMPILED}
    before["optimizer"] = model.optimizer
    space = {"np": np, "keras": keras, "model": model, **data, **before}
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        space["tf"] = tf
    code = re.findall(r"`([^`]+)`", finding.fix)
    assert code, f"no code in: {finding.fix}"
    for line in code:
        exec(line, space)
    if any(space[name] is not before[name] for name in before) or "compile again" in finding.fix:
        options = {name: space[name] for name in before if name != "loss"}
        compiled(space["model"], space["loss"], **options, run_eagerly=model.run_eagerly)
    return Example(space["model"], {name: space[name] for name in data if space[name] is not None})
