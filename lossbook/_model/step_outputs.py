"""What a step returns beside Keras's logs: few tensors, of all replicas, and back on the host.

A step that TensorFlow compiles hands over each tensor at a cost of its own: its type is checked in
Python, which takes as long as ten operations in the step. So small ones leave it in one vector of
each dtype. Of a tf.distribute strategy every replica returns the tensors of all.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lossbook._core import active_backend, keras, to_numpy

_LENGTHS = "(lengths)"
_SMALL = 2**15  # elements: to copy more takes longer than to hand them over
_SOME = 32  # stands for a length that is not known


class Packed(NamedTuple):
    """Where a tensor is: in the vector of its dtype, with its shape, None for unknown lengths."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


def returned(tensors: dict[str, Any]) -> tuple[dict[str, Any], tuple[Packed, ...]]:
    """Return what a step is to return of these tensors, and where each is in it."""
    return _packed(tensors) if replica_count() == 1 else (_gathered(tensors), ())


def of_replicas(found: dict[str, Any], layout: tuple[Packed, ...]) -> Iterator[dict[str, Any]]:
    """Yield the tensors of each replica: arrays of NumPy, where they were put together."""
    return _split(_unpacked(found, layout))


def replica_count():
    """Return over how many replicas TensorFlow spreads the step that runs here."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def _packed(tensors: dict[str, Any]) -> tuple[dict[str, Any], tuple[Packed, ...]]:
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


def _unpacked(found: dict[str, Any], layout: tuple[Packed, ...]) -> dict[str, Any]:
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


def _gathered(tensors):
    """Return the tensors of all replicas, each with the lengths of their parts.

    Every replica returns the same, so that Keras's mean over the replicas changes nothing.
    """
    import tensorflow as tf

    context = tf.distribute.get_replica_context()

    def gather(tensor):
        if tensor.dtype == tf.bool:
            tensor = tf.cast(tensor, "int32")
        if tensor.shape.rank == 0:
            return (context.all_gather(tensor[None], axis=0),)
        lengths = context.all_gather(tf.shape(tensor)[:1], axis=0)
        return context.all_gather(tensor, axis=0), lengths

    return {name: gather(tensor) for name, tensor in tensors.items()}


def _split(tensors):
    """Yield the dict of each replica; of a single one it is the dict itself."""
    if not isinstance(tensors["rows"], tuple):
        yield dict(tensors)
        return
    parts = {name: _parts(*gathered) for name, gathered in tensors.items()}
    for i in range(len(parts["rows"])):
        yield {name: of_all[i] for name, of_all in parts.items()}


def _parts(tensor, lengths=None):
    """Return what each replica had: a number, or an array."""
    tensor = np.asarray(tensor)
    if lengths is None:
        return tensor
    return np.split(tensor, np.cumsum(np.asarray(lengths).astype(int))[:-1])
