"""One output of one batch, taken apart: what every element adds to the loss of that batch."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lossbook._core import asarray, check_axis, dtype_name, ops, unknown_lengths
from lossbook._losses import elements, elementwise_losses
from lossbook._model import Call


class Axes(NamedTuple):
    """What is known of a part before it has values, and the same in every batch.

    `samples` and `classes` say whether something can be said of a sample, of a class; `positions`
    is the shape that the axis of positions had, None for a length that differs by batch, or
    altogether where it has none. `true_classes` counts the classes that targets may name, 0 for
    targets that name none, None where each batch has its own; `labelled` says that the class of an
    element is its true class. `atomic` is a loss that is not one of Keras's sums, `additional` one
    that no output has. `dtype` is what the loss computes in.
    """

    output: str
    source: str
    samples: bool = False
    classes: bool = False
    positions: tuple[int | None, ...] | None = None
    true_classes: int | None = 0
    labelled: bool = False
    atomic: bool = False
    additional: bool = False
    dtype: str = "float32"


LARGE = 2**13  # elements of a batch that count as many
_FEW = 32  # classes that are looked at one by one, and samples where nothing says how many


@dataclass(frozen=True)
class Part:
    """What one output adds to the loss of a batch, element by element.

    `contributions` are a tensor `(samples, classes, positions)`, with a length of 1 where there is
    no such axis. `true_class` holds class numbers `(samples, positions)`, -1 for none.
    """

    axes: Axes
    contributions: Any
    true_class: Any = None


def elementwise_of(call: Call) -> tuple[Any, Any, str, int]:
    """Return elementwise losses, which positions count, the operation on the class axis, the axis.

    They are in float32 or wider: half precision cannot hold coefficients. Of a loss that is no sum
    over elements they are what its function returns.
    """
    entry, options = call.output.entry, call.output.options
    if entry.atomic:
        elementwise, valid = call.values, call.own_mask
    else:
        elementwise, valid = elementwise_losses(
            ops, entry, call.y_true, _predictions(call), call.logits, options
        )
    return _wide(elementwise), valid, entry.class_axis, options.get("axis", -1)


def part_of(call: Call) -> Part:
    """Take one output of one batch apart, with the coefficients that Keras was seen to use.

    Surprise: what a user's own loss returns is split as far as it goes: by sample and position for
    values `(batch, *positions)`, and not at all for a scalar.

    Args:
        call: what the loss of the output got; in a step that is being compiled, too.

    Returns:
        Part: its contributions add up to loss_weight · the loss of this output.
    """
    output, entry = call.output, call.output.entry
    weight = 1.0 if output.loss_weight is None else output.loss_weight
    coefficients = _wide(call.coefficients)
    coefficients = coefficients * ops.cast(weight, coefficients.dtype)
    if entry.atomic:
        contributions = coefficients * _wide(call.values)
        return _folded(call, contributions, _kinds(call, _shape(contributions)))
    operation, axis = entry.class_axis, output.options.get("axis", -1)
    if operation == "none" and call.values is not None:
        elementwise = _wide(call.values)  # is as fine as it gets
    else:
        with unknown_lengths():
            elementwise = _wide(
                elements(ops, entry, call.y_true, _predictions(call), call.logits, output.options)
            )
    shape = _shape(elementwise)
    kinds = ["position"] * len(shape)
    if operation != "none":
        axis = check_axis(axis, shape)
        coefficients = ops.expand_dims(coefficients, axis)
        if operation == "mean":
            length = ops.shape(elementwise)[axis]
            coefficients = coefficients / ops.cast(length, coefficients.dtype)
        if len(shape) > 1:
            kinds[axis] = "class"
    if shape and kinds[0] != "class":
        kinds[0] = "sample"
    part = _folded(call, coefficients * elementwise, kinds)
    if operation != "none":
        part = Part(part.axes._replace(classes=True), part.contributions)  # predictions (batch,)
    if len(shape) > 1 and kinds[0] == "class":  # axis=0: rows are added up as classes
        return part
    return _with_true_class(call, part, shape, operation, axis)


def additional_part(name: str, loss: Any, output: str = "(additional)") -> Part:
    """Return a loss that belongs to no output as a Part: by sample, where it has one per row."""
    loss = _wide(ops.convert_to_tensor(loss))
    by_row = len(loss.shape) == 1
    contributions = ops.reshape(loss if by_row else ops.sum(loss), (-1, 1, 1))
    return Part(
        Axes("(additional)", f"(additional) {name}", samples=by_row, additional=True), contributions
    )


def _wide(x):
    return asarray(ops, x, "float64" if dtype_name(x) == "float64" else "float32")


def _shape(x):
    """Return a shape with None for lengths that a step knows only when it runs."""
    return tuple(x.shape)


def _predictions(call):
    return call.logits if call.y_pred is None else call.y_pred


def _kinds(call, shape):
    """Say what each axis of the values of a loss is that lossbook does not know as a sum."""
    predicted = None if call.y_pred is None else _shape(call.y_pred)
    axes = call.output.options.get("axis")
    if call.output.entry.target == "region" and predicted and axes is not None:
        axes = np.atleast_1d(axes) % len(predicted)
        kinds = ["sample", *["position"] * (len(predicted) - 2), "class"][: len(predicted)]
        kept = [kind for i, kind in enumerate(kinds) if i not in axes]
        if len(kept) == len(shape):
            return kept
    kinds = ["sample", *["position"] * (len(shape) - 1)][: len(shape)]
    if predicted == shape and len(shape) > 1:
        kinds[-1] = "class"
    return kinds


def _folded(call, contributions, kinds):
    """Bring contributions to the shape (samples, classes, positions)."""
    shape = _shape(contributions)
    order = [
        i for kind in ("sample", "class", "position") for i, k in enumerate(kinds) if k == kind
    ]
    if order != list(range(len(shape))):
        contributions = ops.transpose(contributions, order)
    lengths = list(ops.shape(contributions))
    samples = lengths[0] if "sample" in kinds else 1
    classes = lengths[kinds.count("sample")] if "class" in kinds else 1
    positions = tuple(n for n, kind in zip(shape, kinds, strict=True) if kind == "position")
    count = -1 if None in positions else int(np.prod(positions))
    if not isinstance(samples, int) and count >= 0:
        samples = -1
    axes = Axes(
        call.output.name,
        call.output.source,
        samples="sample" in kinds,
        classes="class" in kinds,
        positions=positions if kinds else None,
        atomic=call.output.entry.atomic,
        dtype=dtype_name(call.values),
    )
    return Part(axes, ops.reshape(contributions, (samples, classes, count)))


def _with_true_class(call, part, shape, operation, axis):
    """Add the true class of every position, where the targets have one."""
    target, labels = call.output.entry.target, None
    classes = part.contributions.shape[1]
    if target == "sparse":
        labels, axis = ops.cast(call.y_true, "int32"), call.output.options.get("axis", -1)
        classes = _shape(_predictions(call))[axis]
        if _count(labels) != _count(shape):
            return part
    elif target == "categorical" or (target == "binary" and classes != 1):
        y_true = call.y_true
        axis = axis if operation != "none" else -1
        classes = _shape(y_true)[axis]
        if target == "categorical":
            labels = ops.cast(ops.argmax(y_true, axis=axis), "int32")
        else:
            labels = _only_label(y_true, classes, axis)
    elif target == "binary" and _count(call.y_true) == _count(shape):
        y_true, classes = call.y_true, 2
        labels = ops.cast(y_true == 1, "int32")
        is_label = ops.logical_or(labels == 1, ops.logical_or(y_true == 0, y_true == -1))
        labels = ops.where(is_label, labels, -ops.ones_like(labels))
    if labels is None:
        return part
    samples, _, positions = _shape(part.contributions)
    if _count(labels) != _count((samples, positions)):
        return part  # targets that are broadcast
    if classes is None and is_large(_shape(part.contributions)):
        return part  # no table has as many columns as the batch happens to have classes
    lengths = list(ops.shape(part.contributions))
    labels = ops.reshape(labels, (lengths[0], lengths[2]))
    if target == "sparse":
        valid = ops.logical_and(labels >= 0, labels < ops.shape(_predictions(call))[axis])
        labels = ops.where(valid, labels, -ops.ones_like(labels))
    axes = part.axes._replace(true_classes=classes, labelled=target == "sparse")
    return Part(axes, part.contributions, labels)


def _only_label(y_true, classes, axis):
    """Return the number of the only label that is 1 where all others are 0 or -1, else -1."""
    one = y_true == 1
    off = ops.logical_or(y_true == 0, y_true == -1)
    if classes is None or classes > _FEW or not is_large(_shape(y_true)):
        hot, off = ops.cast(one, "int32"), ops.cast(off, "int32")
        only = ops.logical_and(
            ops.sum(hot, axis) == 1, ops.sum(off, axis) == ops.shape(y_true)[axis] - 1
        )
        found = ops.argmax(hot, axis)
    else:  # as a product, whose numbers are small and whole: sums along a short axis are slow
        coded = ops.cast(one, "float32") + 2 * _FEW * ops.cast(
            ops.logical_not(ops.logical_or(one, off)), "float32"
        )
        numbers = np.stack([np.ones(classes), np.arange(classes)], -1).astype("float32")
        sums = ops.tensordot(coded, numbers, [[axis], [0]])
        only, found = sums[..., 0] == 1, sums[..., 1]
    found = ops.cast(found, "int32")
    return ops.where(only, found, -ops.ones_like(found))


def is_large(shape: tuple[int | None, ...]) -> bool:
    """Say whether a batch has many elements; of a length that is not known, it has 32 samples."""
    samples, *lengths = shape or (1,)
    return math.prod([_FEW if samples is None else samples, *(n or 1 for n in lengths)]) > LARGE


def _count(x):
    """Return how many entries an array or shape has, and how many of its lengths are unknown."""
    shape = x if isinstance(x, tuple) else _shape(x)
    known = [n for n in shape if n is not None]
    return int(np.prod(known)), len(shape) - len(known)
