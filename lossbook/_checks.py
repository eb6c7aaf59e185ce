"""Shapes that fit, and shapes that fit along an axis nobody means: the errors and warnings."""

import numpy as np

from lossbook._arrays import shape_of, size, warn


def check_axis(axis, shape):
    """Return `axis` counted from the front, or raise a ValueError that names the shape."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ValueError(f"axis must be an integer. Received: axis={axis!r}.")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"axis={axis} is out of range: y_pred has shape {shape}, "
            f"so axis must be between {-len(shape)} and {len(shape) - 1}."
        )
    return axis % len(shape)


def check_not_empty(name, shape):
    """Raise a ValueError if an array of that shape has no entries: there is nothing to average."""
    if 0 in shape:
        raise ValueError(
            f"{name} has shape {shape}: it is empty, and the mean of nothing is no number. "
            "(Keras returns an empty array, 0.0 or NaN here, depending on the rank.)"
        )


def check_fit(name, weight, given, other_name, other):
    """Check that two shapes broadcast, and warn where they do so along an axis nobody means."""
    low, high = shape_of(weight), shape_of(other)
    column = given + (1,) * (len(high) - len(given))
    try:
        product = np.broadcast_shapes(low, high)
    except ValueError:
        if given[:1] == high[:1] and len(given) < len(high):
            advice = f"One weight per {_unit(given)} needs shape {column}, one per value {high}."
        else:
            advice = f"Expected shape {high}, or {(*high[:1], *[1] * (len(high) - 1))} for samples."
        raise ValueError(
            f"{name} of shape {given} does not fit {other_name} of shape {high}: "
            f"Keras matches shapes from the last axis. {advice}"
        ) from None
    if len(low) > len(high) and other_name == "mask":  # then it is the mask that has to reach
        low, high, name, other_name = high, low, other_name, name
        column = low + (1,) * (len(high) - len(low))
    if len(low) < len(high) and low == high[: len(low)] == high[-len(low) :] and size(low) > 1:
        warn(
            f"{name} of shape {low} meets {other_name} of shape {high}: Keras matches shapes from "
            f"the last axis, so it weighs axis {-len(low)}, not the {_unit(low)}s. "
            f"For one weight per {_unit(low)} give it shape {column}."
        )
    elif other_name == "values" and product != shape_of(other):
        times = size(product) // size(shape_of(other))
        fix = column if given == high[: len(given)] else shape_of(other)
        warn(
            f"{name} of shape {given} and values of shape {shape_of(other)} multiply to "
            f"{product}: every value counts {times} times. Give {name} the shape {fix}."
        )


def _unit(shape):
    return "sample" if len(shape) == 1 else "position"


def check_sum_of_weights(reduction, weight, product):
    """Warn where Keras divides by the sum of fewer weights than there are values."""
    if reduction == "mean_with_sample_weight" and size(weight) < size(product):
        times = size(product) // size(weight)
        warn(
            f"mean_with_sample_weight divides by the sum of the {size(weight)} weights of shape "
            f"{weight}, but adds up {size(product)} values: the result is {times} times the "
            f"weighted mean. Give the weights the full shape {product}."
        )
