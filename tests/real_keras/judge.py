"""Real Keras is the judge: in what `trace` and `aggregate` differ from it, for one random call."""

import warnings

import numpy as np
from keras import ops

import lossbook as lb
from tests.real_keras import differences
from tests.real_keras.draw.options import CLASSES
from tests.real_keras.reference import Keras, copied, dtype_of, host, outcome, tensor
from tests.real_keras.tolerances import allowance, close, finite_sum

# how the loss functions reduce the class axis, by Keras's source; the others leave none
MEAN = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "poisson",
    "hinge",
    "squared_hinge",
)
SUM = (
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "kl_divergence",
    "cosine_similarity",
)


def problems(case):
    """Return in words everything in which we differ from Keras for this call."""
    found = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found.extend(_problems(case))
        except Exception as error:
            found.append(f"the comparison breaks off with {error!r}")
    return found


def arguments_of(case):
    """What a loss object and lb.trace both take."""
    return {"reduction": case.reduction, "dtype": case.dtype, **case.options}


def traced(case):
    """The outcome of lb.trace for a case."""
    return outcome(
        lb.trace,
        case.loss,
        case.y_true,
        case.y_pred,
        sample_weight=case.sample_weight,
        mask=case.mask,
        **arguments_of(case),
    )


def _problems(case):
    arguments = arguments_of(case)
    ours, error, told = traced(case)
    loss, refused, _ = outcome(CLASSES[case.loss], **arguments)
    if refused:
        if not isinstance(error, (ValueError, TypeError)):
            yield f"Keras refuses {arguments}, {refused!r}; we raise {error!r}"
        return
    y_pred = tensor(case)
    total, refused, _ = outcome(loss, case.y_true, y_pred, sample_weight=copied(case.sample_weight))
    on_device, tensor_error, tensor_told = outcome(
        lb.trace, loss, case.y_true, y_pred, sample_weight=case.sample_weight
    )
    if case.dtype == "bfloat16":
        if "bfloat16" not in str(error):
            yield f"arrays in bfloat16: {error!r}"
        ours, error, told = on_device, tensor_error, tensor_told
    elif not _same_words((error, told), (tensor_error, tensor_told)):
        yield f"arrays {error!r} {told}, tensors {tensor_error!r} {tensor_told}"
        return
    if refused or error:
        ours_alone = isinstance(error, (ValueError, TypeError))
        if not (refused and ours_alone) and not differences.excused(case, refused, error):
            yield f"Keras raises {refused!r}, we raise {error!r}"
        return
    if any(category is not UserWarning for category, _ in told):
        yield f"warnings that are not ours: {told}"
    if differences.other_numbers(case, host(on_device.elementwise)):
        return
    keras = Keras(case, loss, y_pred, total)
    traces = {"arrays": ours, "tensors": on_device}
    for where, trace in traces.items():
        yield from _total_problems(case, where, trace, keras, told)
    yield from _array_problems(case, ours, on_device, keras)
    yield from _stage_problems(case, on_device, keras)
    yield from _aggregate_problems(case, keras)
    yield from _meaning_problems(case, on_device, keras, told)


def _same_words(one, other):
    """Say whether arrays and tensors bring the same error and the same warnings."""
    (error, told), (tensor_error, tensor_told) = one, other
    return (type(error), str(error), told) == (type(tensor_error), str(tensor_error), tensor_told)


def _allowed(case, trace, keras):
    """Return how far the total may be from Keras's; where weights cancel, the terms still round."""
    magnitude, coefficients = finite_sum(host(trace.contributions)), host(trace.coefficients)
    magnitude = max(magnitude, finite_sum(host(keras.values) * keras.absolute))
    coefficients = max(finite_sum(coefficients), finite_sum(keras.absolute))
    return keras.condition * allowance(case.dtype, magnitude, coefficients)


def _total_problems(case, where, trace, keras, told):
    """Compare the total, and the sum of the contributions."""
    total, allowed = host(trace.total), _allowed(case, trace, keras)
    if not close(total, keras.total, allowed):
        yield f"{where}: total {total}, Keras {keras.total}, allowed {allowed:.2g}"
    summed = host(trace.contributions).sum()
    finite = np.isfinite(host(trace.elementwise)).all() and np.isfinite(keras.total).all()
    if finite and not close(summed, keras.total.sum(), allowed):
        yield f"{where}: contributions sum to {summed}, Keras {keras.total.sum()}"
    if not np.isfinite(keras.total).all() and not told:
        yield f"{where}: {keras.total} without a warning"


