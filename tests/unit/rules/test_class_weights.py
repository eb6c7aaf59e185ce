"""class_weight as fit turns it into sample weights, its failures included."""

import keras
import numpy as np
import pytest

from lossbook import reduction

pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")

WEIGHTS = {0: 0.5, 2: 10.0, 3: 2.0}


def fit(y, p, loss, **settings):
    """The loss that fit reports while the weights stand still."""
    model = keras.Sequential([keras.Input(p.shape[1:]), keras.layers.Identity()])
    model.compile(keras.optimizers.SGD(0.0), loss=loss, run_eagerly=True)
    history = model.fit(p, y, batch_size=len(y), verbose=0, **settings)
    return history.history["loss"][0]


def probabilities(*shape):
    p = np.random.default_rng(3).uniform(0.05, 0.95, shape)
    return (p / p.sum(-1, keepdims=True)).astype("float32")


LABELS = np.array([0, 1, 2, 3, 2])
ONE_HOT = np.eye(4, dtype="float32")[LABELS]
MULTI_LABEL = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]], "float32")


@pytest.mark.parametrize(
    ("y", "loss"),
    [
        (LABELS, "sparse_categorical_crossentropy"),
        (LABELS[:, None], "sparse_categorical_crossentropy"),
        (LABELS + 0.2, "sparse_categorical_crossentropy"),
        (ONE_HOT, "categorical_crossentropy"),
        (ONE_HOT, "binary_crossentropy"),
    ],
)
def test_the_same_number_as_fit(y, loss):
    p = probabilities(len(y), 4)
    weights = reduction.class_weights(y, WEIGHTS)
    np.testing.assert_array_equal(weights, np.float32([0.5, 1, 10, 2, 10]))
    printed = fit(y, p, loss, class_weight=WEIGHTS)
    assert printed == pytest.approx(fit(y, p, loss, sample_weight=weights), rel=2e-6)


@pytest.mark.parametrize(
    ("y", "expected"),
    [(MULTI_LABEL, [0.5, 10, 0.5, 1]), (np.array([[5, 7, 6], [3, 0, 9]]), [1, 10])],
)
def test_what_is_not_one_hot_is_weighed_by_arg_max_and_warned_of(y, expected):
    with pytest.warns(UserWarning) as caught:
        weights = reduction.class_weights(y, WEIGHTS)
    np.testing.assert_array_equal(weights, np.float32(expected))
    assert str(caught[0].message) == (
        f"class_weight takes the arg max over the last axis of y_true, shape {y.shape}, but "
        "its rows are not one-hot: each row is weighed by one class, or by a position "
        "taken for a class. Pass sample_weight of the shape of the values instead. "
        "See: python -m lossbook class-weight-labels"
    )
    p, loss = probabilities(*y.shape), "mean_squared_error"
    printed = fit(y, p, loss, class_weight=WEIGHTS)
    assert printed == pytest.approx(fit(y, p, loss, sample_weight=weights), rel=2e-6)


@pytest.mark.parametrize(
    ("shape", "left"), [((2, 3, 4), (2, 3)), ((2, 3, 1), (2, 3)), ((2, 4, 4, 5), (2, 4, 4))]
)
def test_more_than_one_label_per_row_is_refused_as_keras_refuses_it(shape, left):
    y = np.zeros(shape, "float32")
    with pytest.raises((TypeError, ValueError)):
        fit(y, y, "mean_squared_error", class_weight=WEIGHTS)
    with pytest.raises(ValueError) as caught:
        reduction.class_weights(y, WEIGHTS)
    assert str(caught.value) == (
        f"class_weight needs one label per row: y_true of shape {shape} leaves labels of shape "
        f"{left}. Pass sample_weight of shape {left} instead, made from them. "
        "See: python -m lossbook class-weight-refused"
    )
