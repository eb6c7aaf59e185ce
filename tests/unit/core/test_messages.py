"""The exact text of every error and warning, beside what real Keras does with the same call.

An error says what was expected, what was received, and how to mend it. Where Keras does not raise,
the row says why we do.
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
FOREIGN = next(framework for framework in MODULES if framework != BACKEND)
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
KNOWN = (
    "binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, "
    "categorical_focal_crossentropy, sparse_categorical_crossentropy, "
    "categorical_generalized_cross_entropy, mean_squared_error, mean_absolute_error, "
    "mean_absolute_percentage_error, mean_squared_logarithmic_error, huber, log_cosh, poisson, "
    "kl_divergence, hinge, squared_hinge, categorical_hinge, cosine_similarity, dice, tversky, "
    "circle, ctc"
)


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


FIT = "Keras matches shapes from the last axis."
PARTS = "Its parts differ in length, or are no numbers. Pass one output at a time."
EMPTY = (
    "it is empty, and the mean of nothing is no number. "
    "(Keras returns an empty array, 0.0 or NaN here, depending on the rank.)"
)
DENSE = (
    "it has no dense values to add up. "
    "Pass a NumPy array or an eager, dense tensor, such as model.predict(x)."
)
OTHER = "Of any other loss pass the values to aggregate()."
OWN = "a Loss object brings its own options. Set them there, as in"
LABELS = np.array([0, 1, 2, 0])

# Name: the call, the error and its text, and (where Keras computes something) why we do not.
ERRORS = {
    # --- losses, options, names
    "a loss misspelt": (
        Call("binary_cross_entropy", Y, P),
        ValueError,
        f"Unknown loss 'binary_cross_entropy'. Known: Keras's {KNOWN}. "
        "Did you mean 'binary_crossentropy'?",
    ),
    "a loss that compile picks": (
        Call("crossentropy", Y, P),
        ValueError,
        f"Unknown loss 'crossentropy'. Known: Keras's {KNOWN}. "
        "compile() picks one of the three crossentropies by the shapes: name it.",
    ),
    "a Loss class of one's own": (
        Call(Own(), Y, P),
        ValueError,
        f"Unknown loss {__name__}.Own. Known: Keras's {KNOWN}. {OTHER}",
        "it is not Keras's",
    ),
    "a function of one's own named like Keras's": (
        Call(mse, Y, P),
        ValueError,
        f"Unknown loss {__name__}.mse. Known: Keras's {KNOWN}. {OTHER}",
        "it is not Keras's",
    ),
    "several losses": (
        Call(["mse"], Y, P),
        ValueError,
        f"Unknown loss list. Known: Keras's {KNOWN}. {OTHER}",
    ),
    "a reduction of PyTorch": (
        Call("mse", Y, P, reduction="avg"),
        ValueError,
        "Unknown reduction 'avg'. Expected None or one of sum_over_batch_size, mean, sum, "
        "mean_with_sample_weight, none. Did you mean 'mean'?",
    ),
    "a reduction of Keras 2": (
        Aggregate(V, reduction="auto"),
        ValueError,
        "Unknown reduction 'auto'. Expected None or one of sum_over_batch_size, mean, sum, "
        "mean_with_sample_weight, none. Did you mean 'sum_over_batch_size'?",
    ),
    "an option misspelt": (
        Call(BCE, Y, P, from_logit=True),
        TypeError,
        "binary_crossentropy takes from_logits, label_smoothing, axis. Received: from_logit.",
    ),
    "an option of another loss": (
        Call("mse", Y, P, from_logits=True),
        TypeError,
        "mean_squared_error takes no options. Received: from_logits.",
    ),
    "an option beside a Loss object": (
        Call(losses.BinaryCrossentropy(), Y, P, from_logits=True),
        TypeError,
        f"from_logits: {OWN} BinaryCrossentropy(from_logits=...), or pass the loss by name.",
        "a Loss object takes none when it is called",
    ),
    "a reduction beside a Loss object": (
        Call(losses.MeanSquaredError(), Y, P, reduction="sum"),
        TypeError,
        f"reduction: {OWN} MeanSquaredError(reduction=...), or pass the loss by name.",
        "a Loss object takes none when it is called",
    ),
    "from_logits is no bool": (
        Call(BCE, Y, P, from_logits="no"),
        TypeError,
        "from_logits must be True or False. Received: 'no'.",
        "Keras takes any true value, 'no' among them",
    ),
    "label_smoothing is no number": (
        Call(BCE, Y, P, label_smoothing="0.1"),
        TypeError,
        "label_smoothing must be a number. Received: '0.1'.",
    ),
    "a dtype without fractions": (
        Call(BCE, Y, P, dtype="int32"),
        ValueError,
        "dtype='int32' is not a floating dtype. Expected one of float16, bfloat16, float32, "
        "float64.",
    ),
    "bfloat16 without tensors": (
        Call(BCE, Y, P, dtype="bfloat16"),
        ValueError,
        "y_true is to be computed in bfloat16, which NumPy does not have: pass tensors, as from "
        "keras.ops.convert_to_tensor, or take another dtype.",
        "Keras has turned the arrays into tensors",
    ),
    "a rule that nobody knows": (
        Call("mse", Y, P, rule="keras-9"),
        ValueError,
        "Unknown rule 'keras-9'. Known rules: keras-3 (the installed release), and any release of "
        "keras-2.2 to 3.15, tf.keras-1.13 to 2.15, tf_keras-2.16 to 2.21, as keras-3.8 or "
        "tf.keras-2.4.4; of other libraries pytorch, pytorch-elementwise, optax, sklearn, "
        "transformers.",
    ),
    # --- axes
    "an axis out of range": (
        Call(BCE, Y, P, axis=2),
        ValueError,
        "axis=2 is out of range: y_pred has shape (4, 3), so axis must be between -2 and 1.",
    ),
    "an axis that is none": (
        Call(BCE, Y, P, axis=None),
        ValueError,
        "axis must be an integer. Received: axis=None.",
        "Keras averages over everything, and then the reduction has nothing left to do",
    ),
    "sparse labels over another axis": (
        Call(SCCE, LABELS, P, axis=0),
        ValueError,
        "sparse_categorical_crossentropy takes the last axis as class axis, and no other. "
        "Received: axis=0, y_pred.shape=(4, 3). Move the classes to the end first.",
    ),
    "logits over an axis counted from the end": (
        Call(CCE, Y, P, from_logits=True, axis=-2),
        ValueError,
        "Keras on TensorFlow takes logits with axis=-1 or an axis counted from the front. "
        "Received: axis=-2, y_pred.shape=(4, 3). Give axis=0.",
    ),
    # --- labels and predictions
    "shapes that differ": (
        Call(BCE, Y, P[:, :2]),
        ValueError,
        "binary_crossentropy needs y_true and y_pred of the same shape. "
        "Received: y_true.shape=(4, 3), y_pred.shape=(4, 2). Give y_true the shape (4, 2).",
    ),
    "shapes that cannot be broadcast": (
        Call("mse", Y, P[:, :2]),
        ValueError,
        "mean_squared_error needs y_true and y_pred of the same shape. "
        "Received: y_true.shape=(4, 3), y_pred.shape=(4, 2). Give y_true the shape (4, 2).",
    ),
    "class numbers without sparse": (
        Call(CCE, LABELS, P),
        ValueError,
        "categorical_crossentropy needs y_true and y_pred of the same shape. "
        "Received: y_true.shape=(4,), y_pred.shape=(4, 3). "
        "Class numbers? Use sparse_categorical_crossentropy, or one-hot labels.",
    ),
    "one-hot labels with sparse": (
        Call(SCCE, Y, P),
        ValueError,
        "sparse_categorical_crossentropy needs one class number for each position. "
        "Received: y_true.shape=(4, 3), y_pred.shape=(4, 3). "
        "These look like one-hot labels: use categorical_crossentropy.",
    ),
    "too few class numbers": (
        Call(SCCE, LABELS[:3], P),
        ValueError,
        "sparse_categorical_crossentropy needs one class number for each position. "
        "Received: y_true.shape=(3,), y_pred.shape=(4, 3). "
        "Expected y_true of shape (4,) or (4, 1).",
    ),
    "a class number out of range": (
        Call(SCCE, LABELS + 1, P),
        ValueError,
        "y_true holds the class number 3, but y_pred has 3 classes: "
        "labels must be between 0 and 2. 1 of 4 are not.",
    ),
    "a class number that is NaN": (
        Call(SCCE, np.array([0, 1, np.nan, -1]), P),
        ValueError,
        "y_true holds the class number nan, but y_pred has 3 classes: "
        "labels must be between 0 and 2. 2 of 4 are not.",
    ),
    "a number in place of an array": (
        Call("mse", np.float32(1), np.float32(2)),
        ValueError,
        "mean_squared_error averages the last axis, but y_true and y_pred are single numbers, "
        "shape (). Pass arrays of shape (batch,) or (batch, ..., n).",
    ),
    "a probability in place of an array": (
        Call(BCE, np.float32(1), np.float32(0.5)),
        ValueError,
        "binary_crossentropy reduces the last axis, but y_true and y_pred are single numbers, "
        "shape (). Pass arrays of shape (batch,) or (batch, ..., classes).",
    ),
    "no class axis for sparse": (
        Call(SCCE, np.int64(0), np.float32(0.5)),
        ValueError,
        "sparse_categorical_crossentropy needs y_pred with a class axis, "
        "shape (batch, ..., classes). Received: y_pred.shape=().",
    ),
    "an empty batch": (
        Call("mse", Y[:0], P[:0]),
        ValueError,
        f"y_pred has shape (0, 3): {EMPTY}",
        "Keras returns []",
    ),
    "no classes": (
        Call("mse", Y[:, :0], P[:, :0]),
        ValueError,
        f"y_pred has shape (4, 0): {EMPTY}",
        "Keras returns nan",
    ),
    "an empty batch of images": (
        Aggregate(np.ones((0, 2))),
        ValueError,
        f"values has shape (0, 2): {EMPTY}",
        "Keras returns 0.0",
    ),
    # --- weights and masks
    "weights too short": (
        Aggregate(W, sample_weight=W[:3]),
        ValueError,
        f"sample_weight of shape (3,) does not fit values of shape (4,): {FIT} "
        "Expected shape (4,).",
    ),
    "weights for other samples": (
        Aggregate(V, sample_weight=W[:3]),
        ValueError,
        f"sample_weight of shape (3,) does not fit values of shape (4, 4): {FIT} "
        "Expected shape (4, 4), or (4, 1) for one weight per sample.",
    ),
    "weights per sample for positions": (
        Call(BCE, np.ones((4, 3, 2)), np.full((4, 3, 2), 0.5), sample_weight=W),
        ValueError,
        f"sample_weight of shape (4,) does not fit values of shape (4, 3): {FIT} "
        "For one weight per sample give it the shape (4, 1), per value (4, 3).",
    ),
    "weights per step for images": (
        Aggregate(np.ones((4, 3, 2)), sample_weight=np.ones((4, 3))),
        ValueError,
        f"sample_weight of shape (4, 3) does not fit values of shape (4, 3, 2): {FIT} "
        "For one weight per position give it the shape (4, 3, 1), per value (4, 3, 2).",
    ),
    "weights per class": (
        Aggregate(V, sample_weight=np.ones((4, 4, 2))),
        ValueError,
        f"sample_weight of shape (4, 4, 2) does not fit values of shape (4, 4): {FIT} "
        "Expected shape (4, 4), or (4, 1) for one weight per sample.",
    ),
    "a mask of another width": (
        Aggregate(V, mask=V[:, :3] > 0),
        ValueError,
        f"mask of shape (4, 3) does not fit values of shape (4, 4): {FIT} "
        "Expected shape (4, 4), or (4, 1) for one entry per sample.",
    ),
    "a mask per sample for positions": (
        Call("mae", np.ones((4, 3, 2)), np.ones((4, 3, 2)), mask=W > 0),
        ValueError,
        f"mask of shape (4,) does not fit values of shape (4, 3): {FIT} "
        "For one entry per sample give it the shape (4, 1), per value (4, 3).",
    ),
    "weights and mask that do not meet": (
        Aggregate(V, sample_weight=V, mask=V[:, :3] > 0),
        ValueError,
        f"sample_weight of shape (4, 4) does not fit mask of shape (4, 3): {FIT} "
        "Expected shape (4, 3), or (4, 1) for one weight per sample.",
    ),
    "a mask per sample beside full weights": (
        Aggregate(V[:, :3], sample_weight=V[:, :3], mask=W > 0),
        ValueError,
        f"mask of shape (4,) does not fit sample_weight of shape (4, 3): {FIT} "
        "For one entry per sample give it the shape (4, 1), per value (4, 3).",
    ),
    # --- what is no array
    "no predictions": (
        Call("mse", Y, None),
        ValueError,
        "y_pred is None, not an array of numbers. Pass an array or a tensor.",
    ),
    "several outputs by name": (
        Call("mse", Y, {"mask": P, "edge": P}),
        ValueError,
        "y_pred is a dict, not an array of numbers. Pass one output at a time, by its key.",
    ),
    "several outputs": (
        Call("mse", Y, [P, P[:, :2]]),
        ValueError,
        f"y_pred is a list, not an array of numbers. {PARTS}",
    ),
    "names of classes": (
        Call("mse", ["cat"], [1.0]),
        ValueError,
        f"y_true is a list, not an array of numbers. {PARTS}",
    ),
    "a model": (
        Call("mse", Y, keras.Sequential()),
        ValueError,
        "y_pred is a Sequential, not an array of numbers. Pass an array or a tensor.",
    ),
    "a symbolic tensor": (
        Call("mse", Y, keras.Input((3,))),
        TypeError,
        f"y_pred is a KerasTensor: {DENSE}",
        "Keras makes another symbolic tensor of it",
    ),
    "a ragged tensor": (
        Call("mse", Y, ragged()),
        TypeError,
        f"y_pred is a RaggedTensor: {DENSE}",
    ),
    **{
        f"a tensor of {framework}": (
            Call("mse", Y, of_framework(module)),
            TypeError,
            f"y_pred is a {framework} tensor, but Keras's active backend is {BACKEND}. Set "
            f"KERAS_BACKEND={framework} before Keras is imported, or convert y_pred to a NumPy "
            "array first.",
        )
        for framework, module in MODULES.items()
        if framework != BACKEND
    },
    "weights of another framework": (
        Call("mse", Y, P, sample_weight=of_framework(MODULES[FOREIGN], "ArrayImpl")),
        TypeError,
        f"sample_weight is a {FOREIGN} tensor, but Keras's active backend is {BACKEND}. Set "
        f"KERAS_BACKEND={FOREIGN} before Keras is imported, or convert sample_weight to a NumPy "
        "array first.",
    ),
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


@pytest.mark.parametrize("name", named(ERRORS))
def test_error(name):
    call, error, text, *ours_alone = ERRORS[name]
    with pytest.raises(error) as raised:
        call.ours()
    assert str(raised.value) == text
    if name in TAKEN:
        call.keras()
    elif not ours_alone:
        with pytest.raises(Exception):  # noqa: B017 - the backend's own classes, too
            call.keras()


@pytest.mark.parametrize("name", [name for name in ERRORS if "Keras returns" in str(ERRORS[name])])
def test_what_keras_returns_for_an_empty_batch(name):
    call, _, _, why = ERRORS[name]
    assert why == f"Keras returns {np.asarray(call.keras())}"


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


# What older releases refuse, as test_atlas_aggregate.py holds against their runs: rule, shapes of
# values, weights and mask, the text, and the weights and mask that it advises, if any.
REFUSED = [
    (
        *("keras-2.2.4", (4, 5), (4, 1), None),
        "sample_weight of shape (4, 1) is refused for values of shape (4, 5): this release takes "
        "weights of shape (4,) or (4, 5), the second in sample_weight_mode='temporal'.",
        ((4, 5), None),
    ),
    (
        *("tf.keras-2.1.4", (), (4, 5, 1), None),
        "sample_weight of shape (4, 5, 1) is refused for values of shape (): this release takes "
        "weights of shape (batch,) or (batch, time), the second in sample_weight_mode='temporal'.",
        None,
    ),
    (
        *("keras-2.2.4", (4, 5, 1), None, (4, 5)),
        "mask of shape (4, 5) does not fit values of shape (4, 5, 1): this release multiplies them "
        "in place, matched from the last axis. Give the mask the shape (4, 5, 1).",
        (None, (4, 5, 1)),
    ),
    (
        *("keras-2.3.1", (4, 2, 5), None, (4, 2, 5)),
        "mask of shape (4, 2, 5) is refused: this release multiplies it by one weight per sample, "
        "shape (4,), from the last axis. Mask the values in the loss itself.",
        None,
    ),
    (
        *("keras-2.3.1", (), None, (4, 5)),
        "mask of shape (4, 5) cannot be broadcast to values of shape (): this release matches axes "
        "from the first, and stretches those of length 1. Let the loss return its values before "
        "their mean.",
        None,
    ),
    (
        *("tf.keras-1.14.0", (4, 1), None, (4, 5)),
        "mask of shape (4, 5) cannot be broadcast to values of shape (4, 1): this release matches "
        "axes from the first, and stretches those of length 1. Give it the shape (4, 1).",
        (None, (4, 1)),
    ),
    (
        *("tf.keras-2.1.4", (4, 2, 5), (4,), None),
        "sample_weight of shape (4,) cannot be broadcast to values of shape (4, 2, 5): this "
        "release adds one axis only. Give the weights the shape (4, 2).",
        ((4, 2), None),
    ),
    (
        *("tf.keras-2.15.1", (), (4,), None),
        "sample_weight of shape (4,) has one axis more than values of shape (): this release drops "
        "a last axis of length 1 and no other. Let the loss return its values before their mean.",
        None,
    ),
    (
        *("tf.keras-2.7.4", (4, 5), (4, 5, 3), None),
        "sample_weight of shape (4, 5, 3) has one axis more than values of shape (4, 5): this "
        "release drops a last axis of length 1 and no other. Give it the shape (4, 5).",
        ((4, 5), None),
    ),
    (
        *("tf.keras-2.15.1", (4, 5), (4, 5), (4,)),
        "sample_weight of shape (4, 5) has one axis more than mask of shape (4,): this release "
        "drops a last axis of length 1 and no other. Give it the shape (4,).",
        ((4,), (4,)),
    ),
    (
        *("tf.keras-2.7.4", (4, 2, 5), (4,), (4, 2, 5)),
        "sample_weight of shape (4,) does not fit mask of shape (4, 2, 5): this release adds one "
        "axis to the weights and matches the others from the last. Give sample_weight the shape "
        "(4, 2).",
        ((4, 2), (4, 2, 5)),
    ),
]


@pytest.mark.parametrize(("rule", "values", "weight", "mask", "text", "advised"), REFUSED)
def test_what_older_releases_refuse(rule, values, weight, mask, text, advised):
    def answer(weight, mask):
        weight, mask = (None if s is None else np.ones(s, np.float32) for s in (weight, mask))
        return lb.aggregate(np.ones(values, np.float32), weight, mask, rule=rule).total

    with pytest.raises(ValueError) as raised:
        answer(weight, mask)
    assert str(raised.value) == text
    if advised:
        assert answer(*advised) == pytest.approx(1.0)


def test_other_errors():
    with pytest.raises(KeyError) as raised:
        lb.trace("mse", Y, P)["weights"]
    assert raised.value.args == (
        "no stage 'weights'; this trace has ['elementwise', 'values', 'total']",
    )
    with pytest.raises(ValueError) as raised:
        lb.reduction.class_axis(V, "median")
    assert str(raised.value) == "Unknown operation 'median'. Expected mean, sum or none."
    with pytest.raises(ValueError) as raised:
        lb.source("redce_values")
    assert str(raised.value) == (
        "Unknown source 'redce_values'. Known: reduce_values, reduce_weighted_values."
    )
    with pytest.raises(AttributeError) as raised:
        lb.identity  # noqa: B018
    assert str(raised.value) == "module 'lossbook' has no attribute 'identity'"


V3 = V[..., None]
AXIS = "so it acts on axis -1, not on the samples."
FROM_LAST = "Keras matches shapes from the last axis,"
NOT_FINITE = (
    "No mask and no weight of 0 removes them, for 0 times NaN is NaN: "
    "mend y_true or y_pred there, for example with keras.ops.nan_to_num."
)
BEHIND = (
    "takes the logits that Keras finds behind y_pred for those of a {0}, but another activation "
    "made y_pred: this is the loss of {0}(logits), not of y_pred. "
    "Use a {0} output, or the crossentropy that fits the activation."
)
LOST = (
    "y_pred of shape (4, 4, 1) loses its last axis to meet y_true of shape (4, 4), and the class "
    "axis is now one of the others: the values have shape (4,). "
    "For one value per position give y_true the shape (4, 4, 1)."
)

# Name: the call, and the text of the warning; the number is Keras's.
WARNINGS = {
    # --- weights and masks that meet the wrong axis
    "weights per sample on the last axis": (
        Call("mse", np.ones((4, 4, 1)), V3, sample_weight=W),
        f"sample_weight of shape (4,) meets values of shape (4, 4): {FROM_LAST} {AXIS} "
        "For one weight per sample give it the shape (4, 1).",
    ),
    "weights in a column on the rows of images": (
        Aggregate(np.arange(48.0).reshape(4, 4, 3), sample_weight=W[:, None]),
        f"sample_weight of shape (4, 1) meets values of shape (4, 4, 3): {FROM_LAST} so it acts on "
        "axis -2, not on the samples. For one weight per sample give it the shape (4, 1, 1).",
    ),
    "weights per step on the last two axes": (
        Aggregate(np.arange(64.0).reshape(4, 4, 4), sample_weight=V),
        f"sample_weight of shape (4, 4) meets values of shape (4, 4, 4): {FROM_LAST} so it acts on "
        "axes -2 and -1, not on the positions. "
        "For one weight per position give it the shape (4, 4, 1).",
    ),
    "a mask per sample on the last axis": (
        Call("mae", np.ones((4, 4, 1)), V3, mask=W > 0),
        f"mask of shape (4,) meets values of shape (4, 4): {FROM_LAST} {AXIS} "
        "For one entry per sample give it the shape (4, 1).",
    ),
    "weights per sample beside a full mask": (
        Aggregate(V, sample_weight=W, mask=V > 0.2),
        f"sample_weight of shape (4,) meets mask of shape (4, 4): {FROM_LAST} {AXIS} "
        "For one weight per sample give it the shape (4, 1).",
    ),
    "a mask per sample beside full weights": (
        Aggregate(V, sample_weight=V, mask=W > 0),
        f"mask of shape (4,) meets sample_weight of shape (4, 4): {FROM_LAST} {AXIS} "
        "For one entry per sample give it the shape (4, 1).",
    ),
    "weights and mask per sample on the last axis": (
        Aggregate(V, sample_weight=W, mask=W > 0),
        f"sample_weight · mask of shape (4,) meets values of shape (4, 4): {FROM_LAST} {AXIS} "
        "For one weight per sample give it the shape (4, 1).",
    ),
    # --- products that repeat values
    "weights per sample and a last axis of 1": (
        Aggregate(V3, sample_weight=W),
        "sample_weight of shape (4,) and values of shape (4, 4, 1) multiply to (4, 4, 4): "
        "every value counts 4 times. Give sample_weight the shape (4, 1, 1).",
    ),
    "more weights than values": (
        Aggregate(W, sample_weight=V),
        "sample_weight of shape (4, 4) and values of shape (4,) multiply to (4, 4): "
        "every value counts 4 times. Give sample_weight the shape (4,).",
    ),
    "mask and weights of no common meaning": (
        Aggregate(V[:, 0], sample_weight=V, mask=V > 0.2),
        "sample_weight · mask of shape (4, 4) and values of shape (4,) multiply to (4, 4): "
        "every value counts 4 times. Give both the shape (4,).",
    ),
    "predictions without a class axis": (
        Call("mse", W, W * 2, sample_weight=W),
        "sample_weight of shape (4,) meets values of shape (), a single number: each weight "
        "multiplies the same mean. "
        "For one value per sample give y_true and y_pred the shape (4, 1).",
    ),
    # --- sums of weights
    "the sum of a column of weights": (
        Aggregate(V, sample_weight=W[:, None], reduction="mean_with_sample_weight"),
        "mean_with_sample_weight divides by the sum of the weights, shape (4, 1), but adds up 16 "
        "values: the result is 4 times the weighted mean. Give the weights the full shape (4, 4).",
    ),
    "a weighted mean of a single number": (
        Call("mse", W, W * 2, sample_weight=3.0, reduction="mean_with_sample_weight"),
        "mean_with_sample_weight does not divide a single number, values of shape (): "
        "the result is value · weight. Give y_true and y_pred a batch axis.",
    ),
    # --- numbers
    "a prediction is NaN": (
        Call("mse", Y, np.where(P > 0.7, np.float32(np.nan), P)),
        f"1 of 12 elementwise losses are NaN or infinite, the first at index (2, 2). {NOT_FINITE}",
    ),
    "a prediction is infinite, its weight 0": (
        Call("mse", Y, np.where(P > 0.7, np.float32(np.inf), P), sample_weight=W),
        f"1 of 12 elementwise losses are NaN or infinite, the first at index (2, 2). {NOT_FINITE}",
    ),
    "a weight is NaN": (
        Call("mse", Y, P, sample_weight=np.where(W > 2, np.float32(np.nan), W)),
        "The total is NaN or infinite, though no elementwise loss is: "
        "sample_weight or mask holds NaN or infinity.",
    ),
    "float16 overflows": (
        Call("mse", Y, P * 0 + 200, dtype="float16", reduction="sum"),
        "The total is NaN or infinite, though no elementwise loss is: "
        "a sum exceeds the largest number of float16: take another dtype or reduction.",
    ),
    "float16 cannot count": (
        Call("mse", np.zeros((70000, 1)), np.ones((70000, 1)) / 512, dtype="float16"),
        "float16 cannot hold what the sum is divided by: the denominator is infinite and the "
        "total 0. Compute the loss in float32.",
    ),
    "a mask of counts": (
        Call("mse", Y, P, mask=np.array([2, 1, 0, 1])),
        "mask holds other numbers than 0 and 1: Keras takes their sum for the number of valid "
        "values (sum, none and mean_with_sample_weight multiply by them). "
        "Pass True (keep) and False; weights belong into sample_weight.",
    ),
    "label_smoothing out of range": (
        Call(BCE, Y, P, label_smoothing=1.5),
        "label_smoothing=1.5 is outside [0, 1]: labels are moved past the uniform distribution. "
        "Keras computes it all the same.",
    ),
    # --- labels and predictions
    "labels without a class axis": (
        Call("mse", W, V),
        "y_true of shape (4,) and y_pred of shape (4, 4) are broadcast to (4, 4): every pair is "
        "compared, not each prediction with its own target. Give y_true the shape (4, 4).",
    ),
    "labels with one class": (
        Call("mae", W[:, None], P),
        "y_true of shape (4, 1) and y_pred of shape (4, 3) are broadcast to (4, 3): every pair is "
        "compared, not each prediction with its own target. Give y_true the shape (4, 3).",
    ),
    "a last axis lost, and a sum": (Call("mse", V * 0, V3, reduction="sum"), LOST),
    "a last axis lost, and weights": (Call("mae", V * 0, V3, sample_weight=W), LOST),
    "a last axis lost, and the class axis with it": (
        Call(CCE, np.eye(4), V3 + 0.1),
        LOST,
    ),
    "one class": (
        Call(CCE, Y[:, :1], P[:, :1]),
        "categorical_crossentropy over one class is always about 0: y_pred has shape (4, 1) and "
        "its class axis -1 has length 1. For a single sigmoid output use binary_crossentropy.",
    ),
    # --- logits that Keras finds
    "a softmax under binary crossentropy": (
        Call(BCE, Y, softmax(P * 9)),
        f"binary_crossentropy {BEHIND.format('sigmoid')}",
    ),
    "a sigmoid under categorical crossentropy": (
        Call(CCE, Y, sigmoid(P * 9)),
        f"categorical_crossentropy {BEHIND.format('softmax')}",
    ),
    "a sigmoid under sparse categorical crossentropy": (
        Call(SCCE, LABELS, sigmoid(P * 9)),
        f"sparse_categorical_crossentropy {BEHIND.format('softmax')}",
    ),
    "from_logits after a sigmoid": (
        Call(BCE, Y, sigmoid(P * 9), from_logits=True),
        "from_logits=True, but y_pred came out of a sigmoid: Keras finds the logits behind it and "
        "uses those, so from_logits makes no difference here. Leave it out.",
    ),
}


@pytest.mark.parametrize("name", named(WARNINGS))
def test_warning(name):
    call, text = WARNINGS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = call.ours()
    assert [str(warning.message) for warning in caught] == [text]
    assert caught[0].category is UserWarning
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
