"""Real Keras is the judge: `trace` and `aggregate` against the loss objects, call by call.

Tolerance: |ours - Keras's| <= 2e-6 * (sum of |contribution|) + 1e-7, in float32 and in float64.
float16 keeps 11 bits, and TensorFlow rounds at other places than NumPy: there 2e-2 and 1e-3.
"""

import warnings
from collections import Counter
from functools import cache
from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from cases import LOSSES, RANKS, REDUCTIONS, draw, labels
from keras import Sequential, activations, layers, losses
from keras.src.losses.loss import reduce_weighted_values

import lossbook as lb

CLASSES = {
    "binary_crossentropy": losses.BinaryCrossentropy,
    "categorical_crossentropy": losses.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": losses.SparseCategoricalCrossentropy,
    "mean_squared_error": losses.MeanSquaredError,
    "mean_absolute_error": losses.MeanAbsoluteError,
}
CASES = draw()


# --- helpers


def close(ours, keras, scale, dtype):
    """Compare within the tolerance; NaN equals NaN."""
    rtol, atol = (2e-2, 1e-3) if dtype == "float16" else (2e-6, 1e-7)
    ours, keras = np.asarray(ours, np.float64), np.asarray(keras, np.float64)
    if ours.shape != keras.shape:
        return False
    same = (ours == keras) | (np.isnan(ours) & np.isnan(keras))
    with np.errstate(invalid="ignore"):
        return bool(np.all(same | (np.abs(ours - keras) <= rtol * scale + atol)))


def outcome(function, *arguments, **options):
    """Return what a call returns (None if it raises), what it raises, and what it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = function(*arguments, **options), None
        except Exception as raised:
            result, error = None, raised
    return result, error, [(w.category, str(w.message)) for w in caught]


def tensor(case):
    """Return the predictions as Keras's losses get them from a model: a tensor with its mask."""
    y_pred = tf.constant(case.y_pred)
    if case.mask is not None:
        y_pred._keras_mask = tf.constant(case.mask)
    return y_pred


def loss_object(case):
    return CLASSES[case.loss](reduction=case.reduction, dtype=case.dtype, **case.options)


def trace_arrays(case):
    return lb.trace(
        case.loss,
        case.y_true,
        case.y_pred,
        sample_weight=case.sample_weight,
        mask=case.mask,
        reduction=case.reduction,
        dtype=case.dtype,
        **case.options,
    )


def keras_coefficients(case, loss, y_pred):
    """Return Keras's values, and the gradient of Keras's own reduction with respect to them."""
    with tf.GradientTape() as tape:
        values = loss.call(tf.cast(case.y_true, case.dtype), tf.cast(y_pred, case.dtype))
        tape.watch(values)
        total = reduce_weighted_values(
            values,
            sample_weight=case.sample_weight,
            mask=getattr(y_pred, "_keras_mask", None),
            reduction=case.reduction,
            dtype=case.dtype,
        )
        target = tf.reduce_sum(total)
    return values.numpy(), tape.gradient(target, values).numpy()


@cache
def class_factor(name, length):
    """Return the factor of one element in Keras's values, for a class axis of that length.

    These losses can be made to grow by a known slope with y_true: the gradient
    of Keras's loss function, divided by it, is the factor.
    """
    y, p, slope, options = tf.fill((1, length), 0.5), 0.0, 1.0, {}
    if name == "binary_crossentropy":  # max(z, 0) - z y + ..., z = -1
        p, options = -1.0, {"from_logits": True}
    elif name == "categorical_crossentropy":  # -y log p, p = 1 / length (or the clip)
        p, slope = 1.0, -np.log(np.minimum(np.float32(1 / length), np.float32(1 - 1e-7)))
    with tf.GradientTape() as tape:
        tape.watch(y)
        value = CLASSES[name](reduction=None, **options)(y, tf.fill((1, length), p))
    factors = tape.gradient(value, y).numpy() / slope
    np.testing.assert_allclose(factors, factors[0, 0], rtol=1e-6)
    return float(factors[0, 0])


