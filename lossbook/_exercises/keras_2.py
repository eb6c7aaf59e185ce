"""The exercises of the chapter "The Keras 2.2 path, line by line"."""

import numpy as np

from lossbook._exercises.exercise import Exercise


def _three_losses(old=2, with_mask=1, new=4):
    """Return the weighted sum of the four losses, divided by what each of the three divides by."""
    losses, weights = np.array([0.5, 1.0, 2.0, 4.0]), np.array([4.0, 1.0, 0.0, 0.0])
    total = float(np.sum(weights * losses))
    return total / old, total / with_mask, total / new


def _read_log(loss_weight=4.0, of_a=1.0):
    """Return what output b and the regularisers add to the loss of the log."""
    from_b = loss_weight * 0.5
    return from_b, 4.75 - of_a * 1.25 - from_b


_WEIGHTS = np.array([0.0, 2.0, 0.0, 0.5])
_NEGATIVE = np.array([1.0, 0.0, -1.0, 3.0, 0.25])


EXERCISES = {
    "keras-2-1": Exercise(
        _three_losses,
        (
            (
                lambda: _three_losses(old=5),
                "Keras 2.2.4 divides by how many weights are not 0, never by their sum.",
            ),
            (
                lambda: _three_losses(old=4),
                "In Keras 2.2.4 zero weights leave the denominator: two of four are left.",
            ),
            (
                lambda: _three_losses(with_mask=2),
                "Mask and weights hold the same zeros, but both divisions are made: 1/2 and 1/2.",
            ),
            (
                lambda: _three_losses(with_mask=4),
                "Mask and weights are divided out one after the other: the sum is left as it is.",
            ),
            (
                lambda: _three_losses(new=2),
                "The third is Keras 3: it divides by all four values, zero weights or not.",
            ),
            (
                lambda: _three_losses(new=5),
                "The third is Keras 3: the loss divides by the values, the metric by the weights.",
            ),
        ),
    ),
    "keras-2-2": Exercise(
        _read_log,
        (
            (
                lambda: _read_log(loss_weight=1.0),
                "The log shows an output before its loss weight. In the total b counts 4 times.",
            ),
            (
                lambda: (0.5, _read_log()[1]),
                "The regularisers are right. But b adds 4 times what the log shows for it.",
            ),
            (
                lambda: (_read_log()[0], _read_log(loss_weight=1.0)[1]),
                "Take what b adds, not what the log shows for it, from the loss.",
            ),
            (
                lambda: _read_log(loss_weight=0.8, of_a=0.2),
                "Nothing divides by the sum of the loss weights: a counts once, b four times.",
            ),
            (
                lambda: _read_log()[::-1],
                "The two are swapped: first what b adds, then the regularisers.",
            ),
        ),
    ),
    "keras-2-3": Exercise(
        lambda weights: weights / np.mean(weights != 0),
        (
            (
                lambda weights: weights,
                "Keras 3 would divide by all of them. Keras 2.2.4 leaves out the zeros.",
            ),
            (
                lambda weights: weights * np.mean(weights != 0),
                "The wrong way round: the old loss is the larger one. Divide by the share.",
            ),
            (
                lambda weights: weights / np.mean(weights),
                "That makes a weighted mean. Keras 2.2.4 doesn't know the sum of the weights.",
            ),
            (
                lambda weights: weights / np.mean(weights > 0),
                "A weight below 0 is not 0 either: count the weights that are not 0.",
            ),
            (
                lambda weights: weights / np.sum(weights != 0),
                "Keras 3 divides by the values as well. Divide by the share of non-zeros.",
            ),
        ),
        cases=((_WEIGHTS,), (_NEGATIVE,)),
    ),
}
