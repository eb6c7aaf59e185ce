"""Less common losses, data and settings: what audit finds, and that the code of a fix ends it."""

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from lossbook._audit.examples import (
    Example,
    array,
    coins,
    compiled,
    drawn,
    one_hot,
    passing,
    simplex,
    two_heads,
)
from tests.unit.audit.fixes import applied, audited, codes

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data; its refusals"),
    pytest.mark.filterwarnings("ignore:Casting complex values"),
]
Y, P, W = drawn(4, 3, seed=1), drawn(4, 3), array(100, 200, 300, 400)
LABELS = np.array([0, 1, 2, 1])
BOTH = {0: 1.0, 1: 2.0}
SPARSE = "sparse_categorical_crossentropy"
HALF = losses.MeanSquaredError(dtype="float16")


class Rows(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), -1)


class Once(keras.utils.PyDataset):
    """One batch."""

    def __init__(self, *batch):
        super().__init__()
        self.batch = batch

    num_batches = 1

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.batch


def of(y, p, loss="mse", **data):
    return passing(p, y, loss, **data)


def dataset(case, *arrays):
    import tensorflow as tf

    return Example(case.model, {"x": tf.data.Dataset.from_tensor_slices(arrays).batch(4)})


def once(case, *batch, **data):
    return Example(case.model, {"x": Once(*batch), **data})


def heads(kind, loss, y, **data):
    settings = {name: data.pop(name) for name in ("loss_weights", "metrics") if name in data}
    return Example(compiled(two_heads(kind), loss, **settings), {"x": P, "y": y, **data})


def named(**values):
    return dict(zip(("near", "far"), values.values(), strict=True))


def one_axis_less():
    model = keras.Sequential([keras.Input((3,)), layers.Lambda(lambda x: x[:, 0])])
    return Example(compiled(model, Rows()), {"x": P, "y": Y[:, :1]})


def blank_last():
    """The predictions are sure of 1, 2, blank and so on, where the last unit is the blank."""
    units = np.array([[0, 3, 1, 3, 3, 3], [1, 3, 0, 3, 3, 3]])
    logits = 12 * np.eye(4, dtype="float32")[units] - 6
    return of(np.array([[1, 2, 0], [2, 1, 0]]), logits, losses.CTC())


def infinite_weights():
    inputs = keras.Input((3,))
    dense = layers.Dense(1, kernel_regularizer="l2", name="dense")
    model = compiled(keras.Model(inputs, dense(inputs)), "mse")
    dense.kernel.assign(np.full((3, 1), np.inf))
    return Example(model, {"x": np.zeros((4, 3)), "y": np.zeros((4, 1))})


def tokens(length, *, last=False, data=Example):
    text = np.random.default_rng(0).integers(1, 6, (8, 6))
    inputs = keras.Input((length,), dtype="int32")
    steps = layers.Embedding(6, 4)(inputs)
    outputs = layers.Conv1D(6, 2, padding="causal", activation="softmax")(steps)
    model = compiled(keras.Model(inputs, outputs), SPARSE)
    case = Example(model, {"x": text, "y": text[..., None] if last else text})
    return case if data is Example else data(case, text, text)


def without_direction():
    y = Y.copy()
    y[1] = 0
    return of(y, P, "cosine_similarity")


def never_chosen():
    p = simplex(4, 3)
    p[0] = 0, 0.5, 0.5
    return of(LABELS, p, SPARSE)


