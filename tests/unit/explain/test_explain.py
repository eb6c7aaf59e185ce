"""explain() and its Explanation, with Keras as the judge of every part."""

import csv
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb
from lossbook._core import to_numpy
from lossbook._explain import ExplainCallback, groups, parts, progress, tables
from lossbook._explain.labels import Labels, true_classes

BACKEND = keras.backend.backend()
VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
ROWS, STEPS, CLASSES = 7, 4, 3
KEYS = ("output", "source", "batch", "sample", "position", "class", "true_class")


@pytest.fixture(autouse=True)
def fresh():
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def flat_model(loss, activation=None, units=CLASSES, eager=True, **settings):
    """Compiled steps are for tests that look at them: explained_models.py has the others."""
    model = keras.Sequential([keras.Input((5,)), layers.Dense(units, activation, name="out")])
    model.compile("sgd", loss, run_eagerly=eager, **settings)
    return model


def flat_data(rng, rows=ROWS):
    x = rng.normal(size=(rows, 5)).astype("float32")
    labels = rng.integers(0, CLASSES, rows)
    return x, np.eye(CLASSES, dtype="float32")[labels], labels


def reported(model, *data, **settings):
    return model.evaluate(*data, **settings, verbose=0, return_dict=True)["loss"]


def close(e, expected):
    magnitude = sum(map(abs, e.by("sample", "class").values()))
    assert abs(e.total - expected) <= 2e-6 * magnitude + 1e-7
    assert abs(e.residual) <= 2e-6 * magnitude + 1e-7
    for key in KEYS:
        assert sum(e.by(key).values()) == pytest.approx(e.total, rel=1e-6, abs=1e-9)


def by_true_class(model, x, y, labels):
    """Explain; each true class has what Keras says when its rows alone have a weight."""
    e = lb.explain(model, x, y)
    close(e, reported(model, x, y))
    for k in np.unique(labels):
        alone = reported(model, x, y, sample_weight=1.0 * (labels == k))
        assert e.by("true_class")[k] == pytest.approx(alone, rel=2e-6)
    return e


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mse", "categorical_crossentropy"])
def test_the_part_of_a_sample_is_what_keras_says_when_it_alone_has_a_weight(rng, loss):
    model = flat_model(loss, None if loss == "mse" else "sigmoid")
    x, y, _ = flat_data(rng)
    weight = rng.uniform(0.5, 2, ROWS).astype("float32")
    e = lb.explain(model, x, y, sample_weight=weight, batch_size=3)
    close(e, reported(model, x, y, sample_weight=weight, batch_size=3))
    for i in range(ROWS):
        alone = reported(model, x, y, sample_weight=weight * (np.arange(ROWS) == i), batch_size=3)
        assert e.by("sample")[i] == pytest.approx(alone, rel=2e-6, abs=1e-8)


def test_the_part_of_a_class_is_what_keras_says_of_a_model_with_that_class_alone(rng):
    model = flat_model("binary_crossentropy", "sigmoid")
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y)
    kernel, bias = model.get_weights()
    for k in range(CLASSES):
        one = flat_model("binary_crossentropy", "sigmoid", units=1)
        one.set_weights([kernel[:, k : k + 1], bias[k : k + 1]])
        alone = reported(one, x, y[:, k : k + 1])
        assert e.by("class")[k] == pytest.approx(alone / CLASSES, rel=2e-6)
    assert set(e.by("class")) == set(range(CLASSES))


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_categorical_losses_are_split_by_true_class(rng, loss):
    model = flat_model(loss, "softmax")
    x, y, labels = flat_data(rng, 20)
    e = by_true_class(model, x, labels if loss.startswith("sparse") else y, labels)
    for k, part in e.by("true_class").items():
        assert e.by("class")[k] == pytest.approx(part, rel=2e-6)
        assert e.by("class", "true_class")[k, k] == pytest.approx(part, rel=2e-6)


@pytest.mark.parametrize("classes", [4, 40])  # few, in a large batch, are found by a product
@pytest.mark.parametrize("off", [0, -1])
@pytest.mark.parametrize("large", [False, True])
def test_the_only_label_of_a_row_is_its_true_class(rng, monkeypatch, classes, off, large):
    monkeypatch.setattr(parts, "LARGE", 0 if large else 2**20)
    labels = rng.integers(0, classes, 6)
    y = np.where(np.eye(classes)[labels] == 1, 1, off).astype("float32")
    y[1, :2] = 1  # two of them, or one more
    y[2] = off  # none
    y[3, labels[3] - 1] = 0.5  # and one that is neither
    model = keras.Sequential([keras.Input((classes,)), keras.layers.Identity()])
    model.compile(loss="squared_hinge" if off else "binary_crossentropy", run_eagerly=True)
    x = rng.uniform(0.1, 0.9, y.shape).astype("float32")
    e = lb.explain(model, x, y)
    alone = [i for i in range(6) if i not in (1, 2, 3)]
    expected = {int(labels[i]) for i in alone}
    assert {k for k in e.by("true_class") if isinstance(k, int)} >= expected
    for k in expected:
        rows = [i for i in alone if labels[i] == k]
        by_row = sum(e.by("sample")[i] for i in rows)
        assert e.by("true_class")[k] == pytest.approx(by_row, rel=1e-5)
    none = sum(e.by("sample")[i] for i in (1, 2, 3))
    assert e.by("true_class")["(none)"] == pytest.approx(none, rel=1e-5)


