"""Which shapes of weights and masks Keras 2 and tf.keras took, and what they made of them.

`takes(shape, values)` is the shape of sample weights that a family does not refuse, and
`fits(name, shape, values)` the shape in which weights and mask, multiplied, meet the values.
"""

# --- which weights are taken


def one_or_two_axes(shape, values):
    """Keras 2, tf.keras to 2.1: weights have the first axes of the values, one or two of them.

    A loss that is one number has lost its axes: any one or two are taken.
    """
    if len(shape) in (1, 2) and (not values or shape == values[: len(shape)]):
        return shape
    expected = [str(values[:rank]) for rank in (1, 2) if rank <= len(values)]
    raise ValueError(
        f"sample_weight of shape {shape} is refused for values of shape {values}: this release "
        f"takes weights of shape {' or '.join(expected) or '(batch,) or (batch, time)'}, the "
        "second in sample_weight_mode='temporal'."
    )


def column(shape, values):
    """tf.keras 2.2 to 2.6: the data adapter makes a column of (batch,)."""
    return (*shape, 1) if len(shape) == 1 else shape


def any_shape(shape, values):
    """tf.keras since 2.7: whatever the product takes."""
    return shape


# --- how weights fit


def first_axes(name, shape, values):
    """Keras 2.2: weights stand for the first axes."""
    return append_axes(shape, values)


def first_axes_or_number(name, shape, values):
    """Keras 2.3: so they do, and one number is multiplied by every weight of one axis."""
    if not values and len(shape) == 1:
        return shape
    aligned = one_axis(name, shape, values)
    if len(aligned) > len(values):
        raise _cannot_be_broadcast(name, shape, values)
    return append_axes(aligned, values)


def alike(name, shape, values):
    """tf.keras 1.13 and 1.14: one axis is added or dropped; the first ones have to be alike."""
    aligned = one_axis(name, shape, values)
    stretched = all(n in (1, m) for n, m in zip(aligned, values, strict=False))
    if len(aligned) > len(values) or not stretched:
        raise _cannot_be_broadcast(name, shape, values)
    return aligned


def alike_or_longer(name, shape, values):
    """tf.keras 1.13, losses given by name: two axes too many are left to NumPy's rule."""
    return shape if len(shape) > len(values) + 1 else alike(name, shape, values)


def alike_but_one(name, shape, values):
    """tf.keras 1.15 to 2.1: at most one axis is missing."""
    if 0 < len(shape) < len(values) - 1:
        raise ValueError(
            f"{name} of shape {shape} cannot be broadcast to values of shape {values}: this "
            f"release adds one axis only. Give the weights the shape {values[:-1]}."
        )
    return alike(name, shape, values)


def one_axis(name, shape, other, other_name="values"):
    """tf.keras since 2.2: one axis is added or dropped; NumPy's rule decides the rest.

    (Since 2.7 weights (batch,) of predictions with two axes are a column: that matters to a loss
    that is one number, of which nobody can say here where it came from.)
    """
    if len(shape) == len(other) - 1:
        return (*shape, 1)
    if len(shape) != len(other) + 1:
        return shape
    if shape[-1] != 1:
        raise ValueError(
            f"{name} of shape {shape} has one axis more than {other_name} of shape {other}: this "
            f"release drops a last axis of length 1 and no other. {_advice(other)}"
        )
    return shape[:-1]


def append_axes(shape, other):
    """Add last axes of length 1, up to the rank of another shape."""
    return shape + (1,) * (len(other) - len(shape))


def _cannot_be_broadcast(name, shape, values):
    return ValueError(
        f"{name} of shape {shape} cannot be broadcast to values of shape {values}: this release "
        f"matches axes from the first, and stretches those of length 1. {_advice(values)}"
    )


def _advice(shape):
    if not shape:
        return "Let the loss return its values before their mean."
    return f"Give it the shape {shape}."
