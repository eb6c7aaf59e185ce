"""The exercises of the chapter "The Keras 2.2 path, line by line"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_WEIGHTS = np.array([0.0, 2.0, 0.0, 0.5, 1.0])
_NEGATIVE = np.array([1.0, 0.0, -1.0, 3.0, 0.25])
_SEVEN, _TEN = np.array([1, 2, 0.5, 0, 0, 4, 3]), np.array([0, 2, 0, 0.5, 1, 0, 3, 1, 0, 2])

_WRONG_WAY = "The wrong way round: the old loss is the larger one. Divide by the share."


@exercise("keras-2-1")
def keras_2_1():
    """The weighted loss of five values in Keras 2.2.4, with a mask as well, and in Keras 3."""
    values, weights = np.array([0.5, 1.25, 2.0, 4.0, 3.0]), np.array([4.0, 2.0, 0.0, 0.0, 0.0])

    def divided(old=2.0, with_mask=0.8, new=5.0):
        return tuple(np.sum(weights * values) / d for d in (old, with_mask, new))

    by_values, by_kept, by_weights = divided(old=5), divided(new=2), divided(new=6)
    mistakes = {
        "Keras 2.2.4 divides by how many weights are not 0, never by their sum.": divided(old=6),
        "In Keras 2.2.4 zero weights leave the denominator: two of five are left.": by_values,
        "Mask and weights hold the same zeros, but both divisions are made.": divided(with_mask=2),
        "Both shares are divided out, one after the other: 2/5 twice.": divided(with_mask=5),
        "The third is Keras 3: it divides by all five values, zero weights or not.": by_kept,
        "The third is Keras 3: the loss divides by the values, the metric by the weights.": (
            by_weights
        ),
    }
    identify_with = None, None, {"values": values, "sample_weight": weights}
    return Answers(divided(), mistakes, identify_with)


@exercise("keras-2-2")
def keras_2_2():
    """What output b and the regularisers add to the loss of a log."""
    loss, a, b, weight_of_b = 4.75, 1.25, 0.5, 4.0
    from_b = weight_of_b * b
    regularisers = loss - a - from_b
    mistakes = {
        "The log shows an output before its loss weight. In the total b counts 4 times.": (
            (b, loss - a - b)
        ),
        "The regularisers are right. But b adds 4 times what the log shows for it.": (
            (b, regularisers)
        ),
        "Take what b adds, not what the log shows for it, from the loss.": (from_b, loss - a - b),
        "Nothing divides by the sum of the loss weights: a counts once, b four times.": (
            (from_b / 5, loss - (a + from_b) / 5)
        ),
        "The two are swapped: first what b adds, then the regularisers.": (regularisers, from_b),
    }
    return Answers((from_b, regularisers), mistakes)


@exercise("keras-2-3", cases=((_WEIGHTS,), (_NEGATIVE,)))
def keras_2_3(weights):
    """Weights with which Keras 3 gives the loss of Keras 2.2.4."""
    share = np.mean(weights != 0)
    by_mean = weights / np.mean(weights)
    mistakes = {
        "Keras 3 would divide by all of them. Keras 2.2.4 leaves out the zeros.": weights,
        _WRONG_WAY: weights * share,
        "That makes a weighted mean. Keras 2.2.4 doesn't know the sum of the weights.": by_mean,
        "A weight below 0 is not 0 either: count the weights that are not 0.": (
            weights / np.mean(weights > 0)
        ),
        "Keras 3 divides by the values as well. Divide by the share of non-zeros.": (
            weights / np.count_nonzero(weights)
        ),
    }
    return Answers(weights / share, mistakes)


@exercise("keras-2-4", cases=((_SEVEN, 3), (_TEN, 4)))
def keras_2_4(weights, batch_size):
    """The same for an epoch: every batch was divided by its own share."""
    batches = [weights[i : i + batch_size] for i in range(0, len(weights), batch_size)]
    rows, counts, sums = (
        np.concatenate([np.full(len(batch), f(batch)) for batch in batches])
        for f in (len, np.count_nonzero, np.sum)
    )
    share = counts / rows
    mistakes = {
        "That is the report: the share of all rows. Every batch was divided by its own.": (
            weights / np.mean(weights != 0)
        ),
        "Those are the weights of Keras 3. Divide those of each batch by its own share.": weights,
        "The last batch has fewer rows than batch_size: its share is of its own rows.": (
            weights / (counts / batch_size)
        ),
        _WRONG_WAY: weights * share,
        "Keras 3 divides by the rows of the batch as well. Divide by the share.": weights / counts,
        "That makes a weighted mean of each batch. Keras 2.2.4 counted the weights.": (
            weights / (sums / rows)
        ),
    }
    return Answers(weights / share, mistakes)
