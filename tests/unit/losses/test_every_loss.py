"""What holds for every elementwise loss: kinds of arrays, dtypes, gradients, errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lossbook import elementwise
from lossbook._losses.catalogue import LOSSES as KERAS

DTYPES = ("float16", "float32", "float64")
LOSSES = [getattr(elementwise, name) for name in KERAS]
NUMBERED = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")


def labels(loss, *classes, dtype="float32"):
    """Return these labels of two classes as the loss takes them: numbers, or one-hot."""
    return np.array(classes) if loss.__name__ in NUMBERED else np.eye(2, dtype=dtype)[list(classes)]


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_dtype_is_that_of_the_predictions(loss, dtype):
    y = labels(loss, 1, 0, dtype="float64")
    p = tf.cast([[0.25, 0.75], [0.5, 0.5]], dtype)
    on_tensors = loss(y, p)
    assert tf.is_tensor(on_tensors) and on_tensors.dtype == dtype and on_tensors.device == p.device
    with np.errstate(over="ignore"):  # 100 / epsilon is infinite in float16
        on_arrays = loss(y, p.numpy() if dtype != "bfloat16" else tf.cast(p, "float32").numpy())
    assert type(on_arrays) is np.ndarray
    assert on_arrays.dtype == ("float32" if dtype == "bfloat16" else dtype)
    rtol = {"float16": 5e-3, "bfloat16": 5e-2}.get(dtype, 1e-6)
    np.testing.assert_allclose(on_tensors.numpy().astype(float), on_arrays, rtol=rtol, atol=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
def test_lists_and_integers_are_float32(loss):
    y = labels(loss, 1, dtype="int64").tolist()
    assert loss(y, [[0.25, 0.75]]).dtype == np.float32
    assert loss(y, np.array([[0, 1]])).dtype == np.float32


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_can_be_differentiated_as_keras_own(loss):
    y = tf.constant(labels(loss, 1, 0))
    p = tf.constant([[0.25, 0.65], [0.5, 0.4]])
    kerass = getattr(keras.losses, KERAS[loss.__name__].names[-1])(reduction=None)
    scale = 2 if KERAS[loss.__name__].class_axis == "mean" else 1
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(p)
        ours, theirs = tf.reduce_sum(loss(y, p)), tf.reduce_sum(kerass(y, p))
    gradient, expected = tape.gradient(ours, p), tape.gradient(theirs, p) * scale
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_is_changed_in_place(loss):
    y = labels(loss, 1, 0)
    p = np.array([[0.0, 1.0], [0.5, 0.5]], np.float32)
    before = y.copy(), p.copy()
    loss(y, p)
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(p, before[1])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_labels_in_a_tensor_make_the_loss_one(loss):
    y = labels(loss, 1, 0, dtype="int64")
    p = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    mixed = loss(tf.constant(y), p)
    assert tf.is_tensor(mixed) and mixed.dtype == "float32"
    np.testing.assert_allclose(mixed, loss(y, p), rtol=1e-6)


WRONG = {
    "no labels": (None, [[0.25, 0.75]]),
    "no predictions": ([[0, 1]], None),
    "other shapes": (np.zeros((3, 4)), np.ones((2, 4))),
    "single numbers": (1.0, 0.5),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_an_error_says_what_is_wrong(loss, wrong, snapshot):
    with pytest.raises(ValueError) as caught:
        loss(*WRONG[wrong])
    assert str(caught.value) == snapshot


def test_class_numbers_are_recognised_by_their_shape():
    p, hint = np.ones((2, 3, 4)), "Class numbers? Use sparse_categorical_crossentropy"
    give = "Give y_true the shape (2, 3, 4)."
    for shape, expected in (((2, 3), hint), ((2,), give), ((3,), give)):
        with pytest.raises(ValueError) as caught:
            elementwise.categorical_crossentropy(np.zeros(shape), p)
        assert expected in str(caught.value)
    with pytest.raises(ValueError) as caught:
        elementwise.sparse_categorical_crossentropy(np.zeros(3, int), p)
    assert "Expected y_true of shape (2, 3) or (2, 3, 1). See: " in str(caught.value)