def test_a_binary_output_has_the_true_classes_0_and_1(rng):
    model = flat_model("binary_crossentropy", "sigmoid", units=1)
    x, _, labels = flat_data(rng)
    y = (labels == 1).astype("float32")
    e = by_true_class(model, x, y, y)  # (rows,) targets for (rows, 1) predictions
    assert set(e.by("true_class")) == {0, 1}


def test_rows_with_several_labels_and_regressions_have_no_true_class(rng):
    x, y, _ = flat_data(rng)
    y[0] = 1
    e = lb.explain(flat_model("binary_crossentropy", "sigmoid"), x, y)
    assert e.by("true_class")["(none)"] == pytest.approx(e.by("sample")[0], rel=1e-6)
    assert set(lb.explain(flat_model("mse"), x, y).by("true_class")) == {"(none)"}


def image_model(loss="binary_crossentropy"):
    model = keras.Sequential(
        [keras.Input((4, 6, 3)), layers.Dense(CLASSES, activation="sigmoid", name="mask")]
    )
    model.compile("sgd", loss, run_eagerly=True)
    return model


def image_data(rng, rows=5):
    x = rng.normal(size=(rows, 4, 6, 3)).astype("float32")
    return x, np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, (rows, 4, 6))]


def test_positions_are_rows_and_columns(rng):
    model, (x, y) = image_model(), image_data(rng)
    weight = np.zeros((5, 4, 6), "float32")
    weight[:, 1, 2] = 1
    e = lb.explain(model, x, y, batch_size=2)
    alone = reported(model, x, y, sample_weight=weight, batch_size=2)
    assert e.by("position")[1, 2] == pytest.approx(alone, rel=2e-6)
    assert len(e.by("position")) == 24
    assert repr(e).splitlines()[1] == "5 samples in 3 batches"


@pytest.mark.parametrize("limits", [(0, 2**20, 32), (0, 0, 32), (0, 0, 0), (0, 2**20, 0)])
@pytest.mark.parametrize("in_the_step", [True, False])
def test_large_data_keep_the_same_sums_by_one_key(rng, monkeypatch, limits, in_the_step):
    model, (x, y) = image_model(), image_data(rng)
    small = lb.explain(model, x, y, batch_size=2)
    raw, room, few = limits
    for module, name, limit in (
        (groups, "RAW", raw),
        (groups, "TABLE", room),
        (tables, "TABLE", room),
        (tables, "FEW", few),
        (parts, "LARGE", 0 if in_the_step else 2**20),
    ):
        monkeypatch.setattr(module, name, limit)
    model.compile("sgd", "binary_crossentropy")  # a step that was kept has the limits in it
    large = lb.explain(model, x, y, batch_size=2)
    for key in KEYS:
        assert large.by(key) == pytest.approx(small.by(key), rel=1e-6)
    for pair in (("class", "true_class"), ("sample", "class"), ("position", "class")):
        kept = limits[1] and (limits[2] or pair == ("position", "class"))
        if kept:
            found = {k: v for k, v in large.by(*pair).items() if v}
            assert found == pytest.approx({k: v for k, v in small.by(*pair).items() if v})
        else:
            with pytest.raises(ValueError, match="needs more sums than were kept"):
                large.by(*pair)
    with pytest.raises(ValueError, match="needs more sums than were kept"):
        large.by("sample", "position")


