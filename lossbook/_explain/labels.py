"""The true class of every position, as targets name it: in the compiled step, or on the host."""

from typing import Any, NamedTuple

import numpy as np

from lossbook._core import asarray

FEW = 32  # classes that are looked at one by one


class Labels(NamedTuple):
    """How targets name the true class of a position.

    `kind` is "number" (of the class), "largest" (of the values along `axis`), "only" (the only 1
    along `axis`, where all others are 0 or -1), "0 or 1" (or -1, which is 0). `classes` counts
    them, None where each batch has its own.
    """

    kind: str
    classes: int | None
    axis: int | None = None

    def places(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the axes of targets without that of the classes."""
        return tuple(n for i, n in enumerate(shape) if i != self.axis)


def by_place(xp: Any, labels: Labels, y_true: Any, samples: Any, positions: Any) -> Any:
    """Return targets `(samples, positions)`, or with a third axis of classes."""
    if labels.axis is None:
        return xp.reshape(y_true, (samples, positions))
    if labels.axis != len(y_true.shape) - 1:
        y_true = xp.moveaxis(y_true, labels.axis, -1)
    classes = labels.classes or xp.shape(y_true)[-1]
    return xp.reshape(y_true, (samples, positions, classes))


def true_classes(xp: Any, labels: Labels, y_true: Any) -> Any:
    """Return class numbers `(samples, positions)`, -1 for none, of what `by_place` returns."""
    if labels.kind == "number":
        with np.errstate(invalid="ignore"):  # of NaN
            numbers = asarray(xp, y_true, "int32")
        known = numbers >= 0
        if labels.classes is not None:
            known = xp.logical_and(known, numbers < labels.classes)
    elif labels.kind == "largest":
        return asarray(xp, xp.argmax(y_true, -1), "int32")
    else:
        one, off = y_true == 1, xp.logical_or(y_true == 0, y_true == -1)
        if labels.kind == "0 or 1":
            numbers, known = asarray(xp, one, "int32"), xp.logical_or(one, off)
        else:
            numbers, known = _only(xp, one, off, labels.classes)
    return xp.where(known, numbers, -xp.ones_like(numbers))


def _only(xp, one, off, classes):
    """Return which of the last axis is one, and whether it alone is and all others are off."""
    if xp is np or classes is None or classes > FEW:
        hot, off = asarray(xp, one, "int32"), asarray(xp, off, "int32")
        known = xp.logical_and(xp.sum(hot, -1) == 1, xp.sum(off, -1) == xp.shape(hot)[-1] - 1)
        return asarray(xp, xp.argmax(hot, -1), "int32"), known
    # as a product, whose numbers are small and whole: sums along a short axis are slow
    coded = xp.cast(one, "float32")
    coded = coded + 2 * FEW * xp.cast(xp.logical_not(xp.logical_or(one, off)), "float32")
    numbers = np.stack([np.ones(classes), np.arange(classes)], -1).astype("float32")
    sums = xp.matmul(coded, numbers)
    return xp.cast(sums[..., 1], "int32"), sums[..., 0] == 1
