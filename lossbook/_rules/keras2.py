"""How Keras 2 and tf.keras weighed and divided: the stages between the values and the scalar.

Each family differs in which weights it takes (see `weight_shapes`), how they meet the mask, what a
mask weighs, and what the sum is divided by. The stages are Keras 3's own, on ranks that it leaves
alone.
"""

import numpy as np

from lossbook._core import (
    asarray,
    check_not_empty,
    divide_no_nan,
    dtype_name,
    namespace,
    shape_of,
    size,
)
from lossbook._rules.weight_shapes import alike_or_longer, append_axes, one_axis, one_or_two_axes
from lossbook.reduction import (
    Step,
    effective_weight,
    mask_weight,
    reduce_values,
    standardize_reduction,
    weigh,
)

# --- what a mask weighs


def mask_by_mean(mask, reduction, dtype, epsilon=0.0):
    """Keras 2.2: the masked values are divided by the mean of the mask; 0/0 if nothing is kept."""
    xp = namespace(mask=mask)
    mask = asarray(xp, mask, dtype)
    share = xp.mean(mask) + epsilon
    value = asarray(xp, mask / share)
    return Step(value, value, share)


def mask_as_weight(mask, reduction, dtype):
    """Keras 2.3, tf.keras to 2.10: a mask is a weight of 0 or 1, and does not touch the divisor."""
    return mask_weight(mask, "sum", dtype)


def mask_by_valid(mask, reduction, dtype):
    """tf.keras since 2.11: total / valid as in Keras 3, but 0/0 = NaN if nothing is kept."""
    if standardize_reduction(reduction) not in ("sum_over_batch_size", "mean"):
        return mask_weight(mask, "sum", dtype)
    return mask_by_mean(mask, reduction, dtype)


# --- how weights meet the mask


def at_the_mask(xp, values, weight, mask):
    """Keras 2.3, tf.keras: weights take the rank of the mask, whatever the values are."""
    if weight is None:
        return mask
    given, other = shape_of(weight), shape_of(mask)
    weight = _reshape(xp, weight, one_axis("sample_weight", given, other, "mask"))
    try:
        np.broadcast_shapes(shape_of(weight), other)
    except ValueError:
        raise ValueError(
            f"sample_weight of shape {given} does not fit mask of shape {other}: this release adds "
            "one axis to the weights and matches the others from the last. "
            f"Give sample_weight the shape {other[:-1] or other}."
        ) from None
    return effective_weight(weight, mask)


def at_a_mask_with_ones(xp, values, weight, mask):
    """Keras 2.3: where no weights are given, there is a 1 for every sample."""
    if weight is not None:
        return at_the_mask(xp, values, weight, mask)
    shape = shape_of(mask)
    if len(shape) > 2 and shape[-1] not in (1, shape[0]):
        raise ValueError(
            f"mask of shape {shape} is refused: this release multiplies it by one weight per "
            f"sample, shape {shape[:1]}, from the last axis. Mask the values in the loss itself."
        )
    return mask if len(shape) < 3 else xp.ones(shape[:1], dtype=dtype_name(mask)) * mask


def at_the_values(xp, values, weight, mask):
    """Keras 2.2: the mask is multiplied in place, as NumPy would; then come the weights."""
    try:
        product = np.broadcast_shapes(shape_of(values), shape_of(mask))
    except ValueError:
        raise ValueError(
            f"mask of shape {shape_of(mask)} does not fit values of shape {shape_of(values)}: this "
            "release multiplies them in place, matched from the last axis. "
            f"Give the mask the shape {shape_of(values)}."
        ) from None
    mask = _reshape(xp, mask, (1,) * (len(product) - len(shape_of(mask))) + shape_of(mask))
    if weight is None:
        return mask
    return effective_weight(_reshape(xp, weight, append_axes(shape_of(weight), product)), mask)


def _reshape(xp, x, shape):
    return x if shape_of(x) == shape else xp.reshape(x, shape)


