"""Chapters 10 to 16: real Keras computes the expected answers of the exercises.

What an old release or PyTorch did comes from the recorded atlas, and from the rules that are tested
against it.
"""

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.regularizers import L1, L2

import lossbook as lb
from lossbook import atlas
from tests.exercises.keras_losses import cases, dense, evaluate, evaluate_outputs, expected, same

pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")


def test_mean_of_means():
    steps = np.full((8, 10, 1), -1.0)  # two replicas of four sequences, 30 and 10 kept steps
    steps[:4].reshape(-1)[:30], steps[4:].reshape(-1)[:10] = 0.6, 1.8
    masking = layers.Masking(mask_value=-1.0)
    replicas = [evaluate(steps[rows], layer=masking) for rows in (slice(0, 4), slice(4, 8))]
    same(expected("mean-of-means-1"), (np.mean(replicas), evaluate(steps, layer=masking)))

    for (kept,) in cases("mean-of-means-2"):
        factors, weight = (
            expected("mean-of-means-2", kept),
            keras.Variable(np.zeros(len(kept), "float32")),
        )
        sgd = keras.optimizers.SGD(1.0, gradient_accumulation_steps=len(kept))
        sgd.build([weight])
        for own, factor in zip(np.eye(len(kept)), factors, strict=True):
            sgd.apply([ops.convert_to_tensor(own * factor, "float32")], [weight])
        moved = ops.convert_to_numpy(weight + 0.0)
        same(-moved, kept / kept.sum())  # every token has the same say

    losses, areas = np.array([0.1, 0.8, 1.0]), np.array([900.0, 90.0, 10.0])
    overlap = areas * (1 - losses) / 2
    y_true = np.stack([overlap, areas - overlap - 1], axis=1)
    y_pred = np.broadcast_to([1.0, 0.0], (3, 2))
    per_image = float(keras.losses.Dice(axis=1)(y_true, y_pred))
    same(expected("mean-of-means-3"), (per_image, float(keras.losses.Dice()(y_true, y_pred))))

    for y_true, y_pred, batch_size in cases("mean-of-means-4"):
        real = float(keras.losses.Dice()(y_true.astype("float32"), y_pred.astype("float32")))
        same(expected("mean-of-means-4", y_true, y_pred, batch_size), real)


def test_custom_losses():
    assert tuple((ops.ones((4, 4, 4)) * ops.ones((4, 4, 1))).shape) == (4, 4, 4)
    assert tuple((ops.ones((4, 4, 4)) * ops.ones((4, 4, 4, 1))).shape) == expected(
        "custom-losses-1"
    )
    bce, weights = np.array([0.5] + [0.1] * 15), np.array([1000.0] + [1.0] * 15)
    as_posted = evaluate(
        bce[:, None],
        loss=lambda y_true, y_pred: y_pred[:, 0] - (1 + 0.8),
        sample_weight=weights.astype("float32"),
    )
    same(expected("custom-losses-2"), as_posted)
    for y_true, y_pred, class_weights in cases("custom-losses-3"):
        bce = keras.losses.BinaryCrossentropy(reduction=None)
        weights = np.asarray(class_weights, "float32")[y_true.argmax(axis=-1)]
        real = bce(y_true.astype("float32"), y_pred.astype("float32"), weights)
        ours = expected("custom-losses-3", y_true, y_pred, class_weights)
        same(ours, ops.convert_to_numpy(real), rtol=2e-5)

    def squared(y_true, y_pred):
        return ops.mean(ops.square(y_pred - y_true), axis=-1)

    each = keras.losses.MeanSquaredError(reduction=None)
    for y_true, y_pred in cases("custom-losses-4"):
        ours = expected("custom-losses-4", y_true, y_pred)
        y, p = (np.asarray(a, "float32") for a in (y_true, y_pred))
        same(ours, ops.convert_to_numpy(each(y.reshape(p.shape), p)))
        same(ours.mean(), evaluate(p, y, loss=squared))  # Keras aligns the ranks for a function