@pytest.mark.parametrize("weighs", ["rows", "positions", "mask", "nothing"])
def test_large_batches_keep_the_coefficient_of_each_element(rng, monkeypatch, weighs):
    first = layers.Masking(5.0) if weighs == "mask" else layers.Identity()
    model = keras.Sequential([keras.Input((4, 2)), first, layers.Dense(3, "sigmoid")])
    x, y = rng.normal(size=(6, 4, 2)), np.eye(3)[rng.integers(0, 3, (6, 4))]
    x[:2, 2:] = x[5, :] = 5.0
    weights = {"rows": rng.random((6, 1)), "positions": rng.random((6, 4))}.get(weighs)
    model.compile(loss="binary_crossentropy", loss_weights=[3.0])
    small = lb.explain(model, x, y, weights, batch_size=4)
    monkeypatch.setattr(parts, "LARGE", 0)
    model.compile(loss="binary_crossentropy", loss_weights=[3.0])
    large = lb.explain(model, x, y, weights, batch_size=4)
    close(large, reported(model, x, y, sample_weight=weights, batch_size=4))
    for key in ("sample", "position", "class", "true_class"):
        assert large.by(key) == pytest.approx(small.by(key), rel=1e-5)
    assert large.groups.scale == pytest.approx(small.groups.scale, rel=1e-5)


def batches(x, y, size=3):
    return [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]


class Dataset(keras.utils.PyDataset):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def __len__(self):
        return len(self.parts)

    def __getitem__(self, index):
        return self.parts[index]


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("kind", ["tensors", "PyDataset", "generator", "tf.data"])
def test_data_of_every_kind(rng, kind):
    model = flat_model("categorical_crossentropy", "softmax", eager=False)
    x, y, _ = flat_data(rng)
    expected = lb.explain(model, x, y, batch_size=3)
    yielded = []

    def generator():
        for batch in batches(x, y):
            yielded.append(1)
            yield batch

    if kind == "tensors":
        e = lb.explain(model, ops.convert_to_tensor(x), ops.convert_to_tensor(y), batch_size=3)
    elif kind == "tf.data":
        tf = pytest.importorskip("tensorflow")
        e = lb.explain(model, tf.data.Dataset.from_tensor_slices((x, y)).batch(3))
    else:
        e = lb.explain(model, Dataset(batches(x, y)) if kind == "PyDataset" else generator())
    assert e.batch_sizes == (3, 3, 1)
    assert len(yielded) in (0, 3)  # consumed once
    for key in KEYS:
        assert e.by(key) == pytest.approx(expected.by(key), rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "units"),  # of 300 tables leave the step
    [("plain", 3), ("plain", 300), ("masked", 3), ("masked", 300), ("folded", 3)],
)
def test_batches_of_other_lengths(rng, kind, units):
    """A compiled step of TensorFlow knows neither the rows nor the positions then."""
    inputs = keras.Input((2, None, 4) if kind == "folded" else (None, 4))
    hidden = layers.Masking()(inputs) if kind == "masked" else inputs
    outputs = layers.Dense(units)(hidden)
    if kind == "folded":
        outputs = layers.Lambda(
            lambda t: ops.reshape(t, (-1, ops.shape(t)[2], units)),
            output_shape=(None, units),
        )(outputs)
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    parts, expected, rows = [], {}, 7
    for n, length in ((3, 4), (3, 2), (1, 5)):
        x = rng.normal(size=(n, *inputs.shape[1:-2], length, 4)).astype("float32")
        x[..., -1, :] = 0
        y = rng.normal(size=(2 * n if kind == "folded" else n, length, units)).astype("float32")
        parts.append((x, y))
        values = np.square(to_numpy(model(x)) - y).mean(-1)
        values = values[:, :-1] if kind == "masked" else values
        for (row, position), value in np.ndenumerate(values / values.size * n / rows):
            place = (row, position) if kind == "folded" else position
            expected[place] = expected.get(place, 0.0) + value
    for _ in range(2):
        e = lb.explain(model, Dataset(parts))
        close(e, reported(model, Dataset(parts)))
        found = {place: value for place, value in e.by("position").items() if value}
        assert found == pytest.approx(expected, rel=1e-5) and not e.notes
    assert not [f for f in lb.audit(model, Dataset(parts)) if f.severity == "error"]


@pytest.mark.parametrize("loss", ["categorical_hinge", "categorical_crossentropy"])
def test_batches_of_other_numbers_of_classes(rng, loss):
    """The true class is known of each batch, although the first loss leaves no axis of classes."""
    inputs = keras.Input((None, 4))
    scores = layers.Lambda(lambda t: ops.squeeze(t, -1))(layers.Dense(1)(inputs))
    model = keras.Model(inputs, layers.Softmax()(scores))
    model.compile("sgd", loss)
    parts = [
        (rng.normal(size=(4, n, 4)).astype("float32"), np.eye(n, dtype="float32")[:4])
        for n in (5, 9, 4)
    ]
    e = lb.explain(model, Dataset(parts))
    close(e, reported(model, Dataset(parts)))
    values = [to_numpy(keras.losses.get(loss)(y, model(x))) for x, y in parts]
    expected = np.sum(values, 0) / 12
    found = {k: value for k, value in e.by("true_class").items() if value}
    assert found == pytest.approx(dict(enumerate(expected)), rel=1e-5)


