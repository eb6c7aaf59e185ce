"""One output of one batch, taken apart: what every element adds to the loss of that batch."""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lossbook._core import asarray, check_axis, dtype_name, ops, unknown_lengths
from lossbook._explain.labels import FEW, Labels
from lossbook._losses import elements, elementwise_losses
from lossbook._model import Call


class Axes(NamedTuple):
    """What is known of a part before it has values, and the same in every batch.

    `samples` and `classes` say whether something can be said of a sample, of a class; `positions`
    is the shape that the axis of positions had, None for a length that differs by batch, or
    altogether where it has none. `labels` say how targets name the true class of a position, None
    where they name none. `atomic` is a loss that is not one of Keras's sums, `additional` one
    that no output has. `dtype` is what the loss computes in.
    """

    output: str
    source: str
    samples: bool = False
    classes: bool = False
    positions: tuple[int | None, ...] | None = None
    labels: Labels | None = None
    atomic: bool = False
    additional: bool = False
    dtype: str = "float32"

    @property
    def true_classes(self) -> int | None:
        """How many classes targets may name, None where each batch has its own number."""
        return self.labels.classes if self.labels else 0

    @property
    def labelled(self) -> bool:
        """Whether the class of an element is its true class."""
        return self.labels is not None and self.labels.kind == "number"


LARGE = 2**13  # elements of a batch that count as many


@dataclass(frozen=True)
class Part:
    """What one output adds to the loss of a batch, element by element.

    `values` are a tensor `(samples, positions, classes)`, with a length of 1 where there is no such
    axis. `y_true` are the targets, where they name the true class of a position. `factor` is the
    coefficient of all values, None where each has been multiplied by its own.
    """

    axes: Axes
    values: Any
    y_true: Any = None
    factor: Any = None

    @property
    def contributions(self) -> Any:
        """What each element adds: `values` with their factor."""
        return self.values if self.factor is None else self.values * self.factor


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
    factor, operation, axis = None, entry.class_axis, output.options.get("axis", -1)
    if operation == "none" and call.values is not None:
        elementwise = _wide(call.values)  # is as fine as it gets
    else:
        with unknown_lengths():
            elementwise = _wide(
                elements(ops, entry, call.y_true, _predictions(call), call.logits, output.options)
            )
    shape = _shape(elementwise)
    kinds = ["position"] * len(shape)
    if call.uniform and is_large(shape):  # a tensor less to write
        coefficients = factor = ops.sum(ops.ravel(coefficients)[:1])
    if operation != "none":
        axis = check_axis(axis, shape)
        if factor is None:
            coefficients = ops.expand_dims(coefficients, axis)
        if operation == "mean":
            length = ops.shape(elementwise)[axis]
            coefficients = coefficients / ops.cast(length, coefficients.dtype)
        if len(shape) > 1:
            kinds[axis] = "class"
    if shape and kinds[0] != "class":
        kinds[0] = "sample"
    if factor is None:
        part = _folded(call, coefficients * elementwise, kinds)
    else:
        part = replace(_folded(call, elementwise, kinds), factor=coefficients)
    if operation != "none":
        part = replace(part, axes=part.axes._replace(classes=True))  # predictions (batch,)
    if len(shape) > 1 and kinds[0] == "class":  # axis=0: rows are added up as classes
        return part
    return _with_true_class(call, part, elementwise, operation, axis)


def additional_part(name: str, loss: Any) -> Part:
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


def _folded(call, values, kinds):
    """Bring what elements add to the shape (samples, positions, classes)."""
    shape = _shape(values)
    order = [
        i for kind in ("sample", "position", "class") for i, k in enumerate(kinds) if k == kind
    ]
    if order != list(range(len(shape))):
        values = ops.transpose(values, order)
    lengths = list(ops.shape(values))
    samples = lengths[0] if "sample" in kinds else 1
    classes = lengths[-1] if "class" in kinds else 1
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
    return Part(axes, ops.reshape(values, (samples, count, classes)))


def _with_true_class(call, part, elementwise, operation, axis):
    """Add the targets that name the true class of every position, where there are such."""
    target, y_true, labels = call.output.entry.target, call.y_true, None
    samples, positions, classes = _shape(part.values)
    by_class = target == "categorical" or (target == "binary" and classes != 1)
    like = _predictions(call) if by_class else elementwise
    fits = _may_fit(_shape(y_true), _shape(like))
    if fits:
        y_true = ops.broadcast_to(y_true, ops.shape(like))
    if target == "sparse":
        axis = call.output.options.get("axis", -1)
        if fits or _count(y_true) == _count(elementwise):
            labels = Labels("number", _shape(_predictions(call))[axis])
            if labels.classes is None:
                known = y_true < ops.cast(ops.shape(_predictions(call))[axis], y_true.dtype)
                y_true = ops.where(known, y_true, -ops.ones_like(y_true))
    elif by_class:
        axis = (axis if operation != "none" else -1) % len(y_true.shape)
        kind = "largest" if target == "categorical" else "only"
        known = _shape(call.y_true)[axis] or (_shape(like)[axis] if fits else None)
        labels = Labels(kind, known, axis)
    elif target == "binary" and (fits or _count(y_true) == _count(elementwise)):
        labels = Labels("0 or 1", 2)
    if labels is None:
        return part
    if not (fits or _count(labels.places(_shape(y_true))) == _count((samples, positions))):
        return part  # targets that are broadcast, or name no class
    if labels.classes is None and is_large(_shape(part.values)):
        return part  # no table has as many columns as the batch happens to have classes
    return replace(part, axes=part.axes._replace(labels=labels), y_true=y_true)


def _may_fit(shape, other):
    """Say whether lengths that a step knows only when it runs decide whether two shapes are one."""
    pairs = list(zip(shape, other, strict=False))
    open_ones = any(None in pair for pair in pairs[1:])
    equal = all(n is None or m is None or n == m for n, m in pairs)
    return len(shape) == len(other) and open_ones and equal


def is_large(shape: tuple[int | None, ...]) -> bool:
    """Say whether a batch has many elements; of a length that is not known, it has 32 samples."""
    samples, *lengths = shape or (1,)
    return math.prod([FEW if samples is None else samples, *(n or 1 for n in lengths)]) > LARGE


def _count(x):
    """Return how many entries an array or shape has, and how many of its lengths are unknown."""
    shape = x if isinstance(x, tuple) else _shape(x)
    known = [n for n in shape if n is not None]
    return int(np.prod(known)), len(shape) - len(known)
