"""The exercises of the chapter "The atlas of releases"."""

import numpy as np

from lossbook._exercises.exercise import Exercise


def _three(in_2_10=4.0, in_2_11=3.0, in_2_2_4=2.25):
    """Return the weighted sum of what the mask keeps, divided by what each of three divides by."""
    losses, weights = np.array([2.0, 4.0, 6.0, 8.0]), np.array([2.0, 1.0, 0.0, 1.0])
    kept = float(np.sum((weights * losses)[:3]))
    return kept / in_2_10, kept / in_2_11, kept / in_2_2_4


def _last_batch(before=4.0, after=3.4, rows=(4, 4, 2)):
    """Return the loss of the last batch, from the mean of three and from their mean by rows."""
    all_three = 3 * before
    by_rows = sum(rows) * after  # 4 · (a + b) + 2 · c, and a + b + c is known
    return (rows[0] * all_three - by_rows) / (rows[0] - rows[2])


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
                lambda: 12.0 - _last_batch(),
                "That is what the two full batches add up to. The last one is the rest of 12.",
            ),
        ),
    ),
}
