"""Public reports that the book cites nowhere, rebuilt small: what audit says of each."""

import keras
import numpy as np
import pytest
from keras import Input, layers, losses, ops

import lossbook as lb
from lossbook._audit.examples import compiled, drawn, one_hot


def sequential(shape, *its_layers):
    return keras.Sequential([Input(shape), *its_layers])


def few(share, *shape, seed=5):
    return (np.random.default_rng(seed).random(shape) < share).astype("float32")


def weights_that_add_up_to_one():
    """github.com/keras-team/keras/issues/13641: in batches of one row."""
    x = np.array([[1], [1], [1], [10]], "float32")
    weight = np.array([0.1, 0.1, 0.1, 0.7], "float32")
    model = compiled(sequential((1,), layers.Activation("linear")), "mse")
    y = np.array([[1], [1], [1], [0]], "float32")
    return model, {"x": x, "y": y, "sample_weight": weight, "batch_size": 1}


class OwnStep(keras.Model):
    def test_step(self, *arguments):
        x, y = arguments[-1]
        return {"loss": ops.mean(ops.square(self(x) - y))}


def rows_against_a_column():
    """github.com/tensorflow/tensorflow/issues/28901: y of shape (16,) in a step of its own."""
    inputs = Input((3,))
    x = drawn(16, 3)
    return compiled(OwnStep(inputs, layers.Dense(1)(inputs)), "mse"), {"x": x, "y": x.sum(1)}


def pairs_of_rows():
    """github.com/keras-team/keras/issues/8813: pairs of rows, so half as many values."""

    def loss(y_true, y_pred):
        y_true, y_pred = (ops.reshape(y, (-1, 2)) for y in (y_true, y_pred))
        return losses.categorical_crossentropy(y_true, ops.softmax(y_pred))

    y, weight = np.tile([[1.0], [0.0]], (8, 1)).astype("float32"), np.ones(16, "float32")
    model = compiled(sequential((1,), layers.Dense(1)), loss)
    return model, {"x": drawn(16, 1), "y": y, "sample_weight": weight}


def distance_over_the_rows():
    """github.com/keras-team/keras/issues/10408: axis=0 is the axis of the rows."""

    def loss(y_true, y_pred):
        return ops.sqrt(ops.sum(ops.square(y_pred - y_true), axis=0))

    model = compiled(sequential((3,), layers.Dense(5)), loss)
    weight = np.ones(32, "float32")
    return model, {"x": drawn(32, 3), "y": drawn(32, 5, seed=1), "sample_weight": weight}


def focal_loss_as_a_sum():
    """github.com/mkocabas/focal-loss-keras/issues/18: "Focal loss is huge"."""

    def loss(y_true, y_pred):
        right = ops.where(y_true == 1, y_pred, 1 - y_pred)
        return -ops.sum(ops.square(1 - right) * ops.log(right + 1e-7))

    layer = layers.Conv2D(1, 3, padding="same", activation="sigmoid")
    x, y = drawn(12, 8, 8, 3), few(0.2, 12, 8, 8, 1)
    return compiled(sequential((8, 8, 3), layer), loss), {"x": x, "y": y, "batch_size": 4}


def class_weights_of_pixels():
    """github.com/keras-team/keras/issues/14126: refused since 2.3."""
    layer = layers.Conv2D(4, 1, activation="softmax")
    model = compiled(sequential((8, 8, 3), layer), "categorical_crossentropy")
    weight = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}
    return model, {"x": drawn(6, 8, 8, 3), "y": one_hot(6, 8, 8, 4), "class_weight": weight}


def class_weights_of_flat_pixels():
    """github.com/alexgkendall/SegNet-Tutorial/issues/155: "the loss remains the same"."""
    flat = [layers.Conv2D(2, 1), layers.Reshape((64, 2)), layers.Softmax()]
    model = compiled(sequential((8, 8, 3), *flat), "categorical_crossentropy")
    y, weight = np.eye(2, dtype="float32")[few(0.05, 10, 64).astype(int)], {0: 1.0, 1: 20.0}
    return model, {"x": drawn(10, 8, 8, 3), "y": y, "class_weight": weight}


def nodes_to_train_on():
    """github.com/tkipf/keras-gcn/issues/16: a graph is a batch, its training nodes weigh 1."""
    layer = layers.Dense(7, activation="softmax")
    model = compiled(sequential((5,), layer), "categorical_crossentropy")
    weight = (np.arange(100) < 14).astype("float32")
    data = {"x": drawn(100, 5), "y": one_hot(100, 7), "sample_weight": weight}
    return model, {**data, "batch_size": 100}


def sigmoid_of_the_logits_of_a_softmax():
    """github.com/keras-team/tf-keras/issues/404: evaluate, the function and NumPy disagree."""
    dense = layers.Dense(2, activation="softmax")
    model = compiled(sequential((1,), layers.Dense(8, "relu"), dense), "binary_crossentropy")
    return model, {"x": np.array([[0.4]], "float32"), "y": np.array([[1, 0]], "float32")}


