"""How Keras 2 and tf.keras weighed and divided: the stages between the values and the scalar.

Each family differs in four places: how weights get the rank of the values, what a mask weighs, what
weights are divided by beforehand, and what the sum is divided by. All else is Keras 3's own walk.
"""

import numpy as np

from lossbook._arrays import asarray, divide_no_nan, dtype_name, namespace, shape_of, size
from lossbook._checks import check_not_empty
from lossbook.reduction import Step, mask_weight, standardize_reduction, walk

# --- how weights get the rank of the values


def leading_axes(name, shape, values):
    """Keras 2: weights have the first axes of the values, one or two of them.

    A loss that is one number is multiplied by all of them.
    """
    if not values and len(shape) in (1, 2):
        return shape
    if len(shape) in (1, 2) and shape == values[: len(shape)]:
        return shape + (1,) * (len(values) - len(shape))
    expected = [str(values[:rank]) for rank in (1, 2) if rank <= len(values)]
    raise ValueError(
        f"{name} of shape {shape} is refused for values of shape {values}: this release takes "
        f"weights of shape {' or '.join(expected)}, the second in sample_weight_mode='temporal'."
    )


def one_axis(name, shape, values):
    """tf.keras: a last axis is added where exactly one is missing; else NumPy's rule decides."""
    if len(shape) == len(values) - 1:
        return (*shape, 1)
    if len(shape) == len(values) + 1 and shape[-1] == 1:
        return shape[:-1]
    return shape


def column_and_one_axis(name, shape, values):
    """tf.keras 2.2 to 2.6: the data adapter makes (batch,) a column, then one axis is added."""
    return one_axis(name, (*shape, 1) if len(shape) == 1 else shape, values)


def strictly_one_axis(name, shape, values):
    """tf.keras 1.15 to 2.1: weights lack at most one axis, and broadcast only along axes of 1."""
    leading_axes(name, shape, values)
    aligned = one_axis(name, shape, values)
    if len(aligned) != len(values):
        raise ValueError(
            f"{name} of shape {shape} cannot be broadcast to values of shape {values}: this "
            f"release adds one axis only. Give the weights the shape {values[:-1]}."
        )
    return aligned


def as_it_is(name, shape, values):
    """Keras 2.2: a mask is multiplied in place, as NumPy would."""
    return shape


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


# --- the walks


def keras2_walk(align, mask_weight, align_mask=one_axis, nonzero=False):
    """Return the stages of a family that divides by the number of values.

    `nonzero`: weights are divided by the share of them that is not zero, beforehand.
    """

    def stages(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        reduction = standardize_reduction(reduction)
        xp = namespace(values=values, sample_weight=sample_weight, mask=mask)
        values = asarray(xp, values, name="values")
        check_not_empty("values", shape_of(values))
        if sample_weight is not None:
            weight = asarray(xp, sample_weight, dtype_name(values), "sample_weight")
            shape = align("sample_weight", shape_of(weight), shape_of(values))
            if nonzero:
                kept = xp.sum(asarray(xp, weight != 0, dtype_name(weight)))
                weight = weight * size(shape_of(weight)) / kept
            sample_weight = xp.reshape(weight, shape)
        if mask is not None:
            mask = asarray(xp, mask, dtype_name(values), "mask")
            mask = xp.reshape(mask, align_mask("mask", shape_of(mask), shape_of(values)))
        with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 is the number of this release
            return walk(values, sample_weight, mask, reduction, mask_weight)

    return stages


def sum_of_weights_walk(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
    """tf.keras 1.13, losses given by name: divide by the sum of all weights, mask included.

    Without any, the weight is a single 1, which values of three axes or more do not take: they are
    averaged to one per row, summed, and divided by that 1.
    """
    stages = keras2_walk(leading_axes, mask_as_weight)
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
