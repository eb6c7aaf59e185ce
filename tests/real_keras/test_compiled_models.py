"""Logits behind an activation, compiled functions and compiled models, against Keras's own."""

import warnings
from itertools import product

import numpy as np
import pytest
from keras import Sequential, activations, layers, losses, ops
from keras.src.losses.loss import reduce_weighted_values

import lossbook as lb
from lossbook.rules import resolve
from tests.real_keras.draw.arrays import labels
from tests.real_keras.draw.options import CLASSES
from tests.real_keras.reference import host, outcome
from tests.real_keras.transforms import BACKEND, compiled

REDUCTIONS = tuple(None if r == "none" else r for r in resolve("keras-3").reductions)
LOSSES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
)
only_on_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only on TensorFlow does Keras recover logits"
)


LOGIT_LOSSES = [
    ("binary_crossentropy", "sigmoid", {}),
    ("binary_crossentropy", "sigmoid", {"label_smoothing": 0.1}),
    ("binary_crossentropy", "softmax", {}),
    ("binary_crossentropy", "sigmoid", {"from_logits": True}),
    ("categorical_crossentropy", "softmax", {}),
    ("categorical_crossentropy", "sigmoid", {"label_smoothing": 0.1}),
    ("categorical_crossentropy", "softmax", {"axis": 0}),
    ("categorical_crossentropy", "softmax", {"axis": -2}),
    ("sparse_categorical_crossentropy", "softmax", {}),
    ("sparse_categorical_crossentropy", "sigmoid", {}),
    ("mean_squared_error", "sigmoid", {}),
]


@only_on_tensorflow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (4, 1), (2, 3, 1), (2, 2, 3, 4)], ids=str)
@pytest.mark.parametrize(("loss", "activation", "options"), LOGIT_LOSSES)
def test_logits_behind_an_activation_are_found_as_keras_finds_them(
    loss, activation, options, shape, dtype
):
    rng = np.random.default_rng(4)
    logits = ops.convert_to_tensor(rng.normal(size=shape) * 30, "float32")
    y_pred, _, _ = outcome(getattr(activations, activation), logits)  # it warns of a single class
    for form in ("same", "extra", "short"):
        y_true = labels(rng, loss, shape)
        y_true = y_true[..., None] if form == "extra" else y_true
        y_true = y_true[..., 0] if form == "short" and y_true.ndim else y_true
        loss_object = CLASSES[loss](dtype=dtype, **options)
        theirs, refused, _ = outcome(loss_object, y_true, y_pred)
        t, error, told = outcome(lb.trace, loss_object, y_true, y_pred)
        assert bool(refused) == bool(error), (refused, error)
        if error:
            assert isinstance(error, ValueError)
            continue
        magnitude = np.abs(host(t.contributions)).sum()
        assert abs(t.total - float(theirs)) <= 2e-6 * magnitude + 1e-7
        found = "logits found" in t.stages[0].formula
        plain, _, _ = outcome(lb.trace, loss_object, y_true, ops.convert_to_numpy(y_pred))
        if not found:  # then the logits made no difference
            assert t.total == pytest.approx(plain.total, rel=1e-5)
        last = options.get("axis", -1) % len(shape) == len(shape) - 1
        fits = (activation == "sigmoid") == loss.startswith("binary") and last
        warned = any("another activation" in text for _, text in told)
        assert warned <= found
        if found and shape[-1] > 1:
            assert warned != fits


@only_on_tensorflow
@pytest.mark.parametrize("axis", [1, -1])
def test_logits_of_a_softmax_over_the_channels_are_no_surprise(axis):
    rng = np.random.default_rng(8)
    y_true = np.moveaxis(labels(rng, "categorical_crossentropy", (2, 5, 4, 3)), -1, axis)
    logits = ops.convert_to_tensor(rng.normal(size=y_true.shape), "float32")
    y_pred = activations.softmax(logits, axis=axis)
    loss = losses.CategoricalCrossentropy(axis=axis)
    t, _, told = outcome(lb.trace, loss, y_true, y_pred)
    assert not told and "logits found" in t.stages[0].formula
    assert t.total == pytest.approx(float(loss(y_true, y_pred)), rel=2e-6)


