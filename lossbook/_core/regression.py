"""Regression, divergence and hinge losses before any mean: one number for each element.

Public as `lossbook.elementwise.*`. NumPy in, NumPy out; tensors of the active Keras backend in,
tensors on the same device out. `y_true` is cast to the dtype of `y_pred`; a last axis of length 1
is added or dropped to make the ranks meet, and what still differs is broadcast, as in Keras.
"""

from lossbook._core.arrays import (
    asarray,
    dtype_name,
    epsilon,
    namespace,
    shape_of,
    squeeze_or_expand_to_same_rank,
)
from lossbook._core.checks import check_axis, check_compatible


def mean_squared_error(y_true, y_pred):
    """Squared error of every element, before the mean over the last axis.

    Surprise: shapes that differ are broadcast, by Keras too, and without a word.

    Formula: (y_true - y_pred)².

    Args:
        y_true: targets, shape `(batch, *positions)`. Cast to the dtype of `y_pred`.
        y_pred: float predictions, same shape. A last axis of 1 is added or dropped to meet.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.mean_squared_error([[1, 2]], [[1.5, 4.0]]))
        [[0.25 4.  ]]

    References:
        keras/src/losses/losses.py::mean_squared_error, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("mean_squared_error", y_true, y_pred)
    return xp.square(y_true - y_pred)


def mean_absolute_error(y_true, y_pred):
    """Absolute error of every element, before the mean over the last axis.

    Surprise: shapes that differ are broadcast, by Keras too, and without a word.

    Formula: |y_true - y_pred|.

    Args:
        y_true: targets, shape `(batch, *positions)`. Cast to the dtype of `y_pred`.
        y_pred: float predictions, same shape. A last axis of 1 is added or dropped to meet.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.mean_absolute_error([[1, 2]], [[1.5, 4.0]]))
        [[0.5 2. ]]

    References:
        keras/src/losses/losses.py::mean_absolute_error, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("mean_absolute_error", y_true, y_pred)
    return xp.abs(y_true - y_pred)


def mean_absolute_percentage_error(y_true, y_pred):
    """Error of every element in percent of its target, before the mean over the last axis.

    Surprise: a target of 0 counts as epsilon, so that one such element can outweigh all others.

    Formula: 100 |y_true - y_pred| / max(|y_true|, epsilon).

    Args:
        y_true: targets, shape `(batch, *positions)`.
        y_pred: float predictions, same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]]))
        [[50. 25.]]

    References:
        keras/src/losses/losses.py::mean_absolute_percentage_error, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * xp.abs((y_true - y_pred) / xp.maximum(xp.abs(y_true), epsilon()))


def mean_squared_logarithmic_error(y_true, y_pred):
    """Squared difference of log(1 + y) of every element, before the mean over the last axis.

    Surprise: negative numbers count as epsilon: below 0 the loss is flat.

    Formula: (log(max(y_pred, epsilon) + 1) - log(max(y_true, epsilon) + 1))².

    Args:
        y_true: targets, shape `(batch, *positions)`.
        y_pred: float predictions, same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4))
        [[0.4805]]

    References:
        keras/src/losses/losses.py::mean_squared_logarithmic_error, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("mean_squared_logarithmic_error", y_true, y_pred)
    y_true, y_pred = xp.maximum(y_true, epsilon()), xp.maximum(y_pred, epsilon())
    return xp.square(xp.log(y_pred + 1.0) - xp.log(y_true + 1.0))


def huber(y_true, y_pred, delta=1.0):
    """Huber loss of every element, before the mean over the last axis.

    Surprise: near 0 it is half of the squared error, not the squared error.

    Formula: e² / 2 where |e| <= delta, else delta |e| - delta² / 2; e = y_pred - y_true.

    Args:
        y_true: targets, shape `(batch, *positions)`.
        y_pred: float predictions, same shape.
        delta: where the square turns into a straight line.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.huber([[0.0, 0.0]], [[0.5, 3.0]]))
        [[0.125 2.5  ]]

    References:
        keras/src/losses/losses.py::huber, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("huber", y_true, y_pred)
    error = xp.abs(y_pred - y_true)
    return xp.where(error <= delta, 0.5 * xp.square(error), delta * error - 0.5 * delta**2)


def log_cosh(y_true, y_pred):
    """Logarithm of the hyperbolic cosine of every error, before the mean over the last axis.

    Surprise: for large errors it is |e| - log 2, for small ones e² / 2.

    Formula: log cosh e = e + log(1 + exp(-2 e)) - log 2; e = y_pred - y_true.

    Args:
        y_true: targets, shape `(batch, *positions)`.
        y_pred: float predictions, same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.log_cosh([[0.0, 0.0]], [[1.0, 10.0]]).round(4))
        [[0.4338 9.3069]]

    References:
        keras/src/losses/losses.py::log_cosh, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    positive, rest = positive_part(xp, -2.0 * error)
    return error + (positive + rest) - 0.6931471805599453


def poisson(y_true, y_pred):
    """Poisson loss of every element, before the mean over the last axis.

    Surprise: it can be negative, and its smallest value is not 0 but y - y log y.

    Formula: y_pred - y_true log(y_pred + epsilon).

    Args:
        y_true: counts, shape `(batch, *positions)`.
        y_pred: float predictions (rates, not their logarithms), same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.poisson([[3.0]], [[3.0]]).round(4))
        [[-0.2958]]

    References:
        keras/src/losses/losses.py::poisson, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("poisson", y_true, y_pred)
    return y_pred - y_true * xp.log(y_pred + epsilon())


def kl_divergence(y_true, y_pred):
    """Kullback-Leibler divergence of every element, before the *sum* over the last axis.

    Surprise: labels are clipped too, so a label of 0 costs a little; nothing is normalised.

    Formula: y log(y / p), both clipped to [epsilon, 1].

    Args:
        y_true: probabilities, shape `(batch, *positions, classes)`.
        y_pred: float probabilities, same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4))
        [[ 0.3466 -0.2027]]

    References:
        keras/src/losses/losses.py::kl_divergence, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("kl_divergence", y_true, y_pred)
    y_true, y_pred = xp.clip(y_true, epsilon(), 1), xp.clip(y_pred, epsilon(), 1)
    return y_true * xp.log(y_true / y_pred)


