"""The exercises of the chapter "The atlas of releases"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise

_LOSSES, _WEIGHTS = np.array([2.0, 4.0, 6.0, 5.0]), np.array([2.0, 1.0, 0.0, 1.0])
_KEPT = np.array([True, True, True, False])


def _three(in_2_10=4.0, in_2_11=3.0, in_2_2_4=2.25):
    """Return the weighted sum of what the mask keeps, divided by what each of three divides by."""
    kept = float(np.sum(_WEIGHTS * _LOSSES * _KEPT))
    return kept / in_2_10, kept / in_2_11, kept / in_2_2_4


def _last_batch(before=4.0, after=3.4, rows=(4, 4, 2)):
    """Return the loss of the last batch, from the mean of three and from their mean by rows."""
    all_three = 3 * before
    by_rows = sum(rows) * after  # 4 · (a + b) + 2 · c, and a + b + c is known
    return (rows[0] * all_three - by_rows) / (rows[0] - rows[2])


def _upgraded(before, rows, kept, steps, penalty):
    """Return the loss of an epoch that divides by kept steps, from batches that divided by all."""
    return float(np.average((before - penalty) * rows * steps / kept + penalty, weights=rows))


def _at_once(before, rows, kept, steps, penalty):
    """Return the same with one factor for all batches."""
    data = np.average(before - penalty, weights=rows)
    return float(data * np.sum(rows) * steps / np.sum(kept) + penalty)


_STEPS = np.array([[1.0, 2.0, 0.5], [4.0, 0.0, 1.0]])
_MASK = np.array([[True, True, False], [True, False, False]])
_OTHER = np.array([[True, False, False], [True, True, True]])


EXERCISES = {
    "atlas-1": Exercise(
        _three,
        (
            (
                lambda: _three(in_2_10=3.0, in_2_11=4.0),
                "The first two are swapped: up to 2.10 a masked step stays in the denominator.",
            ),
            (
                lambda: _three(in_2_10=3.0),
                "tf.keras 2.10 takes the mask for a weight of 0 or 1 and divides by all four.",
            ),
            (
                lambda: _three(in_2_11=4.0),
                "From tf.keras 2.11 on the mask changes the denominator: three steps are kept.",
            ),
            (
                lambda: _three(in_2_11=2.0),
                "A weight of 0 is not a mask: tf.keras 2.11 counts the kept step that weighs 0.",
            ),
            (
                lambda: _three(in_2_2_4=2.0),
                "Keras 2.2.4 doesn't look where mask and weights meet: it divides by both shares.",
            ),
            (
                lambda: _three(in_2_2_4=3.0),
                "Keras 2.2.4 divides by the share of the mask and by that of nonzero weights.",
            ),
        ),
        made_from=lambda: (
            None,
            {"values": _LOSSES, "sample_weight": _WEIGHTS, "mask": _KEPT},
            None,
        ),
    ),
    "atlas-2": Exercise(
        lambda weights, mask: weights * mask * mask.size / np.sum(mask),
        (
            (
                lambda weights, mask: weights * mask,
                "That divides by all values, as tf.keras up to 2.10. Here the kept ones count.",
            ),
            (
                lambda weights, mask: weights * mask * np.mean(mask),
                "The wrong way round: fewer values in the denominator make the loss larger.",
            ),
            (
                lambda weights, mask: weights * mask / np.sum(mask),
                "Keras divides by all values once more. Multiply by their number.",
            ),
            (
                lambda weights, mask: weights * mask * mask.size / np.sum(weights * mask),
                "That is a weighted mean. The denominator is what the mask keeps, not its weight.",
            ),
            (
                lambda weights, mask: weights * mask.size / np.sum(mask),
                "The masked values are still in the sum: their weights have to be 0.",
            ),
        ),
        cases=((_STEPS, _MASK), (_STEPS, _OTHER)),
    ),
    "atlas-3": Exercise(
        _last_batch,
        (
            (
                lambda: _last_batch(before=3.4, after=4.0),
                "The other way round: Keras 3.1 counts every batch alike, Keras 3.2 by its rows.",
            ),
            (
                lambda: 12.0 - 2 * 3.4,
                "3.4 isn't the mean of the two full batches: the short one is in it, for half.",
            ),
            (
                lambda: (34.0 - 8 * 4.0) / 2,
                "4.0 isn't the mean of the two full batches: it is the mean of all three.",
            ),
            (
                lambda: 12.0 - _last_batch(),
                "That is what the two full batches add up to. The last one is the rest of 12.",
            ),
        ),
    ),
    "atlas-4": Exercise(
        _upgraded,
        (
            (
                lambda before, *rest: _at_once(before, *rest[:3], 0.0),
                "That is the report: one factor for all. Each batch has its own, without penalty.",
            ),
            (
                _at_once,
                "The penalty is right. But the data are divided by all kept steps at once.",
            ),
            (
                lambda before, *rest: _upgraded(before, *rest[:3], 0.0),
                "You multiplied the penalty, too. It is added after the division, in both.",
            ),
            (
                lambda *args: _upgraded(*args) - args[-1],
                "That is the loss of the data. The new number has the penalty in it, as the old.",
            ),
            (
                lambda before, rows, kept, steps, penalty: float(
                    np.mean((before - penalty) * rows * steps / kept + penalty)
                ),
                "The batches are right. The epoch counts them by their rows.",
            ),
            (
                lambda before, rows, kept, steps, penalty: float(
                    np.average((before - penalty) * kept / (rows * steps) + penalty, weights=rows)
                ),
                "The wrong way round: fewer steps in the denominator make the loss larger.",
            ),
            (
                lambda before, rows, kept, steps, penalty: float(
                    np.average((before - penalty) * steps / kept + penalty, weights=rows)
                ),
                "The rows are missing: a batch has rows · steps values, of which it keeps some.",
            ),
            (
                lambda before, rows, kept, steps, penalty: float(np.average(before, weights=rows)),
                "That is the old loss. Keras 3 divides by the kept steps of each batch.",
            ),
        ),
        cases=(
            (np.array([1.2, 0.6, 0.5]), np.array([3, 3, 1]), np.array([12, 4, 1]), 5, 0.25),
            (np.array([0.9, 1.5]), np.array([4, 2]), np.array([6, 5]), 3, 0.5),
        ),
    ),
}