@pytest.mark.parametrize("kind", ["arrays", "numbers", "PyDataset", "tf.data"])
def test_class_weights_are_those_of_fit(rng, kind):
    name = "sparse_categorical_crossentropy" if kind == "numbers" else "categorical_crossentropy"
    model = flat_model(name, "softmax")
    model.optimizer.learning_rate = 0.0
    x, y, labels = flat_data(rng)
    weights = {0: 0.5, 1: 3.0, 2: 1.5}
    data = {"x": x, "y": labels if kind == "numbers" else y}
    if kind == "PyDataset":
        data = {"x": Dataset(batches(x, y))}
    elif kind == "tf.data":
        tf = pytest.importorskip("tensorflow")
        data = {"x": tf.data.Dataset.from_tensor_slices((x, y)).batch(3)}
    if "y" in data:
        data["batch_size"] = 3
    e = lb.explain(model, **data, class_weight=weights)
    fitted = model.fit(**data, class_weight=weights, shuffle=False, verbose=0).history["loss"][0]
    close(e, fitted)


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("lost", [True, False])
def test_logits_behind_a_saturated_sigmoid_count_exactly_where_keras_finds_them(rng, eager, lost):
    x, y, _ = flat_data(rng)
    stack = [keras.Input((5,)), layers.Dense(CLASSES, "sigmoid", name="out")]
    model = keras.Sequential([*stack, layers.Reshape((CLASSES,))] if lost else stack)
    model.set_weights([60 * w for w in model.get_weights()])
    model.compile("sgd", "binary_crossentropy", run_eagerly=eager)
    e = lb.explain(model, x, y)
    close(e, reported(model, x, y))
    worst = max(e.by("sample", "class").values()) * ROWS * CLASSES
    assert (worst > 17) == (BACKEND == "tensorflow" and not lost)  # clipped ones end at 16.1


@pytest.mark.parametrize("ignored", [None, 1])
def test_logits_are_lost_where_a_class_is_ignored(rng, ignored):
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=ignored)
    model = flat_model(loss, "softmax")
    model.set_weights([100 * w for w in model.get_weights()])
    x, _, labels = flat_data(rng, 30)
    e = lb.explain(model, x, labels)
    close(e, reported(model, x, labels))
    worst = max(v for k, v in e.by("sample").items()) * np.sum(labels != ignored)
    assert (worst > 17) == (BACKEND == "tensorflow" and ignored is None)


class AddsQuarter(layers.Layer):
    def call(self, x):
        self.add_loss(ops.mean(x) * 0 + 0.25)
        return x


def test_additional_losses_have_the_names_of_their_layers(rng):
    inputs = keras.Input((5,))
    hidden = layers.Dense(4, kernel_regularizer="l2", activity_regularizer="l1", name="hidden")
    x = AddsQuarter(name="adds")(hidden(inputs))
    model = keras.Model(inputs, layers.Dense(CLASSES, name="out")(x))
    model.compile("sgd", "mse")
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y, batch_size=3)
    close(e, reported(model, x, y, batch_size=3))
    source = e.by("source")
    assert source["(additional) adds/add_loss"] == pytest.approx(0.25)
    kernel = hidden.get_weights()[0]
    assert source["(additional) hidden/kernel"] == pytest.approx(0.01 * (kernel**2).sum(), rel=1e-5)
    assert set(source) == {
        "mse",
        "(additional) adds/add_loss",
        "(additional) hidden/activity_regularizer",
        "(additional) hidden/kernel",
    }
    additional = sum(value for key, value in source.items() if key != "mse")
    for key in ("output", "sample", "position", "class", "true_class"):
        assert e.by(key)["(additional)"] == pytest.approx(additional)
    assert set(e.by("batch")) == {0, 1, 2}


def test_a_model_with_nothing_but_add_loss(rng):
    inputs = keras.Input((5,))
    model = keras.Model(inputs, AddsQuarter(name="adds")(inputs))
    model.compile("sgd")
    x, _, _ = flat_data(rng)
    e = lb.explain(model, x, batch_size=3)
    assert e.by("source") == pytest.approx({"(additional) adds/add_loss": 0.25})
    assert e.total == pytest.approx(reported(model, x)) == e.reported
    assert e.outputs == () and e.worst() == ()


def test_a_scalar_loss_is_atomic_and_its_batch_is_known(rng):
    def scalar(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))

    model = flat_model(scalar)
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y, batch_size=4)
    close(e, reported(model, x, y, batch_size=4))
    for key in ("sample", "position", "class", "true_class"):
        assert set(e.by(key)) == {"(atomic)"}
    assert set(e.by("batch")) == {0, 1}