def _array_problems(case, ours, on_device, keras):
    """Compare arrays with tensors: dtype, device, shapes, numbers."""
    for name in ("elementwise", "coefficients", "contributions"):
        array, there = getattr(ours, name), getattr(on_device, name)
        if ours is not on_device and not isinstance(array, (np.ndarray, np.generic)):
            yield f"{name} is {type(array)}"
        if dtype_of(array) != case.dtype or dtype_of(there) != case.dtype:
            yield f"{name} is {dtype_of(array)}, of tensors {dtype_of(there)}"
        if there.device != keras.y_pred.device:
            yield f"{name} is on {there.device}"
        array, there = host(array), host(there)
        largest = np.max(np.abs(array[np.isfinite(array)]), initial=0)
        if not close(there, array, keras.condition * allowance(case.dtype, largest, 1)):
            yield f"{name} of tensors {there} differs from that of arrays {array}"
    if [s.shape for s in ours.stages] != [s.shape for s in on_device.stages]:
        yield "stages of tensors have other shapes than those of arrays"


def _stage_problems(case, trace, keras):
    """Compare elementwise losses with the values of Keras, coefficients with its gradient."""
    elementwise, values, coefficients = (
        host(trace.elementwise),
        host(keras.values),
        keras.coefficients,
    )
    axis, magnitude = case.options.get("axis", -1), np.abs(elementwise)
    factor = 1.0
    if case.loss in MEAN:
        factor = 1 / elementwise.shape[axis]
        elementwise, magnitude = elementwise.mean(axis), magnitude.mean(axis)
    elif case.loss in SUM:
        elementwise, magnitude = elementwise.sum(axis), magnitude.sum(axis)
    if case.loss in MEAN + SUM:
        coefficients = np.expand_dims(coefficients, axis)
    if not close(elementwise, values, allowance(case.dtype, magnitude, 1)):
        yield f"elementwise losses make the values {elementwise}, Keras {values}"
    expected = np.broadcast_to(coefficients * factor, trace.elementwise.shape)
    allowed = keras.condition * allowance(case.dtype, np.abs(expected).max())
    if not close(host(trace.coefficients), expected, allowed):
        yield f"coefficients {host(trace.coefficients)}, Keras's gradient {expected}"


def _aggregate_problems(case, keras):
    """Compare `aggregate` of Keras's values with Keras's reduction of them."""
    kinds = (ops.convert_to_numpy, ops.convert_to_tensor)
    given = ops.cast(keras.values, case.dtype)  # older functions return float32 now and then
    values, gradient = host(keras.values), keras.coefficients
    scale = finite_sum(values * keras.absolute)
    for as_given in kinds[case.dtype == "bfloat16" :]:
        weight, mask = (
            None if array is None else as_given(array)
            for array in (copied(case.sample_weight), keras.mask)
        )
        a, error, _ = outcome(lb.aggregate, as_given(given), weight, mask, reduction=case.reduction)
        if error:
            yield f"aggregate raises {error!r}"
            return
        total, coefficients, denominator = map(host, (a.total, a.coefficients, a.denominator))
        if not close(total, keras.total, keras.condition * allowance(case.dtype, scale)):
            yield f"aggregate: {total}, Keras {keras.total}"
        allowed = keras.condition * allowance(case.dtype, np.abs(gradient).max())
        if not close(coefficients, gradient, allowed):
            yield f"aggregate: coefficients {coefficients}, Keras's gradient {gradient}"
        if as_given is ops.convert_to_tensor and type(a.total) is not type(keras.values):
            yield f"aggregate turns tensors into {type(a.total)}"
        if total.shape or not np.isfinite([total, *values.flat]).all():
            continue
        bare = np.where(values == 0, 0.0, gradient * float(denominator))  # mask * weight * repeats
        allowed = keras.condition * allowance(case.dtype, 2 * scale * abs(denominator))
        if not close(total * denominator, (bare * values).sum(), allowed):
            yield f"total * denominator = {total * denominator}, not {(bare * values).sum()}"


def _meaning_problems(case, trace, keras, told):
    """Where Keras computes something else than was meant, we must have warned."""
    if told:
        return
    meant = _meant_total(case, keras)
    if meant is None or meant.size != keras.total.size:
        yield f"silent, though {'there is no telling' if meant is None else meant} is meant"
    elif not close(keras.total.ravel(), meant.ravel(), 10 * _allowed(case, trace, keras)):
        yield f"silent, though Keras says {keras.total} and {meant} is meant"


def _meant_total(case, keras):
    """Return what the caller wants to know, in float64, or None where there is no telling.

    Keras's values for labels of the shape meant, times mask and weights of the shape meant.
    """
    if case.meant_y is None or any(array is None for array in case.meant.values()):
        return None
    function, refused, _ = outcome(keras.function, case, case.meant_y, case.meant_p)
    if refused:
        return keras.total  # nothing to compare with
    values, valid = function
    values, weight = host(values).reshape(case.values), np.float64(1)
    mask = case.meant.get("mask")
    if valid is not None:
        valid = host(valid).reshape(values.shape)
        mask = valid if mask is None else mask * valid
    if mask is not None:
        if not np.isin(mask, (0, 1)).all():
            return None
        mask = np.broadcast_to(mask, values.shape)
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