def hinge(y_true, y_pred):
    """Hinge loss of every element, before the mean over the last axis.

    Surprise: labels 0 and 1 become -1 and 1, but only if *all* labels of the batch are 0 or 1.

    Formula: max(1 - y_true y_pred, 0).

    Args:
        y_true: labels -1 and 1 (or 0 and 1), shape `(batch, *positions)`.
        y_pred: float scores, same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.hinge([[0, 1]], [[0.5, 0.5]]))
        [[1.5 0.5]]

    References:
        keras/src/losses/losses.py::hinge and ::convert_binary_labels_to_hinge, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("hinge", y_true, y_pred)
    return xp.maximum(1.0 - _signed(xp, y_true) * y_pred, 0)


def squared_hinge(y_true, y_pred):
    """Squared hinge loss of every element, before the mean over the last axis.

    Surprise: as in `hinge`, labels 0 and 1 become -1 and 1 if all labels are 0 or 1.

    Formula: max(1 - y_true y_pred, 0)².

    Args:
        y_true: labels -1 and 1 (or 0 and 1), shape `(batch, *positions)`.
        y_pred: float scores, same shape.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.squared_hinge([[0, 1]], [[0.5, 0.5]]))
        [[2.25 0.25]]

    References:
        keras/src/losses/losses.py::squared_hinge, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("squared_hinge", y_true, y_pred)
    return xp.square(xp.maximum(1.0 - _signed(xp, y_true) * y_pred, 0))


def categorical_hinge(y_true, y_pred):
    """Categorical hinge loss of every position: the best wrong score against the true one.

    Surprise: this is the finest grain there is. A maximum over the classes can't be split, so no
    class axis is left to reduce.

    Formula: max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0), over the last axis.

    Args:
        y_true: one-hot labels, shape `(batch, *positions, classes)`.
        y_pred: float scores, same shape.

    Returns:
        Array of shape `(batch, *positions)`, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.categorical_hinge([[0, 1, 0]], [[0.5, 1.0, -2.0]]))
        [0.5]

    References:
        keras/src/losses/losses.py::categorical_hinge, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("categorical_hinge", y_true, y_pred)
    true = xp.sum(y_true * y_pred, axis=-1)
    wrong = xp.max((1.0 - y_true) * y_pred, axis=-1)
    return xp.maximum(wrong - true + 1.0, 0)


def cosine_similarity(y_true, y_pred, axis=-1):
    """Negative cosine similarity, element by element, before the *sum* over `axis`.

    Surprise: the sum is between -1 and 1 and is minimised, so -1 is perfect; a vector of zeros
    gives 0.

    Formula: -u_true u_pred, each u divided by its Euclidean length over `axis`.

    Args:
        y_true: vectors, shape `(batch, *positions, n)`.
        y_pred: float vectors, same shape.
        axis: the axis of the vectors.

    Returns:
        Array of the common shape, in the dtype of `y_pred`.

    Raises:
        ValueError: if the shapes cannot be broadcast, or `axis` is out of range.

    Examples:
        >>> from lossbook import elementwise
        >>> print(elementwise.cosine_similarity([[3.0, 4.0]], [[4.0, 3.0]]).round(2))
        [[-0.48 -0.48]]

    References:
        keras/src/losses/losses.py::cosine_similarity, Keras 3.15.1.
    """
    xp, y_true, y_pred = _pair("cosine_similarity", y_true, y_pred)
    if not shape_of(y_true):
        y_true = xp.reshape(y_true, (1,))  # a single number: a vector of one
    check_axis(axis, shape_of(y_true), "y_true")
    check_axis(axis, shape_of(y_pred))
    return -(_unit_length(xp, y_true, axis) * _unit_length(xp, y_pred, axis))


def _pair(name, y_true, y_pred):
    """Bring both arrays into one namespace, one dtype and shapes that broadcast."""
    xp = namespace(y_true=y_true, y_pred=y_pred)
    y_pred = asarray(xp, y_pred, name="y_pred")
    y_true = asarray(xp, y_true, dtype_name(y_pred), "y_true")
    y_true, y_pred = squeeze_or_expand_to_same_rank(xp, y_true, y_pred)
    check_compatible(name, shape_of(y_true), shape_of(y_pred))
    return xp, y_true, y_pred


def _signed(xp, labels):
    """Turn labels 0 and 1 into -1 and 1, if all of them are 0 or 1."""
    binary = xp.all((labels == 0) | (labels == 1))
    return xp.where(binary, 2.0 * labels - 1.0, labels)


def _unit_length(xp, vectors, axis):
    """Divide vectors by their length; Keras caps the factor at 1 / epsilon."""
    length = xp.sqrt(xp.sum(xp.square(vectors), axis=axis, keepdims=True))
    return vectors * (1.0 / xp.maximum(length, epsilon()))


def positive_part(xp, x):
    """Return max(x, 0) and log(1 + exp(-|x|)): they add up to log(1 + exp(x)), without overflow.

    Written with `where`: at 0 the slope of their sum is then 1/2, as Keras has it. `maximum` and
    `abs` leave it to the backend.
    """
    positive = x >= 0
    return xp.where(positive, x, xp.zeros_like(x)), xp.log1p(xp.exp(xp.where(positive, -x, x)))
