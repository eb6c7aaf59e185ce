"""How releases make one number of the batches, and what an additional loss adds to it."""

import numpy as np

from lossbook._core import listed
from lossbook.total import Sum, activity_penalty, reported_loss


def batches_alike(batch_losses, batch_sizes):
    """Average the losses of the batches, each counting once, whatever its rows."""
    losses = listed("batch_losses", batch_losses, "batch")
    reported_loss(losses, batch_sizes)  # for its checks
    return reported_loss(losses, 1)


def undivided_penalty(penalty, batch_size):
    """Return the penalty of an activity regulariser as it is."""
    return activity_penalty(penalty, 1)


def each_alone(batch_losses, batch_sizes):
    """Return the loss of each batch alone: each call begins anew."""
    losses = listed("batch_losses", batch_losses, "batch")
    reported_loss(losses, batch_sizes)  # for its checks
    return tuple(reported_loss([loss], 1).value for loss in losses)


def running_means(epoch, batch_losses, batch_sizes):
    """Return the running means: a call continues where the last one stopped."""
    losses = listed("batch_losses", batch_losses, "batch")
    whole = epoch(losses, batch_sizes)  # for its checks, and the number of batches
    sizes = [batch_sizes] * len(losses) if not hasattr(batch_sizes, "__len__") else batch_sizes
    means = [epoch(losses[:n], sizes[:n]).value for n in range(1, len(losses))]
    return (*means, whole.value)


def last_batch(batch_losses, batch_sizes):
    """Return the loss of the last batch alone."""
    losses = listed("batch_losses", batch_losses, "batch")
    reported_loss(losses, batch_sizes)  # for its checks
    return Sum(reported_loss(losses[-1:], 1).value, (0.0,) * (len(losses) - 1) + (1.0,))


def sum_of_vector(vector):
    """Return what a vector given to `add_loss` adds: its sum, since Keras 3.3."""
    return float(np.sum(vector, dtype="float64"))


def no_vector(vector):
    """Refuse a vector given to `add_loss`, as Keras 3.0 to 3.2 and tf.keras since 2.2 do."""
    shape = np.shape(vector)
    if shape:
        raise ValueError(
            f"add_loss takes one number here, and received an array of shape {shape}. Add its sum "
            "(what Keras has done since 3.3) or its mean."
        )
    return float(vector)


def mean_of_vector(vector):
    """Return what a vector given to `add_loss` adds: its mean, in Keras 2.3."""
    return float(np.mean(vector, dtype="float64"))


def vector_itself(vector):
    """Return what a vector given to `add_loss` adds: itself, so that the loss is a vector too."""
    return np.asarray(vector, "float64")
