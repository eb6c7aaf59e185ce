"""Whose a loss is: trace, identify, explain and audit go by the object, never by its name.

Every loss is compiled, and what Keras reports is the number that NumPy gives by hand: so each of
them is what its line says it is.
"""

import copy
import functools
import types

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.src.losses import losses as source
from keras.src.losses.losses import LossFunctionWrapper

import lossbook as lb
from lossbook._losses import keras_objects
from lossbook._model import known_loss

BACKEND = keras.backend.backend()
MSE, BCE, HUBER = (
    keras.losses.mean_squared_error,
    keras.losses.binary_crossentropy,
    keras.losses.huber,
)
RNG = np.random.default_rng(17)
Y = (RNG.random((4, 3)) > 0.5).astype("float32")
P = RNG.uniform(0.1, 0.9, (4, 3)).astype("float32")
W = RNG.uniform(0.5, 2.0, (4, 3)).astype("float32")

# By hand, in float64: one value per element.
y, p, w = (array.astype(np.float64) for array in (Y, P, W))
SQUARES = (y - p) ** 2
ENTROPIES = -(y * np.log(p) + (1 - y) * np.log(1 - p))
OF_LOGITS = np.log1p(np.exp(-np.abs(p))) + np.maximum(p, 0) - p * y


def huber(delta):
    error = np.abs(y - p)
    return np.where(error <= delta, error**2 / 2, delta * error - delta**2 / 2)


def same(loss):
    """Return a compiled model that predicts its input."""
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    model.compile("sgd", loss, run_eagerly=True)
    return model


def ten(y_true, y_pred):
    return 10 * MSE(y_true, y_pred)


def ten_wrapped(y_true, y_pred, factor=10):
    return factor * MSE(y_true, y_pred)


functools.update_wrapper(ten_wrapped, MSE)


class Sums(keras.losses.MeanSquaredError):
    def __init__(self):
        super().__init__(reduction="sum")


class Described(keras.losses.BinaryCrossentropy):
    def get_config(self):
        return {**super().get_config(), "author": "me"}


A_MSE = ("mean_squared_error", {})
A_BCE = ("binary_crossentropy", {"from_logits": True, "label_smoothing": 0.0, "axis": -1})
WITH_LOGITS = keras.losses.BinaryCrossentropy(from_logits=True)
KERAS_OWN = {  # name: (how to make the loss, its name and options, what evaluate gives)
    "function": (lambda: MSE, A_MSE, SQUARES.mean()),
    "class": (lambda: keras.losses.MeanSquaredError, A_MSE, SQUARES.mean()),
    "listed as a metric": (lambda: keras.metrics.mean_squared_error, A_MSE, SQUARES.mean()),
    "by name": (lambda: keras.losses.get("mse"), A_MSE, SQUARES.mean()),
    "serialised": (
        lambda: keras.losses.deserialize(keras.losses.serialize(WITH_LOGITS)),
        A_BCE,
        OF_LOGITS.mean(),
    ),
    "copied": (lambda: copy.deepcopy(WITH_LOGITS), A_BCE, OF_LOGITS.mean()),
    "partial": (
        lambda: functools.partial(BCE, from_logits=True),
        ("binary_crossentropy", {"from_logits": True}),
        OF_LOGITS.mean(),
    ),
    "partial of a partial, wrapped": (
        lambda: LossFunctionWrapper(
            functools.partial(functools.partial(HUBER, delta=9.0), delta=0.3), reduction="sum"
        ),
        ("huber", {"delta": 0.3}),
        huber(0.3).mean(axis=-1).sum(),
    ),
    "the wrapper's options win": (
        lambda: LossFunctionWrapper(functools.partial(HUBER, delta=9.0), delta=0.3),
        ("huber", {"delta": 0.3}),
        huber(0.3).mean(),
    ),
    "another name": (
        lambda: keras.losses.MeanSquaredError(name="binary_crossentropy"),
        A_MSE,
        SQUARES.mean(),
    ),
    "subclass with a reduction": (Sums, A_MSE, SQUARES.mean(axis=-1).sum()),
    "subclass with a config": (lambda: Described(from_logits=True), A_BCE, OF_LOGITS.mean()),
}


@pytest.mark.parametrize(("loss", "known", "expected"), KERAS_OWN.values(), ids=KERAS_OWN)
def test_keras_own_is_split_by_class(loss, known, expected):
    loss = loss()
    explained = lb.explain(same(loss), P, Y)
    assert [explained.reported, explained.total] == pytest.approx([expected] * 2, 2e-6)
    assert sorted(explained.by("class")) == [0, 1, 2]
    assert known_loss(loss_object(loss)) == known
    traced = lb.trace(loss, Y, P)
    assert traced.loss == known[0]
    assert traced.total == pytest.approx(expected, 2e-6)
    assert lb.identify(f"{expected:.5f}", loss=loss, y_true=Y, y_pred=P).matches


def instance(name, function):
    loss = keras.losses.MeanSquaredError()
    setattr(loss, name, function)
    return loss