@only_on_tensorflow
def test_aggregate_can_be_compiled_by_xla():
    """Without XLA: tests/unit/core/test_transforms.py."""
    rng = np.random.default_rng(5)
    values = ops.convert_to_tensor(rng.normal(size=(4, 3)), "float32")
    weight, mask = rng.normal(size=(4, 3)), rng.random((4, 3)) < 0.6

    def totals(values):
        return [lb.aggregate(values, weight, mask, reduction=how).total for how in REDUCTIONS]

    for how, total in zip(REDUCTIONS, compiled(totals, jit=True)(values), strict=True):
        theirs = reduce_weighted_values(values, weight, mask, how)
        np.testing.assert_allclose(host(total), host(theirs), rtol=2e-6, atol=1e-7)


# --- compiled models


class WithMask(layers.Layer):
    """Return the input as it is, with a mask of its own."""

    def __init__(self, mask):
        super().__init__()
        self.mask, self.supports_masking = mask, True

    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, previous_mask):
        return ops.convert_to_tensor(self.mask)


OUTPUTS = [
    ("binary_crossentropy", "sigmoid", {}),
    ("binary_crossentropy", "linear", {"from_logits": True, "label_smoothing": 0.1}),
    ("binary_crossentropy", "linear", {}),
    ("categorical_crossentropy", "softmax", {"label_smoothing": 0.1}),
    ("categorical_crossentropy", "linear", {"from_logits": True}),
    ("categorical_crossentropy", "linear", {}),
    ("sparse_categorical_crossentropy", "softmax", {}),
    ("sparse_categorical_crossentropy", "linear", {"from_logits": True}),
    ("sparse_categorical_crossentropy", "linear", {}),
    ("mean_squared_error", "linear", {}),
    ("mean_absolute_error", "sigmoid", {}),
]
MODELS = [
    (*output, masked, weighed, 2 + i % 3, REDUCTIONS[(i + j) % len(REDUCTIONS)])
    for i, (masked, weighed, j) in enumerate(product((False, True), (False, True), (0, 2)))
    for output in OUTPUTS
]


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")  # Keras 3.5
@pytest.mark.parametrize("number", range(len(MODELS)), ids=lambda n: "-".join(map(str, MODELS[n])))
def test_evaluate_of_a_compiled_model_is_the_total_of_its_trace(number):
    loss, activation, options, masked, weighed, rank, reduction = MODELS[number]
    rng = np.random.default_rng(number)
    shape = (6, *(3, 2)[: rank - 2], 4)
    x = rng.normal(size=shape).astype(np.float32) * 30  # sigmoids of exactly 0 and 1 among them
    if activation == "linear" and loss.endswith("crossentropy") and not options:
        # probabilities, logits unknown to Keras
        x = 0.5 + (0.5 if loss.startswith("binary") else 0.49) * np.tanh(x)
    mask = rng.random(shape[:-1]) < 0.6
    weight = rng.uniform(0, 3, (6,) + (1,) * (rank - 2)) if weighed else None
    if weighed and masked and BACKEND == "torch":  # where Keras multiplies them in place
        weight = weight * np.ones(shape[:-1])
    y = labels(rng, loss, shape)

    model = Sequential([layers.Input(shape[1:])])
    if masked:
        model.add(WithMask(mask))
    model.add(layers.Activation(activation))
    # Compiling costs most of the time: each of the eleven outputs is compiled twice.
    eager = bool(number % 4)
    model.compile(loss=CLASSES[loss](reduction=reduction, **options), run_eagerly=eager)
    reported = model.evaluate(x, y, sample_weight=weight, batch_size=6, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # mean_with_sample_weight of partial weights
        t = lb.trace(model.loss, y, model(ops.convert_to_tensor(x)), sample_weight=weight)
    magnitude = np.abs(host(t.contributions)).sum()
    total = host(t.total).mean()  # without a reduction, evaluate reports the mean
    assert abs(reported - total) <= 2e-6 * magnitude + 1e-7
    assert ("mask_weight" in [stage.name for stage in t.stages]) == masked
    assert ("logits found" in t.stages[0].formula) == (
        activation in ("sigmoid", "softmax")
        and loss.endswith("crossentropy")
        and BACKEND == "tensorflow"
    )


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_given_by_name_or_function_is_traced_as_the_model_uses_it(name):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(5, 4)).astype(np.float32), labels(rng, name, (5, 4))
    for loss, eager in ((name, False), (getattr(losses, name), True)):
        model = Sequential([layers.Input((4,)), layers.Activation("sigmoid")])
        model.compile(loss=loss, run_eagerly=eager)
        reported = model.evaluate(x, y, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a sigmoid under a softmax's loss
            t = lb.trace(model.loss, y, model(x))
        assert t.total == pytest.approx(reported, rel=2e-6)
