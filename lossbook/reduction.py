"""From elementwise losses to the scalar, stage by stage, as Keras 3 does it.

Each stage returns a `Step`: its value, the coefficients (the factor of every entry of the input in
that value) and the denominator (what a sum was divided by, 1 where nothing is divided). The stages
are Keras's own, in Keras's order:

    class_axis -> mask_weight -> effective_weight -> weigh -> reduce_values

NumPy arrays in, NumPy arrays out; tensors of the active Keras backend in, tensors out.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lossbook._core import (
    Array,
    ArrayLike,
    asarray,
    check_axis,
    check_dtype,
    check_fit,
    check_not_empty,
    check_sum_of_weights,
    described,
    divide_no_nan,
    dtype_name,
    namespace,
    shape_of,
    size,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    warn,
    with_section,
)

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none")
_DIVIDED_BY_SIZE = ("sum_over_batch_size", "mean")


class Step(NamedTuple):
    """One stage: its value, the factor of each input entry in it, and what it divided by."""

    value: Any
    coefficients: Any
    denominator: Any


def standardize_reduction(reduction: str | None) -> str:
    """Return one of the five reductions by Keras's own name, or raise a ValueError.

    `None` and `"none"` are the same, and `"mean"` is another name of `"sum_over_batch_size"`.

    Examples:
        >>> from lossbook import reduction
        >>> reduction.standardize_reduction(None)
        'none'

    References:
        keras/src/losses/loss.py::standardize_reduction, Keras 3.15.1.
    """
    if reduction is None:
        return "none"
    named = isinstance(reduction, str)
    if not named or reduction not in REDUCTIONS:
        hint = {"auto": "sum_over_batch_size", "avg": "mean"}.get(reduction if named else "")
        raise ValueError(
            f"Unknown reduction {described(reduction)}. "
            f"Expected None or one of {', '.join(REDUCTIONS)}."
            + (f" Did you mean {hint!r}?" if hint else "")
        )
    return reduction


def class_axis(elementwise: ArrayLike, operation: str = "mean", axis: int = -1) -> Step:
    """Reduce the class axis, as the loss function itself does before anything else happens.

    Surprise: binary crossentropy and the squared and absolute errors take the *mean* over the
    classes, categorical crossentropy takes the *sum*; sparse has no class axis left.

    Formula: values = mean (or sum) of elementwise over `axis`.

    Args:
        elementwise: float array, shape `(batch, *positions, classes)`.
        operation: "mean", "sum" or "none".
        axis: the axis to reduce.

    Returns:
        Step: value of shape `(batch, *positions)`; coefficients of the shape of `elementwise`.

    Raises:
        ValueError: if `axis` is out of range or the operation is unknown.

    Examples:
        >>> import numpy as np
        >>> from lossbook import reduction
        >>> step = reduction.class_axis(np.array([[1.0, 3.0], [2.0, 6.0]]))
        >>> print(step.value, step.denominator)
        [2. 4.] 2

    References:
        keras/src/losses/losses.py::binary_crossentropy (`ops.mean(..., axis=axis)`), Keras 3.15.1.
    """
    xp = namespace(elementwise=elementwise)
    elementwise = asarray(xp, elementwise, name="elementwise")
    if not isinstance(operation, str) or operation not in ("mean", "sum", "none"):
        raise ValueError(f"Unknown operation {described(operation)}. Expected mean, sum or none.")
    if operation == "none":
        return Step(elementwise, xp.ones_like(elementwise), 1)
    shape = shape_of(elementwise)
    length = shape[check_axis(axis, shape)]
    if operation == "mean" and not length:
        check_not_empty("elementwise", shape)
    value = xp.sum(elementwise, axis=axis) if operation == "sum" else xp.mean(elementwise, axis)
    denominator = length if operation == "mean" else 1
    factor = asarray(xp, 1 / denominator, dtype_name(elementwise))
    return Step(value, xp.broadcast_to(factor, shape), denominator)


def class_weights(y_true: ArrayLike, class_weight: Mapping[int, float]) -> np.ndarray:
    """Turn a dict of class weights into sample weights, as `fit` does with `class_weight`.

    Surprise: a label is found by arg max over the *last* axis, whatever it means: right for
    one-hot rows, another class for multi-label rows, a time step for labels (batch, time).
    Classes that the dict does not name weigh 1.

    Args:
        y_true: labels of one output: class numbers `(batch,)` or `(batch, 1)`, or one-hot rows
            `(batch, classes)`.
        class_weight: dict, class number -> weight.

    Returns:
        float32 NumPy array of shape `(batch,)`.

    Raises:
        ValueError: for targets that leave more than one label per row, where Keras fails too.

    Warns:
        UserWarning: for rows that are not one-hot.

    Examples:
        >>> from lossbook import reduction
        >>> print(reduction.class_weights([[0, 1, 0], [1, 0, 0]], {1: 5.0}))
        [5. 1.]

    References:
        keras/src/trainers/data_adapters/data_adapter_utils.py::class_weight_to_sample_weights,
        Keras 3.15.1.
    """
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "class_weight must be a dict, class number -> weight, such as {0: 1.0, 1: 5.0}. "
            f"Received: {described(class_weight)}."
        )
    given = to_numpy(y_true) if hasattr(y_true, "dtype") else y_true
    labels = asarray(np, given, "float64", "y_true")
    check_not_empty("y_true", labels.shape)
    given = labels.shape
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    elif labels.ndim > 1:
        one_hot = np.isin(labels, (0, 1)).all() and (labels.sum(-1) == 1).all()
        labels = labels.argmax(-1)
        if labels.ndim == 1 and not one_hot:
            warn(
                f"class_weight takes the arg max over the last axis of y_true, shape {given}, but "
                "its rows are not one-hot: each row is weighed by one class, or by a position "
                "taken for a class. Pass sample_weight of the shape of the values instead.",
                "class-weight-labels",
            )
    if labels.ndim != 1:
        message = (
            f"class_weight needs one label per row: y_true of shape {given} leaves labels of shape "
            f"{labels.shape}. Pass sample_weight of shape {labels.shape} instead, made from them."
        )
        raise ValueError(with_section(message, "class-weight-refused"))
    labels = np.round(labels).astype("int32")
    return np.array([class_weight.get(int(label), 1.0) for label in labels], "float32")


def mask_weight(
    mask: ArrayLike | None, reduction: str | None = "sum_over_batch_size", dtype: str = "float32"
) -> Step:
    """Turn a mask into weights: valid positions weigh total / valid, the others 0.

    Surprise: the later division by *all* values then comes out as a division by the *valid* ones.
    "sum", "mean_with_sample_weight" and "none" do not rescale: there a mask is 0 or 1.

    Formula: mask · total / valid; 0 everywhere when nothing is valid.

    Args:
        mask: array of bool (True = keep), usually of shape `(batch, *positions)`.
        reduction: one of the five reductions.
        dtype: floating dtype of the result.

    Returns:
        Step: value and coefficients of the shape of `mask`; denominator: valid / total, the share
        that the weights are divided by (1 where they are not rescaled).

    Examples:
        >>> from lossbook import reduction
        >>> print(reduction.mask_weight([True, True, False, True]).value.round(4))
        [1.3333 1.3333 0.     1.3333]

    References:
        keras/src/losses/loss.py::apply_mask, Keras 3.15.1.
    """
    reduction, dtype = standardize_reduction(reduction), check_dtype(dtype)
    xp = namespace(mask=mask)
    mask = asarray(xp, mask, dtype, "mask")
    if reduction not in _DIVIDED_BY_SIZE:
        return Step(mask, mask, 1)
    total = asarray(xp, float(size(shape_of(mask))), dtype)
    valid = xp.sum(mask)
    value = xp.where(mask != 0, divide_no_nan(xp, total, valid), xp.zeros_like(mask))
    return Step(value, value, valid / total)


def effective_weight(
    sample_weight: ArrayLike | None, mask_weight: ArrayLike | None
) -> Array | None:
    """Merge sample weights and mask weights into one weight: their product.

    Surprise: only a last axis of length 1 is added or dropped to make the ranks meet; apart from
    that NumPy's broadcasting decides, from the right, and a batch axis on the left is not known.

    Args:
        sample_weight: float array or None.
        mask_weight: float array or None.

    Returns:
        Array of the broadcast shape, or None if both are None.

    Raises:
        ValueError: if the shapes don't fit; the message names the shape to use.

    Examples:
        >>> from lossbook import reduction
        >>> print(reduction.effective_weight([[2.0], [3.0]], [[1.5, 0.0], [1.5, 1.5]]))
        [[3.  0. ]
         [4.5 4.5]]

    References:
        keras/src/losses/loss.py::apply_mask, Keras 3.15.1.
    """
    xp = namespace(sample_weight=sample_weight, mask_weight=mask_weight)
    if sample_weight is None or mask_weight is None:
        weight = mask_weight if sample_weight is None else sample_weight
        return None if weight is None else asarray(xp, weight)
    mask_weight, sample_weight = asarray(xp, mask_weight), asarray(xp, sample_weight)
    given = shape_of(sample_weight)
    mask_weight, sample_weight = squeeze_or_expand_to_same_rank(xp, mask_weight, sample_weight)
    check_fit("sample_weight", sample_weight, given, "mask", mask_weight)
    return sample_weight * mask_weight


def weigh(values: ArrayLike, weight: ArrayLike | None, name: str = "sample_weight") -> Step:
    """Multiply the values by their effective weight.

    Surprise: as in `effective_weight`, shapes are matched from the last axis.

    Args:
        values: float array, shape `(batch, *positions)`.
        weight: float array or None (then every weight is 1).
        name: what to call the weight in messages.

    Returns:
        Step: value, the product; coefficients, the factor of each entry of `values`, in its shape.

    Raises:
        ValueError: if the shapes don't fit; the message names the shape to use.

    Examples:
        >>> from lossbook import reduction
        >>> print(reduction.weigh([[1.0, 3.0], [2.0, 6.0]], [[2.0], [1.0]]).value)
        [[2. 6.]
         [2. 6.]]

    References:
        keras/src/losses/loss.py::reduce_weighted_values, Keras 3.15.1.
    """
    xp = namespace(values=values, weight=weight)
    values = asarray(xp, values)
    if weight is None:
        return Step(values, xp.ones_like(values), 1)
    weight = asarray(xp, weight, dtype_name(values))
    aligned, matched = squeeze_or_expand_to_same_rank(xp, values, weight)
    check_fit(name, matched, shape_of(weight), "values", aligned)
    product = aligned * matched
    factor = _factor(xp, matched, shape_of(aligned), shape_of(product), shape_of(values))
    return Step(product, factor, 1)


def reduce_values(
    weighted_values: ArrayLike,
    weight: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
) -> Step:
    """Reduce the weighted values to the scalar.

    Surprise: "sum_over_batch_size" divides by the number of *values*, positions included, not by
    the batch size; and it divides by how many there are, not by how much they weigh.

    Formula: sum / number of values ("sum_over_batch_size", "mean"); sum ("sum");
    sum / sum of the weights ("mean_with_sample_weight"); the values as they are ("none").

    Args:
        weighted_values: float array, shape `(batch, *positions)`.
        weight: the effective weight, as it was before broadcasting; only
            "mean_with_sample_weight" looks at it.
        reduction: one of the five reductions.

    Returns:
        Step: the scalar (or array for "none"); the coefficients of the weighted values; the
        denominator. A denominator of 0 gives 0.

    Examples:
        >>> import numpy as np
        >>> from lossbook import reduction
        >>> float(reduction.reduce_values(np.array([[1.0, 3.0], [2.0, 6.0]])).value)
        3.0

    References:
        keras/src/losses/loss.py::reduce_values, Keras 3.15.1.
    """
    reduction = standardize_reduction(reduction)
    xp = namespace(weighted_values=weighted_values, weight=weight)
    weighted_values = asarray(xp, weighted_values)
    ones, one = xp.ones_like(weighted_values), asarray(xp, 1.0, dtype_name(weighted_values))
    if reduction == "none" or not shape_of(weighted_values):
        return Step(weighted_values, ones, one)
    total = xp.sum(weighted_values)
    if reduction == "sum":
        return Step(total, ones, one)
    if reduction == "mean_with_sample_weight" and weight is not None:
        denominator = xp.sum(asarray(xp, weight, dtype_name(weighted_values)))
    else:
        denominator = one * size(shape_of(weighted_values))
    return Step(
        divide_no_nan(xp, total, denominator), divide_no_nan(xp, ones, denominator), denominator
    )


def reduce_weighted_values(
    values: ArrayLike,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
) -> Step:
    """From the values of a loss function to the scalar: all stages after the class axis.

    Surprise: a mask changes the denominator (to the number of valid values), weights don't.

    Formula: total = sum of coefficient · value, coefficient = mask · sample_weight / denominator.

    Args:
        values: float array, shape `(batch, *positions)`, as a Keras loss function returns it.
        sample_weight: float array that broadcasts with `values` from the last axis, or None.
        mask: array of bool (True = keep), or None.
        reduction: one of the five reductions.

    Returns:
        Step: the scalar (the array for "none"); the coefficients, in the shape of `values`; the
        denominator of the sum of mask · sample_weight · value.

    Raises:
        ValueError: for an empty batch, shapes that don't fit, an unknown reduction.

    Examples:
        >>> from lossbook import reduction
        >>> step = reduction.reduce_weighted_values([1.0, 2.0, 6.0], mask=[True, True, False])
        >>> print(step.value, step.coefficients, step.denominator)
        1.5 [0.5 0.5 0. ] 2.0

    References:
        keras/src/losses/loss.py::reduce_weighted_values, Keras 3.15.1.
    """
    return walk(values, sample_weight, mask, reduction)[-1]


def walk(
    values: ArrayLike,
    sample_weight: ArrayLike | None,
    mask: ArrayLike | None,
    reduction: str | None,
    mask_weight: Callable[..., Step] = mask_weight,
) -> tuple[Step | None, Array | None, Step, Step]:
    """Take all stages after the class axis; return each: (mask, weight, weighted, total) Steps.

    `mask` and `weight` are None where there is no mask, no weight. What a mask weighs has changed
    between the releases of Keras 3: an older rule brings its own `mask_weight`.
    """
    reduction = standardize_reduction(reduction)
    xp = namespace(values=values, sample_weight=sample_weight, mask=mask)
    values = asarray(xp, values, name="values")
    check_not_empty("values", shape_of(values))
    dtype = dtype_name(values)
    masked, given = None, []
    if sample_weight is not None:
        sample_weight, given = asarray(xp, sample_weight, dtype, "sample_weight"), ["sample_weight"]
    if mask is not None:
        masked = mask_weight(asarray(xp, mask, dtype, "mask"), reduction, dtype)
        given = [*given, "mask"]
    weight = effective_weight(sample_weight, masked and masked.value)
    weighted = weigh(values, weight, " · ".join(given))
    if weight is not None:
        _, weight = squeeze_or_expand_to_same_rank(xp, values, weight)
        check_sum_of_weights(reduction, shape_of(weight), shape_of(weighted.value))
    total, _, denominator = reduce_values(weighted.value, weight, reduction)
    coefficients = weighted.coefficients * divide_no_nan(xp, xp.ones_like(denominator), denominator)
    share = 1 if masked is None else masked.denominator
    step = Step(total, coefficients, denominator * share)
    return masked, weight, weighted, step


def _factor(xp, weight, aligned, product, shape):
    """Return the factor of every value in the product: the weight, summed where values repeat."""
    full, axes = xp.broadcast_to(weight, product), len(product) - len(aligned)
    repeated = [i for i, n in enumerate(product) if i < axes or aligned[i - axes] != n]
    if repeated:
        full = xp.sum(full, axis=tuple(repeated), keepdims=True)
    return xp.reshape(full, shape)