class MeanSquaredError(keras.losses.MeanSquaredError):
    """Bears the name of its base, and its module."""

    def call(self, y_true, y_pred):
        return 10 * super().call(y_true, y_pred)


MeanSquaredError.__module__ = "keras.src.losses.losses"


class Whole(keras.losses.MeanSquaredError):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return 10 * super().__call__(y_true, y_pred, sample_weight)


class Hidden(keras.losses.MeanSquaredError):
    @property
    def fn(self):
        return ten

    @fn.setter
    def fn(self, function):
        vars(self)["fn"] = function


class Callable:
    """Says that it is whatever it is compared with, and cannot be looked up in a table."""

    __name__ = "mean_squared_error"
    __module__ = "keras.src.losses.losses"
    __hash__ = None

    def __eq__(self, other):
        return True

    def __call__(self, y_true, y_pred):
        return ten(y_true, y_pred)


class Foreign:
    """Looks like a loss of tf_keras, which is no Loss of Keras 3."""

    reduction, fn, name = "auto", MSE, "mean_squared_error"

    def __call__(self, y_true, y_pred):
        return ops.mean(ten(y_true, y_pred))


Foreign.__module__ = "tf_keras.src.losses"


def registered():
    """Return a function that Keras has registered, as it finds it by its name."""

    @keras.saving.register_keras_serializable("own")
    def mean_squared_error(y_true, y_pred):
        return ten(y_true, y_pred)

    return keras.saving.get_registered_object("own>mean_squared_error")


def compiled_function():
    if BACKEND != "tensorflow":
        pytest.skip("tf.function is TensorFlow's")
    import tensorflow as tf

    return tf.function(MSE)


TEN, ROWS, CLASSES = 10 * SQUARES.mean(), "sample", "class"
OWN = {  # name: (how to make the loss, what evaluate gives, its finest grain)
    "a wrapper": (lambda: ten_wrapped, TEN, ROWS),
    "a partial of a wrapper": (lambda: functools.partial(ten_wrapped, factor=3), 0.3 * TEN, ROWS),
    "call of an instance": (lambda: instance("call", ten), TEN, ROWS),
    "fn of an instance": (lambda: instance("fn", ten), TEN, ROWS),
    "fn of an instance, wrapped": (lambda: instance("fn", ten_wrapped), TEN, ROWS),
    "a subclass by the same name": (MeanSquaredError, TEN, ROWS),
    "a __call__": (Whole, TEN, None),
    "a property in place of fn": (Hidden, TEN, ROWS),
    "a lambda": (lambda: lambda y_true, y_pred: ten(y_true, y_pred), TEN, ROWS),
    "a callable that equals all": (Callable, TEN, ROWS),
    "a loss of another library": (Foreign, TEN, None),
    "a registered function": (registered, TEN, ROWS),
    "a copy of Keras's function": (
        lambda: types.FunctionType(MSE.__code__, MSE.__globals__, MSE.__name__),
        SQUARES.mean(),
        ROWS,
    ),
    "a compiled function": (compiled_function, SQUARES.mean(), ROWS),
    "a wrapper object": (lambda: LossFunctionWrapper(ten, name="mse"), TEN, ROWS),
    "a bound call": (lambda: keras.losses.MeanSquaredError().call, SQUARES.mean(), ROWS),
    "a bound __call__": (lambda: keras.losses.MeanSquaredError().__call__, SQUARES.mean(), None),
    "a Loss in a Loss": (
        lambda: LossFunctionWrapper(keras.losses.MeanSquaredError()),
        SQUARES.mean(),
        None,
    ),
    "a partial of a Loss": (
        lambda: functools.partial(keras.losses.BinaryCrossentropy()),
        ENTROPIES.mean(),
        None,
    ),
    "a partial by position": (
        lambda: functools.partial(lambda factor, y_true, y_pred: factor * ten(y_true, y_pred), 2.0),
        2 * TEN,
        ROWS,
    ),
    "an operation": (lambda: ops.binary_crossentropy, ENTROPIES.mean(), CLASSES),
    "a partial of an operation": (
        lambda: functools.partial(ops.binary_crossentropy, from_logits=True),
        OF_LOGITS.mean(),
        CLASSES,
    ),
    "the sum of an operation": (
        lambda: LossFunctionWrapper(ops.binary_crossentropy, reduction="sum"),
        ENTROPIES.sum(),
        CLASSES,
    ),
    "an operation without classes": (
        lambda: ops.categorical_crossentropy,
        -(y * np.log(p / p.sum(axis=-1, keepdims=True))).sum(axis=-1).mean(),
        ROWS,
    ),
    "a function of metrics": (
        lambda: keras.metrics.categorical_accuracy,
        (y.argmax(axis=-1) == p.argmax(axis=-1)).mean(),
        ROWS,
    ),
    "a metric": (
        lambda: keras.metrics.BinaryAccuracy(),
        ((p > 0.5) == y).mean(),
        None,
    ),
}
UNKNOWN = r"Unknown loss .* pass the values to aggregate\(\)"


