"""Sound models for audit, of many kinds, and the mutations that make each of them unsound.

A Plan is a sound model in words; `build` compiles it and draws its data. A mutation changes one
thing, in the plan or in what was built, and names the finding that audit has to make of it.

    python -m tests.unit.audit.models        audits all sound models and all of their mutants
"""

import itertools
import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers, losses, ops

import lossbook as lb
from lossbook._audit.examples import Example, compiled, row_mean, scalar_mean
from tests.unit.audit.planted import BACKEND

STEPS = 5


@dataclass(frozen=True)
class Plan:
    """A sound model: what comes in, what the last layer is, which loss judges it."""

    name: str
    body: str  # which layers come before the last one
    targets: str  # real, counts, binary, classes, numbers, signs, distributions
    loss: Any  # the name of a class of keras.losses, or a function, or a Loss subclass
    units: int = 1
    activation: str | None = None
    options: dict = field(default_factory=dict)
    rows: int = 6
    wrap: str = ""  # "subclass" or "sequence" (a PyDataset)
    weight: str = ""  # "rows", "positions"
    class_weight: dict | None = None
    outputs: int = 1
    loss_weights: tuple | None = None
    penalty: float = 1e-4
    dtype: str | None = None
    after: Any = None  # what stands between the body and the last layer
    batch_size: int = 32

    @property
    def form(self):
        """The positions of a row."""
        return {"image": (4, 4)}.get(self.body, (STEPS,) if self.body in SEQUENCES else ())

    @property
    def own(self):
        """Whether the loss is no class of Keras."""
        return not isinstance(self.loss, str)


SEQUENCES = ("steps", "masking", "tokens", "attention", "bidirectional")
MASKED = ("masking", "tokens", "attention", "bidirectional")


