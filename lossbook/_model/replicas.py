"""What every replica of a tf.distribute strategy has of a batch, brought together."""

import numpy as np

from lossbook._core import keras


def replica_count():
    """Return over how many replicas TensorFlow spreads the step that runs here."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def gathered(tensors):
    """Return a dict of tensors as it is, or of all replicas: each with the lengths of their parts.

    Every replica returns the same then, and Keras's mean over the replicas changes nothing.
    """
    if replica_count() == 1:
        return tensors
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


def split(tensors):
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
