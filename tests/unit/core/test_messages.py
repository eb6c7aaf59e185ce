"""The exact text of errors and warnings, beside what real Keras does with the same call.

The texts stand in __snapshots__/test_messages.ambr: `pytest --snapshot-update` writes them anew. An
error says what was expected, what was received, and how to mend it. Where Keras does not raise,
OURS_ALONE says why we do.
"""

import warnings

import keras
import numpy as np
import pytest
from keras import losses, ops
from keras.src import backend

import lossbook as lb
from lossbook._core.arrays import to_numpy

BACKEND = keras.backend.backend()
MODULES = {"tensorflow": "tensorflow.python", "jax": "jaxlib._jax", "torch": "torch"}
Y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)  # one-hot, (4, 3)
P = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.1, 0.1, 0.8], [0.2, 0.4, 0.4]], np.float32)
V = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
W = np.array([1.0, 2.0, 0.0, 4.0], np.float32)
BCE, CCE, SCCE = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
CLASSES = {
    BCE: losses.BinaryCrossentropy,
    CCE: losses.CategoricalCrossentropy,
    SCCE: losses.SparseCategoricalCrossentropy,
    "mse": losses.MeanSquaredError,
    "mae": losses.MeanAbsoluteError,
}


class Own(losses.Loss):
    """A loss of the user's own."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(y_pred, axis=-1)


def in_keras(loss, y_true, y_pred, sample_weight=None, mask=None, **options):
    """Call the loss object of Keras with the arguments of `trace`."""
    if isinstance(loss, str):
        cls = CLASSES[loss] if loss in CLASSES else type(losses.get(loss))
        loss = cls(**options)
    if mask is not None:
        y_pred = ops.convert_to_tensor(y_pred)
        backend.set_keras_mask(y_pred, ops.convert_to_tensor(mask))
    return loss(y_true, y_pred, sample_weight=sample_weight)


def values_to_keras(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
    """Call Keras's own reduction with the arguments of `aggregate`."""
    from keras.src.losses.loss import reduce_weighted_values

    return reduce_weighted_values(values, sample_weight, mask, reduction)


class Call:
    """A call of `trace` or `aggregate`, and the same call of Keras."""

    def __init__(self, *arguments, **options):
        self.arguments, self.options = arguments, options

    def ours(self):
        return lb.trace(*self.arguments, **self.options).total

    def keras(self):
        return in_keras(*self.arguments, **self.options)


class Aggregate(Call):
    def ours(self):
        return lb.aggregate(*self.arguments, **self.options).total

    def keras(self):
        return values_to_keras(*self.arguments, **self.options)


def of_framework(module, name="Tensor"):
    """Return a tensor of a framework that is not installed."""
    return type(name, (), {"__module__": module, "shape": (4, 3), "dtype": "float32"})()


def ragged():
    """Return a ragged tensor; elsewhere than on TensorFlow what looks like one."""
    if BACKEND != "tensorflow":
        return of_framework("tensorflow", "RaggedTensor")
    import tensorflow as tf

    return tf.ragged.constant([[1.0], [2.0, 3.0]])


def mse(y_true, y_pred):
    """Return a loss of the user's own with a name of Keras's."""
    return np.abs(y_true - y_pred)


def sigmoid(x):
    return keras.activations.sigmoid(ops.convert_to_tensor(x))


def softmax(x):
    return keras.activations.softmax(ops.convert_to_tensor(x))


LABELS = np.array([0, 1, 2, 0])

