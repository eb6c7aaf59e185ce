"""Hinge losses before any mean: one number for each element, or for each position."""

from lossbook._core import Array, ArrayLike
from lossbook.elementwise._inputs import broadcast_pair


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("hinge", y_true, y_pred)
    return xp.maximum(1.0 - _signed(xp, y_true) * y_pred, 0)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("squared_hinge", y_true, y_pred)
    return xp.square(xp.maximum(1.0 - _signed(xp, y_true) * y_pred, 0))


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
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
    xp, y_true, y_pred = broadcast_pair("categorical_hinge", y_true, y_pred)
    true = xp.sum(y_true * y_pred, axis=-1)
    wrong = xp.max((1.0 - y_true) * y_pred, axis=-1)
    return xp.maximum(wrong - true + 1.0, 0)


def _signed(xp, labels):
    """Turn labels 0 and 1 into -1 and 1, if all of them are 0 or 1."""
    binary = xp.all((labels == 0) | (labels == 1))
    return xp.where(binary, 2.0 * labels - 1.0, labels)
