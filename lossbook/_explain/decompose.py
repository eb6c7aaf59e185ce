"""decompose(): what any scalar made of losses is made of, with no model and no compile."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from lossbook._core import dtype_name, known_values, ops, shape_of, size, to_numpy
from lossbook._explain.blocks import ADDITIONAL, UNMARKED
from lossbook._explain.explanation import Explanation
from lossbook._explain.gap import unseen
from lossbook._explain.groups import Groups
from lossbook._explain.parts import Axes, Part, part_of
from lossbook._explain.rendering import decomposition_html, decomposition_text
from lossbook._explain.tables import leaving
from lossbook._losses import elements
from lossbook._marks import measured
from lossbook._model import Call, Output, keras_logits
from lossbook.reduction import class_axis

_ROUNDING = {"float64": 1e-13, "float16": 2e-3, "bfloat16": 1e-2}  # of the magnitudes; else 2e-6


@dataclass(frozen=True, repr=False)
class Decomposition(Explanation):
    """What a scalar is made of: an Explanation without a model.

    `reported` is the scalar itself. `notes` say why the parts miss it, where they do, and what
    could not be seen.
    """

    def __repr__(self) -> str:
        return decomposition_text(self)

    def _repr_html_(self) -> str:
        return decomposition_html(self)


def decompose(fn: Callable[[], Any]) -> Decomposition:
    """Say what a scalar that is made of losses is made of: parts that add up to it.

    For steps of your own, which have no compiled loss: a VAE, a GAN, a distiller. The losses of
    Keras that `fn` calls are found (Loss objects, functions of `keras.losses`, and `add_loss` and
    regularisers where it reads `model.losses`); `lossbook.mark` names what else there is.

    Surprise: no formula is read. A part is measured: its value times the derivative of the scalar
    with respect to it. So whatever your step does with its losses, weights, masks and factors
    included, is in the parts, as far as it is linear in them.

    Formula: scalar = sum of coefficient · value + (unmarked),
    coefficient = ∂ scalar / ∂ value.

    Args:
        fn: takes nothing, returns a scalar tensor. It runs once, with all that it does: seeds are
            drawn, metrics updated. Pass what computes the loss, not the step that trains: nothing
            is seen in a function that is compiled or differentiated in itself (`tf.function`,
            `jax.jit`, `jax.grad`).

    Returns:
        Decomposition, an Explanation: `total`, `reported` (the scalar), `residual`, `notes`, and
        `by(...)` with "source" (the name of a loss or mark), "sample" (the first axis, where it is
        as long as that of most marks), "position" (the other axes of a mark), "class" and
        "true_class" (for losses of Keras's own).

    Raises:
        TypeError: if `fn` is no function.
        ValueError: if `fn` returns anything but one finite scalar, or runs in a compiled function.

    Examples:
        >>> import keras, lossbook as lb
        >>> from keras import ops
        >>> y = ops.convert_to_tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> mse = keras.losses.MeanSquaredError(name="reconstruction")
        >>> e = lb.decompose(lambda: mse(y, 0 * y) + 0.5 * ops.mean(lb.mark("penalty", y)))
        >>> e.by("source")
        {'reconstruction': 0.5, 'penalty': 0.25}
        >>> e.by("source", "sample")["penalty", 1]
        0.125

    References:
        keras/src/losses/loss.py::Loss.__call__, Keras 3.15.1.
    """
    if not callable(fn):
        raise TypeError(
            "decompose takes a function that computes the scalar, for it has to see how. Received: "
            f"{type(fn).__name__}. Write lossbook.decompose(lambda: ...)."
        )
    result = measured(fn)
    scalar, marks = result
    reported, rows = _number(scalar, marks), _rows(marks)
    kept = _that_count(marks)
    parts = [_part(mark) for mark in kept]
    groups, notes = _groups(rows, parts), []
    rest, magnitude = reported - groups.total, groups.scale
    rounding = _ROUNDING.get(dtype_name(scalar), 2e-6) * magnitude + 1e-7
    bent = [mark.name for mark in kept if float(to_numpy(mark.bend)) > 1e-5 * magnitude]
    if abs(rest) > rounding and bent:
        notes.append(
            f"The scalar is not linear in {', '.join(bent)}: a power, a logarithm, a quotient or a "
            "product of losses is no sum of parts. Each part is what the scalar would change by if "
            "its rate stayed the same. Mark what comes after that step instead."
        )
    elif abs(rest) > rounding:
        groups = _groups(rows, [*parts, _whole(Axes(UNMARKED, UNMARKED, additional=True), rest)])
        notes.append(
            f"{UNMARKED} is neither a loss of Keras's nor marked, or cut off from it, as by "
            "stop_gradient. lossbook.mark(name, tensor) gives it a name."
        )
        notes += unseen(result.unseen, groups)
    outputs = tuple((part.axes.output, part.axes.source, None) for part in parts)
    return Decomposition(reported, outputs, groups, tuple(notes))


def _number(scalar, marks):
    """Return the scalar as a float, or say why it is none."""
    values = known_values(scalar)
    if values is None:
        raise ValueError(
            "decompose reads numbers, which a function that is being compiled does not have. Call "
            "it outside of tf.function and jax.jit, with the function that they wrap."
        )
    number = float(values)
    if math.isfinite(number):
        return number
    strange = [mark.name for mark in marks if not np.isfinite(to_numpy(mark.values)).all()]
    where = (
        f"NaN or infinity is among the values of {', '.join(strange)}."
        if strange
        else ("The values that were marked are finite: what is made of them is not.")
    )
    raise ValueError(f"Expected a finite scalar. Received: {number}. {where}")


def _rows(marks):
    """Return how many rows there are: the length of the first axis of most marks."""
    shapes = [shape_of(mark.values) for mark in marks]
    lengths = Counter(shape[0] for shape in shapes if shape and size(shape))
    return lengths.most_common(1)[0][0] if lengths else 1


def _that_count(marks):
    """Leave out what one mark holds for another: the inner one, or the outer, adds nothing."""
    amounts = [
        float(np.nansum(np.abs(to_numpy(mark.coefficients * mark.values)))) for mark in marks
    ]
    inside = {name for mark in marks for name in mark.inside}
    return [
        mark
        for mark, amount in zip(marks, amounts, strict=True)
        if size(shape_of(mark.values))
        and (amount > 1e-5 * sum(amounts) or not (mark.inside or mark.name in inside))
    ]


def _groups(rows, parts):
    groups = Groups()
    groups.add(rows, [(part.axes, leaving(part)) for part in parts])
    return groups


def _part(mark):
    """Take a mark apart: by row and by position, a loss of Keras's by class as well."""
    coefficients, values = to_numpy(mark.coefficients), to_numpy(mark.values)
    values = np.where(coefficients == 0, 0, values)  # infinity, too, adds nothing there
    if mark.kind == "additional":
        axes = Axes(ADDITIONAL, f"{ADDITIONAL} {mark.name}", values.ndim == 1, additional=True)
        contributions = coefficients * values
        return _whole(axes, contributions if axes.samples else contributions.sum())
    call = Call(
        Output(mark.name, SimpleNamespace(name=mark.name), None, None, False),
        values=ops.convert_to_tensor(values),
        coefficients=mark.coefficients,
    )
    return part_of(_with_elements(call, mark) or call)


def _whole(axes, contributions):
    """Return a Part that is split by row, or not at all."""
    return Part(axes, ops.reshape(ops.convert_to_tensor(contributions), (-1, 1, 1)))


def _with_elements(call, mark):
    """Return the call of a loss of Keras's, with what it got: of that single elements are known.

    None for any other mark, and where the elements do not make what the function returned.
    """
    if mark.keras_loss is None or mark.inside:
        return None
    (name, options), y_pred = mark.keras_loss, mark.tensors["y_pred"]
    seen = {"y_pred": y_pred, "logits": keras_logits(name, y_pred, options)}
    call = replace(
        call,
        output=replace(call.output, keras_loss=mark.keras_loss),
        y_true=mark.tensors["y_true"],
        **seen,
    )
    entry = call.output.entry
    if entry.atomic:
        return call
    found = to_numpy(elements(ops, entry, call.y_true, y_pred, call.logits, options))
    made = class_axis(found, entry.class_axis, options.get("axis", -1)).value
    values, counts = to_numpy(call.values), to_numpy(call.coefficients) != 0
    if made.shape != values.shape or not np.isfinite(made).all():
        return None
    return call if np.allclose(made[counts], values[counts], rtol=1e-4, atol=1e-6) else None
