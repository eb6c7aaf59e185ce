"""The catalogue of losses against keras.losses, and what is special about some of them.

Random calls of every loss are compared with Keras's own in test_against_keras.py.
"""

import inspect

import keras
import numpy as np
import pytest
from keras import ops
from keras.src.losses.losses import LossFunctionWrapper

import lossbook as lb
from lossbook._losses import keras_objects
from lossbook._losses.catalogue import ALIASES, ATOMIC, LOSSES, options_of
from lossbook._model import known_loss
from tests.real_keras.draw.arrays import labels, predictions
from tests.real_keras.draw.options import CLASSES

NAMES = (*LOSSES, *ATOMIC)
LATER = {"circle", "categorical_generalized_cross_entropy"}  # than Keras 3.5
RELEASE = tuple(map(int, keras.__version__.split(".")[:2]))
TENSORFLOW = keras.backend.backend() == "tensorflow"


def public(kind):
    return {name for name, value in vars(keras.losses).items() if kind(value)}


def class_of(name):
    if name not in CLASSES:
        pytest.skip(f"Keras {keras.__version__} has no {name}")
    return CLASSES[name]


def test_every_loss_of_the_installed_keras_is_known():
    """A new Keras may bring a new loss: then it gets a place in the catalogue."""
    classes = public(lambda v: inspect.isclass(v)) - {"Loss"}
    functions = public(inspect.isfunction) - {"deserialize", "get", "serialize"}
    assert classes <= set(ALIASES), "no place in lossbook/_losses/catalogue.py"
    assert functions <= set(NAMES), "no place in lossbook/_losses/catalogue.py"
    assert set(NAMES) - set(CLASSES) <= (LATER if RELEASE < (3, 10) else set())


@pytest.mark.parametrize("name", NAMES)
def test_options_are_those_of_the_keras_class(name):
    taken = set(inspect.signature(class_of(name).__init__).parameters)
    taken -= {"self", "reduction", "name", "dtype"}
    assert set(options_of(name)) - taken <= ({"axis"} if RELEASE < (3, 10) else set())
    assert taken <= set(options_of(name))


@pytest.mark.parametrize("name", LOSSES)
def test_the_public_function_takes_keras_own_options(name):
    """Except the axis of a plain mean, which comes later."""
    ours = inspect.signature(getattr(lb.elementwise, name)).parameters
    theirs = inspect.signature(getattr(keras.losses, name, class_of(name))).parameters
    for option in options_of(name):
        if option == "axis" and LOSSES[name].activation == "sigmoid":
            continue
        assert option in ours
        if option != "q" and option in theirs:  # Keras's function has no default for q
            assert ours[option].default == theirs[option].default


@pytest.mark.skipif(not TENSORFLOW, reason="the others know no XLA as an option")
def test_class_numbers_in_a_step_that_xla_compiles():
    """XLA cannot compile the take_along_axis of Keras 3.5 to 3.8."""
    inputs = keras.Input((3, 4))
    model = keras.Model(inputs, keras.layers.Softmax()(inputs))
    model.compile(loss="sparse_categorical_crossentropy", jit_compile=True)
    rng = np.random.default_rng(0)
    e = lb.explain(model, rng.normal(size=(5, 3, 4)), rng.integers(0, 4, (5, 3)), batch_size=2)
    assert e.total == pytest.approx(e.reported, rel=1e-6)


@pytest.mark.parametrize("name", ATOMIC)
def test_atomic_losses_say_so(name):
    rng = np.random.default_rng(0)
    shape = (2, 6, 4) if name == "ctc" else (3, 4)
    y, p = labels(rng, name, shape), predictions(rng, name, shape, {})
    trace = lb.trace(class_of(name)(), y, p)
    assert trace["values"].operation == "atomic: no sum over elements"
    assert trace.stages[0].name == "values"
    assert trace.class_axis is None
    assert np.shape(trace.elementwise) == np.shape(CLASSES[name](reduction=None)(y, p))


