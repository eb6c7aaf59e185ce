"""The steps: lines of code that a reader can put before `compile`, and the cases they may fit.

The code changes what is given to Keras. Its variables are these:

    outputs, y_true, mask, sample_weight      of one output; mask and weights None if there are none
    loss                                      as given to compile
    class_weight, batch_size                  as given to fit; batch_size also to evaluate
    layer                                     the layer that has the penalties
    losses, rows                              what calls of *_on_batch returned, and their rows
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from records.atlas.cases import uses


class Step(NamedTuple):
    """Lines of code, and what a case has to use for them to mean anything."""

    name: str
    needs: tuple
    code: str


_BATCHES = "for i in range(0, len(y_true), batch_size)"
STEPS = (
    Step(
        "lists, an entry for each output",
        ("several_outputs",),
        """\
sample_weight = np.ones(len(y_true)) if sample_weight is None else sample_weight""",
    ),
    Step(
        "class_weight as weights",
        ("class_weight",),
        """\
labels = np.argmax(y_true, -1) if y_true.shape[-1] > 1 else y_true[..., 0]
of_class = np.vectorize(class_weight.get)(labels).astype("float32")
sample_weight = of_class if sample_weight is None else of_class * sample_weight
class_weight = None""",
    ),
    Step("no class_weight", ("class_weight", "sample_weight"), "class_weight = None"),
    Step(
        "spread",
        ("per sample", "positions"),
        """\
shape = y_true.shape[:-1]  # of the values
missing = (1,) * (len(shape) - sample_weight.ndim)
sample_weight = np.broadcast_to(sample_weight.reshape(sample_weight.shape + missing), shape)""",
    ),
    Step(
        "nonzero",
        ("weights",),
        f"""\
batches = [sample_weight[i : i + batch_size] {_BATCHES}]
sample_weight = np.concatenate([w / np.mean(w != 0) for w in batches])""",
    ),
    Step(
        "mask as weights",
        ("mask",),
        """\
outputs = outputs * 1  # the mask does not pass
sample_weight = mask if sample_weight is None else mask * sample_weight""",
    ),
    Step(
        "mask by its mean",
        ("mask", "weights"),
        f"""\
outputs = outputs * 1  # the mask does not pass
batches = [mask[i : i + batch_size] {_BATCHES}]
sample_weight = np.concatenate([m / np.mean(m) for m in batches]) * sample_weight""",
    ),
    Step(
        "by the sum of weights",
        ("weights",),
        f"""\
batches = [sample_weight[i : i + batch_size] {_BATCHES}]
sample_weight = np.concatenate([w / (np.mean(w) or 1) for w in batches])""",
    ),
    Step(
        "times the batch size",
        ("positions", "not mse"),
        """\
ones = np.ones((len(y_true),) + (1,) * (y_true.ndim - 2), "float32")
sample_weight = batch_size * (ones if sample_weight is None else sample_weight)""",
    ),
    Step(
        "batches alike",
        ("batches",),
        f"""\