@np.errstate(all="ignore")
def meant_total(case, loss):
    """Return what the caller wants to know, in float64, or None where there is no telling.

    Keras's values for labels of the shape meant, times mask and weights of the shape meant.
    """
    if case.meant_y is None or any(array is None for array in case.meant.values()):
        return None
    values = loss.call(tf.cast(case.meant_y, case.dtype), tf.cast(case.meant_p, case.dtype)).numpy()
    values, weight = values.astype(np.float64).reshape(case.values), np.float64(1)
    if "mask" in case.meant:
        mask = np.broadcast_to(case.meant["mask"], values.shape)
        weight = mask.astype(np.float64)
        if case.reduction in ("mean", "sum_over_batch_size"):
            weight = weight * (mask.size / mask.sum() if mask.any() else 0)
    if "sample_weight" in case.meant:
        weight = weight * case.meant["sample_weight"]
    weight = np.broadcast_to(weight, values.shape)
    if case.reduction is None:
        return weight * values
    if case.reduction == "sum":
        return (weight * values).sum()
    divisor = weight.sum() if case.reduction == "mean_with_sample_weight" else values.size
    return (weight * values).sum() / divisor if divisor else np.float64(0)


def problems(case):
    """Yield in words everything in which we differ from Keras for this call."""
    loss, y_pred = loss_object(case), tensor(case)
    keras, refused, _ = outcome(loss, case.y_true, y_pred, sample_weight=case.sample_weight)
    ours, error, told = outcome(trace_arrays, case)
    on_device, tensor_error, tensor_told = outcome(
        lb.trace, loss, case.y_true, y_pred, sample_weight=case.sample_weight
    )
    if (type(error), str(error), told) != (type(tensor_error), str(tensor_error), tensor_told):
        yield f"arrays {error!r} {told}, tensors {tensor_error!r} {tensor_told}"
        return
    if refused or error:
        if not (refused and isinstance(error, (ValueError, TypeError))):
            yield f"Keras raises {refused!r}, we raise {error!r}"
        return
    if any(category is not UserWarning for category, _ in told):
        yield f"warnings that are not ours: {told}"

    keras, finite = keras.numpy(), np.isfinite(ours.elementwise).all()
    scale = np.nansum(np.abs(np.asarray(ours.contributions, np.float64)))
    for where, trace in (("arrays", ours), ("tensors", on_device)):
        total = np.asarray(trace.total)
        if not close(total, keras, scale, case.dtype):
            yield f"{where}: total {total}, Keras {keras}"
        summed = np.asarray(trace.contributions).astype(np.float64).sum()
        if finite and not close(summed, keras.astype(np.float64).sum(), scale, case.dtype):
            yield f"{where}: contributions sum to {summed}, Keras {keras.sum()}"
        if np.isnan(keras).any() and not told:
            yield "NaN without a warning"
    for name in ("elementwise", "coefficients", "contributions"):
        array, there = getattr(ours, name), getattr(on_device, name)
        if not isinstance(array, (np.ndarray, np.generic)) or array.dtype.name != case.dtype:
            yield f"{name} is {type(array)} of {array.dtype}"
        if there.dtype.name != case.dtype or there.device != y_pred.device:
            yield f"{name} is {there.dtype} on {there.device}"
        largest = np.nanmax(np.abs(array), initial=0)
        if not close(there.numpy(), array, largest, case.dtype):
            yield f"{name} of tensors differs from that of arrays"
    if [s.shape for s in ours.stages] != [s.shape for s in on_device.stages]:
        yield "stages of tensors have other shapes than those of arrays"

    values, gradient = keras_coefficients(case, loss, y_pred)
    spread, factor, axis = gradient, 1.0, case.options.get("axis", -1)
    if case.loss != "sparse_categorical_crossentropy":  # there the label has picked the class
        shape = ours.elementwise.shape
        spread = np.broadcast_to(np.expand_dims(gradient, axis), shape)
        factor = class_factor(case.loss, shape[axis])
    if not close(ours.coefficients, spread * factor, np.abs(spread).max() * factor, case.dtype):
        yield f"coefficients {ours.coefficients}, Keras's gradient {spread * factor}"
    yield from aggregate_problems(case, values, gradient, keras, scale)

    meant = meant_total(case, loss)
    if not told and (
        meant is None
        or meant.size != keras.size
        or not np.allclose(keras.ravel(), meant.ravel(), 1e-4, 1e-4 * scale, equal_nan=True)
    ):
        rough = case.dtype == "float16" and meant is not None
        if not (rough and np.allclose(keras.ravel(), meant.ravel(), 2e-2, 2e-2 * scale + 1e-3)):
            yield f"silent, though Keras says {keras} and {meant} is meant"


