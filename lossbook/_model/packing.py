"""The tensors of one compiled step of TensorFlow in a few: it hands over each at a cost of its own.

Every tensor that leaves a step is checked against its type in Python, which costs as much as ten
operations in the step.
"""

import math
from typing import Any, NamedTuple

from lossbook._core import active_backend, to_numpy

_LENGTHS = "(lengths)"
_SMALL = 2**15  # elements: to copy more takes longer than to hand them over
_SOME = 32  # stands for a length that is not known


class Packed(NamedTuple):
    """Where a tensor is: in the vector of its dtype, with its shape, None for unknown lengths."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


def packed(tensors: dict[str, Any]) -> tuple[dict[str, Any], tuple[Packed, ...]]:
    """Return vectors that hold the small tensors of a step being compiled, and where each is.

    Large ones stay as they are. All do, beside (), on other backends, in eager mode, and where one
    has no shape.
    """
    if active_backend() != "tensorflow":
        return tensors, ()
    import tensorflow as tf

    shaped = [isinstance(x, tf.Tensor) and x.shape.rank is not None for x in tensors.values()]
    if tf.executing_eagerly() or not all(shaped):
        return tensors, ()
    layout: list[Packed] = []
    found: dict[str, Any] = {}
    vectors: dict[str, list[Any]] = {}
    lengths = []
    for name, tensor in tensors.items():
        shape = tuple(tensor.shape)
        if math.prod(_SOME if n is None else n for n in shape) > _SMALL:
            found[name] = tensor
            continue
        tensor = tf.cast(tensor, "float32") if tensor.dtype == "bfloat16" else tensor
        layout.append(Packed(name, tensor.dtype.name, shape))
        vectors.setdefault(tensor.dtype.name, []).append(tf.reshape(tensor, [-1]))
        if None in shape:
            lengths.append(tf.shape(tensor))
    if lengths:
        vectors[_LENGTHS] = lengths
    return found | {name: tf.concat(parts, 0) for name, parts in vectors.items()}, tuple(layout)


def unpacked(found: dict[str, Any], layout: tuple[Packed, ...]) -> dict[str, Any]:
    """Return the tensors of a step that has run, as arrays of NumPy where they were packed."""
    if not layout:
        return found
    names = {_LENGTHS, *(each.dtype for each in layout)}
    tensors = {name: x for name, x in found.items() if name not in names}
    left = {name: to_numpy(x) for name, x in found.items() if name in names}

    def take(vector, count):
        taken, left[vector] = left[vector][:count], left[vector][count:]
        return taken

    for name, dtype, shape in layout:
        known = take(_LENGTHS, len(shape)).tolist() if None in shape else shape
        tensors[name] = take(dtype, math.prod(known)).reshape(known)
    return tensors
