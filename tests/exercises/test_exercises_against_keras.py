"""The expected answers of the exercises of chapters 1 to 9, recomputed by real Keras."""

import keras
import numpy as np
import pytest
from keras import ops

from lossbook._exercises import EXERCISES

pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")


def expected(name, *arguments):
    return EXERCISES[name].expected(*arguments)


def loss_of(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
    """Keras's loss object on values that are its losses: absolute errors against 0."""
    y_pred = ops.convert_to_tensor(np.asarray(values, "float32")[..., None])
    if mask is not None:
        keras.src.backend.set_keras_mask(y_pred, ops.convert_to_tensor(mask))
    loss = keras.losses.MeanAbsoluteError(reduction=reduction)
    return float(loss(ops.zeros_like(y_pred), y_pred, sample_weight))


def mae(losses):
    """Keras's mean absolute error of predictions whose errors are these losses."""
    return keras.losses.MeanAbsoluteError()(np.zeros_like(losses), losses)


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-7)


def identity(x, layer=None, loss="mae", **settings):
    """A compiled model that returns its input, through a layer if one is given."""
    inputs = keras.Input(np.shape(x)[1:])
    model = keras.Model(inputs, (layer or keras.layers.Identity())(inputs))
    model.compile(keras.optimizers.SGD(0.0), loss=loss, run_eagerly=True, **settings)
    return model


def fit(values, labels, **settings):
    """The loss that fit logs, of a model that predicts exp(-value) for the label of each step."""
    p = np.exp(-values)[..., None]
    x = np.where(np.eye(3)[labels] == 1, p, (1 - p) / 2).astype("float32")
    model = identity(x, loss="sparse_categorical_crossentropy")
    return model.fit(x, labels, shuffle=False, verbose=0, **settings).history["loss"][0]


def evaluate(model, x, **settings):
    x = np.asarray(x, "float32")
    return model.evaluate(x, 0 * x, verbose=0, **settings)


def test_one_number():
    for (elementwise,) in EXERCISES["one-number-3"].cases:
        classes = np.eye(elementwise.shape[-1])
        real = [float(mae(elementwise * one)) for one in classes]  # the others cost nothing
        np.testing.assert_allclose(expected("one-number-3", elementwise), real, rtol=1e-6)
    for (truth,) in EXERCISES["one-number-4"].cases:
        weights, rare = expected("one-number-4", truth), truth[..., 4]
        assert np.all(weights[rare == 0] == 1)
        same(loss_of(rare, weights), loss_of(1 - rare, weights))


def test_elementwise():
    for labels, predicted in EXERCISES["elementwise-4"].cases:
        model = identity(predicted, loss="binary_crossentropy")
        real = model.evaluate(predicted, labels, verbose=0)
        same(expected("elementwise-4", labels, predicted), real)


def test_class_axis():
    for y_true, y_pred in EXERCISES["class-axis-4"].cases:
        real = [
            keras.losses.BinaryCrossentropy()(y_true[..., c : c + 1], y_pred[..., c : c + 1])
            for c in range(y_pred.shape[-1])
        ]
        same(expected("class-axis-4", y_true, y_pred), real)


def test_masks():
    losses = np.array([[4.0, 1.0, 3.0], [2.0, 7.0, 7.0]])
    mask = np.array([[True, True, True], [True, False, False]])
    same(
        expected("masks-1"),
        (loss_of(losses, mask=mask), loss_of(losses, mask.astype("float32")), loss_of(losses)),
    )
    for values, mask, weight in EXERCISES["masks-2"].cases:
        given = np.broadcast_to(weight, np.shape(values)).astype("float32")
        same(expected("masks-2", values, mask, weight), loss_of(values, given, mask))
    for (mask,) in EXERCISES["masks-3"].cases:
        values = np.linspace(1, 2, mask.size).reshape(mask.shape)
        same(loss_of(values, expected("masks-3", mask)), loss_of(values, mask=mask))
    for y_true, y_pred in EXERCISES["masks-4"].cases:
        real = loss_of(np.abs(y_true - y_pred), mask=y_true != 0)
        same(expected("masks-4", y_true, y_pred), real)