def aggregate_problems(case, values, gradient, keras, scale):
    """Yield where `aggregate` of Keras's values differs from Keras's reduction of them."""
    for as_given in (np.asarray, tf.constant):
        weights = [
            None if array is None else as_given(array) for array in (case.sample_weight, case.mask)
        ]
        a, error, _ = outcome(lb.aggregate, as_given(values), *weights, reduction=case.reduction)
        if error:
            yield f"aggregate raises {error!r}"
            return
        total, coefficients, denominator = map(np.asarray, (a.total, a.coefficients, a.denominator))
        if not close(total, keras, scale, case.dtype):
            yield f"aggregate: {total}, Keras {keras}"
        if not close(coefficients, gradient, np.abs(gradient).max(), case.dtype):
            yield f"aggregate: coefficients {coefficients}, Keras's gradient {gradient}"
        if type(a.total) is not type(as_given(values)) and as_given is tf.constant:
            yield f"aggregate turns tensors into {type(a.total)}"
        if total.shape or not np.isfinite(values).all():
            continue
        bare = np.where(values == 0, 0.0, gradient * float(denominator))  # mask * weight * repeats
        summed = (bare * values).astype(np.float64).sum()
        if not close(total * denominator, summed, scale * abs(denominator), "float16"):
            yield f"total * denominator = {total * denominator}, not the sum, {summed}"


# --- the tests


@pytest.mark.parametrize("reduction", REDUCTIONS, ids=str)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_call_is_keras_own(loss, reduction):
    found = [
        f"{case}\n    {problem}"
        for case in CASES
        if (case.loss, case.reduction) == (loss, reduction)
        for problem in problems(case)
    ]
    assert not found, f"{len(found)} problems\n" + "\n".join(found[:20])


def test_the_calls_cover_what_they_claim():
    assert len(CASES) >= 2000
    strata = Counter(case.stratum for case in CASES)
    wanted = product(LOSSES, REDUCTIONS, RANKS, (False, True), (False, True))
    assert all(strata[stratum] >= 4 for stratum in wanted)
    options = Counter(
        (*case.stratum, *(bool(case.options.get(o)) for o in ("from_logits", "label_smoothing")))
        for case in CASES
    )
    for stratum in strata:
        logits = (False, True) if stratum[0].endswith("crossentropy") else (False,)
        smoothing = (False, True) if stratum[0] in LOSSES[:2] else (False,)
        assert all(options[*stratum, *both] for both in product(logits, smoothing)), stratum
    for name in ("sample_weight", "mask"):
        kinds = Counter(case.kinds[name] for case in CASES)
        shapes = ("full", "full1", "column", "sample", "leading", "trailing", "scalar", "wrong")
        assert all(kinds[kind] >= 20 for kind in shapes), kinds
    assert Counter(case.kinds["y"] for case in CASES).keys() == {
        "same",
        "extra",
        "short",
        "longer",
        "one",
    }
    dtypes = Counter(case.dtype for case in CASES)
    assert dtypes["float16"] >= 50 and dtypes["float64"] >= 50
    exact = sum(
        case.loss.endswith("crossentropy")
        and not case.options.get("from_logits")
        and bool(np.isin(case.y_pred, (0, 1)).any())
        for case in CASES
    )
    all_masked = sum(case.mask is not None and not case.mask.any() for case in CASES)
    huge = sum(bool(np.abs(case.y_pred).max() > 88) for case in CASES)  # exp(88) is float32's end
    negative = sum(
        case.sample_weight is not None and bool((case.sample_weight < 0).any()) for case in CASES
    )
    cancel = sum(
        case.sample_weight is not None and case.sample_weight.any() and not case.sample_weight.sum()
        for case in CASES
    )
    assert cancel >= 10
    assert exact >= 200 and all_masked >= 100 and huge >= 50 and negative >= 50
    assert sum("axis" in case.options for case in CASES) >= 50


def test_the_calls_hold_errors_warnings_and_silence():
    counts = Counter()
    for case in CASES:
        _, error, told = outcome(trace_arrays, case)
        counts["error" if error else "warning" if told else "silence"] += 1
        if case.orderly and not error and case.reduction != "mean_with_sample_weight":
            fair = (
                "one class",
                "NaN",
                "loses its last axis" if case.y_pred.shape[-1] == 1 else "-",
            )
            odd = [text for _, text in told if not any(words in text for words in fair)]
            assert not odd, f"{case}: {odd}"
    assert counts["error"] >= 100 and counts["warning"] >= 200 and counts["silence"] >= 1000, counts