ERRORS = {
    # --- losses, options, names
    "a loss misspelt": Call("binary_cross_entropy", Y, P),
    "a loss that compile picks": Call("crossentropy", Y, P),
    "a Loss class of one's own": Call(Own(), Y, P),
    "a function of one's own named like Keras's": Call(mse, Y, P),
    "several losses": Call(["mse"], Y, P),
    "a reduction of PyTorch": Call("mse", Y, P, reduction="avg"),
    "a reduction of Keras 2": Aggregate(V, reduction="auto"),
    "an option misspelt": Call(BCE, Y, P, from_logit=True),
    "an option of another loss": Call("mse", Y, P, from_logits=True),
    "an option beside a Loss object": Call(losses.BinaryCrossentropy(), Y, P, from_logits=True),
    "a reduction beside a Loss object": Call(losses.MeanSquaredError(), Y, P, reduction="sum"),
    "from_logits is no bool": Call(BCE, Y, P, from_logits="no"),
    "label_smoothing is no number": Call(BCE, Y, P, label_smoothing="0.1"),
    "a dtype without fractions": Call(BCE, Y, P, dtype="int32"),
    "bfloat16 without tensors": Call(BCE, Y, P, dtype="bfloat16"),
    "a rule that nobody knows": Call("mse", Y, P, rule="keras-9"),
    # --- axes
    "an axis out of range": Call(BCE, Y, P, axis=2),
    "an axis that is none": Call(BCE, Y, P, axis=None),
    "sparse labels over another axis": Call(SCCE, LABELS, P, axis=0),
    "logits over an axis counted from the end": Call(CCE, Y, P, from_logits=True, axis=-2),
    # --- labels and predictions
    "shapes that differ": Call(BCE, Y, P[:, :2]),
    "shapes that cannot be broadcast": Call("mse", Y, P[:, :2]),
    "class numbers without sparse": Call(CCE, LABELS, P),
    "one-hot labels with sparse": Call(SCCE, Y, P),
    "too few class numbers": Call(SCCE, LABELS[:3], P),
    "a class number out of range": Call(SCCE, LABELS + 1, P),
    "a class number that is NaN": Call(SCCE, np.array([0, 1, np.nan, -1]), P),
    "a number in place of an array": Call("mse", np.float32(1), np.float32(2)),
    "a probability in place of an array": Call(BCE, np.float32(1), np.float32(0.5)),
    "no class axis for sparse": Call(SCCE, np.int64(0), np.float32(0.5)),
    "an empty batch": Call("mse", Y[:0], P[:0]),
    "no classes": Call("mse", Y[:, :0], P[:, :0]),
    "an empty batch of images": Aggregate(np.ones((0, 2))),
    # --- weights and masks
    "weights too short": Aggregate(W, sample_weight=W[:3]),
    "weights for other samples": Aggregate(V, sample_weight=W[:3]),
    "weights per sample for positions": Call(
        BCE, np.ones((4, 3, 2)), np.full((4, 3, 2), 0.5), sample_weight=W
    ),
    "weights per step for images": Aggregate(np.ones((4, 3, 2)), sample_weight=np.ones((4, 3))),
    "weights per class": Aggregate(V, sample_weight=np.ones((4, 4, 2))),
    "a mask of another width": Aggregate(V, mask=V[:, :3] > 0),
    "a mask per sample for positions": Call(
        "mae", np.ones((4, 3, 2)), np.ones((4, 3, 2)), mask=W > 0
    ),
    "weights and mask that do not meet": Aggregate(V, sample_weight=V, mask=V[:, :3] > 0),
    "a mask per sample beside full weights": Aggregate(
        V[:, :3], sample_weight=V[:, :3], mask=W > 0
    ),
    # --- what is no array
    "no predictions": Call("mse", Y, None),
    "several outputs by name": Call("mse", Y, {"mask": P, "edge": P}),
    "several outputs": Call("mse", Y, [P, P[:, :2]]),
    "names of classes": Call("mse", ["cat"], [1.0]),
    "a model": Call("mse", Y, keras.Sequential()),
    "a symbolic tensor": Call("mse", Y, keras.Input((3,))),
    "a ragged tensor": Call("mse", Y, ragged()),
}
# Where Keras computes something, and why we do not.
OURS_ALONE = {
    "a Loss class of one's own": "it is not Keras's",
    "a function of one's own named like Keras's": "it is not Keras's",
    "an option beside a Loss object": "a Loss object takes none when it is called",
    "a reduction beside a Loss object": "a Loss object takes none when it is called",
    "from_logits is no bool": "Keras takes any true value, 'no' among them",
    "bfloat16 without tensors": "Keras has turned the arrays into tensors",
    "an axis that is none": "Keras averages over everything, and leaves the reduction nothing",
    "an empty batch": "Keras returns []",
    "no classes": "Keras returns nan",
    "an empty batch of images": "Keras returns 0.0",
    "a symbolic tensor": "Keras makes another symbolic tensor of it",
}


