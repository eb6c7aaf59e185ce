"""Models with a step of their own, explained by their own code: x = 0 ... 9, y = 0."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb

BACKEND = keras.backend.backend()
X = np.arange(10, dtype="float32")[:, None]
Y = np.zeros((10, 1), "float32")
SQUARES = {i: float(i * i) for i in range(10)}


@pytest.fixture(autouse=True)
def fresh():
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)


def same(kind, loss="mse"):
    model = kind([keras.Input((1,)), layers.Identity()])
    model.compile("sgd", loss)
    return model


def parts(e, key="sample"):
    return {k: v for k, v in e.by(key).items() if not str(k).startswith("(")}


def in_full(e, reported):
    assert e.reported == pytest.approx(reported, rel=1e-6)
    assert abs(e.residual) <= e.rounding and "(unmarked)" not in e.by("source")
    return e


class TwiceAndSize(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        size = ops.mean(lb.mark("size", ops.abs(y_pred)))
        return 2 * super().compute_loss(x, y, y_pred, sample_weight, training=training) + size


def test_a_loss_of_its_own():
    model = same(TwiceAndSize)
    e = in_full(lb.explain(model, X, Y, batch_size=4), model.evaluate(X, Y, verbose=0))
    assert e.by("source") == pytest.approx({"mse": 57.0, "size": 4.5})
    assert parts(e) == pytest.approx({i: (2 * i * i + i) / 10 for i in range(10)})
    assert e.notes == ("These are the parts of its own compute_loss.",)


def test_what_nothing_covers():
    class More(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return super().compute_loss(x, y, y_pred) + ops.mean(ops.abs(y_pred))

    e = lb.explain(same(More), X, Y, batch_size=5)
    assert e.by("source") == pytest.approx({"mse": 28.5, "(unmarked)": 4.5})
    assert e.by("batch")[1] == pytest.approx((25 + 36 + 49 + 64 + 81) / 10 + 35 / 10)
    assert "(unmarked)" in repr(e)


def test_a_loss_that_is_no_sum_of_parts():
    class Root(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.sqrt(super().compute_loss(x, y, y_pred))

    e = lb.explain(same(Root), X, Y)
    assert e.reported == pytest.approx(28.5**0.5)
    assert any("not linear in mse" in note for note in e.notes)


tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="a step in TensorFlow's form")


class ByBatches(keras.Sequential):
    def test_step(self, data):
        x, y = data
        loss = self.compute_loss(y=y, y_pred=self(x, training=False))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
        return {metric.name: metric.result() for metric in self.metrics}


@pytest.mark.parametrize("sparse", [True, False])
def test_as_many_classes_as_a_batch_has_rows(sparse):
    """Contrastive: row i of a batch is the class of row i, whatever a batch holds."""

    class Contrastive(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            logits, rows = ops.matmul(y_pred, ops.transpose(y_pred)), ops.shape(y_pred)[0]
            name = f"{'sparse_' * sparse}categorical_crossentropy"
            labels = ops.arange(rows) if sparse else ops.eye(rows)
            return ops.mean(getattr(keras.losses, name)(labels, logits, from_logits=True))

    x = X / 10
    by_class = dict.fromkeys(range(4), 0.0)
    for batch in (x[:4], x[4:8], x[8:]):
        logits = batch @ batch.T
        values = np.log(np.exp(logits).sum(1)) - np.diag(logits)
        for i, value in enumerate(values):
            by_class[i] += value / 10
    model = same(Contrastive)
    e = in_full(lb.explain(model, x, Y, batch_size=4), sum(by_class.values()))
    assert parts(e, "true_class") == pytest.approx(by_class, rel=1e-5)
    assert parts(e, "class") == pytest.approx(by_class, rel=1e-5)


@tensorflow
def test_which_log_is_the_loss():
    """Keras sorts the logs by name: an accuracy that comes first is not the loss."""

    class Named(keras.Sequential):
        def test_step(self, data):
            x, y = data
            self.tracker.update_state(self.compute_loss(y=y, y_pred=self(x)))
            return {"my_loss": self.tracker.result(), "acc": ops.convert_to_tensor(1.0)}

    model = same(Named)
    model.tracker = keras.metrics.Mean(name="my_loss")
    e = in_full(lb.explain(model, X, Y), 28.5)
    assert e.notes == ("These are the parts of 'my_loss' in its own test_step.",)


@tensorflow
def test_a_mean_of_means():
    model = same(ByBatches)
    by_hand = (np.mean(X[:4] ** 2) + np.mean(X[4:8] ** 2) + np.mean(X[8:] ** 2)) / 3
    e = in_full(lb.explain(model, X, Y, batch_size=4), by_hand)
    assert parts(e)[9] == pytest.approx(81 / 2 / 3)
    assert "counts every batch once" in e.notes[1]


WEIGHED = {
    "values (rows,), one weight": (lambda x: x[:, 0] ** 2, lambda x: ops.shape(x)[0]),
    "values (rows, 2), weights (rows,)": (
        lambda x: ops.concatenate([x, 3 * x], axis=1) ** 2,
        lambda x: x[:, 0],
    ),
    "values (rows, length), no weight": (
        lambda x: x**2 * ops.transpose(ops.ones_like(x)),
        lambda x: None,
    ),
    "nothing weighs anything": (lambda x: x[:, 0], lambda x: ops.zeros_like(x[:, 0])),
}


@tensorflow
@pytest.mark.parametrize("kind", WEIGHED)
def test_a_metric_takes_the_mean_of_each_sample_before_it_weighs_them(kind):
    values_of, weights_of = WEIGHED[kind]

    class PerRow(keras.Sequential):
        def test_step(self, data):
            x, _ = data
            values = lb.mark("squares", values_of(self(x)))
            self.tracker.update_state(values, sample_weight=weights_of(x))
            return {"loss": self.tracker.result()}

    model = same(PerRow)
    model.tracker = keras.metrics.Mean(name="tracker")
    mean = keras.metrics.Mean()
    for batch in (X[:4], X[4:8], X[8:]):
        mean.update_state(values_of(ops.array(batch)), sample_weight=weights_of(ops.array(batch)))
    e = in_full(lb.explain(model, X, Y, batch_size=4), float(mean.result()))
    assert sum(e.by("sample").values()) == pytest.approx(e.reported, rel=1e-6)


@tensorflow
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_count_that_goes_on_where_the_data_end():
    """Keras itself divides by four batches, where three are there."""
    import tensorflow as tf

    class Alone(ByBatches):
        metrics = property(lambda self: [self.tracker])

    model = same(Alone)
    model.tracker = keras.metrics.Mean(name="loss")
    known = tf.data.Dataset.from_tensor_slices((X[:9], Y[:9])).batch(3)
    unknown = known.filter(lambda x, y: True)
    mean = float(np.mean(X[:9] ** 2))
    assert model.evaluate(known, verbose=0) == pytest.approx(mean)
    assert model.evaluate(unknown, verbose=0) == pytest.approx(mean * 3 / 4)
    assert float(model.tracker.count) == 4
    e = lb.explain(model, unknown)
    assert (e.total, e.reported) == pytest.approx((mean, mean * 3 / 4))
    assert "one more where the data end" in e.notes[1]
    found = {finding.code: finding for finding in lb.audit(model, unknown)}
    assert list(found) == ["reported-not-computed"]
    assert "one more where the data end" in found["reported-not-computed"].message
    assert found["reported-not-computed"].fix.startswith("Update it with sample_weight=rows")
    assert not lb.audit(model, known)


class Logging(keras.Sequential):
    name_of_loss = "total_loss"

    def test_step(self, data):
        x, y = data
        return {self.name_of_loss: ops.mean(ops.square(y - self(x, training=False)))}


@tensorflow
def test_a_tensor_shows_the_last_batch():
    e = lb.explain(same(Logging, None), X, Y, batch_size=4)
    assert e.reported == pytest.approx(72.5) == e.total
    assert any("the last batch alone" in note for note in e.notes)


@tensorflow
def test_the_samples_of_the_last_batch_have_their_numbers_in_the_data():
    class Computing(keras.Sequential):
        def test_step(self, data):
            x, y = data
            return {"loss": self.compute_loss(x, y, self(x, training=False))}

    e = lb.explain(same(Computing), X, Y, batch_size=4)
    assert e.by("sample") == pytest.approx({8: 64 / 2, 9: 81 / 2})
    assert e.by(np.arange(10) % 2) == pytest.approx({0: 64 / 2, 1: 81 / 2})


@tensorflow
def test_a_tensor_with_the_name_of_a_tracker_that_nobody_updates():
    class Named(Logging):
        name_of_loss = "loss"

    e = lb.explain(same(Named), X, Y, batch_size=4)
    assert (e.reported, e.total) == pytest.approx((0.0, 72.5))
    assert "miss what evaluate reports" in e.notes[0] and "test_step of its own" in e.notes[1]


@pytest.mark.skipif(BACKEND != "jax", reason="a step that takes the state")
def test_a_step_that_trains_on_jax():
    class Training(keras.Sequential):
        def train_step(self, state, data):
            return {}, state

    with pytest.raises(ValueError, match=r"compute_loss, or pass a function .*decompose"):
        lb.explain(same(Training, None), X, Y)


@tensorflow
def test_a_step_that_trains_and_no_loss_to_evaluate():
    """A small VAE: its own train_step, no call; nothing is trained by explaining it."""
    import tensorflow as tf

    class VAE(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = layers.Dense(4), layers.Dense(6, "sigmoid")
            self.tracker = keras.metrics.Mean(name="loss")

        @property
        def metrics(self):
            return [self.tracker]

        def train_step(self, data):
            with tf.GradientTape() as tape:
                mean, log_var = ops.split(self.encoder(data), 2, axis=1)
                crossentropy = keras.losses.binary_crossentropy(data, self.decoder(mean))
                kl = lb.mark("kl", -0.5 * (1 + log_var - mean**2 - ops.exp(log_var)))
                loss = ops.mean(6 * crossentropy) + ops.mean(ops.sum(kl, axis=1))
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            self.tracker.update_state(loss)
            return {"loss": self.tracker.result()}

    x = np.random.default_rng(0).random((40, 6)).astype("float32")
    model = VAE()
    model.compile(keras.optimizers.SGD(0.0))
    first = model.fit(x, batch_size=20, shuffle=False, verbose=0).history["loss"][0]
    model.compile("adam")
    weights = model.get_weights()
    e = in_full(lb.explain(model, x, batch_size=20), first)
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
    mean, log_var = np.split(keras.ops.convert_to_numpy(model.encoder(x)), 2, axis=1)
    kl = -0.5 * (1 + log_var - mean**2 - np.exp(log_var))
    by_latent = e.by("source", "position")
    for k in range(2):
        assert by_latent["kl", k] == pytest.approx(kl[:, k].mean(), rel=1e-5)
    assert "its own train_step in training mode" in e.notes[0]


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
def test_the_callback_of_a_model_with_a_loss_of_its_own():
    model = same(TwiceAndSize)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    callback = lb.explain.callback(X, Y, by="source", prefix="")
    history = model.fit(X, Y, verbose=0, callbacks=[callback]).history
    assert history["loss/source_mse"] == pytest.approx([57.0])
    assert history["loss/source_size"] == pytest.approx([4.5])


class TwoDomains(keras.Model):
    """A batch is two: of rows with targets, and of rows without that are to be small."""

    def __init__(self, units=1):
        super().__init__()
        self.dense = layers.Dense(units, kernel_initializer="ones")

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        import tensorflow as tf

        (x, y), (other, _) = data
        with tf.GradientTape() as tape:
            size = ops.mean(lb.mark("size", ops.abs(self(other, training=True))))
            loss = self.compute_loss(x, y, self(x, training=True)) + size
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables))
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return self.get_metrics_result()


def two_domains(units=1):
    model = TwoDomains(units)
    model.compile("sgd", "mse")
    model(X)
    return model


@tensorflow
def test_data_that_only_its_train_step_takes():
    import tensorflow as tf

    model = two_domains()
    pairs = tf.data.Dataset.from_tensor_slices((X, Y))
    data = tf.data.Dataset.zip((pairs.batch(4), pairs.map(lambda x, y: (-x, y)).batch(4)))
    with pytest.raises(ValueError):
        model.evaluate(data, verbose=0)
    before = model.get_weights()
    e = in_full(lb.explain(model, data), 28.5 + 4.5)
    assert e.by("source") == pytest.approx({"mse": 28.5, "size": 4.5})
    assert parts(e) == pytest.approx({i: (i * i + i) / 10 for i in range(10)})
    assert e.notes[-1] == "evaluate does not take these data: Keras's test_step fails."
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert not lb.explain(model, X, Y).notes  # these it takes


@tensorflow
def test_data_that_no_step_takes():
    with pytest.raises(Exception) as caught:
        lb.explain(two_domains(2), X, np.zeros((10, 3)))
    assert any("targets-refused" in note for note in caught.value.__notes__)


@tensorflow
@pytest.mark.parametrize("way", ["as it is", "function", "cond", "map"])
def test_a_loss_where_nothing_can_be_measured_is_named(way):
    import tensorflow as tf

    def loss(y, y_pred):
        return keras.losses.mean_squared_error(y, y_pred)

    ways = {
        "as it is": loss,
        "function": tf.function(loss),
        "cond": lambda y, y_pred: ops.cond(
            tf.shape(y)[0] > 0, lambda: loss(y, y_pred), lambda: ops.zeros(())
        ),
        "map": lambda y, y_pred: tf.map_fn(
            lambda pair: loss(*pair), (y, y_pred), fn_output_signature="float32"
        ),
    }

    class Own(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ways[way](y, y_pred))

    inputs = keras.Input((3,))
    model = Own(inputs, layers.Dense(2)(inputs))
    model.compile("sgd")
    e = lb.explain(model, np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), verbose=0)
    assert e.total == pytest.approx(e.reported, rel=1e-5)
    seen = way == "as it is"
    assert ("(unmarked)" in e.by("output")) != seen
    expected = "mean_squared_error: called in a function that is compiled or differentiated in "
    assert any(expected in note for note in e.notes) != seen


@pytest.mark.skipif(BACKEND == "jax", reason="a step that takes the state")
def test_logs_of_a_step_keep_their_names():
    class Named(keras.Sequential):
        def test_step(self, data):
            return {**super().test_step(data), "lossbook_of_mine": ops.ones(())}

    model = same(Named)
    in_full(lb.explain(model, X, Y, batch_size=5), 28.5)
