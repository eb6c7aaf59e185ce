"""Run cases with this environment's Keras 3 after the steps of steps.py have changed them.

python harness.py keras     # a line on stdin: [case, [[name, code], ...]]; a line out: numbers
"""

import gc
import json
import os
import sys

import numpy as np

from cases import CASES
from runner import Run, cut, number

os.environ.update(KERAS_BACKEND="tensorflow")

from models import build_output, keras, make_loss

AFTER = ("running mean", "running mean, batches alike")  # change what calls returned
DTYPES = {"i": "int32", "f": "float32"}


def chosen(given, i, name):
    """Return what belongs to an output: from a dict, a list, or what is for all."""
    if isinstance(given, dict):
        return given.get(name)
    return given[i] if isinstance(given, list) else given


class Changed(Run):
    """A case whose model, data and loss the code has changed; several outputs go in lists."""

    def __init__(self, case, steps, batch_size):
        super().__init__(dict(case, batch_size=batch_size))
        self.steps = steps

    def variables(self, i, spec, result):
        """Return what the code of the steps may use, for one output."""
        case, weights = self.case, self.case["class_weight"]
        if weights is not None and any(isinstance(one, dict) for one in weights.values()):
            weights = weights[spec["name"]]
        try:
            loss = make_loss(spec)
        except ValueError:  # a reduction that this release does not know
            loss = None
        weight = chosen(case["sample_weight"], i, spec["name"])
        return {
            **{"np": np, "keras": keras, "ops": keras.ops},
            "outputs": result,
            "y_true": spec["y_true"].astype(DTYPES[spec["y_true"].dtype.kind]),
            "mask": spec["mask"],
            "sample_weight": None if weight is None else weight.copy(),
            "loss": loss,
            "class_weight": weights,
            "batch_size": case["batch_size"],
            "layer": result._keras_history.operation,
            "label_smoothing": spec["options"].get("label_smoothing"),
        }

    def build(self):
        keras.backend.clear_session()
        inputs, self.x, parts = [], [], []
        for i, spec in enumerate(self.case["outputs"]):
            more, values, result = build_output(spec, self.case["dtype"])
            inputs, self.x = inputs + more, self.x + values
            parts.append(self.variables(i, spec, result))
            for name, code in self.steps:
                if name not in AFTER:
                    exec(code, parts[-1])
        many = len(parts) > 1
        results, self.y, losses, weights = (
            [part[name] for part in parts] if many else parts[0][name]
            for name in ("outputs", "y_true", "loss", "sample_weight")
        )
        none = all(part["sample_weight"] is None for part in parts)
        self.weights = None if none else weights
        self.case = dict(self.case, class_weight=parts[0]["class_weight"])
        factors = self.case["loss_weights"]
        if isinstance(factors, dict):
            factors = [factors.get(name, 1.0) for name in self.names]
        model = keras.Model(inputs, results)
        model.compile(keras.optimizers.SGD(0.0), losses, loss_weights=factors, run_eagerly=True)
        self.start, self.model = model.get_weights(), model
        self.x = self.x[0] if len(self.x) == 1 else self.x

    def numbers(self, method):
        """Return {method, or method and name in the log: number or numbers}; empty for an error."""
        outcome = self.run(method)
        if "error" in outcome:
            return {}
        if "calls" not in outcome:
            logs = {f"{method} {name}": x for name, x in outcome.get("logs", {}).items()}
            return {method: outcome["loss"], **logs}
        losses = [float(call["loss"]) for call in outcome["calls"]]
        rows = [
            len(cut(self.x[0] if isinstance(self.x, list) else self.x, start, start + size))
            for size in [self.case["batch_size"]]
            for start in range(0, self.size, size)
        ]
        names = {"np": np, "losses": losses, "rows": rows}
        for name, code in self.steps:
            if name in AFTER:
                exec(code, names)
        return {method: number(names["losses"])}


def answer(case, steps, methods):
    """Return what the methods report; *_on_batch, called once, gets all rows as one batch."""
    found, rows = {}, len(case["outputs"][0]["y_true"])
    for whole in (False, True):
        run = Changed(case, steps, rows if whole else case["batch_size"])
        for method in methods:
            if whole == (method in ("test_on_batch", "train_on_batch")):
                found.update(run.numbers(method))
    return found


def main():
    gc.disable()  # clear_session collects, which takes long among everything that was imported
    gc.freeze()
    known = {case["id"]: case for case in CASES}
    for line in sys.stdin:
        case, steps, methods = json.loads(line)
        print("ANSWER", json.dumps(answer(known[case], steps, methods)), flush=True)


if __name__ == "__main__":
    main()
