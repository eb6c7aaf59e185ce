"""Chapters 1 to 9, the path: real Keras computes the expected answers of the exercises."""

import keras
import numpy as np
import pytest
from keras import layers, losses, ops
from keras.regularizers import L1, L2

from lossbook._exercises import EXERCISES
from tests.exercises.keras_losses import (
    cases,
    dense,
    evaluate,
    evaluate_outputs,
    expected,
    identity,
    loss_of,
    same,
)

pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")


def test_one_number():
    count, coefficient = expected("one-number-1")
    mean_absolute_error = losses.MeanAbsoluteError()
    one = np.zeros((4, 256, 256, 5), dtype="float32")
    one[0, 0, 0, 0] = 1  # the loss of a 1 is its coefficient
    assert count == one.size
    same(mean_absolute_error(0 * one, one), coefficient)

    image = np.full((1, 100, 5), 0.05, dtype="float32")
    image[0, :5, 4] = 1.0
    same(mean_absolute_error(0 * image, image), expected("one-number-2"))
    for (elementwise,) in cases("one-number-3"):
        of_classes = [elementwise * one for one in np.eye(elementwise.shape[-1])]
        real = [float(mean_absolute_error(0 * part, part)) for part in of_classes]
        same(expected("one-number-3", elementwise), real)
    for (truth,) in cases("one-number-4"):
        weights, rare = expected("one-number-4", truth), truth[..., 4]
        assert np.all(weights[rare == 0] == 1)
        same(loss_of(rare, weights), loss_of(1 - rare, weights))


def test_elementwise():
    for y_true, y_pred in cases("elementwise-1"):
        real = ops.binary_crossentropy(y_true, y_pred)
        same(expected("elementwise-1", y_true, y_pred), real, rtol=1e-5)
    for y_true, logits in cases("elementwise-2"):
        real = ops.binary_crossentropy(y_true, logits, from_logits=True)
        same(expected("elementwise-2", y_true, logits), real, rtol=1e-5)
    label, smoothed = np.eye(4, dtype="float32")[:1], np.float32([[0.85, 0.05, 0.05, 0.05]])
    least = losses.CategoricalCrossentropy(label_smoothing=0.2)(label, smoothed)
    same(expected("elementwise-3"), least)
    for labels, predicted in cases("elementwise-4"):
        real = evaluate(predicted, labels, loss="binary_crossentropy")
        same(expected("elementwise-4", labels, predicted), real)


def test_class_axis():
    x = ops.ones((8, 32, 32, 5))
    assert tuple(losses.binary_crossentropy(x, x).shape) == expected("class-axis-1")
    for y_true, y_pred in cases("class-axis-2"):
        real = losses.categorical_crossentropy(y_true, y_pred)
        same(expected("class-axis-2", y_true, y_pred), real, rtol=1e-5)
    label, uniform = np.eye(5, dtype="float32")[:1], np.full((1, 5), 0.2, dtype="float32")
    crossentropies = losses.categorical_crossentropy, losses.binary_crossentropy
    real = [float(loss(label, uniform)[0]) for loss in crossentropies]
    same(expected("class-axis-3"), real, rtol=1e-5)
    for y_true, y_pred in cases("class-axis-4"):
        real = [
            losses.BinaryCrossentropy()(y_true[..., c : c + 1], y_pred[..., c : c + 1])
            for c in range(y_pred.shape[-1])
        ]
        same(expected("class-axis-4", y_true, y_pred), real)


def test_masks():
    values = np.array([[4.0, 1.0, 3.0], [2.0, 7.0, 7.0]])
    mask = np.array([[True, True, True], [True, False, False]])
    real = loss_of(values, mask=mask), loss_of(values, mask.astype("float32")), loss_of(values)
    same(expected("masks-1"), real)
    for values, mask, weight in cases("masks-2"):
        real = loss_of(values, weight.astype("float32"), mask)
        same(expected("masks-2", values, mask, weight), real)
    for (mask,) in cases("masks-3"):
        values = np.linspace(1, 2, mask.size).reshape(mask.shape)
        same(loss_of(values, expected("masks-3", mask)), loss_of(values, mask=mask))
    for y_true, y_pred in cases("masks-4"):
        real = loss_of(np.abs(y_true - y_pred), mask=y_true != 0)
        same(expected("masks-4", y_true, y_pred), real)