def test_weights():
    losses, weight = np.array([0.5, 1.0, 2.0, 4.0]), np.float32([5, 1, 0, 0])
    metric = keras.metrics.MeanAbsoluteError()
    metric.update_state(np.zeros((4, 1)), losses[:, None], sample_weight=weight)
    mask = np.array([True, True, False, False])
    real = loss_of(losses, weight), float(metric.result()), loss_of(losses, weight, mask)
    same(expected("weights-1"), real)

    shape = expected("weights-2")
    rng = np.random.default_rng(5)
    values, weight = rng.uniform(size=(16, 64, 64)), rng.uniform(size=16).astype("float32")
    by_image = (values.mean(axis=(1, 2)) * weight).mean()
    np.testing.assert_allclose(loss_of(values, weight.reshape(shape)), by_image, rtol=1e-5)

    for labels, class_weights in EXERCISES["weights-3"].cases:
        weights = expected("weights-3", labels, class_weights).astype("float32")
        values = np.linspace(1, 2, np.size(labels)).reshape(np.shape(labels))
        by_default = loss_of(values, weights)
        looked_up = np.asarray(class_weights, "float32")[labels]
        same(by_default, loss_of(values, looked_up, reduction="mean_with_sample_weight"))

    for values, labels, class_weights in EXERCISES["weights-4"].cases:
        looked_up = np.asarray(class_weights, "float32")[labels]
        same(expected("weights-4", values, labels, class_weights), loss_of(values, looked_up))
        answers = EXERCISES["weights-4"].answers(values, labels, class_weights)
        report, *_ = answers.mistakes.values()  # what class_weight makes of these labels
        per_class = dict(enumerate(class_weights.tolist()))
        same(report, fit(values, labels, class_weight=per_class))


def test_reduction():
    values, weight = [[4.0, 2.0, 3.0], [1.0, 6.0, 5.0]], np.float32([[4, 4, 4], [1, 1, 1]])
    names = "sum_over_batch_size", "mean_with_sample_weight", "sum"
    same(expected("reduction-1"), [loss_of(values, weight, reduction=name) for name in names])
    for weight, mask in EXERCISES["reduction-2"].cases:
        one_each = np.eye(mask.size).reshape(-1, *mask.shape)  # the loss of a 1 is its coefficient
        real = [loss_of(one, np.asarray(weight, "float32"), mask) for one in one_each]
        same(np.ravel(expected("reduction-2", weight, mask)), real)
    ones = np.ones((16, 128, 128))
    same(expected("reduction-3") * loss_of(ones, reduction="sum"), 0.1 * loss_of(ones))
    for y_true, y_pred in EXERCISES["reduction-4"].cases:
        values = expected("reduction-4", y_true, y_pred)[:, None]  # what a loss function returns
        added_up = keras.losses.MeanSquaredError(reduction="sum")(y_true, y_pred)
        same(evaluate(identity(values), values), float(added_up) / len(y_true))


def test_outputs():
    inputs = {
        "mask": keras.Input((64, 64, 1), name="mask"),
        "price": keras.Input((1,), name="price"),
    }
    model = keras.Model(inputs, {name: keras.layers.Identity()(x) for name, x in inputs.items()})
    model.compile(loss={"mask": "mae", "price": "mae"}, loss_weights={"mask": 4.0, "price": 0.5})
    x = {"mask": np.zeros((8, 64, 64, 1), "float32"), "price": np.zeros((8, 1), "float32")}
    y = {name: array.copy() for name, array in x.items()}
    y["mask"][0, 0, 0, 0] = 1
    same(expected("outputs-1"), model.evaluate(x, y, verbose=0, return_dict=True)["loss"])

    lines, factors = {"mask": 0.4, "label": 1.2, "price": 2.0}, (1.0, 0.5, 0.25)

    class Extra(keras.layers.Layer):
        def call(self, x):
            self.add_loss(ops.convert_to_tensor(float(expected("outputs-2"))))
            return x

    x = [np.full((4, 1), line, "float32") for line in lines.values()]
    inputs = [keras.Input((1,)) for _ in lines]
    model = keras.Model(inputs, [Extra()(inputs[0]), *inputs[1:]])
    model.compile(loss=["mae"] * 3, loss_weights=list(factors), run_eagerly=True)
    same(model.evaluate(x, [0 * part for part in x], verbose=0, return_dict=True)["loss"], 3.1)

    for given, shares in EXERCISES["outputs-3"].cases:
        weights = [float(w) for w in expected("outputs-3", given, shares)]
        inputs = [keras.Input((1,)) for _ in given]
        model = keras.Model(inputs, [keras.layers.Identity()(i) for i in inputs])
        model.compile(loss=["mae"] * len(weights), loss_weights=weights, run_eagerly=True)
        x = [np.full((4, 1), line, "float32") for line in given]
        real = model.evaluate(x, [0 * part for part in x], verbose=0, return_dict=True)["loss"]
        same(real, np.sum(shares))

    for price, kind, weight, factors in EXERCISES["outputs-4"].cases:
        inputs = [keras.Input((1,)) for _ in factors]
        model = keras.Model(inputs, [keras.layers.Identity()(i) for i in inputs])
        model.compile(loss=["mae"] * 2, loss_weights=factors.tolist(), run_eagerly=True)
        x = [part.astype("float32")[:, None] for part in (price, kind)]
        given = [np.ones_like(weight), weight]
        real = model.evaluate(x, [0 * part for part in x], sample_weight=given, verbose=0)
        same(expected("outputs-4", price, kind, weight, factors), real[0])


