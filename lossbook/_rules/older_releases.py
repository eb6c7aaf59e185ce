"""What older releases computed otherwise than Keras 3.15: masks, epochs, additional losses."""

import numpy as np

from lossbook._core import asarray, divide_no_nan, epsilon, namespace, shape_of, size
from lossbook.reduction import Step, mask_weight
from lossbook.total import Sum, activity_penalty, reported_loss


def mask_times_ratio(mask, reduction, dtype, guard=False):
    """Rescale a mask as before 3.15: multiply it by total / valid, whatever it holds.

    `guard`: before 3.13 the division by 0 was avoided by adding epsilon to `valid`; in float16
    total / epsilon is infinite, so there a batch without valid values is NaN.
    """
    if reduction not in ("sum_over_batch_size", "mean"):
        return mask_weight(mask, reduction, dtype)
    xp = namespace(mask=mask)
    mask = asarray(xp, mask, dtype)
    total = asarray(xp, float(size(shape_of(mask))), dtype)
    valid = xp.sum(mask)
    if guard:
        valid = valid + epsilon()
        ratio = total / valid
    else:
        ratio = divide_no_nan(xp, total, valid)
    value = asarray(xp, mask * ratio)
    return Step(value, value, valid / total)


def batches_alike(batch_losses, batch_sizes):
    """Average the losses of the batches, each counting once, whatever its rows."""
    losses = list(batch_losses)
    reported_loss(losses, batch_sizes)  # for its checks
    return reported_loss(losses, 1)


def undivided_penalty(penalty, batch_size):
    """Return the penalty of an activity regulariser as it is."""
    return activity_penalty(penalty, 1)


def each_alone(batch_losses, batch_sizes):
    """Return the loss of each batch alone: each call begins anew."""
    losses = list(batch_losses)
    reported_loss(losses, batch_sizes)  # for its checks
    return tuple(reported_loss([loss], 1).value for loss in losses)


def running_means(epoch, batch_losses, batch_sizes):
    """Return the running means: a call continues where the last one stopped."""
    losses = list(batch_losses)
    whole = epoch(losses, batch_sizes)  # for its checks, and the number of batches
    sizes = [batch_sizes] * len(losses) if not hasattr(batch_sizes, "__len__") else batch_sizes
    means = [epoch(losses[:n], sizes[:n]).value for n in range(1, len(losses))]
    return (*means, whole.value)


def last_batch(batch_losses, batch_sizes):
    """Return the loss of the last batch alone."""
    losses = list(batch_losses)
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
