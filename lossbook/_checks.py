"""Shapes that fit, and shapes that fit along an axis nobody means: the errors and warnings."""

import numpy as np

from lossbook._arrays import shape_of, size, warn


def check_axis(axis, shape):
    """Return `axis` counted from the front, or raise a ValueError that names the shape."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise ValueError(f"axis must be an integer. Received: axis={axis!r}.")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"axis={axis} is out of range: y_pred has shape {shape}, "
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


def check_broadcast(loss, y_true, y_pred):
    """Raise a ValueError if two shapes can't be broadcast, or have no axis to reduce."""
    if not y_true and not y_pred:
        raise ValueError(
            f"{loss} averages the last axis, but y_true and y_pred are single numbers, shape (). "
            "Pass arrays of shape (batch,) or (batch, ..., n)."
        )
    try:
        np.broadcast_shapes(y_true, y_pred)
    except ValueError:
        raise ValueError(
            f"{loss} needs y_true and y_pred of one shape (or shapes that broadcast). "
            f"Received: y_true.shape={y_true}, y_pred.shape={y_pred}."
        ) from None


def check_fit(name, weight, given, other_name, other):
    """Check that two shapes broadcast, and warn where they do so along an axis nobody means.

    `given` is the shape of the weight before Keras aligned the ranks.
    """
    low, high = shape_of(weight), shape_of(other)
    if len(low) > len(high) and other_name == "mask":  # then it is the mask that has to reach
        given, low, high, name, other_name = high, high, low, other_name, name
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
        raise ValueError(
            f"{name} of shape {given} does not fit {other_name} of shape {high}: "
            f"Keras matches shapes from the last axis. {advice}"
        ) from None
    times = size(product) // size(high)
    if other_name == "values" and times > 1 and not high:
        warn(
            f"{name} of shape {given} meets values of shape (), a single number: each weight "
            f"multiplies the same mean. For one value per sample give y_true and y_pred the shape "
            f"({times}, 1)."
        )
    elif other_name == "values" and times > 1:
        warn(
            f"{name} of shape {given} and values of shape {high} multiply to {product}: every "
            f"value counts {times} times. "
            f"Give {name} the shape {column if _fits_from_the_left(given, high) else high}."
        )
    elif _fits_from_the_left(low, high):
        axes = " and ".join(str(i - len(low)) for i, n in enumerate(low) if n > 1)
        warn(
            f"{name} of shape {low} meets {other_name} of shape {high}: Keras matches shapes from "
            f"the last axis, so it weighs axis {axes}, not the {_unit(low)}s. "
            f"For {one} {_unit(low)} give it the shape {low + (1,) * (len(high) - len(low))}."
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
            "result is value · weight. Give y_true and y_pred a batch axis."
        )
    elif size(weight) < size(product):
        times = size(product) // size(weight)
        warn(
            f"mean_with_sample_weight divides by the sum of the {size(weight)} weights of shape "
            f"{weight}, but adds up {size(product)} values: the result is {times} times the "
            f"weighted mean. Give the weights the full shape {product}."
        )
