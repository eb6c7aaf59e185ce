"""What the losses share: the arrays of one call, labels, probabilities."""

import numpy as np

from lossbook._core import (
    Array,
    ArrayLike,
    active_backend,
    asarray,
    check_compatible,
    check_number,
    described,
    dtype_name,
    epsilon,
    known_values,
    namespace,
    shape_of,
    squeeze_or_expand_to_same_rank,
    warn,
    with_section,
)


def pair(y_true, y_pred):
    """Bring both arrays into one namespace and into the dtype of `y_pred`."""
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    return xp, asarray(xp, y_true, dtype_name(y_pred), "y_true"), y_pred


def broadcast_pair(name, y_true, y_pred):
    """Bring both arrays into one namespace, one dtype and shapes that broadcast."""
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    y_true = asarray(xp, y_true, dtype_name(y_pred), "y_true")
    y_true, y_pred = squeeze_or_expand_to_same_rank(xp, y_true, y_pred)
    check_compatible(name, shape_of(y_true), shape_of(y_pred))
    return xp, y_true, y_pred


def check_options(from_logits, label_smoothing):
    if not isinstance(from_logits, bool):
        raise TypeError(f"from_logits must be True or False. Received: {described(from_logits)}.")
    check_number("label_smoothing", label_smoothing, "0.1")
    if not 0 <= label_smoothing <= 1:
        warn(
            f"label_smoothing={label_smoothing} is outside [0, 1]: "
            "labels are moved past the uniform distribution. Keras computes it all the same."
        )


def check_labels(labels, classes):
    """Refuse labels out of range; inside a compiled function there are no values to look at."""
    values = known_values(labels)
    if values is None:
        return
    bad = ~((values > -1) & (values < classes))  # fractions are cut off; NaN is bad
    if bad.any():
        message = (
            f"y_true holds the class number {values[bad][0]:g}, but y_pred has {classes} classes: "
            f"labels must be between 0 and {classes - 1}. {bad.sum()} of {values.size} are not."
        )
        raise ValueError(with_section(message, "labels-range"))


def smooth_labels(y_true: ArrayLike, label_smoothing: float, classes: int = 2) -> Array:
    """Move labels towards the uniform distribution: y (1 - s) + s / classes.

    Surprise: binary crossentropy always counts 2 classes, however many the output has.

    Args:
        y_true: float array of labels.
        label_smoothing: float in [0, 1]; 0 returns the labels unchanged.
        classes: the number of classes that share s.

    Returns:
        Array of the shape and dtype of `y_true`.

    Examples:
        >>> import numpy as np
        >>> from lossbook import elementwise
        >>> print(elementwise.smooth_labels(np.array([0.0, 1.0]), 0.2))
        [0.1 0.9]

    References:
        keras/src/losses/losses.py::binary_crossentropy and ::categorical_crossentropy, 3.15.1.
    """
    check_number("label_smoothing", label_smoothing, "0.1")
    check_number("classes", classes, "2")
    if dtype_name(y_true) in (None, "object"):
        y_true = asarray(np, y_true, name="y_true")
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


def integers(xp):
    """Return the dtype of labels: JAX has no int64 unless told."""
    return "int32" if xp is not np and active_backend() == "jax" else "int64"


def at_labels(xp, values, labels):
    """Return the value of each position's class, in the shape of `labels`.

    Of tensors by comparison with all class numbers: XLA cannot compile the take_along_axis of
    Keras 3.5 to 3.8. How many classes there are may be unknown in a compiled function.
    """
    labels, classes = xp.expand_dims(labels, -1), values.shape[-1]
    if xp is np or classes is None:
        return xp.squeeze(xp.take_along_axis(values, labels, axis=-1), -1)
    chosen = labels == asarray(xp, np.arange(classes), integers(xp))
    return xp.sum(xp.where(chosen, values, xp.zeros_like(values)), axis=-1)


def clip_probabilities(xp, p):
    """Clip probabilities; on PyTorch bare numbers would be float32, and 1 - epsilon another one."""
    dtype = dtype_name(p)
    return xp.clip(p, asarray(xp, epsilon(), dtype), asarray(xp, 1 - epsilon(), dtype))


def softmax(xp, logits, axis):
    """Turn logits into probabilities over `axis`."""
    return xp.exp(log_softmax(xp, logits, axis))


def log_softmax(xp, logits, axis):
    shifted = logits - xp.max(logits, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def positive_part(xp, x):
    """Return max(x, 0) and log(1 + exp(-|x|)): they add up to log(1 + exp(x)), without overflow.

    Written with `where`: at 0 the slope of their sum is then 1/2, as Keras has it. `maximum` and
    `abs` leave it to the backend.
    """
    positive = x >= 0
    return xp.where(positive, x, xp.zeros_like(x)), xp.log1p(xp.exp(xp.where(positive, -x, x)))


def softplus(xp, x):
    """Return log(1 + exp(x)) without overflow; of tensors what Keras computes, to the last bit."""
    return xp.softplus(x) if hasattr(xp, "softplus") else sum(positive_part(xp, x))
