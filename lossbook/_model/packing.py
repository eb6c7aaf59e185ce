"""The tensors of one compiled step of TensorFlow in a few: it hands over each at a cost of its own.

Every tensor that leaves a step is checked against its type in Python, which costs as much as ten
operations in the step.
"""

import math
from typing import Any, NamedTuple

from lossbook._core import active_backend, to_numpy

_LENGTHS = "(lengths)"


class Packed(NamedTuple):
    """Where a tensor is: in the vector of its dtype, with its shape, None for unknown lengths."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


def packed(tensors: dict[str, Any]) -> tuple[dict[str, Any], tuple[Packed, ...]]:
    """Return vectors that hold all tensors of a step that is being compiled, and where each is.

    The tensors as they are, and (), on other backends, in eager mode, and where one has no shape.
    """
    if active_backend() != "tensorflow":
        return tensors, ()
    import tensorflow as tf

    shaped = [isinstance(x, tf.Tensor) and x.shape.rank is not None for x in tensors.values()]
    if tf.executing_eagerly() or not all(shaped):
        return tensors, ()
    layout: list[Packed] = []
    vectors: dict[str, list[Any]] = {}
    for name, tensor in tensors.items():
        tensor = tf.cast(tensor, "float32") if tensor.dtype == "bfloat16" else tensor
        layout.append(Packed(name, tensor.dtype.name, tuple(tensor.shape)))
        vectors.setdefault(tensor.dtype.name, []).append(tf.reshape(tensor, [-1]))
    found = {dtype: tf.concat(parts, 0) for dtype, parts in vectors.items()}
    if unknown := [tf.shape(tensors[name]) for name, _, shape in layout if None in shape]:
        found[_LENGTHS] = tf.concat(unknown, 0)
    return found, tuple(layout)


def unpacked(found: dict[str, Any], layout: tuple[Packed, ...]) -> dict[str, Any]:
    """Return the tensors of a step that has run, as arrays of NumPy where they were packed."""
    if not layout:
        return found
    left = {dtype: to_numpy(vector) for dtype, vector in found.items()}

    def take(dtype, count):
        taken, left[dtype] = left[dtype][:count], left[dtype][count:]
        return taken

    tensors = {}
    for name, dtype, shape in layout:
        known = take(_LENGTHS, len(shape)).tolist() if None in shape else shape
        tensors[name] = take(dtype, math.prod(known)).reshape(known)
    return tensors