def test_additional_losses():
    dense = keras.layers.Dense(
        2, kernel_regularizer=keras.regularizers.L2(0.1), bias_regularizer="l1"
    )
    dense.bias_regularizer = keras.regularizers.L1(0.05)
    x = np.zeros((6, 2), "float32")
    model = identity(x, dense, "mse", loss_weights=0.5)
    dense.set_weights([np.float32([[2, -1], [0, 3]]), np.float32([1, -2])])
    y = np.float32([1, -2]) + np.sqrt(np.float32(0.8))  # a squared error of 0.8 in every row
    real = model.evaluate(x, np.broadcast_to(y, (6, 2)), batch_size=4, verbose=0)
    same(expected("additional-losses-1"), real)

    for values, weight, kernel, strength in EXERCISES["additional-losses-2"].cases:
        kernel = np.atleast_2d(np.asarray(kernel, "float32"))
        dense = keras.layers.Dense(
            kernel.shape[1],
            use_bias=False,
            kernel_regularizer=keras.regularizers.L2(strength),
        )
        x = np.zeros((len(values), kernel.shape[0]), "float32")
        model = identity(x, dense)
        dense.set_weights([kernel])
        y = np.repeat(np.asarray(values, "float32")[:, None], kernel.shape[1], 1)
        options = {"sample_weight": np.asarray(weight, "float32"), "batch_size": len(values)}
        real = model.evaluate(x, y, verbose=0, **options)
        same(expected("additional-losses-2", values, weight, kernel, strength), real)

    class Vector(keras.layers.Layer):
        def call(self, x):
            self.add_loss(x[:, 0])
            return x

    for penalties, batch_size in EXERCISES["additional-losses-3"].cases:
        x = np.asarray(penalties, "float32")[:, None]
        model = identity(x, Vector())
        real = model.evaluate(x, x, batch_size=batch_size, verbose=0)
        same(expected("additional-losses-3", penalties, batch_size), real)

    for _, kernels, trainable, strength in EXERCISES["additional-losses-4"].cases:
        l2 = {"kernel_regularizer": keras.regularizers.L2(strength), "use_bias": False}
        layers = [keras.layers.Dense(2, trainable=learns, **l2) for learns in trainable.tolist()]
        x = np.ones((4, 2), "float32")
        model = identity(x, keras.Sequential([keras.Input((2,)), *layers]))
        for layer, kernel in zip(layers, kernels, strict=True):
            layer.set_weights([kernel])
        report = evaluate(model, x)
        data_term = np.mean(np.abs(model.predict(x, verbose=0)))
        theirs = expected("additional-losses-4", report, kernels, trainable, strength)
        np.testing.assert_allclose(theirs, data_term, rtol=1e-5)


class Batches(keras.utils.PyDataset):
    """Batches of the given rows, in which every row has the loss of its batch."""

    def __init__(self, losses, rows):
        super().__init__()
        self.parts = list(zip(losses, rows, strict=True))

    def __len__(self):
        return len(self.parts)

    def __getitem__(self, i):
        loss, rows = self.parts[i]
        x = np.full((int(rows), 1), loss, "float32")
        return x, 0 * x


class Log(keras.callbacks.Callback):
    """Collects what a callback sees after each batch."""

    def on_test_begin(self, logs=None):
        self.losses = []

    def on_test_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))


def test_epochs():
    x = np.repeat([0.5, 0.7, 2.0], [32, 32, 8])[:, None]
    same(expected("epochs-1"), evaluate(identity(x), x, batch_size=32))

    for running, rows in EXERCISES["epochs-2"].cases:
        log, losses = Log(), expected("epochs-2", running, rows)
        model = identity(np.zeros((1, 1)), loss=lambda y_true, y_pred: y_pred[:, 0])
        model.evaluate(Batches(losses, rows), verbose=0, callbacks=[log])
        np.testing.assert_allclose(log.losses, running, rtol=1e-5)

    # rows of 9 steps each: 36 kept steps in 4 rows, 9 in 4, 3 in 2
    steps = np.zeros((10, 9))
    kept = np.zeros((10, 9), bool)
    for rows, loss, count in (
        (slice(0, 4), 0.2, 36),
        (slice(4, 8), 0.8, 9),
        (slice(8, 10), 1.4, 3),
    ):
        steps[rows] = loss
        part = kept[rows].copy()
        part.flat[:count] = True
        kept[rows] = part
    steps[~kept] = -1

    x = steps[..., None]
    model = identity(x, keras.layers.Masking(mask_value=-1.0))
    three, one = (evaluate(model, x, batch_size=size) for size in (4, 10))
    same(expected("epochs-3"), (three, one))
