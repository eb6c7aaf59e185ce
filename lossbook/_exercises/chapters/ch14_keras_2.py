"""The exercises of the chapter "The Keras 2.2 path, line by line"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise

_LOSSES, _GIVEN = np.array([0.5, 1.25, 2.0, 4.0, 3.0]), np.array([4.0, 2.0, 0.0, 0.0, 0.0])


def _three_losses(old=2.0, with_mask=0.8, new=5.0):
    """Return the weighted sum of the five losses, divided by what each of the three divides by."""
    total = float(np.sum(_GIVEN * _LOSSES))
    return total / old, total / with_mask, total / new


def _read_log(loss_weight=4.0, of_a=1.0):
    """Return what output b and the regularisers add to the loss of the log."""
    from_b = loss_weight * 0.5
    return from_b, 4.75 - of_a * 1.25 - from_b


def _by_batch(weights, batch_size, divisor):
    """Return the weights, those of every batch divided by what the divisor makes of them."""
    batches = [weights[i : i + batch_size] for i in range(0, len(weights), batch_size)]
    return np.concatenate([batch / divisor(batch) for batch in batches])


def _share(weights):
    """Return the share of the weights that are not 0."""
    return np.mean(weights != 0)


_WEIGHTS = np.array([0.0, 2.0, 0.0, 0.5, 1.0])
_NEGATIVE = np.array([1.0, 0.0, -1.0, 3.0, 0.25])


EXERCISES = {
    "keras-2-1": Exercise(
        _three_losses,
        (
            (
                lambda: _three_losses(old=6),
                "Keras 2.2.4 divides by how many weights are not 0, never by their sum.",
            ),
            (
                lambda: _three_losses(old=5),
                "In Keras 2.2.4 zero weights leave the denominator: two of five are left.",
            ),
            (
                lambda: _three_losses(with_mask=2),
                "Mask and weights hold the same zeros, but both divisions are made.",
            ),
            (
                lambda: _three_losses(with_mask=5),
                "Both shares are divided out, one after the other: 2/5 twice.",
            ),
            (
                lambda: _three_losses(new=2),
                "The third is Keras 3: it divides by all five values, zero weights or not.",
            ),
            (
                lambda: _three_losses(new=6),
                "The third is Keras 3: the loss divides by the values, the metric by the weights.",
            ),
        ),
        made_from=lambda: (None, None, {"values": _LOSSES, "sample_weight": _GIVEN}),
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
    "keras-2-4": Exercise(
        lambda weights, batch_size: _by_batch(weights, batch_size, _share),
        (
            (
                lambda weights, batch_size: weights / _share(weights),
                "That is the report: the share of all rows. Every batch was divided by its own.",
            ),
            (
                lambda weights, batch_size: weights,
                "Those are the weights of Keras 3. Divide those of each batch by its own share.",
            ),
            (
                lambda weights, batch_size: _by_batch(
                    weights, batch_size, lambda batch: np.sum(batch != 0) / batch_size
                ),
                "The last batch has fewer rows than batch_size: its share is of its own rows.",
            ),
            (
                lambda weights, batch_size: _by_batch(
                    weights, batch_size, lambda batch: 1 / _share(batch)
                ),
                "The wrong way round: the old loss is the larger one. Divide by the share.",
            ),
            (
                lambda weights, batch_size: _by_batch(
                    weights, batch_size, lambda batch: np.sum(batch != 0)
                ),
                "Keras 3 divides by the rows of the batch as well. Divide by the share.",
            ),
            (
                lambda weights, batch_size: _by_batch(weights, batch_size, np.mean),
                "That makes a weighted mean of each batch. Keras 2.2.4 counted the weights.",
            ),
        ),
        cases=(
            (np.array([1, 2, 0.5, 0, 0, 4, 3]), 3),
            (np.array([0, 2, 0, 0.5, 1, 0, 3, 1, 0, 2]), 4),
        ),
    ),
}