def test_values_of_a_users_loss_are_split_by_sample_and_position(rng):
    def steps(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    model = keras.Sequential([keras.Input((STEPS, 5)), layers.Dense(CLASSES)])
    model.compile("sgd", steps)
    x, y = rng.normal(size=(ROWS, STEPS, 5)), rng.normal(size=(ROWS, STEPS, CLASSES))
    mine = lb.explain(model, x, y)
    model.compile("sgd", "mse")
    theirs = lb.explain(model, x, y)
    for key in ("sample", "position"):
        assert mine.by(key) == pytest.approx(theirs.by(key), rel=1e-6)
    assert set(mine.by("class")) == {"(atomic)"} and set(theirs.by("class")) == {0, 1, 2}


def test_dice_per_class_is_split_by_class(rng):
    model, (x, y) = image_model(keras.losses.Dice(axis=(0, 1, 2))), image_data(rng)
    e = lb.explain(model, x, y)
    close(e, reported(model, x, y))
    assert set(e.by("class")) == {0, 1, 2} and set(e.by("sample")) == {"(atomic)"}


def two_outputs(**settings):
    inputs = keras.Input((5,))
    mask = layers.Dense(CLASSES, "sigmoid", name="mask")(inputs)
    score = layers.Dense(1, name="score")(inputs)
    model = keras.Model(inputs, {"mask": mask, "score": score})
    model.compile("sgd", {"mask": "binary_crossentropy", "score": "mse"}, **settings)
    return model


def test_outputs_losses_and_their_weights(rng):
    model = two_outputs(loss_weights={"mask": 0.5, "score": 2.0}, metrics={"score": "mae"})
    x, y, _ = flat_data(rng)
    y = {"mask": y, "score": y[:, :1]}
    e = lb.explain(model, x, y)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    close(e, logs["loss"])
    assert e.outputs == (("mask", "binary_crossentropy", 0.5), ("score", "mse", 2.0))
    parts = e.by("output")
    factors = (0.5, 2.0) if VERSION >= (3, 7) else (1, 1)  # before, Keras logged weighted losses
    assert parts["mask"] == pytest.approx(factors[0] * logs["mask_loss"], rel=2e-6)
    assert parts["score"] == pytest.approx(factors[1] * logs["score_loss"], rel=2e-6)
    assert e.by("output", "source") == {
        ("mask", "binary_crossentropy"): parts["mask"],
        ("score", "mse"): parts["score"],
    }


def test_the_model_is_as_it_was(rng):
    model = two_outputs(metrics={"score": "mae"})
    x, y, _ = flat_data(rng)
    y = {"mask": y, "score": y[:, :1]}
    before = model.evaluate(x, y, verbose=0, return_dict=True)
    function, attributes = model.test_function, set(vars(model))
    losses = {id(loss): set(vars(loss)) for loss in _losses(model)}
    lb.explain(model, x, y)
    assert model.test_function is function and set(vars(model)) == attributes
    assert {id(loss): set(vars(loss)) for loss in _losses(model)} == losses
    assert model.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(before)
    history = model.fit(x, y, verbose=0).history
    assert set(history) == set(before)


def _losses(model):
    compiled = model._compile_loss
    entries = getattr(compiled, "_flat_losses", None) or compiled.flat_losses
    return [getattr(entry, "loss", entry) for entry in entries]


def test_a_model_that_was_never_called(rng):
    model = keras.Sequential([layers.Dense(CLASSES, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["mae"])
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y)
    close(e, reported(model, x, y))


def test_explaining_twice_and_after_a_step_of_training(rng):
    model = flat_model("binary_crossentropy", "sigmoid", eager=False)
    x, y, _ = flat_data(rng)
    first = lb.explain(model, x, y)
    assert lb.explain(model, x, y).total == first.total
    model.fit(x, y, verbose=0)
    second = lb.explain(model, x, y)
    close(second, reported(model, x, y))
    assert second.total < first.total


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's warning")
def test_many_calls_give_no_hint_on_retracing(rng, caplog):
    import tensorflow as tf

    model = flat_model("mse", eager=False)
    x, y, _ = flat_data(rng)
    monitor = tf.get_logger()
    monitor.addHandler(caplog.handler)
    for tool in (lb.explain, lb.audit):
        for _ in range(6):
            tool(model, x, y, batch_size=3)
    monitor.removeHandler(caplog.handler)
    assert "retracing" not in caplog.text


def test_a_second_call_sees_the_model_as_it_is_now(rng):
    """Other weights, an attribute of a loss: what an earlier call has traced is not asked again."""

    class Scaled(keras.losses.Loss):
        factor = 1.0

        def call(self, y_true, y_pred):
            return self.factor * ops.mean(ops.square(y_true - y_pred), -1)

    model, loss = flat_model("mse"), Scaled()
    model.compile("sgd", loss)
    x, y, _ = flat_data(rng)
    once = lb.explain(model, x, y, sample_weight=np.ones(len(x), "float32")).total
    close(lb.explain(model, x, y), once)
    loss.factor = 3.0
    now = reported(model, x, y) if BACKEND == "jax" else 3 * once  # JAX keeps the trace of before
    np.testing.assert_allclose(lb.explain(model, x, y).reported, now, rtol=1e-6)


def test_an_error_on_the_way_leaves_the_model_whole(rng, monkeypatch):
    model = flat_model("binary_crossentropy", "sigmoid")
    x, y, _ = flat_data(rng)
    before = reported(model, x, y)
    explain = lb.explain.__globals__
    monkeypatch.setitem(explain, "part_of", lambda *_: (_ for _ in ()).throw(ValueError("no")))
    with pytest.raises(ValueError, match=r"^no\b"):  # JAX adds a note
        lb.explain(model, x, y)
    assert reported(model, x, y) == pytest.approx(before)
    assert "compute_loss" not in vars(model)


@pytest.mark.skipif(VERSION < (3, 7), reason="Keras refuses it")
def test_more_losses_than_outputs(rng):
    """Keras takes the first one, and drops the others without a word."""
    model = flat_model(["mse", "mae"])
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y)
    close(e, reported(model, x, y))
    assert len(e.outputs) == 1 and set(e.by("source")) == {"mse"}


@pytest.mark.skipif(BACKEND == "torch", reason="Keras refuses it")
def test_several_steps_in_one_execution(rng):
    model = flat_model("mse", eager=False, steps_per_execution=2)
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y, batch_size=2)
    close(e, reported(model, x, y, batch_size=2))
    assert e.batch_sizes == (2, 2, 2, 1) and model.steps_per_execution == 2


