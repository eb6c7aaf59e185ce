"""Shapes that fit, and shapes that fit along an axis nobody means: the errors and warnings."""

import numpy as np

from lossbook._core.arrays import (
    UNKNOWN,
    dtype_name,
    known_values,
    shape_of,
    size,
    to_numpy,
    warn,
)
from lossbook._core.home import with_section


def check_axis(axis, shape, name="y_pred"):
    """Return `axis` counted from the front, or raise a ValueError that names the shape."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise ValueError(f"axis must be an integer. Received: axis={axis!r}.")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"axis={axis} is out of range: {name} has shape {shape}, "
            f"so axis must be between {-len(shape)} and {len(shape) - 1}."
        )
    return int(axis) % len(shape)


def check_not_empty(name, shape):
    """Raise a ValueError if an array of that shape has no entries: there is nothing to average."""
    if 0 in shape:
        raise ValueError(
            f"{name} has shape {shape}: it is empty, and the mean of nothing is no number. "
            "(Keras returns an empty array, 0.0 or NaN here, depending on the rank.)"
        )


def check_compatible(loss, y_true, y_pred):
    """Raise a ValueError if two shapes can't be broadcast, or have no axis to reduce."""
    if not y_true and not y_pred:
        raise ValueError(
            f"{loss} reduces the last axis, but y_true and y_pred are single numbers, shape (). "
            "Pass arrays of shape (batch,) or (batch, ..., n)."
        )
    pairs = zip(reversed(y_true), reversed(y_pred), strict=False)
    if not all(a == b or {a, b} & {1, UNKNOWN} for a, b in pairs):
        raise _of_two_shapes(loss, y_true, y_pred)


def check_same_shape(loss, y_true, y_pred):
    """Raise a ValueError if two shapes differ, or have no axis to reduce."""
    y_true, y_pred = _matched(y_true, y_pred)
    if y_true != y_pred:
        numbered = loss.startswith("cat") and y_true == y_pred[:-1]
        hint = "Class numbers? Use sparse_categorical_crossentropy, or one-hot labels."
        raise _of_two_shapes(loss, y_true, y_pred, hint if numbered else "")
    check_compatible(loss, y_true, y_pred)


def _matched(one, other):
    """Return two shapes; a length that one of them does not know is that of the other."""
    if len(one) != len(other) or UNKNOWN not in (*one, *other):
        return one, other
    pairs = list(zip(one, other, strict=True))
    return tuple(b if a == UNKNOWN else a for a, b in pairs), tuple(
        a if b == UNKNOWN else b for a, b in pairs
    )


def _of_two_shapes(loss, y_true, y_pred, hint=""):
    message = (
        f"{loss} needs y_true and y_pred of the same shape. Received: y_true.shape={y_true}, "
        f"y_pred.shape={y_pred}. {hint or f'Give y_true the shape {y_pred}.'}"
    )
    return ValueError(with_section(message, "targets-refused"))


def check_fit(name, weight, given, other_name, other):
    """Check that two shapes broadcast, and warn where they do so along an axis nobody means.

    `given` is the shape of the weight before Keras aligned the ranks.
    """
    low, high = shape_of(weight), shape_of(other)
    if len(low) > len(high) and other_name == "mask":  # then it is the mask that has to reach
        given, low, high, name, other_name = high, high, low, other_name, name
    kind = "mask" if name == "mask" else "weights"  # of the finding
    one = f"one {'entry' if name == 'mask' else 'weight'} per"
    column = given + (1,) * (len(high) - len(given))
    try:
        product = np.broadcast_shapes(low, high)
    except ValueError:
        if _fits_from_the_left(given, high):
            advice = f"For {one} {_unit(given)} give it the shape {column}, per value {high}."
        elif len(high) > 1:
            samples = high[:1] + (1,) * (len(high) - 1)
            advice = f"Expected shape {high}, or {samples} for {one} sample."
        else:
            advice = f"Expected shape {high}."
        message = (
            f"{name} of shape {given} does not fit {other_name} of shape {high}: "
            f"Keras matches shapes from the last axis. {advice}"
        )
        raise ValueError(with_section(message, f"{kind}-refused")) from None
    times = size(product) // size(high)
    if other_name == "values" and times > 1 and not high:
        warn(
            f"{name} of shape {given} meets values of shape (), a single number: each weight "
            f"multiplies the same mean. For one value per sample give Dice and Tversky an axis "
            f"that leaves the samples, axis=(1, 2, 3) of images, and other losses y_true and "
            f"y_pred of shape ({times}, 1).",
            "loss-without-rows",
        )
    elif other_name == "values" and times > 1:
        warn(
            f"{name} of shape {given} and values of shape {high} multiply to {product}: every "
            f"value counts {times} times. "
            f"Give {'both' if '·' in name else name} the shape "
            f"{column if _fits_from_the_left(given, high) else high}.",
            f"{kind}-axis",
        )
    elif _fits_from_the_left(low, high):
        axes = [str(i - len(low)) for i, n in enumerate(low) if n > 1]
        axes = f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(axes)}"
        warn(
            f"{name} of shape {low} meets {other_name} of shape {high}: Keras matches shapes from "
            f"the last axis, so it acts on {axes}, not on the {_unit(low)}s. "
            f"For {one} {_unit(low)} give it the shape {low + (1,) * (len(high) - len(low))}.",
            f"{kind}-axis",
        )


