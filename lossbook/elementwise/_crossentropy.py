"""Crossentropies before any mean: one number for each element, or for each position."""

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
    dtype_name,
    is_float,
    namespace,
    shape_of,
    warn,
    with_section,
)
from lossbook.elementwise._inputs import (
    at_labels,
    check_labels,
    check_options,
    clip_probabilities,
    integers,
    log_softmax,
    pair,
    positive_part,
    smooth_labels,
)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """Binary crossentropy of every element, before the mean over the class axis.

    Surprise: the probability is clipped in its own dtype. A totally wrong float32 prediction costs
    16.118 where the label is 1 and 15.942 where it is 0, never infinity.

    Formula: -[y log p + (1 - y) log(1 - p)], p clipped to [epsilon, 1 - epsilon];
    for logits z: max(z, 0) - z y + log(1 + exp(-|z|)), not clipped.

    Args:
        y_true: labels, usually 0 or 1, shape `(batch, *positions)`. Cast to the dtype of `y_pred`.
        y_pred: float probabilities (or logits), same shape.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: float in [0, 1]; moves labels towards 0.5: y (1 - s) + s / 2.

    Returns:
        Array of the shape and dtype of `y_pred`.

    Raises:
        ValueError: if the shapes differ; the message names both.

    Examples:
        >>> from lossbook import elementwise
        >>> loss = elementwise.binary_crossentropy([1, 0, 1, 0], [0.8, 0.8, 0.0, 1.0])
        >>> print([f"{x:.3f}" for x in loss])
        ['0.223', '1.609', '16.118', '15.942']

    References:
        keras/src/losses/losses.py::binary_crossentropy and
        keras/src/backend/tensorflow/nn.py::binary_crossentropy, Keras 3.15.1.
    """
    check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = pair(y_true, y_pred)
    check_same_shape("binary_crossentropy", shape_of(y_true), shape_of(y_pred))
    y_true = smooth_labels(y_true, label_smoothing)
    if from_logits and xp is not np and active_backend() == "tensorflow":
        import tensorflow as tf

        # Keras's own operation: a step that has both computes it once
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
    if from_logits:
        positive, rest = positive_part(xp, y_pred)
        return positive - y_pred * y_true + rest
    p = clip_probabilities(xp, y_pred)
    # PyTorch's kernel rounds less
    log_q = xp.log1p(-p) if active_backend() == "torch" else xp.log(1 - p)
    return -(y_true * xp.log(p) + (1 - y_true) * log_q)


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Categorical crossentropy of every element, before the sum over the class axis.

    Surprise: probabilities are first divided by their sum over the classes, so they need not add
    up to 1, and only then clipped. Elements of other classes than the true one cost nothing.

    Formula: -y log p, p = y_pred / (sum of y_pred over `axis`), clipped to [epsilon, 1 - epsilon];
    for logits: p = softmax(y_pred), not clipped.

    Args:
        y_true: one-hot (or soft) labels, shape `(batch, *positions, classes)`.
        y_pred: float probabilities (or logits), same shape.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: float in [0, 1]; y (1 - s) + s / classes. As in Keras, `classes` is the
            length of the last axis, whatever `axis` says.
        axis: the class axis. With logits, Keras on TensorFlow takes -1 or one counted from the
            front.

    Returns:
        Array of the shape and dtype of `y_pred`. Its sum over `axis` is what Keras's function
        returns.

    Raises:
        ValueError: if the shapes differ, or `axis` is out of range.

    Examples:
        >>> from lossbook import elementwise
        >>> loss = elementwise.categorical_crossentropy([[0, 1, 0]], [[0.1, 0.7, 0.2]])
        >>> print(loss.round(4))
        [[0.     0.3567 0.    ]]

    References:
        keras/src/losses/losses.py::categorical_crossentropy and
        keras/src/backend/tensorflow/nn.py::categorical_crossentropy, Keras 3.15.1.
    """
    check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = pair(y_true, y_pred)
    check_same_shape("categorical_crossentropy", shape_of(y_true), shape_of(y_pred))
    shape = shape_of(y_pred)
    front = check_axis(axis, shape)
    if from_logits and front != axis != -1 and active_backend() == "tensorflow":
        raise ValueError(
            f"Keras on TensorFlow takes logits with axis=-1 or an axis counted from the front. "
            f"Received: axis={axis}, y_pred.shape={shape}. Give axis={front}."
        )
    if shape[front] == 1:
        warn(
            f"categorical_crossentropy over one class is always about 0: y_pred has shape "
            f"{shape} and its class axis {axis} has length 1. "
            "For a single sigmoid output use binary_crossentropy.",
            "one-class",
        )
    y_true = smooth_labels(y_true, label_smoothing, classes=shape[-1])
    if from_logits:
        return 0 - y_true * log_softmax(xp, y_pred, axis)  # 0 - 0 is 0, and -(0) would be -0
    p = y_pred / xp.sum(y_pred, axis=axis, keepdims=True)
    return -(y_true * xp.log(clip_probabilities(xp, p)))


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Array:
    """Categorical crossentropy of every position, the class given as an integer.

    Surprise: this is the finest grain there is. The label picks one class, so the loss has the
    shape of the labels and no class axis is left to reduce.

    Formula: -log p[y], p = y_pred, on TensorFlow clipped and then divided by its sum over
    the classes, on JAX and PyTorch divided and then clipped;
    for logits: p = softmax(y_pred), not clipped.

    Args:
        y_true: class numbers from 0 to classes - 1, shape `(batch, *positions)` or
            `(batch, *positions, 1)`. Fractions are cut off.
        y_pred: float probabilities (or logits), shape `(batch, *positions, classes)`.
        from_logits: whether `y_pred` holds logits.
        ignore_class: a class number whose positions cost 0, such as 255 or -1 for "void". The
            Keras loss also masks them, so that they leave the denominator; `trace` does the same.
        axis: the class axis; Keras on TensorFlow accepts the last one only.

    Returns:
        Array of shape `(batch, *positions)` and of the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes don't fit, `axis` is not the last, or a label is out of range.

    Examples:
        >>> from lossbook import elementwise
        >>> loss = elementwise.sparse_categorical_crossentropy([1], [[0.1, 0.7, 0.2]])
        >>> print(loss.round(4))
        [0.3567]

    References:
        keras/src/losses/losses.py::sparse_categorical_crossentropy and
        keras/src/backend/tensorflow/nn.py::sparse_categorical_crossentropy, Keras 3.15.1.
    """
    check_options(from_logits, 0.0)
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    labels = asarray(xp, y_true, dtype_name(y_true) if is_float(y_true) else integers(xp), "y_true")
    shape = shape_of(y_pred)
    if not shape:
        raise ValueError(
            "sparse_categorical_crossentropy needs y_pred with a class axis, "
            "shape (batch, ..., classes). Received: y_pred.shape=()."
        )
    if check_axis(axis, shape) != len(shape) - 1:
        raise ValueError(
            "sparse_categorical_crossentropy takes the last axis as class axis, and no other. "
            f"Received: axis={axis}, y_pred.shape={shape}. Move the classes to the end first."
        )
    if len(labels.shape) == len(shape) and labels.shape[-1] == 1:
        labels = xp.squeeze(labels, -1)
    if shape_of(labels) != shape[:-1]:
        hint = (
            "These look like one-hot labels: use categorical_crossentropy."
            if shape_of(labels) == shape
            else f"Expected y_true of shape {shape[:-1]} or {(*shape[:-1], 1)}."
        )
        message = (
            "sparse_categorical_crossentropy needs one class number for each position. "
            f"Received: y_true.shape={shape_of(y_true)}, y_pred.shape={shape}. {hint}"
        )
        raise ValueError(with_section(message, "targets-refused"))
    if ignore_class is not None:
        check_number("ignore_class", ignore_class, "-1")
        valid = labels != ignore_class
        labels = xp.where(valid, labels, xp.zeros_like(labels))
        y_pred = xp.where(xp.expand_dims(valid, -1), y_pred, xp.zeros_like(y_pred))
    check_labels(labels, shape[-1])
    labels = asarray(xp, labels, integers(xp))
    tensorflow = active_backend() == "tensorflow"
    if from_logits or tensorflow:  # where the clip comes before the division by the sum
        log_p = y_pred if from_logits else xp.log(clip_probabilities(xp, y_pred))
        log_p = log_softmax(xp, log_p, -1)
    else:
        p = y_pred / xp.sum(y_pred, axis=-1, keepdims=True)
        log_p = xp.log(clip_probabilities(xp, p))
    loss = 0 - at_labels(xp, log_p, labels)
    return loss if ignore_class is None else xp.where(valid, loss, xp.zeros_like(loss))


def categorical_generalized_cross_entropy(
    y_true: ArrayLike, y_pred: ArrayLike, q: float = 0.5
) -> Array:
    """Generalized crossentropy of every position, the class given as an integer.

    Surprise: it lies between crossentropy (q towards 0) and the absolute error (q = 1) and never
    exceeds 1 / q. A label out of range costs just that, without an error (on PyTorch one
    that is too large is an error). Labels of shape
    `(batch, 1)` are broadcast against the whole batch: give them the shape `(batch,)`.

    Formula: (1 - p[y]^q) / q.

    Args:
        y_true: class numbers from 0 to classes - 1, shape `(batch, *positions)`.
        y_pred: float probabilities, shape `(batch, *positions, classes)`.
        q: float in (0, 1).

    Returns:
        Array of shape `(batch, *positions)` and of the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes don't fit.

    Examples:
        >>> from lossbook import elementwise
        >>> loss = elementwise.categorical_generalized_cross_entropy([1], [[0.1, 0.64, 0.26]])
        >>> print(loss.round(4))
        [0.4]

    References:
        keras/src/losses/losses.py::categorical_generalized_cross_entropy, Keras 3.15.1.
    """
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    labels = asarray(xp, y_true, integers(xp), "y_true")
    if not shape_of(y_pred):
        raise ValueError(
            "categorical_generalized_cross_entropy needs y_pred with a class axis, "
            "shape (batch, ..., classes). Received: y_pred.shape=()."
        )
    check_number("q", q, "0.5")
    classes = shape_of(y_pred)[-1]
    check_compatible(
        "categorical_generalized_cross_entropy", (*shape_of(labels), classes), shape_of(y_pred)
    )
    one_hot = xp.expand_dims(labels, -1) == asarray(xp, np.arange(classes), integers(xp))
    p = xp.sum(asarray(xp, one_hot, dtype_name(y_pred)) * y_pred, axis=-1)
    return (1 - xp.power(p, q)) / q