# --- the walks


def keras2_walk(
    takes, fits, mask_weight, meets=at_the_mask, nonzero=False, means=False, ones=False
):
    """Return the stages of a family that divides by the number of values.

    `takes`, `fits`: see `weight_shapes`; `meets`: how weights meet the mask.
    `nonzero`: weights are divided by the share of them that is not zero, beforehand.
    `means`: where weights still lack axes, the values are averaged to the axes of the weights.
    `ones`: where no weights are given, there is a single 1, of one axis.
    """

    def stages(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        reduction = standardize_reduction(reduction)
        xp = namespace(values=values, sample_weight=sample_weight, mask=mask)
        values = asarray(xp, values, name="values")
        shape, dtype = shape_of(values), dtype_name(values)
        check_not_empty("values", shape)
        weight, masked, given = None, None, []
        with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 is the number of this release
            if sample_weight is not None:
                given.append("sample_weight")
                weight = asarray(xp, sample_weight, dtype, "sample_weight")
                weight = _reshape(xp, weight, takes(shape_of(weight), shape))
                if nonzero:
                    kept = xp.sum(asarray(xp, weight != 0, dtype))
                    weight = weight * size(shape_of(weight)) / kept
            if mask is not None:
                given.append("mask")
                masked = mask_weight(asarray(xp, mask, dtype, "mask"), reduction, dtype)
                weight = meets(xp, values, weight, masked.value)
            if weight is None:
                weighted = weigh(values, None)
                missing = shape[1:] if ones and len(shape) > 2 else ()
            else:
                name = " · ".join(given)
                fitted = fits(name, shape_of(weight), shape)
                missing = shape[len(fitted) :] if means else ()
                weight = _reshape(xp, weight, fitted + (1,) * len(missing))
                masked = Step(weight, weight, masked.denominator) if name == "mask" else masked
                if len(shape_of(weight)) == len(shape) + 1:  # Keras 3 would drop a last axis of 1
                    values = xp.expand_dims(values, 0)
                weighted = weigh(values, weight, name)
                factor = xp.reshape(weighted.coefficients, shape)
                weighted = weighted._replace(coefficients=factor)
            step = _reduced(xp, weighted, missing, reduction)
        share = 1 if masked is None else masked.denominator
        return masked, weight, weighted, step._replace(denominator=step.denominator * share)

    return stages


def _reduced(xp, weighted, missing, reduction):
    """Reduce the weighted values; `missing` are the last axes, averaged beforehand."""
    total, _, denominator = reduce_values(weighted.value, None, reduction)
    if missing and reduction in ("sum", "none"):
        denominator = denominator * size(missing)
        if reduction == "none":
            total = xp.sum(total, axis=tuple(range(-len(missing), 0)))
        total = total / denominator
    return Step(total, weighted.coefficients / denominator, denominator)


def sum_of_weights_walk(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
    """tf.keras 1.13, losses given by name: divide by the sum of all weights, mask included.

    Without any, the weight is a single 1, which values of three axes or more do not take: they are
    averaged to one per row, summed, and divided by that 1.
    """
    stages = keras2_walk(one_or_two_axes, alike_or_longer, mask_as_weight, means=True)
    masked, weight, weighted, step = stages(values, sample_weight, mask, "sum_over_batch_size")
    shape = shape_of(weighted.value)
    xp = namespace(values=weighted.value)
    if weight is not None:
        denominator = xp.sum(xp.broadcast_to(weight, shape))
    elif len(shape) > 2:
        denominator = asarray(xp, size(shape) / shape[0], dtype_name(weighted.value))
    else:
        return masked, weight, weighted, step
    total = divide_no_nan(xp, xp.sum(weighted.value), denominator)
    inverse = divide_no_nan(xp, xp.ones_like(denominator), denominator)
    return masked, weight, weighted, Step(total, weighted.coefficients * inverse, denominator)