def labels_from_one():
    """github.com/keras-team/keras/issues/11786: seven classes, numbered 1 to 7."""
    layer = layers.Dense(7, activation="softmax")
    model = compiled(sequential((4,), layer), "sparse_categorical_crossentropy")
    return model, {"x": drawn(28, 4), "y": np.tile(np.arange(1, 8), 4)}


def by_matches(divide):
    """A detector: each of ten places of an image is matched or not, and has four numbers."""

    def loss(y_true, y_pred):
        matched = y_true[..., :1]
        return divide(ops.sum(matched), ops.abs(y_true[..., 1:] - y_pred) * matched)

    share = np.random.default_rng(6).random((32, 1, 1))
    y = np.concatenate([few(share, 32, 10, 1), drawn(32, 10, 4, seed=1)], -1)
    model = compiled(sequential((10, 4), layers.Dense(4)), loss)
    return model, {"x": drawn(32, 10, 4), "y": y, "batch_size": 8}


def divided_by_the_batch_twice():
    """github.com/pierluigiferrari/ssd_keras/issues/8: twice the batch size, half the loss."""
    return by_matches(lambda matches, errors: ops.sum(errors, axis=(1, 2)) / matches)


def one_denominator_for_all_images():
    """github.com/fizyr/keras-retinanet/pull/79: all matches of the batch divide."""
    return by_matches(lambda matches, errors: ops.sum(errors) / matches)


def padding_of_a_logarithm():
    """github.com/ragulpr/wtte-rnn/issues/50: the log of a time of -1, under the mask."""

    def loss(y_true, y_pred):
        return y_pred[..., 0] * ops.log(y_true[..., 0]) + y_pred[..., 1]

    x, y = drawn(8, 6, 3), drawn(8, 6, 2, seed=1)
    x[::2, 4:], y[::2, 4:] = -1, -1
    its_layers = layers.Masking(-1.0), layers.GRU(4, return_sequences=True), layers.Dense(2)
    return compiled(sequential((6, 3), *its_layers), loss), {"x": x, "y": y}


def training_above_validation():
    """github.com/keras-team/keras/issues/4137: class weights are not in the validation loss."""
    layer = layers.Dense(1, activation="sigmoid")
    model = compiled(sequential((4,), layer), "binary_crossentropy")
    return model, {"x": drawn(200, 4), "y": few(0.9, 200, 1), "class_weight": {1: 1.0, 0: 8.0}}


def one_number_for_all_pixels():
    """github.com/keras-team/keras/pull/4538: K.flatten leaves one value, not one per row."""

    def loss(y_true, y_pred):
        return losses.binary_crossentropy(ops.reshape(y_true, (-1,)), ops.reshape(y_pred, (-1,)))

    x = drawn(32, 8, 8, 1)
    model = compiled(sequential((8, 8, 1), layers.Conv2D(1, 3, padding="same")), loss)
    return model, {"x": x, "y": x, "batch_size": 8}


REPORTS = {
    weights_that_add_up_to_one: ("weights-sum", "add up to 1. They are 0.25 in the mean"),
    rows_against_a_column: ("step-broadcast", "together they make all pairs of rows"),
    pairs_of_rows: ("loss-without-rows", "values of shape (8,), not one per row"),
    distance_over_the_rows: ("loss-without-rows", "values of shape (5,), not one per row"),
    focal_loss_as_a_sum: ("loss-grows", "it adds up its rows, so it grows with the batch size"),
    class_weights_of_pixels: ("class-weight-refused", "needs one label per row"),
    class_weights_of_flat_pixels: ("class-weight-refused", "needs one label per row"),
    nodes_to_train_on: ("weights-zero", "the loss is that of the others, times 0.14"),
    sigmoid_of_the_logits_of_a_softmax: ("activation-mismatch", "another activation made y_pred"),
    labels_from_one: ("labels-range", "takes class numbers from 0 to 6"),
    divided_by_the_batch_twice: ("loss-grows", "divided by the number of rows twice"),
    one_denominator_for_all_images: ("loss-reduces-batch", "depends on the other rows"),
    padding_of_a_logarithm: ("not-finite", "0 times NaN is NaN"),
    training_above_validation: ("class-weight-mean", "evaluate and val_loss have no class weights"),
    one_number_for_all_pixels: ("loss-reduces-batch", "the loss function averages the batch"),
}


OF_A_BACKEND = {
    rows_against_a_column: ("tensorflow", "torch"),  # on JAX a step takes other arguments
    sigmoid_of_the_logits_of_a_softmax: ("tensorflow",),  # where Keras finds these logits
}


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.__name__)
def test_a_public_report_is_named(report):
    backend = keras.backend.backend()
    if backend not in OF_A_BACKEND.get(report, backend):
        pytest.skip(f"Keras on {backend} does not do this.")
    code, words = REPORTS[report]
    keras.utils.set_random_seed(0)
    model, data = report()
    found = {finding.code: finding.message for finding in lb.audit(model, **data)}
    assert words in found.get(code, ""), found