# What the other backends take, though TensorFlow refuses it; and the other way round.
TAKEN = {
    "jax": (
        "a dtype without fractions",
        "a class number out of range",
        "a class number that is NaN",
    ),
    "torch": ("a number in place of an array", "a probability in place of an array"),
}.get(BACKEND, ())
KERAS_REFUSES = ("weights per sample beside a full mask",) if BACKEND == "torch" else ()
TENSORFLOW_ALONE = (
    "logits over an axis counted from the end",
    "a softmax under binary crossentropy",
    "a sigmoid under categorical crossentropy",
    "a sigmoid under sparse categorical crossentropy",
    "from_logits after a sigmoid",
)


def named(rows):
    """Return the names of the rows; skip those that no other backend than TensorFlow knows."""
    alone = pytest.mark.skipif(BACKEND != "tensorflow", reason="happens on TensorFlow alone")
    return [pytest.param(n, marks=alone if n in TENSORFLOW_ALONE else ()) for n in rows]


def text_of(error):
    return f"{error.type.__name__}: {error.value}"


@pytest.mark.parametrize("name", named(ERRORS))
def test_error(name, snapshot):
    call = ERRORS[name]
    with pytest.raises((ValueError, TypeError)) as raised:
        call.ours()
    assert text_of(raised) == snapshot
    if name in TAKEN:
        call.keras()
    elif name not in OURS_ALONE:
        with pytest.raises(Exception):  # noqa: B017 - the backend's own classes, too
            call.keras()


@pytest.mark.parametrize("name", [n for n, why in OURS_ALONE.items() if "returns" in why])
def test_what_keras_returns_for_an_empty_batch(name):
    assert OURS_ALONE[name] == f"Keras returns {np.asarray(ERRORS[name].keras())}"


@pytest.mark.parametrize("argument", ["y_pred", "sample_weight"])
@pytest.mark.parametrize("framework", [name for name in MODULES if name != BACKEND])
def test_a_tensor_of_another_framework_is_refused(framework, argument):
    name = "ArrayImpl" if framework == "jax" else "Tensor"
    given = {"y_pred": P, argument: of_framework(MODULES[framework], name)}
    with pytest.raises(TypeError) as raised:
        lb.trace("mse", Y, **given)
    assert str(raised.value) == (
        f"{argument} is a {framework} tensor, but Keras's active backend is {BACKEND}. Set "
        f"KERAS_BACKEND={framework} before Keras is imported, or convert {argument} to a NumPy "
        "array first."
    )


