"""One output of one batch, taken apart: what every element adds to the loss of that batch."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._core import asarray, check_axis, dtype_name, shape_of, size, to_numpy
from lossbook._losses import elementwise_losses
from lossbook._model import Call
from lossbook.rules import resolve


@dataclass(frozen=True)
class Part:
    """What one output adds to the loss of a batch, element by element.

    `contributions` are a tensor `(samples, classes, positions)`, with a length of 1 where there is
    no such axis; `positions` is the shape that the last one had. `samples` is None where nothing
    can be said of a sample, `classes` where nothing can be said of a class. `true_class` holds
    class numbers `(samples, positions)`, -1 for none; `labelled` says that the class of an element
    is its true class.
    """

    contributions: Any
    samples: int | None
    classes: int | None
    positions: tuple[int, ...] | None
    true_class: Any = None
    true_classes: int = 0
    labelled: bool = False
    atomic: bool = False  # a loss that is not one of Keras's sums


def elementwise_of(call: Call) -> tuple[Any, Any, str, int]:
    """Return elementwise losses, which positions count, the operation on the class axis, the axis.

    They are in float32 or wider: half precision cannot hold coefficients. Of a loss that is no sum
    over elements they are what its function returns.
    """
    from keras import ops

    entry, options = call.output.entry, call.output.options
    if entry.atomic:
        elementwise, valid = call.values, call.own_mask
    else:
        elementwise, valid = elementwise_losses(
            ops, entry, call.y_true, _predictions(call), call.logits, options
        )
    wide = "float64" if dtype_name(elementwise) == "float64" else "float32"
    return asarray(ops, elementwise, wide), valid, entry.class_axis, options.get("axis", -1)


def part_of(call: Call, rows: int) -> Part:
    """Take one output of one batch apart, with the coefficients of the installed Keras.

    Surprise: what a user's own loss returns is split as far as it goes: by sample and position for
    values `(batch, *positions)`, and not at all for a scalar.

    Args:
        call: what the loss of the output got.
        rows: the rows of the batch.

    Returns:
        Part: its contributions add up to loss_weight · the loss of this output.
    """
    from keras import ops

    elementwise, valid, operation, axis = elementwise_of(call)
    coefficients = _coefficients(ops, call, elementwise, valid, operation, axis)
    weight = 1.0 if call.output.loss_weight is None else call.output.loss_weight
    contributions = coefficients * elementwise * weight
    shape = shape_of(contributions)
    if call.output.entry.atomic:
        return _folded(ops, call, contributions, _kinds(call, shape, rows))
    kinds = ["position"] * len(shape)
    if operation != "none" and len(shape) > 1:
        kinds[check_axis(axis, shape)] = "class"
    if shape and shape[0] == rows and kinds[0] != "class":
        kinds[0] = "sample"
    part = _folded(ops, call, contributions, kinds)
    if operation != "none" and part.classes is None:
        part = replace(part, classes=1)  # predictions (batch,)
    return _with_true_class(ops, call, part, shape, operation, axis)


def _predictions(call):
    return call.logits if call.y_pred is None else call.y_pred


def _coefficients(ops, call, elementwise, valid, operation, axis):
    """Return the factor of every element in the loss of its output, by lossbook's own stages."""
    if call.output.whole:  # its result is the loss; Keras averages an array when it tracks it
        return 1.0 / max(size(shape_of(elementwise)), 1)
    reduction = keras3.standardize_reduction(call.output.loss.reduction)
    values = keras3.class_axis(elementwise, operation, axis)
    *_, total = resolve("keras-3").stages_of_loss(
        values.value, call.sample_weight, call.mask, valid, reduction
    )
    coefficients = total.coefficients
    if reduction == "none":  # Keras averages the array when it tracks it
        coefficients = coefficients / size(shape_of(total.value))
    if operation == "none":
        return coefficients
    return ops.expand_dims(coefficients, axis) / values.denominator


def _kinds(call, shape, rows):
    """Say what each axis of the values of a loss is that lossbook does not know as a sum."""
    predicted = None if call.y_pred is None else shape_of(call.y_pred)
    axes = call.output.options.get("axis")
    if call.output.entry.target == "region" and predicted and axes is not None:
        axes = np.atleast_1d(axes) % len(predicted)
        kinds = ["sample", *["position"] * (len(predicted) - 2), "class"][: len(predicted)]
        kept = [kind for i, kind in enumerate(kinds) if i not in axes]
        if len(kept) == len(shape):
            return kept
    if not shape or shape[0] != rows:
        return ["position"] * len(shape)
    kinds = ["sample", *["position"] * (len(shape) - 1)]
    if predicted == shape and len(shape) > 1:
        kinds[-1] = "class"
    return kinds


def _folded(ops, call, contributions, kinds):
    """Bring contributions to the shape (samples, classes, positions)."""
    shape = shape_of(contributions)
    order = [
        i for kind in ("sample", "class", "position") for i, k in enumerate(kinds) if k == kind
    ]
    if order != list(range(len(shape))):
        contributions = ops.transpose(contributions, order)
    lengths = {kind: [shape[i] for i, k in enumerate(kinds) if k == kind] for kind in kinds}
    positions = tuple(lengths.get("position", ()))
    samples, classes = (lengths.get(kind, [None])[0] for kind in ("sample", "class"))
    folded = ops.reshape(contributions, (samples or 1, classes or 1, size(positions)))
    atomic = call.output.entry.atomic
    return Part(folded, samples, classes, positions if kinds else None, atomic=atomic)


def _with_true_class(ops, call, part, shape, operation, axis):
    """Add the true class of every position, where the targets have one."""
    target, labels, classes = call.output.entry.target, None, part.classes or 1
    if target == "sparse":
        labels, classes = ops.cast(call.y_true, "int32"), shape_of(_predictions(call))[-1]
        if size(shape_of(labels)) != size(shape):
            return part
    elif target == "categorical" or (target == "binary" and classes > 1):
        y_true = call.y_true
        axis = axis if operation != "none" else -1
        classes = shape_of(y_true)[axis]
        labels = ops.cast(ops.argmax(y_true, axis=axis), "int32")
        if target == "binary":
            hot = ops.sum(ops.cast(y_true == 1, "int32"), axis=axis) == 1
            off = ops.cast(ops.logical_or(y_true == 0, y_true == -1), "int32")
            hot = ops.logical_and(hot, ops.sum(off, axis=axis) == classes - 1)
            labels = ops.where(hot, labels, -ops.ones_like(labels))
    elif target == "binary" and size(shape_of(call.y_true)) == size(shape):
        y_true, classes = call.y_true, 2
        labels = ops.cast(y_true == 1, "int32")
        is_label = ops.logical_or(labels == 1, ops.logical_or(y_true == 0, y_true == -1))
        labels = ops.where(is_label, labels, -ops.ones_like(labels))
    if labels is None:
        return part
    folded = (part.samples or 1, size(part.positions))
    if size(shape_of(labels)) != size(folded):
        return part  # targets that are broadcast
    labels = ops.reshape(labels, folded)
    valid = ops.logical_and(labels >= 0, labels < classes)
    labels = ops.where(valid, labels, -ops.ones_like(labels))
    return replace(part, true_class=labels, true_classes=classes, labelled=target == "sparse")


def host(x):
    """Copy a tensor to the host, in float64 if it holds floats."""
    array = to_numpy(x)
    return array.astype(np.float64) if array.dtype.kind == "f" else array
