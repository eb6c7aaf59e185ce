"""Contributions of a batch, added up in small tables: in the compiled step, or on the host."""

from typing import Any

from lossbook._core import active_backend, ops
from lossbook._explain.parts import Axes, Part, is_large

TABLE = 2**20
_FEW = 32  # true classes that are added up one by one


def leaving(part: Part) -> dict[str, Any]:
    """Return what leaves the step: a small batch's contributions, the tables of a large one."""
    if is_large(tuple(part.contributions.shape)):
        return tables(ops, part.axes, part.contributions, part.true_class)
    kept = {"values": part.contributions}
    if part.true_class is not None:
        kept["true_class"] = part.true_class
    return kept


def tables(xp: Any, axes: Axes, values: Any, true_class: Any = None) -> dict[str, Any]:
    """Add up contributions `(samples, classes, positions)` in the tables that `Groups` keeps.

    Returns:
        dict: "sample" `(samples,)`, "place" `(classes, positions)` or "position" `(positions,)`,
        "magnitude" `()`; "table" `(samples, classes, true classes + 1)` for few true classes, the
        first for none, and for many "class" `(classes,)` and "true_class" `(true classes + 1,)`.
    """
    true_classes = axes.true_classes
    assert true_classes is not None, "counted when the batches are joined"
    found = {"sample": xp.sum(values, (1, 2)), "magnitude": xp.sum(xp.abs(values))}
    if (values.shape[1] or 1) * (values.shape[2] or 1) <= TABLE:
        found["place"] = xp.sum(values, 0)
    else:
        found["position"] = xp.sum(values, (0, 1))
    if true_class is None:
        found["table"] = xp.sum(values, 2)[:, :, None]
    elif true_classes <= _FEW:
        found["table"] = _by_few(xp, values, true_class + 1, true_classes + 1, found["magnitude"])
    else:
        found["class"] = xp.sum(values, (0, 2))
        found["true_class"] = _by_many(xp, xp.sum(values, 1), true_class + 1, true_classes + 1)
    return found


def _by_few(xp, values, labels, count, magnitude):
    """Add up `(samples, classes, positions)` by label."""
    import numpy as np

    def one_by_one():
        zero, here = xp.zeros_like(values), labels[:, None, :]
        return xp.stack([xp.sum(xp.where(here == k, values, zero), 2) for k in range(count)], -1)

    if xp is np or not products_are_exact():
        return one_by_one()

    def product():  # in which NaN or infinity would reach all labels
        return xp.matmul(values, xp.one_hot(labels, count, dtype=values.dtype))

    return xp.cond(xp.isfinite(magnitude), product, one_by_one)


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
    import numpy as np

    if xp is np:
        return np.bincount(labels.ravel(), values.ravel(), count)
    return xp.segment_sum(xp.ravel(values), xp.ravel(labels), count)
