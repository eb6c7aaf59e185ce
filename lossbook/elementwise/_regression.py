"""Regression and divergence losses before any mean: one number for each element."""

from lossbook._core import Array, ArrayLike, check_axis, check_number, epsilon, shape_of
from lossbook.elementwise._inputs import broadcast_pair, softplus


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("mean_squared_error", y_true, y_pred)
    return xp.square(y_true - y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("mean_absolute_error", y_true, y_pred)
    return xp.abs(y_true - y_pred)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * xp.abs((y_true - y_pred) / xp.maximum(xp.abs(y_true), epsilon()))


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("mean_squared_logarithmic_error", y_true, y_pred)
    y_true, y_pred = xp.maximum(y_true, epsilon()), xp.maximum(y_pred, epsilon())
    return xp.square(xp.log(y_pred + 1.0) - xp.log(y_true + 1.0))


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("huber", y_true, y_pred)
    check_number("delta", delta)
    error = y_pred - y_true
    size = xp.abs(error)
    return xp.where(size <= delta, 0.5 * xp.square(error), delta * size - 0.5 * delta**2)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return error + softplus(xp, -2.0 * error) - 0.6931471805599453


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("poisson", y_true, y_pred)
    return y_pred - y_true * xp.log(y_pred + epsilon())


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Kullback-Leibler divergence of every element, before the *sum* over the last axis.

    Surprise: labels are clipped too, so a label of 0 adds a little, below 0; nothing is
    normalised.

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
    xp, y_true, y_pred = broadcast_pair("kl_divergence", y_true, y_pred)
    y_true, y_pred = xp.clip(y_true, epsilon(), 1), xp.clip(y_pred, epsilon(), 1)
    return y_true * xp.log(y_true / y_pred)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("cosine_similarity", y_true, y_pred)
    if not shape_of(y_true):
        y_true = xp.reshape(y_true, (1,))  # a single number: a vector of one
    check_axis(axis, shape_of(y_true), "y_true")
    check_axis(axis, shape_of(y_pred))
    return -(_unit_length(xp, y_true, axis) * _unit_length(xp, y_pred, axis))


def _unit_length(xp, vectors, axis):
    """Divide vectors by their length; Keras caps the factor at 1 / epsilon."""
    length = xp.sqrt(xp.sum(xp.square(vectors), axis=axis, keepdims=True))
    return vectors * (1.0 / xp.maximum(length, epsilon()))