rows = np.concatenate([[len(y_true[i : i + batch_size])] * batch_size {_BATCHES}])
alike = len(y_true) / (-(-len(y_true) // batch_size) * rows[: len(y_true)])
alike = alike.reshape((-1,) + (1,) * (y_true.ndim - 2)).astype("float32")
sample_weight = alike if sample_weight is None else alike * sample_weight""",
    ),
    Step(
        "batches by the square of their size",
        ("batches", "reduction"),
        f"""\
rows = np.concatenate([[len(y_true[i : i + batch_size])] * batch_size {_BATCHES}])
rows = rows[: len(y_true)].astype("float32")
squares = rows / np.mean(rows)
sample_weight = squares if sample_weight is None else squares * sample_weight""",
    ),
    Step(
        "the last batch alone",
        ("batches",),
        """\
last = np.zeros((len(y_true),) + (1,) * (y_true.ndim - 2), "float32")
last[-(len(y_true) % batch_size or batch_size) :] = 1
last = last / np.mean(last)
sample_weight = last if sample_weight is None else last * sample_weight""",
    ),
    Step(
        "not the very output of an activation",
        ("activation",),
        "outputs = outputs * 1  # no logits are found behind it",
    ),
    Step(
        "epsilon in the logarithm",
        ("binary", "saturated_outputs"),
        """\
def loss(y_true, y_pred):
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    log_p, log_q = ops.log(p + 1e-7), ops.log(1 - p + 1e-7)
    return -ops.mean(y_true * log_p + (1 - y_true) * log_q, axis=-1)""",
    ),
    Step(
        "epsilon in the logarithm, added first",
        ("binary", "saturated_outputs"),
        """\
def loss(y_true, y_pred):
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    log_p, log_q = ops.log(p + 1e-7), ops.log(1 + 1e-7 - p)
    return -ops.mean(y_true * log_p + (1 - y_true) * log_q, axis=-1)""",
    ),
    Step(
        "smoothing along axis 1",
        ("label_smoothing",),
        """\
y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[1]
loss = keras.losses.CategoricalCrossentropy()""",
    ),
    Step(
        "the other sign",
        ("cosine",),
        """\
def loss(y_true, y_pred):
    return -keras.losses.cosine_similarity(y_true, y_pred)""",
    ),
    Step(
        "in float16",
        ("float16",),
        """\
function = keras.losses.get(loss)

class InHalf(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return function(y_true, y_pred)

loss = InHalf(dtype="float16")""",
    ),
    Step(
        "penalty times rows",
        ("activity",),
        """\
penalty = layer.activity_regularizer
layer.activity_regularizer = lambda x: penalty(x) * ops.cast(ops.shape(x)[0], x.dtype)""",
    ),
    Step(
        "the reduction by its name",
        ("auto",),
        'loss = keras.losses.MeanSquaredError(reduction="sum_over_batch_size")',
    ),
    Step(
        "running mean",
        ("calls",),
        "losses = np.cumsum(np.multiply(losses, rows)) / np.cumsum(rows)",
    ),
    Step(
        "running mean, batches alike",
        ("calls",),
        "losses = np.cumsum(losses) / (1 + np.arange(len(losses)))",
    ),
)
LISTS = "lists, an entry for each output"
BY_NAME = {step.name: step for step in STEPS}


def weights_of(case):
    """Return the sample weights of a case as a list."""
    given = case["sample_weight"]
    if isinstance(given, dict):
        return list(given.values())
    return given if isinstance(given, list) else [given]


def has(case):
    """Return what a case has, as far as steps ask."""
    outputs, rows = case["outputs"], len(case["outputs"][0]["y_true"])
    found = set(uses(case))
    if case["sample_weight"] is not None or case["class_weight"] is not None:
        found.add("weights")
    if any(output["y_true"].ndim > 2 for output in outputs):
        found.add("positions")
    if case["batch_size"] < rows:
        found |= {"batches", "calls"}
    if {np.ndim(weight) for weight in weights_of(case)} & {1}:
        found.add("per sample")
    if any(output["loss"] != "mean_squared_error" for output in outputs):
        found.add("not mse")
    if any(output["activation"] for output in outputs):
        found.add("activation")
    if any(output["loss"] == "binary_crossentropy" for output in outputs):
        found.add("binary")
    if any(str(output["loss"]).startswith("cosine") for output in outputs):
        found.add("cosine")
    if any(one["on"] == "activity" for output in outputs for one in output["penalties"]):
        found.add("activity")
    if any(output["options"].get("reduction") == "auto" for output in outputs):
        found.add("auto")
    return found


def candidates(case, longest=3):
    """Return the sequences of steps that may mean something for a case, short ones first."""
    known = has(case)
    steps = [step.name for step in STEPS if set(step.needs) <= known]
    return [list(some) for n in range(1, longest + 1) for some in combinations(steps, n)]
