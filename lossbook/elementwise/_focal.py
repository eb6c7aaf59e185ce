"""Focal crossentropies before any mean: elements that are nearly right lose weight."""

import numpy as np

from lossbook._core import (
    Array,
    ArrayLike,
    active_backend,
    asarray,
    check_axis,
    check_compatible,
    check_number,
    check_same_shape,
    described,
    dtype_name,
    epsilon,
    is_number,
    shape_of,
)
from lossbook.elementwise._crossentropy import binary_crossentropy
from lossbook.elementwise._inputs import (
    check_options,
    pair,
    smooth_labels,
    softmax,
)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    *,
    logits: ArrayLike | None = None,
) -> Array:
    """Binary focal crossentropy of every element, before the mean over the class axis.

    Surprise: `alpha` does nothing unless `apply_class_balancing` is set, and the denominator does
    not know the focal factor: easy elements leave the sum but stay in the mean.

    Formula: (1 - p_t)^gamma · binary crossentropy, p_t = y p + (1 - y)(1 - p), times
    y alpha + (1 - y)(1 - alpha) with class balancing. p_t is not clipped; the crossentropy is,
    except from logits on TensorFlow.

    Args:
        y_true: labels, usually 0 or 1, shape `(batch, *positions)`. Cast to the dtype of `y_pred`.
        y_pred: float probabilities (or logits), same shape.
        apply_class_balancing: whether to multiply by alpha and 1 - alpha.
        alpha: the weight of label 1.
        gamma: how much an element that is nearly right loses.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: float in [0, 1]; moves labels towards 0.5: y (1 - s) + s / 2.
        logits: the logits behind `y_pred`, where Keras on TensorFlow finds them; then the
            crossentropy is that of the logits, not clipped.

    Returns:
        Array of the shape and dtype of `y_pred`.

    Raises:
        ValueError: if the shapes differ; the message names both.

    Examples:
        >>> from lossbook import elementwise
        >>> loss = elementwise.binary_focal_crossentropy([1, 0], [0.8, 0.8])
        >>> print([f"{x:.4f}" for x in loss])
        ['0.0089', '1.0300']

    References:
        keras/src/losses/losses.py::binary_focal_crossentropy, Keras 3.15.1.
    """
    check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = pair(y_true, y_pred)
    check_same_shape("binary_focal_crossentropy", shape_of(y_true), shape_of(y_pred))
    check_number("gamma", gamma, "2.0")
    check_number("apply_class_balancing", apply_class_balancing, "True")
    y_true = smooth_labels(y_true, label_smoothing)
    p = y_pred
    if from_logits:
        with np.errstate(over="ignore"):  # exp(1000) is infinity, and 1 / infinity is 0
            p = 1 / (1 + xp.exp(-y_pred))
    if from_logits and active_backend() == "tensorflow":
        logits = y_pred  # Keras's own sigmoid leaves them on its output
    if logits is None:
        loss = binary_crossentropy(y_true, p)
    else:
        loss = binary_crossentropy(y_true, logits, from_logits=True)
    p_t = y_true * p + (1 - y_true) * (1 - p)
    loss = xp.power(1.0 - p_t, gamma) * loss
    return loss * (y_true * alpha + (1 - y_true) * (1 - alpha)) if apply_class_balancing else loss


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Categorical focal crossentropy of every element, before the sum over the class axis.

    Surprise: `alpha` is a quarter by default, one factor for all classes, which only scales the
    number. And logits are turned into probabilities and clipped, never used as they are.

    Formula: -alpha (1 - p)^gamma y log p, p = y_pred / (sum of y_pred over `axis`), clipped.

    Args:
        y_true: one-hot (or soft) labels, shape `(batch, *positions, classes)`.
        y_pred: float probabilities (or logits), same shape.
        alpha: factor of everything.
        gamma: how much an element that is nearly right loses.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: float in [0, 1]; y (1 - s) + s / classes, classes of the last axis.
        axis: the class axis.

    Returns:
        Array of the shape and dtype of `y_pred`.

    Raises:
        ValueError: if the shapes differ, or `axis` is out of range.

    Examples:
        >>> from lossbook import elementwise
        >>> loss = elementwise.categorical_focal_crossentropy([[0, 1, 0]], [[0.1, 0.7, 0.2]])
        >>> print(loss.round(4))
        [[0.    0.008 0.   ]]

    References:
        keras/src/losses/losses.py::categorical_focal_crossentropy, Keras 3.15.1.
    """
    check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = pair(y_true, y_pred)
    check_compatible("categorical_focal_crossentropy", shape_of(y_true), shape_of(y_pred))
    check_axis(axis, shape_of(y_pred))
    check_number("gamma", gamma, "2.0")
    if not is_number(alpha):
        alpha = asarray(xp, alpha, dtype_name(y_pred), "alpha")
        if shape_of(alpha) not in ((), (1,), shape_of(y_pred)[-1:]):
            raise ValueError(
                "alpha must be a number, or one for each class, of shape "
                f"{shape_of(y_pred)[-1:]}. Received: {described(alpha)}."
            )
    classes = shape_of(y_true)[check_axis(-1, shape_of(y_true))] if label_smoothing else 1
    y_true = smooth_labels(y_true, label_smoothing, classes)
    p = softmax(xp, y_pred, axis) if from_logits else y_pred
    p = xp.clip(p / xp.sum(p, axis=axis, keepdims=True), epsilon(), 1 - epsilon())
    return alpha * xp.power(1.0 - p, gamma) * -(y_true * xp.log(p))
