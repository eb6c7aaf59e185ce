"""Losses that nobody expects: explain and audit look at them, and leave the model as it was."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb
from lossbook._model import known_loss

Y, P = np.eye(3, dtype="float32"), np.full((3, 3), 0.25, "float32")
MEAN_OF_SQUARES = (3 * 0.75**2 + 6 * 0.25**2) / 9


class Fails(keras.losses.MeanSquaredError):
    """Its function can't be read yet."""

    @property
    def fn(self):
        raise RuntimeError("not ready")

    @fn.setter
    def fn(self, function):
        pass


class Lazy(keras.losses.MeanSquaredError):
    """Makes its options when they are asked for."""

    @property
    def _fn_kwargs(self):
        return {}

    @_fn_kwargs.setter
    def _fn_kwargs(self, options):
        vars(self)["_fn_kwargs"] = {"delta": 1.0}


class WithoutOptions(keras.losses.MeanSquaredError):
    def __init__(self):
        super().__init__()
        self._fn_kwargs = None


class Nameless:
    """Has no name, and equals nothing that it can be compared with."""

    __hash__ = None

    def __eq__(self, other):
        raise TypeError("not comparable")

    def __getattr__(self, name):
        raise AttributeError(name)

    def __call__(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


STRANGE = {  # name: (the loss, what evaluate gives, None where Keras fails)
    "a partial of a Loss": (
        lambda: functools.partial(keras.losses.BinaryCrossentropy()),
        -(3 * np.log(0.25) + 6 * np.log(0.75)) / 9,
    ),
    "a partial of a partial of a metric": (
        lambda: functools.partial(functools.partial(keras.metrics.BinaryAccuracy())),
        6 / 9,
    ),
    "a metric": (keras.metrics.BinaryAccuracy, 6 / 9),
    "a callable without a name": (Nameless, MEAN_OF_SQUARES),
    "a function that fails to show": (Fails, None),
    "options that are made": (Lazy, MEAN_OF_SQUARES),
    "options that are None": (WithoutOptions, None),
    "a class that takes options for targets": (
        lambda: functools.partial(keras.losses.Huber, delta=0.3),
        None,
    ),
    "a partial that binds the targets": (
        lambda: functools.partial(keras.losses.mean_squared_error, y_true=None),
        None,
    ),
}


def state(model):
    """Return all that hangs on a model, its compiled loss and the Loss objects in it."""
    compiled = model._compile_loss
    losses = [loss for loss in [compiled._user_loss] if isinstance(loss, keras.losses.Loss)]
    found = [model, compiled, *losses]
    return [dict(vars(each)) for each in found if each is not None]


def compiled(loss):
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    loss = loss() if isinstance(loss, type) else loss
    model.compile("sgd", loss, metrics=["mae"], run_eagerly=True)
    return model


def evaluated(model):
    try:
        return model.evaluate(P, Y, verbose=0)[0]
    except Exception as error:
        return type(error)


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize(("loss", "expected"), STRANGE.values(), ids=STRANGE)
def test_the_model_is_left_as_it_was(loss, expected):
    model = compiled(loss())
    keras_gives = evaluated(model)
    for tool in (lb.explain, lb.audit):
        left_as_it_was(tool, model, keras_gives, expected)
    model.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)
    assert model.evaluate(P, Y, verbose=0) == pytest.approx([MEAN_OF_SQUARES, 30 / 72], 2e-6)
    assert sorted(model.fit(P, Y, verbose=0).history) == ["loss", "mae"]


def left_as_it_was(tool, model, keras_gives, expected):
    """Assert that a tool says what Keras gives, and leaves the model as it was."""
    before = state(model)
    try:
        seen = tool(model, P, Y)
    except Exception as error:
        assert type(error) is keras_gives, error
    else:
        if expected is None:
            assert any(finding.severity == "error" for finding in seen)
        elif tool is lb.explain:
            assert keras_gives == pytest.approx(expected, 2e-6)
            assert [seen.total, seen.reported] == pytest.approx([expected] * 2, 2e-6)
    for old, new in zip(before, state(model), strict=True):
        assert old.keys() == new.keys()
        # Keras makes an empty list anew where it cannot build its losses.
        changed = {name for name in old if old[name] is not new[name] and old[name] != []}
        assert changed <= {"history"}  # evaluate makes it


@pytest.mark.parametrize("loss", [Fails, Lazy, WithoutOptions])
def test_a_loss_that_computes_its_parts_is_not_keras_own(loss):
    assert known_loss(loss()) is None


UNUSUAL = {  # name: (what makes the loss, whether lossbook computes with such options)
    "a number for True": (lambda: keras.losses.BinaryCrossentropy(from_logits=1), False),
    "NumPy's True": (lambda: keras.losses.BinaryCrossentropy(from_logits=np.True_), False),
    "a tensor that smooths": (
        lambda: keras.losses.BinaryCrossentropy(label_smoothing=ops.convert_to_tensor(0.1)),
        False,
    ),
    "several axes": (lambda: keras.losses.CosineSimilarity(axis=(0, 1)), False),
    "a list of axes": (lambda: keras.losses.CosineSimilarity(axis=[-1]), False),
    "the axis of the rows": (lambda: keras.losses.BinaryCrossentropy(axis=0), True),
    "the axis of the rows, from behind": (
        lambda: keras.losses.CategoricalFocalCrossentropy(axis=-2),
        True,
    ),
    "an array of weights": (
        lambda: keras.losses.CategoricalFocalCrossentropy(alpha=np.array([0.1, 0.2, 0.3])),
        True,
    ),
}


@pytest.mark.parametrize(("loss", "known"), UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_options(loss, known):
    """What lossbook doesn't compute with, it takes as the loss function leaves it."""
    rng = np.random.default_rng(3)
    x = rng.dirichlet(np.ones(3), 4).astype("float32")
    y = np.eye(3, dtype="float32")[[0, 1, 2, 1]]
    loss = loss()
    model = compiled(loss)
    expected = float(loss(y, x))
    explained = lb.explain(model, x, y)
    assert [explained.total, explained.reported] == pytest.approx([expected] * 2, 2e-6)
    assert sum(explained.by("class", "position").values()) == pytest.approx(expected, 2e-6)
    assert (known_loss(loss) is not None) == known
    lb.audit(model, x, y)


@pytest.mark.parametrize("length", [3, 5])
def test_classes_that_come_before_the_positions(length):
    """The mask of an audit acts on positions, wherever the axis of the classes is."""
    y = np.zeros((4, 3, length), "float32")
    y[:, 0] = 1
    x = np.zeros_like(y)
    x[:, 1] = 1  # infinitely wrong, at every position
    model = keras.Sequential([keras.Input((3, length)), layers.Identity()])
    model.compile("sgd", keras.losses.CategoricalCrossentropy(axis=1))
    weight = np.zeros((4, length), "float32")
    weight[:, 0] = 1  # one position of each row counts
    (finding,) = (f for f in lb.audit(model, x, y, weight) if f.code == "probabilities-clipped")
    assert finding.evidence["clipped"] == 4