def test_weights():
    values, weight = np.array([0.5, 1.0, 2.0, 4.0]), np.float32([5, 1, 0, 0])
    metric = keras.metrics.MeanAbsoluteError()
    metric.update_state(np.zeros((4, 1)), values[:, None], sample_weight=weight)
    real = loss_of(values, weight), float(metric.result()), loss_of(values, weight, weight > 0)
    same(expected("weights-1"), real)

    rng = np.random.default_rng(5)
    values, weight = rng.uniform(size=(16, 64, 64)), rng.uniform(size=16).astype("float32")
    by_image = (values.mean(axis=(1, 2)) * weight).mean()
    same(loss_of(values, weight.reshape(expected("weights-2"))), by_image, rtol=1e-5)

    for labels, class_weights in cases("weights-3"):
        weights = expected("weights-3", labels, class_weights).astype("float32")
        values = np.linspace(1, 2, labels.size).reshape(labels.shape)
        looked_up = class_weights.astype("float32")[labels]
        weighted_mean = loss_of(values, looked_up, reduction="mean_with_sample_weight")
        same(loss_of(values, weights), weighted_mean)

    for values, labels, class_weights in cases("weights-4"):
        looked_up = class_weights.astype("float32")[labels]
        same(expected("weights-4", values, labels, class_weights), loss_of(values, looked_up))
        answers = EXERCISES["weights-4"].answers(values, labels, class_weights)
        report, *_ = answers.mistakes.values()  # what class_weight makes of these labels
        same(report, fit_with_class_weight(values, labels, class_weights))


def fit_with_class_weight(values, labels, class_weights):
    """Return the loss that fit logs, with predictions of exp(-value) for the label of each step."""
    p = np.exp(-values)[..., None]
    x = np.where(np.eye(3)[labels] == 1, p, (1 - p) / 2).astype("float32")
    model = identity(x.shape[1:], loss="sparse_categorical_crossentropy")
    per_class = dict(enumerate(class_weights.tolist()))
    options = {"class_weight": per_class, "shuffle": False, "verbose": 0}
    return model.fit(x, labels, **options).history["loss"][0]


def test_reduction():
    values, weight = [[4.0, 2.0, 3.0], [1.0, 6.0, 5.0]], np.float32([[4, 4, 4], [1, 1, 1]])
    names = "sum_over_batch_size", "mean_with_sample_weight", "sum"
    same(expected("reduction-1"), [loss_of(values, weight, reduction=name) for name in names])
    for weight, mask in cases("reduction-2"):
        one_each = np.eye(mask.size).reshape(-1, *mask.shape)
        real = [loss_of(one, weight.astype("float32"), mask) for one in one_each]
        same(np.ravel(expected("reduction-2", weight, mask)), real)
    ones = np.ones((16, 128, 128))
    same(expected("reduction-3") * loss_of(ones, reduction="sum"), 0.1 * loss_of(ones))
    for y_true, y_pred in cases("reduction-4"):
        values = expected("reduction-4", y_true, y_pred)[:, None]  # what a loss function returns
        added_up = losses.MeanSquaredError(reduction="sum")(y_true, y_pred)
        same(evaluate(values), float(added_up) / len(y_true))


class AddLoss(layers.Layer):
    """A layer that adds a loss to what it passes on: a number, or the first column."""

    def __init__(self, extra=None):
        super().__init__()
        self.extra = extra

    def call(self, x):
        self.add_loss(x[:, 0] if self.extra is None else ops.convert_to_tensor(self.extra))
        return x


def test_outputs():
    mask, price = np.zeros((8, 64, 64, 1)), np.zeros((8, 1))
    mask[0, 0, 0, 0] = 1
    same(expected("outputs-1"), evaluate_outputs([mask, price], (4.0, 0.5)))

    lines = np.array([0.4, 1.2, 2.0])
    extra = AddLoss(float(expected("outputs-2")))
    columns = lines[:, None, None] * np.ones((4, 1))
    same(evaluate_outputs(columns, (1.0, 0.5, 0.25), layer=extra), 3.1)
    for lines, shares in cases("outputs-3"):
        columns = lines[:, None, None] * np.ones((4, 1))
        same(evaluate_outputs(columns, expected("outputs-3", lines, shares)), shares.sum())
    for price, kind, weight, factors in cases("outputs-4"):
        columns, given = (price[:, None], kind[:, None]), [np.ones_like(weight), weight]
        real = evaluate_outputs(columns, factors, sample_weight=given)
        same(expected("outputs-4", price, kind, weight, factors), real)