def _fits_from_the_left(low, high):
    """Say whether weights of the shorter shape could be meant for the first axes of the other."""
    left = all(n in (1, m) for n, m in zip(low, high, strict=False))
    return len(low) < len(high) and size(low) > 1 and left


def _unit(shape):
    return "sample" if size(shape[1:]) == 1 else "position"


def check_sum_of_weights(reduction, weight, product):
    """Warn where Keras divides by the sum of fewer weights than there are values, or not at all."""
    if reduction != "mean_with_sample_weight":
        return
    if not product:
        warn(
            "mean_with_sample_weight does not divide a single number, values of shape (): the "
            "result is value · weight. Give y_true and y_pred a batch axis.",
            "loss-without-rows",
        )
    elif size(weight) < size(product):
        times = size(product) // size(weight)
        warn(
            f"mean_with_sample_weight divides by the sum of the weights, shape {weight}, but adds "
            f"up {size(product)} values: the result is {times} times the weighted mean. "
            f"Give the weights the full shape {product}.",
            "weights-fewer",
        )


def check_values_exist(xp, y_pred):
    """Refuse a tensor of a function that is being compiled: it has no values yet."""
    if xp is np:
        return
    if known_values(xp.ravel(y_pred)[:1]) is None:
        raise TypeError(
            "y_pred has no values yet: trace was called in a function that is being compiled. "
            "Call it outside, or compile with run_eagerly=True; aggregate() may stay inside."
        )


def warn_lost_axis(y_true, y_pred, values):
    """Warn where Keras drops the last axis of y_pred, and the next one becomes the class axis."""
    warn(
        f"y_pred of shape {y_pred} loses its last axis to meet y_true of shape {y_true}, and the "
        f"class axis is now one of the others: the values have shape {values}. "
        f"For one value per position give y_true the shape {(*y_true, 1)}."
    )


def check_mask(mask):
    """Warn of a mask that holds other numbers than 0 and 1, if it has values yet."""
    kept = None if mask is None or dtype_name(mask) == "bool" else known_values(mask)
    if kept is not None and not np.isin(kept, (0, 1)).all():
        warn(
            "mask holds other numbers than 0 and 1: Keras takes their sum for the number of valid "
            "values (sum, none and mean_with_sample_weight multiply by them). "
            "Pass True (keep) and False; weights belong in sample_weight."
        )


def check_broadcast(shape, y_true, y_pred, positions):
    """Warn where predictions and targets make more pairs than there are of either."""
    if size(shape) > min(size(y_true), size(positions)):
        warn(
            f"y_true of shape {y_true} and y_pred of shape {y_pred} are broadcast to {shape}: "
            "every pair is compared, not each prediction with its own target. "
            f"Give y_true the shape {y_pred}."
        )


def check_finite(elementwise, weight, total, denominator, dtype):
    """Warn where a loss or the total is NaN or infinite, and say where that comes from."""
    bad = ~np.isfinite(to_numpy(elementwise))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        warn(
            f"{bad.sum()} of {bad.size} elementwise losses are NaN or infinite, the first at index "
            f"{first}. No mask and no weight of 0 removes them, for 0 times NaN is NaN: "
            "mend y_true or y_pred there, for example with keras.ops.nan_to_num.",
            "not-finite",
        )
    elif not np.isfinite(to_numpy(total)).all():
        weighed = weight is not None and not np.isfinite(to_numpy(weight)).all()
        why = (
            "sample_weight or mask holds NaN or infinity"
            if weighed
            else f"a sum exceeds the largest number of {dtype}: take another dtype or reduction"
        )
        warn(
            f"The total is NaN or infinite, though no elementwise loss is: {why}.",
            "not-finite" if weighed else _of_half(dtype),
        )
    elif not np.isfinite(to_numpy(denominator)).all():
        warn(
            f"{dtype} cannot hold what the sum is divided by: the denominator is infinite and the "
            "total 0. Compute the loss in float32.",
            _of_half(dtype),
        )


def _of_half(dtype):
    """Return the code of a loss in half precision, None in another."""
    return "float16-loss" if dtype in ("float16", "bfloat16") else None