@pytest.mark.parametrize("loss", LOSSES)
def test_a_large_batch_stays_within_the_tolerance(loss):
    rng = np.random.default_rng(3)
    y_pred = rng.uniform(0.01, 0.99, (2, 256, 256, 5)).astype(np.float32)
    y_true = labels(rng, loss, y_pred.shape)
    weight, mask = rng.normal(size=(2, 256, 1)), rng.random((2, 256, 256)) < 0.7
    tensor = tf.constant(y_pred)
    tensor._keras_mask = tf.constant(mask)
    keras = float(CLASSES[loss]()(y_true, tensor, sample_weight=weight))
    for array in (y_pred, tensor):
        t = lb.trace(loss, y_true, array, sample_weight=weight, mask=mask)
        magnitude = np.abs(np.asarray(t.contributions, np.float64)).sum()
        assert abs(t.total - keras) <= 2e-6 * magnitude + 1e-7
        assert abs(np.asarray(t.contributions, np.float64).sum() - keras) <= 2e-6 * magnitude + 1e-7


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (4, 1), (2, 3, 1), (2, 2, 3, 4)], ids=str)
@pytest.mark.parametrize(("loss", "activation", "options"), LOGIT_LOSSES)
def test_logits_behind_an_activation_are_found_as_keras_finds_them(
    loss, activation, options, shape, dtype
):
    rng = np.random.default_rng(4)
    logits = tf.constant(rng.normal(size=shape) * 30, tf.float32)
    y_pred, _, _ = outcome(getattr(activations, activation), logits)  # it warns of a single class
    for form in ("same", "extra", "short"):
        y_true = labels(rng, loss, shape)
        y_true = y_true[..., None] if form == "extra" else y_true
        y_true = y_true[..., 0] if form == "short" and y_true.ndim else y_true
        loss_object = CLASSES[loss](dtype=dtype, **options)
        keras, refused, _ = outcome(loss_object, y_true, y_pred)
        t, error, told = outcome(lb.trace, loss_object, y_true, y_pred)
        assert bool(refused) == bool(error), (refused, error)
        if error:
            assert isinstance(error, ValueError)
            continue
        magnitude = np.abs(np.asarray(t.contributions, np.float64)).sum()
        assert abs(t.total - float(keras)) <= 2e-6 * magnitude + 1e-7
        found = "logits found" in t.stages[0].formula
        plain, _, _ = outcome(lb.trace, loss_object, y_true, y_pred.numpy())
        if not found:  # then the logits made no difference
            assert t.total == pytest.approx(plain.total, rel=1e-5)
        last = options.get("axis", -1) % len(shape) == len(shape) - 1
        fits = (activation == "sigmoid") == loss.startswith("binary") and last
        warned = any("another activation" in text for _, text in told)
        assert warned <= found
        if found and shape[-1] > 1:
            assert warned != fits


@pytest.mark.parametrize("axis", [1, -1])
def test_logits_of_a_softmax_over_the_channels_are_no_surprise(axis):
    rng = np.random.default_rng(8)
    y_true = np.moveaxis(labels(rng, "categorical_crossentropy", (2, 5, 4, 3)), -1, axis)
    y_pred = activations.softmax(tf.constant(rng.normal(size=y_true.shape), tf.float32), axis=axis)
    loss = losses.CategoricalCrossentropy(axis=axis)
    t, _, told = outcome(lb.trace, loss, y_true, y_pred)
    assert not told and "logits found" in t.stages[0].formula
    assert t.total == pytest.approx(float(loss(y_true, y_pred)), rel=2e-6)


WEIGHTS = {"no weights": None, "column": (4, 1), "full": (4, 3)}
MASKS = {"no mask": None, "column mask": (4, 1), "full mask": (4, 3)}