CASES = {
    "weights of a dataset": (lambda: dataset(of(Y, P), P, Y, W), ["weights-scale"]),
    "weights below 0 of a dataset": (
        lambda: dataset(of(Y, P), P, Y, array(1, -1, 2, 3)),
        ["weights-negative"],
    ),
    "class weights for steps": (
        lambda: of(np.zeros((4, 4, 1)), drawn(4, 4, 1), class_weight=BOTH),
        ["class-weight-refused"],
    ),
    "class weights for classes of steps": (
        lambda: of(
            np.random.default_rng(0).integers(0, 3, (4, 4)),
            simplex(4, 4, 3),
            SPARSE,
            class_weight={**BOTH, 2: 3.0},
        ),
        ["class-weight-labels"],
    ),
    "class weights for numbers": (lambda: of(Y, P, class_weight=BOTH), ["class-weight-labels"]),
    "class weights for labels": (
        lambda: of(coins(4, 3), P, "binary_crossentropy", class_weight={0: 1.0, 5: 2.0}),
        ["class-weight-labels"],
    ),
    "class weights by name": (
        lambda: of(LABELS, simplex(4, 3), SPARSE, class_weight={"cat": 1.0, "dog": 2.0}),
        ["class-weight-missing"],
    ),
    "class weights for two outputs": (
        lambda: heads(
            dict,
            named(near="mse", far="mse"),
            named(near=one_hot(4, 3), far=one_hot(4, 3, seed=2)),
            class_weight=named(near=BOTH, far={0: 1.0, 1: 3.0}),
        ),
        ["class-weight-refused"],
    ),
    "class weights for one of two outputs": (
        lambda: heads(list, ["mse"] * 2, [one_hot(4, 3)] * 2, class_weight={"near": BOTH}),
        ["class-weight-refused"],
    ),
    "class weights for labels of two outputs": (
        lambda: heads(list, ["mse"] * 2, [coins(4, 3)] * 2, class_weight={"near": BOTH}),
        ["class-weight-refused"],
    ),
    "class weights of a PyDataset": (
        lambda: once(
            of(LABELS, simplex(4, 3), SPARSE), simplex(4, 3), LABELS, class_weight={**BOTH, 2: 2.0}
        ),
        ["class-weight-mean"],
    ),
    "a class without weight": (
        lambda: of(
            np.array([0, 0, 1, 2]),
            simplex(4, 3),
            SPARSE,
            batch_size=2,
            class_weight={0: 0.0, 1: 1.0, 2: 1.0},
        ),
        ["nothing-counts", "weights-zero", "class-weight-mean"],
    ),
    "single rows": (lambda: once(of(Y, P), P[0], Y[0]), ["structure-refused"]),
    "the sum of an own loss": (lambda: of(Y, P, Rows(reduction="sum")), ["reduction-sum"]),
    "directions of one number": (
        lambda: of(drawn(4, 3, 1, seed=1), drawn(4, 3, 1), losses.CosineSimilarity()),
        ["no-direction"],
    ),
    "no direction": (without_direction, ["no-direction"]),
    "the blank of Keras 2": (blank_last, ["ctc-blank"]),
    "predictions without an axis": (one_axis_less, ["targets-broadcast"]),
    "many numbers for probabilities": (
        lambda: of(drawn(400, 1, high=5, seed=1), drawn(400, 1), "binary_crossentropy"),
        ["labels-range"],
    ),
    "loss weights as text": (
        lambda: heads(
            dict,
            named(near="mse", far="mse"),
            named(near=Y, far=Y),
            loss_weights=named(near="1.0", far="2"),
        ),
        ["loss-refused"],
    ),
    "one metric too many": (
        lambda: heads(
            dict,
            named(near="mse", far="mse"),
            named(near=Y, far=Y),
            metrics={**named(near="mae", far="mae"), "else": "mae"},
        ),
        ["metrics-refused"],
    ),
    "complex weights": (
        lambda: of(Y, P, sample_weight=W * (1 + 1j)),
        ["imaginary-dropped", "weights-scale"],
    ),
    "names of classes": (
        lambda: dataset(of(np.zeros(4), simplex(4, 3), SPARSE), simplex(4, 3), np.array([*"abca"])),
        ["kind-refused"],
    ),
    "weights in a row": (
        lambda: of(Y, P, sample_weight=array([1, 2, 3, 4])),
        ["structure-refused"],
    ),
    "one array for two outputs": (
        lambda: heads(list, ["mse"] * 2, np.stack([Y, Y])),
        ["structure-refused"],
    ),
    "a dict of weights for a list": (
        lambda: heads(list, ["mse"] * 2, [Y, Y], sample_weight={"near": array(1, 2, 3, 4)}),
        ["structure-refused"],
    ),
    "weights of an axis too many": (
        lambda: of(drawn(4, 4, 1, seed=1), drawn(4, 4, 1), sample_weight=drawn(4, 4, 4)),
        ["weights-axis"],
    ),
    "classes from 1": (lambda: of(LABELS + 1, simplex(4, 3), SPARSE), ["labels-range"]),
    "classes from 1, one ignored": (
        lambda: of(
            np.array([-1, 2, 3, 1]),
            simplex(4, 3),
            losses.SparseCategoricalCrossentropy(ignore_class=-1),
        ),
        ["labels-range"],
    ),
    "counts below 0": (lambda: of(Y - 2, P, "poisson"), ["labels-range"]),
    "logarithms of numbers below 0": (
        lambda: of(Y - 2, P, "mean_squared_logarithmic_error"),
        ["labels-range"],
    ),
    "one-hot rows for class numbers": (
        lambda: of(one_hot(4, 3), simplex(4, 3), SPARSE),
        ["targets-refused"],
    ),
    "two class numbers a row": (
        lambda: of(np.zeros((4, 2)), simplex(4, 3), SPARSE),
        ["targets-refused"],
    ),
    "class numbers for distributions": (
        lambda: of(LABELS, simplex(4, 3), "kl_divergence"),
        ["targets-refused"],
    ),
    "a class number that is NaN": (
        lambda: of(np.array([0, np.nan, 2, 1]), simplex(4, 3), SPARSE),
        ["not-finite"],
    ),
    "infinite weights of a layer": (infinite_weights, ["not-finite", "not-finite"]),
    "a mean of many in half precision": (
        lambda: of(drawn(4, 300, 300, seed=1), drawn(4, 300, 300), HALF),
        ["float16-loss"],
    ),
    "a large sum in half precision": (
        lambda: of(drawn(40, 3, seed=1), 100 * drawn(40, 3), HALF),
        ["float16-loss"],
    ),
    "small values in half precision": (lambda: of(Y / 1000, P / 1000, HALF), ["float16-loss"]),
    "no reduction in half precision": (
        lambda: of(Y, P, losses.MeanSquaredError(dtype="float16", reduction="none")),
        ["reduction-none", "float16-loss"],
    ),
    "predictions that are NaN": (
        lambda: of(one_hot(4, 3), simplex(4, 3) * np.nan, "categorical_crossentropy"),
        ["not-finite"],
    ),
    "one class": (lambda: of(coins(4, 1), drawn(4, 1), "categorical_crossentropy"), ["one-class"]),
    "a class that is never chosen": (never_chosen, ["probabilities-clipped"]),
    "rows of another sum": (lambda: of(simplex(4, 3), P, "kl_divergence"), ["probabilities-sum"]),
    "a metric of logits": (
        lambda: of(
            coins(4, 3),
            4 * P - 2,
            losses.BinaryCrossentropy(from_logits=True),
            options={"metrics": ["AUC"]},
        ),
        ["metric-unfit"],
    ),
    "tokens": (lambda: tokens(None), ["targets-in-sight"]),
    "tokens with a last axis": (lambda: tokens(None, last=True), ["targets-in-sight"]),
    "tokens of a dataset": (lambda: tokens(None, data=dataset), ["targets-in-sight"]),
    "tokens of a dataset, so many": (lambda: tokens(6, data=dataset), ["targets-in-sight"]),
    "tokens of a PyDataset": (lambda: tokens(None, data=once), ["targets-in-sight"]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_and_mended(name):
    build, expected = CASES[name]
    findings = audited(build())
    assert codes(findings) == expected
    if "`" in findings[0].fix:
        mended = audited(applied(findings[0], build()))
        assert expected[0] not in codes(mended) and not codes(mended, "error")
