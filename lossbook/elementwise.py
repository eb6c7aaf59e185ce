"""Losses before any mean: one number for each element of the prediction.

One function per Keras loss, with Keras's name and options. NumPy arrays (or lists) in, NumPy arrays
out; tensors of the active Keras backend in, tensors on the same device out. The dtype is that of
`y_pred` (float32 for lists and integers), and it matters: the clip is done in that dtype.
"""

import warnings

import numpy as np

from lossbook._core.arrays import (
    active_backend,
    asarray,
    dtype_name,
    epsilon,
    is_float,
    namespace,
    shape_of,
    to_numpy,
    warn,
)
from lossbook._core.checks import check_axis, check_compatible
from lossbook._core.regression import (
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    positive_part,
    squared_hinge,
)

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "smooth_labels",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0):
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
    _check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = _pair(y_true, y_pred)
    _same_shape("binary_crossentropy", y_true, y_pred)
    y_true = smooth_labels(y_true, label_smoothing)
    if from_logits:
        positive, rest = positive_part(xp, y_pred)
        return positive - y_pred * y_true + rest
    p = _clip(xp, y_pred)
    # PyTorch's kernel rounds less
    log_q = xp.log1p(-p) if active_backend() == "torch" else xp.log(1 - p)
    return -(y_true * xp.log(p) + (1 - y_true) * log_q)


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
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
    _check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = _pair(y_true, y_pred)
    _same_shape("categorical_crossentropy", y_true, y_pred)
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
            "For a single sigmoid output use binary_crossentropy."
        )
    y_true = smooth_labels(y_true, label_smoothing, classes=shape[-1])
    if from_logits:
        return 0 - y_true * _log_softmax(xp, y_pred, axis)  # 0 - 0 is 0, and -(0) would be -0
    p = y_pred / xp.sum(y_pred, axis=axis, keepdims=True)
    return -(y_true * xp.log(_clip(xp, p)))


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """Categorical crossentropy of every position, the class given as an integer.

    Surprise: this is the finest grain there is. The label picks one class, so the loss has the
    shape of the labels and no class axis is left to reduce.

    Formula: -log p[y], p = clipped y_pred divided by its sum over the classes;
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
    _check_options(from_logits, 0.0)
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    labels = asarray(
        xp, y_true, dtype_name(y_true) if is_float(y_true) else _integers(xp), "y_true"
    )
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
        raise ValueError(
            "sparse_categorical_crossentropy needs one class number for each position. "
            f"Received: y_true.shape={shape_of(y_true)}, y_pred.shape={shape}. {hint}"
        )
    if ignore_class is not None:
        valid = labels != ignore_class
        labels = xp.where(valid, labels, xp.zeros_like(labels))
        y_pred = xp.where(xp.expand_dims(valid, -1), y_pred, xp.zeros_like(y_pred))
    _check_labels(labels, shape[-1])
    labels = asarray(xp, labels, _integers(xp))
    tensorflow = active_backend() == "tensorflow"
    if from_logits or tensorflow:  # where the clip comes before the division by the sum
        log_p = y_pred if from_logits else xp.log(_clip(xp, y_pred))
        log_p = _log_softmax(xp, log_p, -1)
    else:
        p = y_pred / xp.sum(y_pred, axis=-1, keepdims=True)
        log_p = xp.log(_clip(xp, p))
    loss = 0 - xp.squeeze(xp.take_along_axis(log_p, xp.expand_dims(labels, -1), axis=-1), -1)
    return loss if ignore_class is None else xp.where(valid, loss, xp.zeros_like(loss))


def binary_focal_crossentropy(
    y_true,
    y_pred,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    *,
    logits=None,
):
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
    _check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = _pair(y_true, y_pred)
    _same_shape("binary_focal_crossentropy", y_true, y_pred)
    y_true = smooth_labels(y_true, label_smoothing)
    p = 1 / (1 + xp.exp(-y_pred)) if from_logits else y_pred
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
    y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """Categorical focal crossentropy of every element, before the sum over the class axis.

    Surprise: `alpha` is one factor for all classes, a quarter by default: it only scales the
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
    _check_options(from_logits, label_smoothing)
    xp, y_true, y_pred = _pair(y_true, y_pred)
    check_compatible("categorical_focal_crossentropy", shape_of(y_true), shape_of(y_pred))
    check_axis(axis, shape_of(y_pred))
    classes = shape_of(y_true)[check_axis(-1, shape_of(y_true))] if label_smoothing else 1
    y_true = smooth_labels(y_true, label_smoothing, classes)
    p = softmax(xp, y_pred, axis) if from_logits else y_pred
    p = xp.clip(p / xp.sum(p, axis=axis, keepdims=True), epsilon(), 1 - epsilon())
    return alpha * xp.power(1.0 - p, gamma) * -(y_true * xp.log(p))