def test_a_real_tensor_is_refused_where_another_backend_is_active(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    with pytest.raises(TypeError) as raised:
        lb.aggregate(ops.convert_to_tensor(V))
    assert str(raised.value) == (
        f"values is a {BACKEND} tensor, but Keras's active backend is numpy. Set "
        f"KERAS_BACKEND={BACKEND} before Keras is imported, or convert values to a NumPy array "
        "first."
    )


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow alone compiles for any length")
@pytest.mark.parametrize(
    ("signature", "shown"), [((None, 4), "(None, 4)"), (None, "<unknown>")], ids=str
)
def test_aggregate_needs_full_shapes_in_a_compiled_function(signature, shown):
    import tensorflow as tf

    function = tf.function(
        lambda v: lb.aggregate(v).total,
        input_signature=[tf.TensorSpec(signature)],
        autograph=False,
    )
    with pytest.raises(ValueError) as raised:
        function(tf.constant(V))
    assert str(raised.value) == (
        f"A tensor has the shape {shown} here, in a compiled function: lossbook needs every "
        "length. Compile for full shapes, without None in the input_signature."
    )


# What older releases refuse, as tests/atlas/test_aggregate.py holds against their runs: rule,
# shapes of values, weights and mask, and what weights and mask the text advises, if any.
REFUSED = [
    ("keras-2.2.4", (4, 5), (4, 1), None, ((4, 5), None)),
    ("tf.keras-2.1.4", (), (4, 5, 1), None, None),
    ("keras-2.2.4", (4, 5, 1), None, (4, 5), (None, (4, 5, 1))),
    ("keras-2.3.1", (4, 2, 5), None, (4, 2, 5), None),
    ("keras-2.3.1", (), None, (4, 5), None),
    ("tf.keras-1.14.0", (4, 1), None, (4, 5), (None, (4, 1))),
    ("tf.keras-2.1.4", (4, 2, 5), (4,), None, ((4, 2), None)),
    ("tf.keras-2.15.1", (), (4,), None, None),
    ("tf.keras-2.7.4", (4, 5), (4, 5, 3), None, ((4, 5), None)),
    ("tf.keras-2.15.1", (4, 5), (4, 5), (4,), ((4,), (4,))),
    ("tf.keras-2.7.4", (4, 2, 5), (4,), (4, 2, 5), ((4, 2), (4, 2, 5))),
]


@pytest.mark.parametrize(("rule", "values", "weight", "mask", "advised"), REFUSED)
def test_what_older_releases_refuse(rule, values, weight, mask, advised, snapshot):
    def answer(weight, mask):
        weight, mask = (None if s is None else np.ones(s, np.float32) for s in (weight, mask))
        return lb.aggregate(np.ones(values, np.float32), weight, mask, rule=rule).total

    with pytest.raises(ValueError) as raised:
        answer(weight, mask)
    assert text_of(raised) == snapshot
    if advised:
        assert answer(*advised) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: lb.trace("mse", Y, P)["weights"],
        lambda: lb.reduction.class_axis(V, "median"),
        lambda: lb.source("redce_values"),
        lambda: lb.identity,
    ],
    ids=["stage", "operation", "source", "attribute"],
)
def test_other_names_that_nobody_knows(call, snapshot):
    with pytest.raises((KeyError, ValueError, AttributeError)) as raised:
        call()
    assert text_of(raised) == snapshot