class Absolute(losses.Loss):
    """A loss of our own, with its targets in the shape of the predictions."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class Sampled(layers.Layer):
    """Adds a small loss, as a variational model does."""

    def call(self, x):
        self.add_loss(1e-4 * ops.mean(ops.square(x)))
        return x


class Wrapped(keras.Model):
    def __init__(self, inner):
        super().__init__(name="wrapped")
        self.inner = inner

    def call(self, x):
        return self.inner(x)


BINARY, CATEGORICAL = "BinaryCrossentropy", "CategoricalCrossentropy"
SPARSE = "SparseCategoricalCrossentropy"
LOGITS = {"from_logits": True}

PLANS = (
    Plan("regression", "flat", "real", "MeanSquaredError"),
    Plan("two targets, absolute error", "flat", "real", "MeanAbsoluteError", 2),
    Plan("huber", "flat", "real", "Huber", 3, options={"delta": 0.5}),
    Plan("log cosh, normalised, with dropout", "normalised", "real", "LogCosh", 2),
    Plan("counts", "flat", "counts", "Poisson", 2, "softplus"),
    Plan("logarithms of counts", "flat", "counts", "MeanSquaredLogarithmicError", 2, "softplus"),
    Plan("yes or no", "flat", "binary", BINARY, 1, "sigmoid"),
    Plan("yes or no by logits", "flat", "binary", BINARY, options=LOGITS),
    Plan("several labels", "flat", "binary", BINARY, 4, "sigmoid"),
    Plan("focal", "flat", "binary", "BinaryFocalCrossentropy", 3, "sigmoid"),
    Plan("one of three", "flat", "classes", CATEGORICAL, 3, "softmax"),
    Plan(
        "one of three by smoothed logits",
        "flat",
        "classes",
        CATEGORICAL,
        3,
        options={"from_logits": True, "label_smoothing": 0.1},
    ),
    Plan("class numbers", "flat", "numbers", SPARSE, 4, "softmax"),
    Plan("class numbers by logits", "flat", "numbers", SPARSE, 4, options=LOGITS),
    Plan("focal classes", "flat", "classes", "CategoricalFocalCrossentropy", 3, "softmax"),
    Plan("distributions", "flat", "distributions", "KLDivergence", 4, "softmax"),
    Plan("signs", "flat", "signs", "Hinge", 1, "tanh"),
    Plan("directions", "flat", "real", "CosineSimilarity", 4),
    Plan("pixels of several labels", "image", "binary", BINARY, 3, "sigmoid"),
    Plan("pixels of one class", "image", "numbers", SPARSE, 3, "softmax"),
    Plan("image to image", "image", "real", "MeanSquaredError", 2),
    Plan("weighted pixels", "image", "classes", CATEGORICAL, 3, "softmax", weight="positions"),
    Plan("dice per image", "image", "binary", "Dice", 2, "sigmoid", {"axis": (1, 2, 3)}),
    Plan("steps", "steps", "real", "MeanSquaredError", 2),
    Plan("weighted rows of steps", "steps", "real", "Huber", 2, weight="rows"),
    Plan("masked steps", "masking", "real", "MeanAbsoluteError", 2),
    Plan("tagged tokens", "tokens", "numbers", SPARSE, 3, "softmax"),
    Plan("tagged tokens, both ways", "bidirectional", "classes", CATEGORICAL, 3, "softmax"),
    Plan("attention", "attention", "numbers", SPARSE, 3, "softmax"),
    Plan("a class of all tokens", "last", "numbers", SPARSE, 3, "softmax"),
    Plan("subclassed", "flat", "classes", CATEGORICAL, 3, "softmax", wrap="subclass"),
    Plan("subclassed and masked", "tokens", "real", "MeanSquaredError", 2, wrap="subclass"),
    Plan("a PyDataset", "flat", "binary", BINARY, 2, "sigmoid", wrap="sequence"),
    Plan("mixed precision", "flat", "classes", CATEGORICAL, 3, "softmax", dtype="mixed_float16"),
    Plan("a function of our own", "flat", "real", row_mean, 2),
    Plan("a Loss of our own", "steps", "real", Absolute, 2),
    Plan(
        "class weights",
        "flat",
        "numbers",
        SPARSE,
        3,
        "softmax",
        class_weight={0: 0.75, 1: 1.5, 2: 0.75},
    ),
    Plan("two outputs", "flat", "real", "MeanSquaredError", 2, outputs=2, loss_weights=(1.0, 0.5)),
    Plan("add_loss", "sampled", "real", "MeanSquaredError", 2),
    Plan("equal batches", "flat", "binary", BINARY, 2, "sigmoid", batch_size=3),
)


# --- what a plan becomes


def body(plan, rng):
    """Return (input layer, its data, features)."""
    rows, kind = plan.rows, plan.body
    if kind in ("tokens", "attention", "bidirectional", "last"):
        data = rng.integers(1, 6, (rows, STEPS))
        data[0, 3:] = data[1, 4:] = 0
        inputs = keras.Input((STEPS,), dtype="int32")
        x = layers.Embedding(6, 4, mask_zero=True)(inputs)
        if kind == "last":
            return inputs, data, layers.GRU(4)(x)
        if kind == "attention":
            return inputs, data, layers.MultiHeadAttention(1, 4)(x, x)
        recurrent = layers.GRU(3, return_sequences=True)
        return (
            inputs,
            data,
            (layers.Bidirectional(recurrent) if kind == "bidirectional" else recurrent)(x),
        )
    shape = {"image": (4, 4, 2), "steps": (STEPS, 3), "masking": (STEPS, 3)}.get(kind, (4,))
    data = rng.normal(size=(rows, *shape)).astype("float32")
    x = inputs = keras.Input(shape)
    if kind == "image":
        x = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    elif kind == "masking":
        data[0, 3:] = data[2, 4:] = 0
        x = layers.LSTM(4, return_sequences=True)(layers.Masking()(x))
    elif kind == "steps":
        x = layers.Conv1D(3, 3, padding="same")(x)
    else:
        x = layers.Dense(5, activation="relu", dtype=plan.dtype)(x)
        if kind == "normalised":
            x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
        elif kind == "sampled":
            x = Sampled()(x)
    return inputs, data, x


def drawn_targets(plan, rng):
    """Return targets of a kind, in the shape of the predictions or of the positions."""
    form, units = (plan.rows, *plan.form), plan.units
    count = int(np.prod(form))
    numbers = (np.arange(count) % max(units, 2)).reshape(form)
    if plan.targets == "numbers":
        return numbers
    if plan.targets == "classes":
        return np.eye(units, dtype="float32")[numbers]
    shape = (*form, units)
    if plan.targets == "real":
        return rng.normal(size=shape).astype("float32")
    if plan.targets == "counts":
        return rng.integers(0, 4, shape).astype("float32")
    if plan.targets == "distributions":
        p = rng.uniform(0.1, 1, shape)
        return (p / p.sum(-1, keepdims=True)).astype("float32")
    coins = (np.arange(count * units) % 2).reshape(shape).astype("float32")
    return 2 * coins - 1 if plan.targets == "signs" else coins


def loss_of(plan):
    if not plan.own:
        return getattr(losses, plan.loss)(**plan.options)
    return plan.loss() if isinstance(plan.loss, type) else plan.loss


def build(plan):
    """Return the case of a plan: the compiled model and its data."""
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    inputs, x, features = body(plan, rng)
    if plan.after is not None:
        features = plan.after(features)
    options = {
        "activation": plan.activation,
        "kernel_regularizer": keras.regularizers.L2(plan.penalty),
    }
    outputs = [
        layers.Dense(plan.units, name=f"out_{i}", **options)(features) for i in range(plan.outputs)
    ]
    y = [drawn_targets(plan, rng) for _ in outputs]
    single = plan.outputs == 1
    model = keras.Model(inputs, outputs[0] if single else outputs)
    if plan.wrap == "subclass":
        model = Wrapped(model)
    optimizer = keras.optimizers.SGD()
    if plan.dtype == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    compiled(
        model,
        loss_of(plan) if single else [loss_of(plan) for _ in outputs],
        optimizer=optimizer,
        loss_weights=None if plan.loss_weights is None else list(plan.loss_weights),
    )
    data = {"x": x, "y": y[0] if single else y, "batch_size": plan.batch_size}
    if plan.weight:
        wide = (plan.rows, *([1] * len(plan.form) if plan.weight == "rows" else plan.form))
        data["sample_weight"] = rng.uniform(0.5, 2, wide).astype("float32")
    if plan.class_weight:
        data["class_weight"] = plan.class_weight
    return Example(model, data)


class Sequence(keras.utils.PyDataset):
    def __init__(self, data):
        super().__init__()
        self.data = [data[name] for name in ("x", "y", "sample_weight") if name in data]
        self.size = data["batch_size"]

    def __len__(self):
        return -(-len(self.data[0]) // self.size)

    def __getitem__(self, i):
        return tuple(part[i * self.size : (i + 1) * self.size] for part in self.data)


def delivered(plan, case):
    """Put the data into a PyDataset where the plan says so."""
    if plan.wrap == "sequence":
        weight = {k: case.data[k] for k in ("class_weight",) if k in case.data}
        case.data = {"x": Sequence(case.data), **weight}
    return case


# --- mutations: each returns (code, case), or None where it does not apply

CROSSENTROPY = (
    BINARY,
    "BinaryFocalCrossentropy",
    CATEGORICAL,
    "CategoricalFocalCrossentropy",
    SPARSE,
)


def _unweighted(plan):
    return not plan.weight and not plan.class_weight and plan.outputs == 1


def changed(plan, code, **changes):
    """Return the case of a plan with other fields."""
    return code, build(replace(plan, **changes))


def touched(plan, code, touch):
    """Return the case of a plan whose data are changed in place by `touch(data)`."""
    case = build(plan)
    touch(case.data)
    return code, case


def weighed(plan, code, weight=None):
    """Return the case of a plan with other weights: 1, 2, 3, ... of the rows unless given."""
    case = build(plan)
    case.data["sample_weight"] = np.arange(1, plan.rows + 1, dtype="float32")
    if weight is not None:
        case.data["sample_weight"] = weight
    return code, case


def with_option(plan, code, **option):
    """Return the case of a plan whose loss, one of Keras's by elements, has another option."""
    if plan.own or plan.loss == "Dice":
        return None
    return changed(plan, code, options={**plan.options, **option})