def test_additional_losses():
    layer = dense(
        [[2, -1], [0, 3]], bias=[1, -2], kernel_regularizer=L2(0.1), bias_regularizer=L1(0.05)
    )
    y = np.broadcast_to(
        np.array([1, -2]) + np.sqrt(0.8), (6, 2)
    )  # a squared error of 0.8 in every row
    real = evaluate(np.zeros((6, 2)), y, layer, "mse", loss_weights=0.5, batch_size=4)
    same(expected("additional-losses-1"), real)

    for values, weight, kernel, strength in cases("additional-losses-2"):
        y = np.repeat(values[:, None], kernel.shape[1], axis=1)
        layer = dense(kernel, kernel_regularizer=L2(strength))
        x = np.zeros((len(values), len(kernel)))
        real = evaluate(x, y, layer, sample_weight=weight.astype("float32"))
        same(expected("additional-losses-2", values, weight, kernel, strength), real)

    for penalties, batch_size in cases("additional-losses-3"):
        x = penalties[:, None]
        real = evaluate(x, x, AddLoss(), batch_size=batch_size)
        same(expected("additional-losses-3", penalties, batch_size), real)

    for _, kernels, trainable, strength in cases("additional-losses-4"):
        stack = [
            dense(kernel, kernel_regularizer=L2(strength), trainable=learns)
            for kernel, learns in zip(kernels, trainable.tolist(), strict=True)
        ]
        model, x = keras.Sequential([keras.Input((2,)), *stack]), np.ones((4, 2), "float32")
        data_term = np.mean(np.abs(model.predict(x, verbose=0)))
        report = evaluate(x, 0 * x, model)
        theirs = expected("additional-losses-4", report, kernels, trainable, strength)
        same(theirs, data_term, rtol=1e-5)


def test_epochs():
    x = np.repeat([0.5, 0.7, 2.0], [32, 32, 8])[:, None]
    same(expected("epochs-1"), evaluate(x, batch_size=32))

    for running, rows in cases("epochs-2"):
        of_batches = expected("epochs-2", running, rows)
        batches = [np.full((n, 1), loss) for loss, n in zip(of_batches, rows, strict=True)]
        log = []
        spy = keras.callbacks.LambdaCallback(
            on_test_batch_end=lambda batch, logs, log=log: log.append(float(logs["loss"]))
        )
        data = ((x, 0 * x) for x in batches)
        model = identity((1,), loss=lambda y_true, y_pred: y_pred[:, 0])
        model.evaluate(data, steps=len(batches), verbose=0, callbacks=[spy])
        same(log, running, rtol=1e-5)

    lengths = np.array([9, 9, 9, 9, 3, 2, 2, 2, 2, 1])  # 36, 9 and 3 kept steps in 4, 4, 2 rows
    steps = np.repeat([0.2, 0.8, 1.4], [4, 4, 2])[:, None] * np.ones(9)
    steps[np.arange(9) >= lengths[:, None]] = -1
    masking = layers.Masking(mask_value=-1.0)
    real = [evaluate(steps[..., None], layer=masking, batch_size=size) for size in (4, 10)]
    same(expected("epochs-3"), real)

    for returned, rows in cases("epochs-4"):
        metric, sums = keras.metrics.Mean(), []
        seen = np.cumsum(np.tile(rows, len(returned)))
        of_batches = np.diff(seen * returned.ravel(), prepend=0).reshape(returned.shape) / rows
        for epoch, of_epoch in zip(expected("epochs-4", returned, rows), of_batches, strict=True):
            for loss, count in zip(of_epoch, rows, strict=True):
                metric.update_state(loss, sample_weight=count)
                sums.append(float(metric.result()))
            same(epoch, evaluate(np.repeat(of_epoch, rows)[:, None]))
        same(np.ravel(returned), sums)