def test_a_loss_in_half_precision(rng):
    """Half precision rounds by up to 2^-11, in a dozen operations."""
    model = flat_model(keras.losses.MeanSquaredError(dtype="float16"))
    x, y, _ = flat_data(rng, 40)
    e = lb.explain(model, x, y, sample_weight=np.full(40, 1.5))
    assert abs(e.residual) <= 12 * 2.0**-11 * e.total


def test_steps_end_a_data_set_that_goes_on(rng):
    model = flat_model("mse")
    x, y, _ = flat_data(rng)

    def endless():
        while True:
            yield x, y

    e = lb.explain(model, endless(), steps=3)
    assert e.batch_sizes == (ROWS,) * 3
    assert e.total == pytest.approx(lb.explain(model, x, y).total)


@pytest.mark.parametrize("strange", [0.0, np.nan, np.inf])
def test_tables_by_true_class(rng, strange):
    """NaN and infinity stay with the label that has them."""
    values, labels = rng.normal(size=(3, 4, 500)).astype("float32"), rng.integers(-1, 5, (3, 500))
    values[1, 2, 7], labels[1, 7] = strange, 3
    axes = parts.Axes("out", "mse", labels=Labels("number", 5))
    tensor, true = ops.convert_to_tensor(values.transpose(0, 2, 1)), ops.convert_to_tensor(labels)
    summed = tables.tables(ops, axes, tensor, lambda: true)
    found = {k: to_numpy(t) for k, t in summed.items()}
    assert found["table"].shape == (3, 4, 6)
    for (i, j, k), part in np.ndenumerate(found["table"]):
        expected = values[i, j][labels[i] == k - 1].astype("float64").sum()
        assert part == pytest.approx(expected, rel=1e-5, abs=1e-5, nan_ok=True)
        assert np.isfinite(part) or (i, j, k) == (1, 2, 4)
    assert found["place"] == pytest.approx(values.sum(0).T, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize(
    "odd",
    [None, (0, 0, 0), (1, 1, 0), (1, 1e-30, 0), (1 - 6e-8, 6e-8, 0), (2, -1, 0), (1, np.nan, 0)],
)
def test_only_one_hot_targets_are_a_table(rng, rows, odd):
    """A single position that is off by the smallest number has no true class of its own."""
    values = rng.normal(size=(rows, 400, 2)).astype("float32")
    targets = np.eye(3, dtype="float32")[rng.integers(0, 3, (rows, 400))]
    if rows and odd:
        targets[1, 7] = odd
    labels = Labels("only", 3, 2)
    true = true_classes(np, labels, targets)
    axes = parts.Axes("out", "binary_crossentropy", labels=labels)
    given, summed = ops.convert_to_tensor(targets), {}
    for name, hot in {"by number": None, "by targets": given}.items():
        number = ops.convert_to_tensor(true)
        summed[name] = tables.tables(
            ops, axes, ops.convert_to_tensor(values), lambda number=number: number, hot
        )
    for name, by_number in summed["by number"].items():
        found = to_numpy(summed["by targets"][name])
        np.testing.assert_allclose(found, to_numpy(by_number), rtol=0, atol=1e-5)
    expected = [
        [[row[here == k].sum(0)[c] for k in (-1, 0, 1, 2)] for c in (0, 1)]
        for row, here in zip(values, true, strict=True)
    ]
    expected = np.reshape(expected, (rows, 2, 4))
    np.testing.assert_allclose(to_numpy(summed["by targets"]["table"]), expected, atol=1e-4)


def test_more_classes_than_are_added_up_on_the_device(rng):
    many = tables.FEW + 8
    model = flat_model("sparse_categorical_crossentropy", "softmax", units=many)
    x = rng.normal(size=(90, 5)).astype("float32")
    labels = rng.integers(0, many, 90)
    e = lb.explain(model, x, labels)
    close(e, reported(model, x, labels))
    for k in np.unique(labels)[:5]:
        alone = reported(model, x, labels, sample_weight=1.0 * (labels == k))
        assert e.by("true_class")[k] == pytest.approx(alone, rel=2e-6)
    assert "34 others" in repr(e)


@pytest.mark.parametrize("classes", [127, 128, 129, 2**15])  # of one byte, or of two
def test_the_last_of_many_classes(rng, classes):
    model = flat_model("sparse_categorical_crossentropy", "softmax", units=classes)
    x, labels = flat_data(rng)[0], classes - 1 - np.arange(ROWS)
    e = lb.explain(model, x, labels)
    expected = -np.log(to_numpy(model(x))[np.arange(ROWS), labels]) / ROWS
    found = {k: value for k, value in e.by("true_class").items() if value}
    assert found == pytest.approx(dict(zip(labels, expected, strict=True)), rel=1e-5)


def test_groups_of_the_readers_own(rng):
    model = flat_model("mse")
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y, batch_size=3)
    site = np.array(["A", "B", "A", "A", "B", "C", "C"])
    parts, by_sample = e.by(site), e.by("sample")
    for name in "ABC":
        assert parts[name] == pytest.approx(sum(by_sample[i] for i in np.flatnonzero(site == name)))
        alone = reported(model, x, y, sample_weight=1.0 * (site == name), batch_size=3)
        assert parts[name] == pytest.approx(alone, rel=2e-6)
    pairs = e.by(site.tolist(), "class")
    assert pairs["C", 1] == pytest.approx(
        e.by("sample", "class")[5, 1] + e.by("sample", "class")[6, 1]
    )
    with pytest.raises(
        ValueError, match=r"each of the 7 samples.*shape \(3,\).*Expected shape \(7,\)"
    ):
        e.by([1, 2, 3])