def no_activation(plan):
    if plan.activation in ("sigmoid", "softmax"):
        return changed(plan, "logits-as-probabilities", activation=None)
    return None


def flag(plan):
    if plan.activation in ("sigmoid", "softmax") and plan.loss in CROSSENTROPY:
        return changed(plan, "probabilities-as-logits", options=LOGITS)
    return None


def sigmoid_for_softmax(plan):
    if plan.activation == "softmax":
        return changed(plan, "probabilities-sum", activation="sigmoid")
    return None


def row_weights(plan):
    """Weights (batch,) on values of more axes: Keras fails."""
    if not plan.form or not _unweighted(plan) or plan.loss == "Dice":
        return None
    return weighed(plan, "weights-refused")


def row_weights_that_fit(plan):
    """The same where the batch is as long as the last axis: another number."""
    if not plan.form or not _unweighted(plan) or plan.loss == "Dice":
        return None
    square = replace(plan, rows=plan.form[-1])
    in_place = BACKEND == "torch" and plan.body in MASKED  # (batch,) is multiplied by the mask
    return weighed(square, "weights-refused" if in_place else "weights-axis")


def nan_target(plan):
    if plan.targets == "numbers":
        return None

    def touch(data):
        y = data["y"] if plan.outputs == 1 else data["y"][0]
        y[1, ..., 0] = np.nan

    return touched(plan, "not-finite", touch)


def nan_input(plan):
    def touch(data):
        data["x"][1] = np.nan

    whole = plan.body in ("tokens", "attention", "bidirectional", "last")
    return None if whole else touched(plan, "not-finite", touch)


def label_too_many(plan):
    if plan.targets != "numbers" or plan.class_weight:
        return None

    def touch(data):
        data["y"][1] = plan.units

    return touched(plan, "labels-range", touch)


