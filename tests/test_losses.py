"""Every loss of keras.losses against Keras's own object, options and edge values included."""

import inspect
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import lossbook as lb
from lossbook._losses import ALIASES, ATOMIC, LOSSES, options_of

CLASSES = {
    ALIASES[name]: value
    for name, value in vars(keras.losses).items()
    if inspect.isclass(value) and name in ALIASES
}
DRAWS = 60  # for each loss
RANKS = (1, 2, 3, 4)


def public(kind):
    return {name for name, value in vars(keras.losses).items() if kind(value)}


def test_every_loss_of_the_installed_keras_is_known():
    """A new Keras may bring a new loss: then it gets a place in the catalogue."""
    classes = public(lambda v: inspect.isclass(v)) - {"Loss"}
    functions = public(inspect.isfunction) - {"deserialize", "get", "serialize"}
    assert classes <= set(ALIASES), "no place in lossbook/_losses.py"
    assert functions <= {*LOSSES, *ATOMIC}, "no place in lossbook/_losses.py"
    assert set(CLASSES) == {*LOSSES, *ATOMIC}


@pytest.mark.parametrize("name", [*LOSSES, *ATOMIC])
def test_options_are_those_of_the_keras_class(name):
    taken = set(inspect.signature(CLASSES[name].__init__).parameters)
    assert set(options_of(name)) == taken - {"self", "reduction", "name", "dtype"}


@pytest.mark.parametrize("name", LOSSES)
def test_the_public_function_takes_keras_own_options(name):
    """Except the axis of a plain mean, which comes later."""
    ours = inspect.signature(getattr(lb.elementwise, name)).parameters
    theirs = inspect.signature(getattr(keras.losses, name, CLASSES[name])).parameters
    for option in options_of(name):
        if option == "axis" and LOSSES[name].activation == "sigmoid":
            continue
        assert option in ours
        if option != "q":  # Keras's function has no default
            assert ours[option].default == theirs[option].default


def shapes(rng, rank):
    return tuple(int(n) for n in rng.integers(1, 5, size=rank))


def crossentropy_options(rng, name, rank):
    options = {}
    if rng.random() < 0.4:
        options["from_logits"] = True
    if not name.startswith("sparse"):
        if rng.random() < 0.4:
            options["label_smoothing"] = float(rng.choice([0.1, 0.5]))
        if rng.random() < 0.15:
            options["axis"] = int(rng.integers(-rank, rank))
    if "focal" in name:
        options |= {"gamma": float(rng.choice([1.0, 2.5])), "alpha": 0.6}
        if name.startswith("binary"):
            options["apply_class_balancing"] = bool(rng.random() < 0.5)
    return options


def draw(rng, name):
    """Draw labels, predictions and options that the loss is made for, edge values included."""
    rank = 2 if name in ("circle", "ctc") else int(rng.choice(RANKS))
    shape, options = shapes(rng, rank), {}
    p = rng.uniform(0, 1, shape)
    if rng.random() < 0.3:
        p = np.where(rng.random(shape) < 0.3, rng.integers(0, 2, shape), p)
    y = rng.integers(0, 2, shape).astype(float)
    if "crossentropy" in name:
        options = crossentropy_options(rng, name, rank)
        if options.get("from_logits"):
            p = rng.normal(size=shape) * rng.choice([1, 8])
        elif not name.startswith("binary"):
            p = (p + 1e-3) / (p + 1e-3).sum(-1, keepdims=True)
    if name in ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"):
        y = rng.integers(0, shape[-1], shape[:-1])
        if name.startswith("sparse") and rng.random() < 0.4:
            options["ignore_class"] = int(rng.choice([0, -1, 255]))
            y = np.where(rng.random(y.shape) < 0.3, options["ignore_class"], y)
        if not name.startswith("sparse"):
            options["q"] = float(rng.choice([0.3, 0.7]))
    elif name.startswith("categorical"):
        y = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    elif "hinge" in name:
        p = rng.normal(size=shape)
        y = rng.choice([-1, 1], shape) if rng.random() < 0.5 else y
    elif name in ("huber", "log_cosh", "cosine_similarity") or name.startswith("mean"):
        y, p = 3 * rng.normal(size=(2, *shape))
        if name == "huber":
            options["delta"] = float(rng.choice([0.4, 1.0, 3.0]))
        if name == "cosine_similarity" and rng.random() < 0.3:
            options["axis"] = int(rng.integers(-rank, rank))
        if rng.random() < 0.1:
            y, p = 0 * y, 0 * p
    elif name == "poisson":
        y, p = rng.poisson(2, shape), rng.uniform(0, 5, shape)
    elif name == "circle":
        y = rng.integers(0, 3, shape[:1])
        p = p / (np.linalg.norm(p, axis=-1, keepdims=True) + 1e-6)
    elif name == "ctc":
        y, p = rng.integers(1, 4, (2, 3)), rng.normal(size=(2, 6, 4))
    elif name in ATOMIC and rank > 1 and rng.random() < 0.5:
        options["axis"] = tuple(range(1, rank))
    reduction = rng.choice(lb.reduction.REDUCTIONS)
    weight = rng.uniform(0, 3, y.shape[:1]) if y.ndim and rng.random() < 0.3 else None
    return y, p.astype("float32"), weight, str(reduction), options