@pytest.mark.parametrize(
    ("weight", "mask", "jit"),
    [
        *product(WEIGHTS, MASKS, [False]),
        ("no weights", "full mask", True),
        ("full", "full mask", True),
    ],
)
def test_aggregate_works_in_a_compiled_function(weight, mask, jit):
    rng = np.random.default_rng(5)
    values = rng.normal(size=(4, 3)).astype(np.float32)
    weight = None if WEIGHTS[weight] is None else rng.normal(size=WEIGHTS[weight])
    mask = None if MASKS[mask] is None else rng.random(MASKS[mask]) < 0.6

    @tf.function(jit_compile=jit)
    def compiled(values):
        results = []
        for reduction in REDUCTIONS:
            a = lb.aggregate(values, weight, mask, reduction=reduction)
            results.append((a.total, a.coefficients, a.denominator))
        return results

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        results = compiled(tf.constant(values))
        for reduction, result in zip(REDUCTIONS, results, strict=True):
            a = lb.aggregate(values, weight, mask, reduction=reduction)
            keras = reduce_weighted_values(values, weight, mask, reduction)
            np.testing.assert_allclose(result[0], keras, rtol=2e-6, atol=1e-7)
            for ours, other in zip((a.total, a.coefficients, a.denominator), result, strict=True):
                np.testing.assert_allclose(ours, other, rtol=2e-6, atol=1e-7)


def test_gradients_flow_through_aggregate_and_are_the_coefficients():
    values = tf.constant(np.random.default_rng(6).normal(size=(4, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(values)
        a = lb.aggregate(values, sample_weight=[[1.0], [0.0], [2.0], [3.0]])
    np.testing.assert_allclose(tape.gradient(a.total, values), a.coefficients, rtol=1e-6)


# --- compiled models


class WithMask(layers.Layer):
    """Return the input as it is, with a mask of its own."""

    def __init__(self, mask):
        super().__init__()
        self.mask, self.supports_masking = mask, True

    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, previous_mask):
        return tf.constant(self.mask)


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
    (*output, masked, weighed, 2 + i % 3, REDUCTIONS[(i + j) % 5])
    for i, (masked, weighed, j) in enumerate(product((False, True), (False, True), (0, 2)))
    for output in OUTPUTS
]


@pytest.mark.parametrize("number", range(len(MODELS)), ids=lambda n: "-".join(map(str, MODELS[n])))
def test_evaluate_of_a_compiled_model_is_the_total_of_its_trace(number):
    loss, activation, options, masked, weighed, rank, reduction = MODELS[number]
    rng = np.random.default_rng(number)
    shape = (6, *(3, 2)[: rank - 2], 4)
    x = rng.normal(size=shape).astype(np.float32) * 30  # sigmoids of exactly 0 and 1 among them
    if activation == "linear" and loss.endswith("crossentropy") and not options:
        x = 0.5 + (0.5 if loss.startswith("binary") else 0.49) * np.tanh(
            x
        )  # probabilities, logits unknown to Keras
    mask = rng.random(shape[:-1]) < 0.6
    weight = rng.uniform(0, 3, (6,) + (1,) * (rank - 2)) if weighed else None
    y = labels(rng, loss, shape)

    model = Sequential([layers.Input(shape[1:])])
    if masked:
        model.add(WithMask(mask))
    model.add(layers.Activation(activation))
    model.compile(loss=CLASSES[loss](reduction=reduction, **options))
    reported = model.evaluate(x, y, sample_weight=weight, batch_size=6, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # mean_with_sample_weight of partial weights
        t = lb.trace(model.loss, y, model(tf.constant(x)), sample_weight=weight)
    magnitude = np.abs(np.asarray(t.contributions, np.float64)).sum()
    total = np.mean(t.total)  # without a reduction, evaluate reports the mean
    assert abs(reported - total) <= 2e-6 * magnitude + 1e-7
    assert ("mask_weight" in [stage.name for stage in t.stages]) == masked
    assert ("logits found" in t.stages[0].formula) == (
        activation in ("sigmoid", "softmax") and loss.endswith("crossentropy")
    )


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_given_by_name_or_function_is_traced_as_the_model_uses_it(name, eager):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(5, 4)).astype(np.float32), labels(rng, name, (5, 4))
    for loss in (name, getattr(losses, name)):
        model = Sequential([layers.Input((4,)), layers.Activation("sigmoid")])
        model.compile(loss=loss, run_eagerly=eager)
        reported = model.evaluate(x, y, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a sigmoid under a softmax's loss
            t = lb.trace(model.loss, y, model(x))
        assert t.total == pytest.approx(reported, rel=2e-6)