def test_an_atomic_loss_that_keras_refuses_is_refused_with_shapes():
    with pytest.raises(ValueError) as caught:
        lb.trace("ctc", np.zeros((2, 3)), np.zeros((2, 4)))
    assert str(caught.value).startswith(
        "Keras's ctc refuses y_true of shape (2, 3) with y_pred of shape (2, 4): Logits `y_pred`"
    )


def test_ignore_class_leaves_sum_and_denominator():
    y = np.array([[0, 255, 1], [255, 255, 2]])
    p = np.full((2, 3, 4), 0.25)
    trace = lb.trace("sparse_categorical_crossentropy", y, p, ignore_class=255)
    np.testing.assert_allclose(trace.coefficients, [[1 / 3, 0, 1 / 3], [0, 0, 1 / 3]], rtol=1e-6)
    assert trace.total == pytest.approx(np.log(4), rel=1e-6)
    both = lb.trace(
        "sparse_categorical_crossentropy",
        y,
        p,
        mask=[[True, True, False], [True, True, True]],
        ignore_class=255,
    )
    np.testing.assert_allclose(both.coefficients, [[1 / 2, 0, 0], [0, 0, 1 / 2]], rtol=1e-6)


@pytest.mark.skipif(not TENSORFLOW, reason="only on TensorFlow does Keras recover logits")
@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_focal_recovers_logits_and_categorical_does_not(from_logits):
    """Logit -40 with label 1: 40 from the logit, 16.118 from the clipped probability."""
    z = ops.convert_to_tensor([[-40.0]])
    y, p = ops.ones((1, 1)), z if from_logits else keras.activations.sigmoid(z)
    loss = keras.losses.BinaryFocalCrossentropy(from_logits=from_logits)
    assert lb.trace(loss, y, p).total == pytest.approx(float(loss(y, p)), rel=1e-6)
    assert lb.trace(loss, y, p).total == pytest.approx(40.0, rel=1e-5)
    z = ops.convert_to_tensor([[-40.0, 0.0]])
    y, p = ops.convert_to_tensor([[1.0, 0.0]]), z if from_logits else keras.activations.softmax(z)
    loss = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, from_logits=from_logits)
    assert lb.trace(loss, y, p).total == pytest.approx(float(loss(y, p)), rel=1e-6)
    assert lb.trace(loss, y, p).total == pytest.approx(16.118, rel=1e-4)


def test_hinge_turns_labels_only_if_all_are_binary():
    for y in ([[0.0, 1.0]], [[0.0, 1.0, -1.0]]):
        p = np.full((1, len(y[0])), 0.5)
        theirs = float(keras.losses.Hinge()(np.array(y), p))
        assert lb.trace("hinge", y, p).total == pytest.approx(theirs, rel=1e-6)


@pytest.fixture
def newer(monkeypatch):
    """The sparse crossentropy of a Keras that has added options to it."""

    def function(y_true, y_pred, from_logits=False, axis=-1, label_smoothing=0.0, kind=None):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)

    monkeypatch.setitem(keras_objects(), "sparse_categorical_crossentropy", function)
    return lambda **options: LossFunctionWrapper(function, **options)


LABELS, CHANCES = np.array([1, 0]), np.array([[0.25, 0.75], [0.5, 0.5]])


def test_an_option_that_a_newer_keras_has_added_changes_nothing_at_its_default(newer):
    loss = newer(label_smoothing=0.0, kind=None)
    expected = -np.log(0.75) / 2 - np.log(0.5) / 2
    assert lb.trace(loss, LABELS, CHANCES).total == pytest.approx(expected, 1e-6)
    assert known_loss(loss) == ("sparse_categorical_crossentropy", {})


@pytest.mark.parametrize("options", [{"label_smoothing": 0.1}, {"kind": "soft"}, {"odd": 0.0}])
def test_an_option_that_a_newer_keras_has_added_is_refused_elsewhere(newer, options):
    loss = newer(**options)
    (name,) = options
    with pytest.raises(TypeError) as raised:
        lb.trace(loss, LABELS, CHANCES)
    takes = "sparse_categorical_crossentropy takes from_logits, ignore_class, axis"
    assert str(raised.value) == f"{takes}. Received: {name}."
    assert known_loss(loss) is None