def test_case_study():
    rare = np.arange(100) == 0
    weights = np.where(rare, expected("case-study-2"), 1).astype("float32")
    of_rare, of_all = (
        evaluate(ones[:, None], sample_weight=weights) for ones in (1 * rare, np.ones(100))
    )
    same(of_rare / of_all, 0.2)
    for values, labels, classes in cases("case-study-3"):
        kinds = [evaluate(values[labels == c][:, None]) for c in np.unique(labels)]
        same(expected("case-study-3", values, labels, classes), np.mean(kinds))

    rng = np.random.default_rng(0)
    for labels, classes in cases("case-study-4"):
        weights = expected("case-study-4", labels, classes).astype("float32")
        y_true = np.eye(classes)[labels]
        p = rng.uniform(0.1, 0.9, size=y_true.shape)
        of_class = [
            evaluate(p[labels == c], y_true[labels == c], loss="binary_crossentropy")
            for c in range(classes)
        ]
        real = evaluate(p, y_true, loss="binary_crossentropy", sample_weight=weights)
        same(np.mean(of_class), real)
        same(evaluate(np.ones((*labels.shape, 1)), sample_weight=weights), 1.0)


def test_your_model():
    for values, weights, mask in cases("your-model-3"):
        x = np.where(mask, values, -1.0)[..., None]
        keep = layers.Masking(mask_value=-1.0)
        full = np.broadcast_to(weights, values.shape).astype("float32")
        for row, ours in enumerate(expected("your-model-3", values, weights, mask)):
            y_pred = x * np.where(np.arange(len(x)) == row, 1, 1e-9)[:, None, None]
            y_pred = np.where(x == -1, -1, y_pred)
            same(ours, evaluate(y_pred, layer=keep, sample_weight=full))

    regular = dense([[5.0]], kernel_regularizer=L2(expected("your-model-2")))  # 25 · 0.05 is 1.25
    same(evaluate([[0.1]], layer=regular), 1.1 * 0.5)

    x = np.array([[1, 2, 1, 2], [3, 1, 0, 0], [4, 0, 0, 0], [2, 3, 4, 0]])[..., None]
    weights = np.repeat(np.float32([[1], [1], [2], [4]]), 4, axis=1)
    keep = keras.Sequential([layers.Masking(), layers.Rescaling(2.0)])
    same(expected("your-model-4"), evaluate(x, 0 * x + 0.5, keep, sample_weight=weights))


def test_keras_2():
    losses = np.array([0.5, 1.25, 2.0, 4.0, 3.0])
    weights = np.array([4.0, 2.0, 0.0, 0.0, 0.0])
    old = [
        lb.aggregate(losses, weights, mask, rule="keras-2.2.4").total
        for mask in (None, np.arange(5) < 2)
    ]
    real = evaluate(losses[:, None], sample_weight=weights.astype("float32"))
    same(expected("keras-2-1"), (*old, real))

    from_b, penalties = expected("keras-2-2")
    regular = dense([[1.0]], kernel_regularizer=L1(penalties))
    same(evaluate_outputs([[[1.25]], [[0.5]]], [1.0, from_b / 0.5], layer=regular), 4.75)

    for (weights,) in cases("keras-2-3"):
        values = np.linspace(1, 2, len(weights))
        mended = expected("keras-2-3", weights).astype("float32")
        old = lb.aggregate(values, weights, rule="keras-2.2.4").total
        same(old, evaluate(values[:, None], sample_weight=mended))

    y_true, y_pred = [
        (np.round(64 * np.sin(1.7 * np.arange(21) + phase)) / 64).reshape(7, 3)
        for phase in (0.3, 2.0)
    ]
    weights = np.array([1, 2, 0.5, 0, 0, 4, 3])
    mended = expected("keras-2-4", weights, 3).astype("float32")
    real = evaluate(y_pred, y_true, loss="mse", batch_size=3, sample_weight=mended)
    same(real, atlas.recorded("epoch-sw")["keras-2.2.4"])
    for weights, size in cases("keras-2-4"):
        values = np.linspace(1, 2, len(weights))
        parts = [slice(i, i + size) for i in range(0, len(weights), size)]
        old = [lb.aggregate(values[p], weights[p], rule="keras-2.2.4").total for p in parts]
        epoch = lb.epoch_loss(old, [len(values[p]) for p in parts], rule="keras-2.2.4")
        mended = expected("keras-2-4", weights, size).astype("float32")
        same(epoch, evaluate(values[:, None], batch_size=size, sample_weight=mended))


