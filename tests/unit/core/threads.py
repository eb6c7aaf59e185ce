"""Eight threads at once, each with a model of its own: does every tool give the right number?

    python -m tests.unit.core.threads 200

runs 200 rounds: in each every thread calls identify, trace, explain, audit, the callback and
decompose, in an order of its own. It prints what was wrong, and ends with 1 if anything was.
"""

import os
import random
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

import lossbook as lb
from lossbook._audit.checks.weights import sums
from tests.unit.audit import planted

THREADS, ROWS, CLASSES, BATCH = 8, 6, 3, 4
LOSSES = {
    keras.losses.MeanSquaredError: lambda error: error**2,
    keras.losses.MeanAbsoluteError: np.abs,
}
AUDITED = {  # what only hooks on Keras's layers can tell, and what needs none
    "mask-lost": (
        planted.mask_lost_in_a_layer,
        planted.mask_lost_in_a_wrapper,
        planted.mask_lost_in_a_subclass,
    ),
    "weights-zero": (sums.zero_weights,),
}


class Doubled(keras.losses.Loss):
    """A user's own loss."""

    def call(self, y_true, y_pred):
        """Return twice the mean square of each row."""
        return 2 * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


class Worker:
    """What one thread does: a model that predicts its input, its data, and the right numbers."""

    def __init__(self, number, loss=None):
        rng = np.random.default_rng(number)
        self.number, self.order = number, random.Random(number)
        kind = list(LOSSES)[number % len(LOSSES)]
        loss, element = (kind(), LOSSES[kind]) if loss is None else loss
        self.x, self.y = rng.standard_normal((2, ROWS, CLASSES)).astype("float32")
        self.weight = rng.uniform(0.5, 2.0, ROWS).astype("float32")
        one = layers.Dense(CLASSES, kernel_initializer="identity")
        self.model = keras.Sequential([keras.Input((CLASSES,)), one])
        eagerly = bool(number % 2)
        self.model.compile(keras.optimizers.SGD(0.0), loss, run_eagerly=eagerly)
        elements = element(self.x.astype(np.float64) - self.y) / (ROWS * CLASSES)
        self.total, self.weighted = elements.sum(), (elements.T * self.weight).sum()
        self.by_row = elements.sum(axis=1)
        found = [(code, plant) for code, plants in AUDITED.items() for plant in plants]
        self.code, plant = found[number % len(found)]
        self.case, self.loss = plant(), loss

    def round(self):
        """Call every tool once; return what was wrong."""
        tools = [self.identify, self.trace, self.explain, self.audit, self.callback, self.decompose]
        self.order.shuffle(tools)
        return [line for tool in tools for line in self._tried(tool)]

    def _tried(self, tool):
        try:
            pairs = list(tool())
        except Exception as error:
            return [f"thread {self.number}, {tool.__name__}: {type(error).__name__}: {error}"]
        return [
            f"thread {self.number}, {tool.__name__}: {ours}, right is {right}"
            for ours, right in pairs
            if not (ours == right if isinstance(right, str) else np.allclose(ours, right, 5e-6))
        ]

    def identify(self):
        """Ask for the rule of a weighted mean."""
        values = self.by_row * ROWS
        found = lb.identify(f"{self.weighted:.6g}", values, sample_weight=self.weight)
        yield found.matches[0].reduction, "sum_over_batch_size"

    def trace(self):
        """Trace a loss of Keras."""
        kind = list(LOSSES)[self.number % len(LOSSES)]
        right = LOSSES[kind](self.x.astype(np.float64) - self.y).mean()
        yield lb.trace(kind(), self.y, self.x).total, right

    def explain(self):
        """Explain with weights and without."""
        data = {"x": self.x, "y": self.y, "batch_size": BATCH, "verbose": 0}
        for weight, right in ((None, self.total), (self.weight, self.weighted)):
            explained = lb.explain(self.model, **data, sample_weight=weight)
            yield explained.total, right
            yield explained.reported, right
        yield explained.by("sample")[0], self.by_row[0] * self.weight[0]

    def audit(self):
        """Audit a model that has one hazard."""
        codes = [finding.code for finding in lb.audit(self.case.model, **self.case.data)]
        yield " ".join(code for code in codes if code == self.code), self.code

    def callback(self):
        """Train an epoch with the callback."""
        parts = lb.explain.callback(self.x, self.y, by="output", prefix="", batch_size=BATCH)
        data = {"batch_size": BATCH, "verbose": 0, "callbacks": [parts]}
        history = self.model.fit(self.x, self.y, **data).history
        yield history["loss"][-1], self.total
        yield sum(v[-1] for key, v in history.items() if key != "loss"), self.total

    def decompose(self):
        """Take a loss apart that is called by hand."""
        y_true, y_pred = map(keras.ops.convert_to_tensor, (self.y, self.x))
        parts = lb.decompose(lambda: 3.0 * self.loss(y_true, y_pred))
        yield parts.total, 3 * self.total
        yield parts.by("sample")[0], 3 * self.by_row[0]


def run(rounds, shared=False):
    """Return what was wrong in so many rounds; `shared`: two Loss objects for all models."""
    both = [
        (keras.losses.MeanSquaredError(), lambda error: error**2),
        (Doubled(), lambda error: 2 * error**2),
    ]
    workers = [Worker(i, both[i % 4 // 2] if shared else None) for i in range(THREADS)]
    before, switch = _process(), sys.getswitchinterval()
    found = []
    sys.setswitchinterval(1e-4)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            for number in range(rounds):
                lines = [line for each in pool.map(Worker.round, workers) for line in each]
                lines += [f"{key} has changed" for key, v in _process().items() if v != before[key]]
                found += [f"round {number}, {line}" for line in lines]
    finally:
        sys.setswitchinterval(switch)
    return found


def _process():
    """Return what all threads share."""
    hooked = ((keras.Layer, "__call__"), (keras.Layer, "stateless_call"))
    methods = {f"{owner.__name__}.{name}": vars(owner)[name] for owner, name in hooked}
    methods["Operation.__call__"] = vars(keras.Operation)["__call__"]
    return {"warnings.filters": list(warnings.filters), "NumPy's errors": np.geterr(), **methods}


def main():
    """Run as many rounds as the command line says, half of them on Loss objects that are shared."""
    rounds = (int(sys.argv[1]) if len(sys.argv) > 1 else 200) // 2
    warnings.filterwarnings("ignore", message="Layer '.*' .* was passed an input with a mask")
    wrong = 0
    for shared in (False, True):
        start = time.monotonic()
        lines = run(rounds, shared)
        wrong += len(lines)
        print("\n".join(lines[:20]))
        whose = "shared losses" if shared else "losses of their own"
        print(f"{THREADS} threads, {rounds} rounds, {whose}: {len(lines)} wrong", end=" ")
        print(f"({time.monotonic() - start:.0f} s)", flush=True)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
