"""One output of one batch, taken apart: what every element adds to the loss of that batch."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._core.arrays import asarray, dtype_name, shape_of, size, to_numpy
from lossbook._core.checks import check_axis
from lossbook._losses.call import elementwise_losses
from lossbook._losses.catalogue import LOSSES
from lossbook.rules import resolve

_LABELS = ("binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge")
_ONE_CLASS = (  # each position has one label
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "kl_divergence",
    "categorical_hinge",
)
_NUMBERS = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")


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
    positions: tuple | None
    true_class: Any = None
    true_classes: int = 0
    labelled: bool = False
    atomic: bool = False  # a loss that is not one of Keras's sums


def part_of(call, rows):
    """Take one output of one batch apart, with the coefficients of the installed Keras.

    Surprise: what a user's own loss returns is split as far as it goes: by sample and position for
    values `(batch, *positions)`, and not at all for a scalar.

    Args:
        call: a `_model.Call`.
        rows: the rows of the batch.

    Returns:
        Part: its contributions add up to loss_weight · the loss of this output.
    """
    from keras import ops

    name, options = call.output.known or (None, {})
    if name in LOSSES:
        y_pred = call.logits if call.y_pred is None else call.y_pred
        elementwise, valid = elementwise_losses(
            ops, name, call.y_true, y_pred, call.logits, dict(options)
        )
        operation, axis = LOSSES[name].class_axis, options.get("axis", -1)
    else:
        elementwise, valid, operation, axis = call.values, call.own_mask, "none", -1
    elementwise = _wide(ops, elementwise)
    coefficients = _coefficients(ops, call, elementwise, valid, operation, axis)
    weight = 1.0 if call.output.loss_weight is None else call.output.loss_weight
    contributions = coefficients * elementwise * weight
    shape = shape_of(contributions)
    if name in LOSSES:
        kinds = ["position"] * len(shape)
        if operation != "none" and len(shape) > 1:
            kinds[check_axis(axis, shape)] = "class"
        sampled = bool(shape) and shape[0] == rows and kinds[0] != "class"
        kinds[:1] = ["sample"] * sampled or kinds[:1]
    else:
        kinds = _kinds(call, shape, rows)
    part = _folded(ops, call, contributions, kinds)
    if name in LOSSES and operation != "none" and part.classes is None:
        part = replace(part, classes=1)  # predictions (batch,)
    return _with_true_class(ops, call, part, shape, operation, axis)


def _wide(ops, x):
    """Return a tensor in float32, or wider: half precision cannot hold coefficients."""
    return asarray(ops, x, "float64" if dtype_name(x) == "float64" else "float32")


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
    name, options = call.output.known or (None, {})
    if name in ("dice", "tversky") and predicted and options.get("axis") is not None:
        axes = np.atleast_1d(options["axis"]) % len(predicted)
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
    atomic = (call.output.known or (None,))[0] not in LOSSES
    return Part(folded, samples, classes, positions if kinds else None, atomic=atomic)


def _with_true_class(ops, call, part, shape, operation, axis):
    """Add the true class of every position, where the targets have one."""
    name, _ = call.output.known or (None, {})
    labels, classes = None, part.classes or 1
    if name in _NUMBERS:
        y_pred = call.logits if call.y_pred is None else call.y_pred
        labels, classes = ops.cast(call.y_true, "int32"), shape_of(y_pred)[-1]
        if size(shape_of(labels)) != size(shape):
            return part
    elif name in _ONE_CLASS or (name in _LABELS and classes > 1):
        y_true = call.y_true
        axis = axis if operation != "none" else -1
        classes = shape_of(y_true)[axis]
        labels = ops.cast(ops.argmax(y_true, axis=axis), "int32")
        if name in _LABELS:
            hot = ops.sum(ops.cast(y_true == 1, "int32"), axis=axis) == 1
            off = ops.cast(ops.logical_or(y_true == 0, y_true == -1), "int32")
            hot = ops.logical_and(hot, ops.sum(off, axis=axis) == classes - 1)
            labels = ops.where(hot, labels, -ops.ones_like(labels))
    elif name in _LABELS and size(shape_of(call.y_true)) == size(shape):
        y_true, classes = call.y_true, 2
        labels = ops.cast(y_true == 1, "int32")
        known = ops.logical_or(labels == 1, ops.logical_or(y_true == 0, y_true == -1))
        labels = ops.where(known, labels, -ops.ones_like(labels))
    if labels is None:
        return part
    folded = (part.samples or 1, size(part.positions))
    if size(shape_of(labels)) != size(folded):
        return part  # targets that are broadcast
    labels = ops.reshape(labels, folded)
    valid = ops.logical_and(labels >= 0, labels < classes)
    labels = ops.where(valid, labels, -ops.ones_like(labels))
    return replace(part, true_class=labels, true_classes=classes, labelled=name in _NUMBERS)


def host(x):
    """Copy a tensor to the host, in float64 if it holds floats."""
    array = to_numpy(x)
    return array.astype(np.float64) if array.dtype.kind == "f" else array