def test_worst_samples(rng):
    model = flat_model("mse")
    x, y, _ = flat_data(rng)
    e = lb.explain(model, x, y)
    ordered = sorted(e.by("sample").items(), key=lambda item: -item[1])
    assert e.worst(3) == tuple(ordered[:3]) and len(e.worst()) == ROWS


def test_samples_that_are_nan_are_the_worst(rng):
    x, y, _ = flat_data(rng)
    y[[2, 5]] = np.nan
    assert [sample for sample, _ in lb.explain(flat_model("mse"), x, y).worst(2)] == [2, 5]


def test_nan_stays_where_it_is(rng):
    model = flat_model("mse")
    x, y, _ = flat_data(rng)
    y[2] = np.nan
    e = lb.explain(model, x, y)
    assert np.isnan(e.total) and np.isnan(e.reported) and np.isnan(e.by("sample")[2])
    assert np.isfinite(e.by("sample")[1])
    assert "nan" in repr(e)


def test_what_trace_warns_of_is_said_once_with_the_output(rng):
    model = keras.Sequential([keras.Input((STEPS, 5)), layers.Dense(CLASSES, name="out")])
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(2 * STEPS, STEPS, 5)), rng.normal(size=(2 * STEPS, STEPS, CLASSES))
    weight = np.ones(2 * STEPS, "float32")
    with pytest.warns(UserWarning) as caught:
        lb.explain(model, x, y, sample_weight=weight, batch_size=STEPS)
    told = [w for w in caught if "sample" in str(w.message)]
    assert len(told) == 1 and told[0].filename == __file__
    start = "Output 'out': sample_weight of shape (4,) meets values of shape"
    assert str(told[0].message).startswith(start)