@pytest.mark.parametrize(("loss", "expected", "grain"), OWN.values(), ids=OWN)
def test_another_object_is_the_users_own(loss, expected, grain):
    loss = loss()
    model = same(loss)
    assert known_loss(loss_object(loss)) is None
    explained = lb.explain(model, P, Y)
    assert [explained.reported, explained.total] == pytest.approx([expected] * 2, 2e-6)
    kinds = {kind for kind in (ROWS, CLASSES) if len(explained.by(kind)) > 1}
    values = {None: set(), ROWS: {ROWS}, CLASSES: {ROWS, CLASSES}}[grain]
    assert kinds >= values  # more where it calls a loss of Keras's, which is split as far as that
    for kind in kinds:
        assert sum(explained.by(kind).values()) == pytest.approx(expected, 2e-6)
    assert {finding.code for finding in lb.audit(model, P, Y)} <= {
        "gradient-zero",  # an accuracy as the loss
        "loss-changes",  # a metric, which goes on from call to call
        "loss-reduces-batch",
        "reduction-sum",
    }
    with pytest.raises(ValueError, match=UNKNOWN):
        lb.trace(loss, Y, P)
    with pytest.raises(ValueError, match=UNKNOWN):
        lb.identify(f"{expected:.5f}", loss=loss, y_true=Y, y_pred=P)


def loss_object(loss):
    """Return the Loss object that compile makes of a loss."""
    loss = keras.losses.get(loss)
    return loss if isinstance(loss, keras.losses.Loss) else LossFunctionWrapper(loss, name="loss")


NAMESAKES = {
    "bears the name of Keras's, but is another object": [
        lambda: ten_wrapped,
        lambda: functools.partial(ten_wrapped, factor=3).func,
        lambda: ops.binary_crossentropy,
        MeanSquaredError,
        Callable,
        registered,
    ],
    "is of Keras's class, but calls another function": [
        lambda: instance("call", ten),
        lambda: instance("fn", ten_wrapped),
    ],
}


@pytest.mark.parametrize(
    ("words", "loss"), [(words, loss) for words, found in NAMESAKES.items() for loss in found]
)
def test_trace_says_of_a_namesake_what_it_is(words, loss):
    with pytest.raises(ValueError, match=words):
        lb.trace(loss(), Y, P)


def test_weights_of_an_operation_reach_its_elements():
    """`keras.ops.binary_crossentropy` leaves the class axis to the reduction, as it is."""
    model = same(ops.binary_crossentropy)
    expected = (w * ENTROPIES).mean()
    explained = lb.explain(model, P, Y, W)
    assert [explained.reported, explained.total] == pytest.approx([expected] * 2, 2e-6)
    by_class = (w * ENTROPIES).sum(axis=0) / ENTROPIES.size
    assert list(explained.by("class").values()) == pytest.approx(list(by_class), 2e-6)
    assert not lb.audit(model, P, Y, W)


def test_a_module_that_was_changed(monkeypatch):
    """The name in `keras.losses` stands for another function; Keras's own is still known."""
    monkeypatch.setattr(keras.losses, "mean_squared_error", ten_wrapped)
    monkeypatch.setattr(source, "mean_squared_error", ten_wrapped)
    assert keras_objects()["mean_squared_error"] is MSE
    assert lb.trace(MSE, Y, P).total == pytest.approx(SQUARES.mean(), 2e-6)
    patched = keras.losses.MeanSquaredError()  # calls what its module names so
    for loss in (keras.losses.mean_squared_error, patched):
        assert lb.explain(same(loss), P, Y).total == pytest.approx(TEN, 2e-6)
        with pytest.raises(ValueError, match="another"):
            lb.trace(loss, Y, P)
    assert lb.explain(same("mse"), P, Y).by("class")[0] == pytest.approx(
        SQUARES[:, 0].sum() / SQUARES.size, 2e-6
    )


@pytest.mark.parametrize("method", ["call", "__call__"])
def test_a_class_that_was_changed(monkeypatch, method):
    original = getattr(LossFunctionWrapper, method)

    @functools.wraps(original)
    def other(self, *arguments):
        return 10 * original(self, *arguments)

    monkeypatch.setattr(LossFunctionWrapper, method, other)
    explained = lb.explain(same("mse"), P, Y)
    assert explained.total == pytest.approx(TEN, 2e-6)
    assert explained.reported == pytest.approx(TEN, 2e-6)
    with pytest.raises(ValueError, match="calls another function"):
        lb.trace(keras.losses.MeanSquaredError(), Y, P)


def test_a_class_in_place_of_a_function():
    """`partial(Huber)` takes the targets for options: Keras fails, and it is none of its losses."""
    with pytest.raises(ValueError, match=UNKNOWN):
        lb.trace(functools.partial(keras.losses.Huber, delta=0.3), Y, P)
    assert known_loss(LossFunctionWrapper(keras.losses.Huber)) is None
