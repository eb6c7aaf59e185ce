"""Contributions of a batch, added up in small tables: in the compiled step, or on the host."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lossbook._core import active_backend, ops
from lossbook._explain.labels import FEW, by_place, true_classes
from lossbook._explain.parts import Axes, Part, is_large

TABLE = 2**20


def leaving(part: Part) -> dict[str, Any]:
    """Return what leaves the step: a small batch's contributions, the tables of a large one."""
    values, labels = part.values, part.axes.labels
    if not is_large(tuple(values.shape)):
        found = {"values": part.contributions}
        return found if labels is None else found | {"y_true": part.y_true}
    if labels is None:
        found = tables(ops, part.axes, values)
    else:
        targets = by_place(ops, labels, part.y_true, *ops.shape(values)[:2])
        one_hot = None if labels.axis is None else targets
        found = tables(ops, part.axes, values, lambda: true_classes(ops, labels, targets), one_hot)
    if part.factor is None:
        return found
    factors = {"magnitude": ops.abs(part.factor)}
    return {name: table * factors.get(name, part.factor) for name, table in found.items()}


def tables(
    xp: Any,
    axes: Axes,
    values: Any,
    true_class: Callable[[], Any] | None = None,
    targets: Any = None,
) -> dict[str, Any]:
    """Add up contributions `(samples, positions, classes)` in the tables that `Groups` keeps.

    `true_class()` are the class numbers `(samples, positions)`, -1 for none; `targets`
    `(samples, positions, true classes)` are often one-hot.

    Returns:
        dict: "place" `(positions, classes)` or "position" `(positions,)`, "magnitude" `()`;
        "table" `(samples, classes, true classes + 1)` for few true classes, the first for none,
        and for many "sample" `(samples,)`, "class" `(classes,)` and "true_class"
        `(true classes + 1,)`.
    """
    count = axes.true_classes
    assert count is not None, "counted when the batches are joined"
    found = {"magnitude": xp.sum(_over_rows(xp, xp.abs(values)))}
    if (values.shape[1] or 1) * (values.shape[2] or 1) <= TABLE:
        found["place"] = _over_rows(xp, values)
    else:
        found["position"] = xp.sum(values, (0, 2))
    if true_class is None:
        found["table"] = xp.sum(values, 1)[:, :, None]
    elif count <= FEW:
        found["table"] = _by_few(xp, values, true_class, count, found["magnitude"], targets)
    else:
        by_place = xp.sum(values, 2)
        found["sample"], found["class"] = xp.sum(by_place, 1), xp.sum(values, (0, 1))
        found["true_class"] = _by_many(xp, by_place, true_class() + 1, count + 1)
    return found


def _by_few(xp, values, true_class, count, magnitude, targets):
    """Add up `(samples, positions, classes)` by true class."""

    def one_by_one():
        zero, here = xp.zeros_like(values), true_class()[:, :, None]
        sums = [xp.sum(xp.where(here == k, values, zero), 1) for k in range(-1, count)]
        return xp.stack(sums, -1)

    if xp is np or not products_are_exact():
        return one_by_one()

    def product(hot):
        return xp.matmul(xp.swapaxes(values, 1, 2), hot)

    def by_number():
        return product(xp.one_hot(true_class() + 1, count + 1, dtype=values.dtype))

    def by_targets():
        table = product(xp.cast(targets, values.dtype))
        return xp.concatenate([xp.zeros_like(table[:, :, :1]), table], 2)

    def any_target():  # NaN or infinity would reach all labels in a product
        return xp.cond(xp.isfinite(magnitude), by_number, one_by_one)

    if targets is None:
        return any_target()
    hot = xp.logical_and(_one_hot(xp, targets, count), xp.isfinite(magnitude))
    return xp.cond(hot, by_targets, any_target)


def _over_rows(xp, values):
    """Add up along the first of three axes; a product of matrices is several times as fast."""
    if xp is np or not products_are_exact():
        return xp.sum(values, 0)
    rows, positions, classes = xp.shape(values)
    flat = xp.reshape(values, (rows, positions * classes))  # -1 cannot be told without a row
    return xp.reshape(xp.matmul(xp.ones((1, rows), values.dtype), flat), (positions, classes))


def _one_hot(xp, targets, count):
    """Say whether each position has a single target that is not 0, and that one is 1."""
    off_by = xp.matmul(targets, xp.ones((count, 1), targets.dtype)) - 1
    single = xp.cast(_over_rows(xp, xp.cast(xp.cast(targets, "bool"), "float32")), "int32")
    positions = xp.cast(xp.size(off_by), "int32")
    return xp.logical_and(xp.sum(single) == positions, xp.sum(xp.square(off_by)) == 0)


def products_are_exact() -> bool:
    """Say whether a product of matrices keeps all digits and is the faster sum: on a CPU.

    A GPU may multiply in TensorFloat-32; XLA, on JAX, makes one loop of many sums.
    """
    if active_backend() == "tensorflow":
        import tensorflow as tf

        return not tf.config.list_physical_devices("GPU")
    if active_backend() == "torch":
        import torch

        return not torch.cuda.is_available()
    return False


def _by_many(xp, values, labels, count):
    """Add up `(samples, positions)` by label."""
    if xp is np:
        return np.bincount(labels.ravel(), values.ravel(), count)
    return xp.segment_sum(xp.ravel(values), xp.ravel(labels), count)
