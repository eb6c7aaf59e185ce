"""audit of steps of a model's own: x = 0 ... 9, y = 0, batches of 4, 4 and 2."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="steps in TensorFlow's form")
X = np.arange(10, dtype="float32")[:, None]
Y = np.zeros((10, 1), "float32")


def same(kind, loss=None, layer=None):
    model = kind([keras.Input((1,)), layer or layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), loss)
    return model


def audited(model, x=X, y=Y):
    weights = [np.array(w) for w in model.get_weights()]
    findings = lb.audit(model, x, y, batch_size=4)
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    return findings


def history(model, y=Y):
    return model.fit(X, y, batch_size=4, shuffle=False, verbose=0).history


class Trains(keras.Sequential):
    key, tracks, rows = "loss", True, True

    def __init__(self, layers):
        super().__init__(layers)
        self.tracker = keras.metrics.Mean(name="own")

    def scalar(self, y, p):
        return ops.mean(ops.square(y - p))

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = self.scalar(y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        if not self.tracks:
            return {self.key: loss}
        self.tracker.update_state(loss, sample_weight=ops.shape(x)[0] if self.rows else None)
        return {self.key: self.tracker.result()}


@pytest.mark.parametrize("loss", [None, "mse"])
def test_a_sound_step_that_trains(loss):
    model = same(Trains, loss)
    assert history(model)["loss"] == pytest.approx([28.5])
    assert audited(model) == ()


def test_the_last_batch_is_shown():
    class Logs(Trains):
        key, tracks = "total_loss", False

    model = same(Logs, "mse")
    assert history(model)["total_loss"] == pytest.approx([72.5])
    (finding,) = audited(model)
    assert finding.code == "last-batch-shown" and finding.evidence["a first batch"] == 3.5
    assert finding.message.startswith("Logs, its own train_step: it returns 'total_loss'")


def test_a_tracker_of_that_name_that_nobody_updates():
    class Logs(Trains):
        tracks = False

        @property
        def metrics(self):
            return [self.named]

    model = same(Logs)
    model.named = keras.metrics.Mean(name="loss")
    assert history(model)["loss"] == [0.0]
    codes = [finding.code for finding in audited(model)]
    assert "tracker-not-updated" in codes


def test_shapes_that_broadcast_in_a_step_that_trains():
    y = X[:, 0]
    model = same(Trains, "mse")
    (finding,) = audited(model, y=y)
    assert finding.code == "step-broadcast"
    pairs = np.mean((y[:4, None] - y[None, :4]) ** 2)
    assert finding.evidence["this batch"] == pytest.approx(pairs)
    assert finding.evidence["with y (4, 1)"] == pytest.approx(0.0)
    assert audited(model, y=y[:, None]) == ()


def test_a_loss_of_keras_s_aligns_its_shapes():
    class Keras(Trains):
        def scalar(self, y, p):
            return keras.losses.MeanSquaredError()(y, p)

    assert audited(same(Keras, "mse"), y=X[:, 0]) == ()


@pytest.mark.parametrize("forgets", [True, False])
def test_a_penalty_that_a_step_forgets(forgets):
    class Penalised(Trains):
        def scalar(self, y, p):
            return super().scalar(y, p) + (0.0 if forgets else sum(self.losses))

    penalty = keras.regularizers.L2(0.1)
    layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=penalty)
    codes = [finding.code for finding in audited(same(Penalised, "mse", layer))]
    assert codes == (["penalty-forgotten"] if forgets else [])


class Evaluates(keras.Sequential):
    by_rows, name_of_tracker = True, "total_loss"

    def __init__(self, layers):
        super().__init__(layers)
        self.tracker = keras.metrics.Mean(name=self.name_of_tracker)

    @property
    def metrics(self):
        return [self.tracker]

    def test_step(self, data):
        x, y = data
        loss = ops.mean(ops.square(y - self(x, training=False)))
        self.tracker.update_state(loss, sample_weight=ops.shape(x)[0] if self.by_rows else None)
        return {"loss": self.tracker.result()}


def test_a_tracker_under_another_name_as_keras_io_has_it():
    model = same(Evaluates)
    assert model.evaluate(X, Y, batch_size=4, verbose=0) == pytest.approx(28.5)
    findings = audited(model)
    assert findings == () and "in its own test_step" in repr(findings)
    assert repr(findings) != "Nothing found."
    e = lb.explain(model, X, Y, batch_size=4)
    assert e.notes == ("These are the parts of its own test_step.",)
    assert e.batch_sizes == (4, 4, 2)


def test_a_mean_of_means():
    class ByBatches(Evaluates):
        by_rows = False

    model = same(ByBatches)
    by_hand = (np.mean(X[:4] ** 2) + np.mean(X[4:8] ** 2) + np.mean(X[8:] ** 2)) / 3
    assert model.evaluate(X, Y, batch_size=4, verbose=0) == pytest.approx(by_hand)
    (finding,) = audited(model)
    assert finding.code == "batches-counted-once"
    assert finding.evidence["rows per batch"] == [4, 4, 2]
    assert audited(model, X[:8], Y[:8]) == ()


def test_a_loss_of_its_own():
    class Twice(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 2 * super().compute_loss(x, y, y_pred, sample_weight, training=training)

    assert audited(same(Twice, "mse")) == ()