def categorical_generalized_cross_entropy(y_true, y_pred, q=0.5):
    """Generalized crossentropy of every position, the class given as an integer.

    Surprise: it lies between crossentropy (q towards 0) and the absolute error (q = 1) and never
    exceeds 1 / q. A label out of range costs just that, without an error. Labels of shape
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
    labels = asarray(xp, y_true, _integers(xp), "y_true")
    if not shape_of(y_pred):
        raise ValueError(
            "categorical_generalized_cross_entropy needs y_pred with a class axis, "
            "shape (batch, ..., classes). Received: y_pred.shape=()."
        )
    classes = shape_of(y_pred)[-1]
    check_compatible(
        "categorical_generalized_cross_entropy", (*shape_of(labels), classes), shape_of(y_pred)
    )
    one_hot = xp.expand_dims(labels, -1) == asarray(xp, np.arange(classes), _integers(xp))
    p = xp.sum(asarray(xp, one_hot, dtype_name(y_pred)) * y_pred, axis=-1)
    return (1 - xp.power(p, q)) / q


def smooth_labels(y_true, label_smoothing, classes=2):
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
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


def _pair(y_true, y_pred):
    """Bring both arrays into one namespace and into the dtype of `y_pred`."""
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    return xp, asarray(xp, y_true, dtype_name(y_pred), "y_true"), y_pred


def _same_shape(name, y_true, y_pred):
    if shape_of(y_true) != shape_of(y_pred):
        hint = (
            "Class numbers? Use sparse_categorical_crossentropy, or one-hot labels."
            if name.startswith("cat") and shape_of(y_true) == shape_of(y_pred)[:-1]
            else f"Give y_true the shape {shape_of(y_pred)}."
        )
        raise ValueError(
            f"{name} needs y_true and y_pred of the same shape. "
            f"Received: y_true.shape={shape_of(y_true)}, y_pred.shape={shape_of(y_pred)}. {hint}"
        )
    if not shape_of(y_pred):
        raise ValueError(
            f"{name} reduces the last axis, but y_true and y_pred are single numbers, shape (). "
            "Pass arrays of shape (batch,) or (batch, ..., classes)."
        )


def _check_options(from_logits, label_smoothing):
    if not isinstance(from_logits, bool):
        raise TypeError(f"from_logits must be True or False. Received: {from_logits!r}.")
    if not isinstance(label_smoothing, (int, float, np.number)):
        raise TypeError(f"label_smoothing must be a number. Received: {label_smoothing!r}.")
    if not 0 <= label_smoothing <= 1:
        warn(
            f"label_smoothing={label_smoothing} is outside [0, 1]: "
            "labels are moved past the uniform distribution. Keras computes it all the same."
        )


def _check_labels(labels, classes):
    """Refuse labels out of range; inside a compiled function there are no values to look at."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow warns before it raises
            values = to_numpy(labels)
    except Exception:
        return
    bad = ~((values > -1) & (values < classes))  # fractions are cut off; NaN is bad
    if bad.any():
        raise ValueError(
            f"y_true holds the class number {values[bad][0]:g}, but y_pred has {classes} classes: "
            f"labels must be between 0 and {classes - 1}. {bad.sum()} of {values.size} are not."
        )


def _integers(xp):
    """Return the dtype of labels: JAX has no int64 unless told."""
    return "int32" if xp is not np and active_backend() == "jax" else "int64"


def _clip(xp, p):
    """Clip probabilities; on PyTorch bare numbers would be float32, and 1 - epsilon another one."""
    dtype = dtype_name(p)
    return xp.clip(p, asarray(xp, epsilon(), dtype), asarray(xp, 1 - epsilon(), dtype))


def softmax(xp, logits, axis):
    """Turn logits into probabilities over `axis`."""
    return xp.exp(_log_softmax(xp, logits, axis))


def _log_softmax(xp, logits, axis):
    shifted = logits - xp.max(logits, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))