def test_the_callback_logs_the_parts(rng, tmp_path):
    model = flat_model("binary_crossentropy", "sigmoid", eager=False, metrics=["mae"])
    x, y, _ = flat_data(rng)
    file = tmp_path / "log.csv"
    callback = lb.explain.callback(x, y, by=("class", "output"), batch_size=3)
    history = model.fit(
        x,
        y,
        epochs=3,
        validation_data=(x, y),
        validation_batch_size=3,
        callbacks=[callback, keras.callbacks.CSVLogger(str(file))],
        verbose=0,
    ).history
    names = [f"val_loss/class_{k}" for k in range(CLASSES)]
    sums = np.sum([history[name] for name in names], axis=0)
    np.testing.assert_allclose(sums, history["val_loss"], rtol=3e-6)
    np.testing.assert_allclose(history["val_loss/output_out"], history["val_loss"], rtol=3e-6)
    assert set(names) <= set(next(csv.DictReader(file.read_text().splitlines())))
    assert isinstance(callback, ExplainCallback)
    assert callback.explanation.total == pytest.approx(sums[-1])
    assert history["loss"][2] < history["loss"][0] and "mae" in history


def test_the_callback_may_skip_epochs_and_name_additional_losses(rng):
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(CLASSES, kernel_regularizer="l2", name="out")(inputs))
    model.compile("sgd", "mse")
    x, y, _ = flat_data(rng)
    callback = lb.explain.callback(x, y, by="source", prefix="", every=2)
    history = model.fit(x, y, epochs=3, callbacks=[callback], verbose=0).history
    assert set(history) == {"loss", "loss/source_mse", "loss/source_out/kernel"}
    assert len(history["loss/source_mse"]) == 1


@pytest.mark.parametrize(
    ("verbose", "patience", "shown"),
    [(0, -1.0, False), (1, 60.0, True), ("auto", 60.0, False), ("auto", -1.0, True)],
)
def test_the_progress_bar(rng, capsys, monkeypatch, verbose, patience, shown):
    """Unless told, it comes where a pass takes longer than one's patience."""
    monkeypatch.setattr(progress, "PATIENCE", patience)
    model = flat_model("mse")
    x, y, _ = flat_data(rng)
    lb.explain(model, x, y, batch_size=3, verbose=verbose)
    printed = capsys.readouterr().out
    assert bool(printed) == shown
    if shown:
        assert "3/3" in printed and re.search(r"loss: \d", printed)


def test_a_slow_first_batch_brings_no_bar(rng, capsys, monkeypatch):
    """It waits for the compilation: half a minute on a GPU, for a pass that takes a moment."""
    clock = iter((100.0, 102.9, 103.1))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    callback = progress.progress("auto")[0]
    callback.set_params({"steps": 3})
    callback.on_test_batch_end(0, {"loss": 1.0})
    callback.on_test_batch_end(1, {"loss": 1.0})
    callback.on_test_end()
    assert not capsys.readouterr().out
    callback.on_test_batch_end(2, {"loss": 1.0})
    assert "3/3" in capsys.readouterr().out


def test_the_text(rng, snapshot):
    model = two_outputs(loss_weights={"mask": 0.5, "score": 1.0})
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    y = {"mask": np.eye(3, dtype="float32"), "score": np.array([[1.0], [2.0], [3.0]])}
    text = repr(lb.explain(model, np.ones((3, 5), "float32"), y, batch_size=2))
    assert re.sub(r"-?\d\.\de-\d\d", "0.0e+00", text) == snapshot  # rounding differs by backend


def test_the_html_escapes_every_name():
    hostile = "<script>alert('1')</script> & \"🙂\""

    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(CLASSES)

        def call(self, x):
            return {hostile: self.dense(x)}

    model = Two()
    model.compile("sgd", {hostile: "mse"})
    e = lb.explain(model, np.ones((3, 5), "float32"), {hostile: np.eye(3)})
    assert hostile in e.by("output")
    html = e._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html and "🙂" in html
    assert "<script" not in lb.plots.waterfall(e, "output")._repr_mimebundle_()["image/svg+xml"]


def test_a_solved_log_cosh_differs_by_no_more_than_rounding(rng):
    """Its terms of log 2 cancel: what is left of them is as it is in Keras."""
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    model.compile(loss="log_cosh")
    y = rng.normal(size=(64, 3)).astype("float32")
    e = lb.explain(model, y + rng.normal(size=(64, 3)).astype("float32") * 3e-4, y, batch_size=32)
    assert abs(e.reported) < 1e-6
    assert e.notes == ()
    assert e.total == pytest.approx(e.reported, abs=e.rounding)