def label_scaled(plan):
    """Labels 0 and 255."""
    if plan.targets not in ("binary", "classes"):
        return None

    def touch(data):
        data["y"] *= 255

    return touched(plan, "labels-range", touch)


def two_hot(plan):
    if plan.targets != "classes":
        return None

    def touch(data):
        data["y"][1, ..., :2] = 1

    return touched(plan, "labels-not-one-hot", touch)


def one_column(plan):
    """Targets of one column for several."""
    elementwise = plan.loss not in (*CROSSENTROPY[2:], "Dice") and not plan.own
    if plan.units == 1 or not elementwise or plan.outputs > 1:
        return None

    def touch(data):
        data["y"] = data["y"][..., :1]

    code = "targets-refused" if plan.loss in CROSSENTROPY else "targets-broadcast"
    return touched(plan, code, touch)


def column_too_many(plan):
    if plan.units == 1 or plan.targets == "numbers" or plan.outputs > 1:
        return None

    def touch(data):
        data["y"] = np.concatenate([data["y"], data["y"][..., -1:]], -1)

    return touched(plan, "targets-refused", touch)


def weighted_scalar_loss(plan):
    if plan.targets != "real" or plan.body in MASKED or plan.outputs > 1 or plan.class_weight:
        return None
    return weighed(replace(plan, loss=scalar_mean), "loss-without-rows")


def times_one(plan):
    """Plain arithmetic loses the mask."""
    if plan.body not in MASKED:
        return None
    return changed(plan, "mask-lost", after=lambda x: x * 1.0)


def class_weight_on_positions(plan):
    if not plan.form or plan.weight or plan.wrap == "sequence":
        return None
    case = build(plan)
    case.data["class_weight"] = {0: 1.0, 1: 2.0, 2: 3.0}
    flat = case.data["y"].ndim == 2
    return ("class-weight-labels" if flat else "class-weight-refused"), case


def summed(plan):
    return with_option(plan, "reduction-sum", reduction="sum")


def unreduced(plan):
    return with_option(plan, "reduction-none", reduction="none")


def half_loss(plan):
    return with_option(plan, "float16-loss", dtype="float16")


def zero_weight(plan):
    if plan.outputs > 1 or plan.class_weight or plan.loss == "Dice":
        return None
    weight = np.ones((plan.rows, *plan.form), "float32")
    weight[1] = 0
    return weighed(replace(plan, weight=""), "weights-zero", weight)


def heavy_penalty(plan):
    return changed(plan, "regulariser-larger", penalty=1e4)


def no_loss_weight(plan):
    if plan.outputs == 1:
        return None
    return changed(plan, "loss-weight-zero", loss_weights=(1.0, 0.0))


def a_missing_class(plan):
    if not plan.class_weight:
        return None
    return changed(plan, "class-weight-missing", class_weight={0: 1.0, 1: 2.0})


MUTATIONS = (
    no_activation,
    flag,
    sigmoid_for_softmax,
    row_weights,
    row_weights_that_fit,
    nan_target,
    nan_input,
    label_too_many,
    label_scaled,
    two_hot,
    one_column,
    column_too_many,
    weighted_scalar_loss,
    times_one,
    class_weight_on_positions,
    summed,
    unreduced,
    half_loss,
    zero_weight,
    heavy_penalty,
    no_loss_weight,
    a_missing_class,
)


def mutants(plan, start=0):
    """Yield (name, code, case) for every mutation that applies to a plan, from one of them on."""
    first = start % len(MUTATIONS)
    for mutation in (*MUTATIONS[first:], *MUTATIONS[:first]):
        found = mutation(plan)
        if found is not None:
            yield mutation.__name__, found[0], delivered(plan, found[1])


def problems(findings, code=None):
    """Return what is wrong with the findings for a sound model, or for a mutant."""
    codes, errors = {f.code for f in findings}, {f.code for f in findings if f.severity == "error"}
    if code is None:
        return codes
    return (errors | {code}) - {code} if code in codes else {f"no {code}"}


def main():
    """Audit every sound model and all of its mutants; print what is wrong."""
    made, failed = Counter(), 0
    for plan in PLANS:
        keras.backend.clear_session()
        cases = [("as it is", None, delivered(plan, build(plan)))]
        for name, code, case in itertools.chain(cases, mutants(plan)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wrong = problems(lb.audit(case.model, **case.data), code)
            made[code or "sound"] += 1
            failed += bool(wrong)
            if wrong:
                print(f"{plan.name}, {name}: {sorted(wrong)}")
    for code, times in sorted(made.items()):
        print(f"{code:28}{times:5}")
    print(f"{sum(made.values())} models, {failed} failures")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