def test_atlas():
    losses, weights = np.array([2.0, 4.0, 6.0, 5.0]), np.array([2.0, 1.0, 0.0, 1.0])
    mask = np.array([True, True, True, False])
    releases = "tf.keras-2.10.1", "tf.keras-2.11.1", "keras-2.2.4"
    by_rule = [lb.aggregate(losses, weights, mask, rule=rule).total for rule in releases]
    same(expected("atlas-1"), by_rule)

    for weights, mask in cases("atlas-2"):
        values = np.linspace(1, 2, mask.size).reshape(mask.shape)
        x = np.where(mask, values, -1.0)[..., None]
        full = weights.astype("float32")
        real = evaluate(x, layer=layers.Masking(mask_value=-1.0), sample_weight=full)
        mended = expected("atlas-2", weights, mask).astype("float32")
        same(evaluate(values[..., None], sample_weight=mended), real)
        for rule in ("keras-2.3.1", "tf.keras-1.15.5", "tf.keras-2.4.4", "tf.keras-2.11.1"):
            same(lb.aggregate(values, mended, rule=rule).total, real)

    x, last = np.zeros(10), expected("atlas-3")
    x[:8], x[8:] = (3 * 4.0 - last) / 2, last  # the two full batches are alike
    same(evaluate(x[:, None], batch_size=4), 3.4)
    batches = [x[:4].mean(), x[4:8].mean(), x[8:].mean()]
    for rule, printed in (("keras-3.1.1", 4.0), ("keras-3.2.1", 3.4)):
        same(lb.epoch_loss(batches, [4, 4, 2], rule=rule), printed)

    old = np.array(atlas.recorded("epoch-mask test_on_batch_calls")["tf.keras-2.10.1"])
    batches = np.array([3, 3, 1]), np.array([12, 4, 1]), 5
    same(expected("atlas-4", old, *batches, 0.0), atlas.recorded("epoch-mask")["keras-3.15.1"])
    for before, rows, kept, steps, penalty in cases("atlas-4"):
        data = (before - penalty) * rows * steps / kept  # the mean over the kept steps
        batches = []
        for loss, count, left in zip(data, rows, kept, strict=True):
            x = np.full((count, steps, 1), loss)
            x.reshape(-1)[left:] = 0  # padding
            by_rule = lb.aggregate(x[..., 0], mask=x[..., 0] != 0, rule="tf.keras-2.10.1")
            assert np.isclose(by_rule.total, loss * left / (count * steps))
            regular = dense([[1.0]], kernel_regularizer=L2(penalty))
            batches.append(evaluate(x, layer=keras.Sequential([layers.Masking(), regular])))
        same(expected("atlas-4", before, rows, kept, steps, penalty), lb.epoch_loss(batches, rows))


def test_rosetta():
    losses, labels = np.array([0.2, 0.4, 1.0, 2.0, 3.0]), np.array([0, 0, 0, 2, 1])
    weights = np.array([1.0, 3.0, 4.0])[labels]
    mask = np.arange(5) < 4
    pytorch = [lb.aggregate(losses, weights, m, rule="pytorch").total for m in (None, mask)]
    real = evaluate(losses[:, None], sample_weight=weights.astype("float32"))
    same(expected("rosetta-1"), (pytorch[0], real, pytorch[1]))

    for labels, class_weight in cases("rosetta-2"):
        values = np.linspace(1, 2, labels.size).reshape(labels.shape)
        mended = expected("rosetta-2", labels, class_weight).astype("float32")
        by_rule = lb.aggregate(values, class_weight[labels], rule="pytorch").total
        same(evaluate(values[..., None], sample_weight=mended), by_rule)

    accumulate = [
        lb.rules.resolve(name).extras["accumulate"]([2.0, 5.0], [6, 2]).value
        for name in ("pytorch", "transformers")
    ]
    same(expected("rosetta-3"), accumulate)

    for losses, labels, class_weight in cases("rosetta-4"):
        weights = np.where(labels == -100, 0, class_weight[labels * (labels != -100)])
        loss = keras.losses.MeanAbsoluteError(reduction="mean_with_sample_weight")
        real = evaluate(losses[..., None], loss=loss, sample_weight=weights.astype("float32"))
        one_batch = lb.aggregate(losses, weights, labels != -100, rule="pytorch").total
        same(expected("rosetta-4", losses, labels, class_weight), (real, one_batch))