def outcome(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(), None
        except Exception as error:
            return None, error


@pytest.mark.parametrize("name", [*LOSSES, *ATOMIC])
def test_trace_equals_the_loss_object(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    agreed = 0
    for _ in range(DRAWS):
        y, p, weight, reduction, options = draw(rng, name)
        if "axis" in options and name not in ATOMIC and rng.random() < 0.1:
            options["axis"] = p.ndim + 1
        loss = CLASSES[name](reduction=reduction, **options)
        w = None if weight is None else tf.constant(weight, tf.float32)
        theirs, refused = outcome(lambda: np.asarray(loss(y, tf.constant(p), w)))  # noqa: B023
        case = f"{name} {p.shape} {np.shape(y)} {reduction} {options} {np.shape(weight)}"
        for given in (y, p, weight), (tf.constant(y), tf.constant(p), w):
            ours, error = outcome(
                lambda: lb.trace(name, *given, reduction=reduction, **options)  # noqa: B023
            )
            assert (error is None) == (refused is None), f"{case}: {refused} / {error}"
            if refused is not None:
                assert isinstance(error, ValueError), f"{case}: {error!r}"
                continue
            agreed += 1
            contributions = np.asarray(ours.contributions, np.float64)
            magnitude = np.abs(contributions).sum()
            # 3e-7 per value: poisson, q and p_t subtract numbers near 1, and Keras rounds there
            inside = 3e-7 * np.abs(np.asarray(ours.coefficients)).sum()
            bound = 2e-6 * magnitude + 1e-7 + inside
            if not np.isfinite(theirs).all():
                assert not np.isfinite(np.asarray(ours.total)).all(), case
                continue
            np.testing.assert_allclose(np.asarray(ours.total), theirs, 0, bound, err_msg=case)
            total = np.asarray(ours.total, np.float64).sum()
            np.testing.assert_allclose(contributions.sum(), total, 0, bound, err_msg=case)
    assert agreed >= DRAWS, "too few draws that Keras accepts"


@pytest.mark.parametrize("name", ATOMIC)
def test_atomic_losses_say_so(name):
    y, p, *_ = draw(np.random.default_rng(0), name)
    trace = lb.trace(name, y, p)
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


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_focal_recovers_logits_and_categorical_does_not(from_logits):
    """Logit -40 with label 1: 40 from the logit, 16.118 from the clipped probability."""
    z = tf.constant([[-40.0]])
    y, p = tf.ones((1, 1)), z if from_logits else keras.activations.sigmoid(z)
    loss = keras.losses.BinaryFocalCrossentropy(from_logits=from_logits)
    assert lb.trace(loss, y, p).total == pytest.approx(float(loss(y, p)), rel=1e-6)
    assert lb.trace(loss, y, p).total == pytest.approx(40.0, rel=1e-5)
    z = tf.constant([[-40.0, 0.0]])
    y, p = tf.constant([[1.0, 0.0]]), z if from_logits else keras.activations.softmax(z)
    loss = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, from_logits=from_logits)
    assert lb.trace(loss, y, p).total == pytest.approx(float(loss(y, p)), rel=1e-6)
    assert lb.trace(loss, y, p).total == pytest.approx(16.118, rel=1e-4)


def test_hinge_turns_labels_only_if_all_are_binary():
    for y in ([[0.0, 1.0]], [[0.0, 1.0, -1.0]]):
        p = np.full((1, len(y[0])), 0.5)
        theirs = float(keras.losses.Hinge()(np.array(y), p))
        assert lb.trace("hinge", y, p).total == pytest.approx(theirs, rel=1e-6)