V3 = V[..., None]
# The number is Keras's.
WARNINGS = {
    # --- weights and masks that meet the wrong axis
    "weights per sample on the last axis": Call("mse", np.ones((4, 4, 1)), V3, sample_weight=W),
    "weights in a column on the rows of images": Aggregate(
        np.arange(48.0).reshape(4, 4, 3), sample_weight=W[:, None]
    ),
    "weights per step on the last two axes": Aggregate(
        np.arange(64.0).reshape(4, 4, 4), sample_weight=V
    ),
    "a mask per sample on the last axis": Call("mae", np.ones((4, 4, 1)), V3, mask=W > 0),
    "weights per sample beside a full mask": Aggregate(V, sample_weight=W, mask=V > 0.2),
    "a mask per sample beside full weights": Aggregate(V, sample_weight=V, mask=W > 0),
    "weights and mask per sample on the last axis": Aggregate(V, sample_weight=W, mask=W > 0),
    # --- products that repeat values
    "weights per sample and a last axis of 1": Aggregate(V3, sample_weight=W),
    "more weights than values": Aggregate(W, sample_weight=V),
    "mask and weights of no common meaning": Aggregate(V[:, 0], sample_weight=V, mask=V > 0.2),
    "predictions without a class axis": Call("mse", W, W * 2, sample_weight=W),
    # --- sums of weights
    "the sum of a column of weights": Aggregate(
        V, sample_weight=W[:, None], reduction="mean_with_sample_weight"
    ),
    "a weighted mean of a single number": Call(
        "mse", W, W * 2, sample_weight=3.0, reduction="mean_with_sample_weight"
    ),
    # --- numbers
    "a prediction is NaN": Call("mse", Y, np.where(P > 0.7, np.float32(np.nan), P)),
    "a prediction is infinite, its weight 0": Call(
        "mse", Y, np.where(P > 0.7, np.float32(np.inf), P), sample_weight=W
    ),
    "a weight is NaN": Call("mse", Y, P, sample_weight=np.where(W > 2, np.float32(np.nan), W)),
    "float16 overflows": Call("mse", Y, P * 0 + 200, dtype="float16", reduction="sum"),
    "float16 cannot count": Call(
        "mse", np.zeros((70000, 1)), np.ones((70000, 1)) / 512, dtype="float16"
    ),
    "a mask of counts": Call("mse", Y, P, mask=np.array([2, 1, 0, 1])),
    "label_smoothing out of range": Call(BCE, Y, P, label_smoothing=1.5),
    # --- labels and predictions
    "labels without a class axis": Call("mse", W, V),
    "labels with one class": Call("mae", W[:, None], P),
    "a last axis lost, and a sum": Call("mse", V * 0, V3, reduction="sum"),
    "a last axis lost, and weights": Call("mae", V * 0, V3, sample_weight=W),
    "a last axis lost, and the class axis with it": Call(CCE, np.eye(4), V3 + 0.1),
    "one class": Call(CCE, Y[:, :1], P[:, :1]),
    # --- logits that Keras finds
    "a softmax under binary crossentropy": Call(BCE, Y, softmax(P * 9)),
    "a sigmoid under categorical crossentropy": Call(CCE, Y, sigmoid(P * 9)),
    "a sigmoid under sparse categorical crossentropy": Call(SCCE, LABELS, sigmoid(P * 9)),
    "from_logits after a sigmoid": Call(BCE, Y, sigmoid(P * 9), from_logits=True),
}


@pytest.mark.parametrize("name", named(WARNINGS))
def test_warning(name, snapshot):
    call = WARNINGS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = call.ours()
    assert len(caught) == 1 and caught[0].category is UserWarning
    assert str(caught[0].message) == snapshot
    with open(__file__, encoding="utf-8") as file:
        line = file.read().splitlines()[caught[0].lineno - 1]
    assert caught[0].filename == __file__ and ("lb.trace(" in line or "lb.aggregate(" in line)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name in KERAS_REFUSES:
            with pytest.raises(RuntimeError):
                call.keras()
        else:
            np.testing.assert_allclose(ours, to_numpy(call.keras()), rtol=1e-5)


def test_a_warning_points_at_a_file_beside_the_package(tmp_path):
    beside = lb.__file__.replace("__init__.py", "")[:-1] + "_notes.py"  # .../lossbook_notes.py
    code = compile("lb.aggregate(V, sample_weight=W)", beside, "exec")
    with pytest.warns(UserWarning, match="acts on axis -1") as caught:
        exec(code, {"lb": lb, "V": V, "W": W})
    assert caught[0].filename == beside


def test_advice_is_good():
    """Do what the texts advise: the error is gone, and nothing is left to warn of."""
    weight = np.arange(1.0, 5.0)
    advised = {
        (4, 1): [(4, 3), (4, 4)],
        (4, 1, 1): [(4, 4, 3), (4, 4, 1)],
        (4, 4): [(4, 4)],
    }
    for shape, targets in advised.items():
        for values in targets:
            per_sample = np.broadcast_to(weight.reshape(4, *(1,) * (len(shape) - 1)), shape)
            a = lb.aggregate(np.ones(values), sample_weight=per_sample)
            sums = a.coefficients.reshape(4, -1).sum(1)
            np.testing.assert_allclose(sums, weight / 4)
