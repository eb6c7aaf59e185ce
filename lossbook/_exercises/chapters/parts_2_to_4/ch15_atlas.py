"""The exercises of the chapter "The atlas of releases"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_STEPS = np.array([[1.0, 2.0, 0.5], [4.0, 0.0, 1.0]])
_MASK = np.array([[True, True, False], [True, False, False]])
_OTHER = np.array([[True, False, False], [True, True, True]])


@exercise("atlas-1")
def atlas_1():
    """A loss with weights and a mask in tf.keras 2.10, in tf.keras 2.11 and in Keras 2.2.4."""
    values, weights = np.array([2.0, 4.0, 6.0, 5.0]), np.array([2.0, 1.0, 0.0, 1.0])
    mask = np.array([True, True, True, False])
    total = np.sum(weights * values * mask)

    def divided(in_2_10=4.0, in_2_11=3.0, in_2_2_4=2.25):
        return tuple(total / d for d in (in_2_10, in_2_11, in_2_2_4))

    by_all, one_share = divided(in_2_11=4.0), divided(in_2_2_4=3.0)
    mistakes = {
        "The first two are swapped: up to 2.10 a masked step stays in the denominator.": (
            divided(in_2_10=3.0, in_2_11=4.0)
        ),
        "tf.keras 2.10 takes the mask for a weight of 0 or 1 and divides by all four.": (
            divided(in_2_10=3.0)
        ),
        "From tf.keras 2.11 on the mask changes the denominator: three steps are kept.": by_all,
        "A weight of 0 is not a mask: tf.keras 2.11 counts the kept step that weighs 0.": (
            divided(in_2_11=2.0)
        ),
        "Keras 2.2.4 doesn't look where mask and weights meet: it divides by both shares.": (
            divided(in_2_2_4=2.0)
        ),
        "Keras 2.2.4 divides by the share of the mask and by that of nonzero weights.": one_share,
    }
    identify_with = None, {"values": values, "sample_weight": weights, "mask": mask}, None
    return Answers(divided(), mistakes, identify_with)


@exercise("atlas-2", cases=((_STEPS, _MASK), (_STEPS, _OTHER)))
def atlas_2(weights, mask):
    """The weights that do what a mask does, in every release."""
    kept = weights * mask
    mistakes = {
        "That divides by all values, as tf.keras up to 2.10. Here the kept ones count.": kept,
        "The wrong way round: fewer values in the denominator make the loss larger.": (
            kept * np.mean(mask)
        ),
        "Keras divides by all values once more. Multiply by their number.": kept / np.sum(mask),
        "That is a weighted mean. The denominator is what the mask keeps, not its weight.": (
            kept / np.mean(kept)
        ),
        "The masked values are still in the sum: their weights have to be 0.": (
            weights / np.mean(mask)
        ),
    }
    return Answers(kept / np.mean(mask), mistakes)


@exercise("atlas-3")
def atlas_3():
    """The loss of the last of three batches, from how two releases average 4, 4 and 2 rows."""
    in_3_1, in_3_2 = 4.0, 3.4  # the mean of the batches, and of the rows

    def last(of_batches, of_rows):
        return (4 * 3 * of_batches - 10 * of_rows) / 2  # 4 · (a + b + c) - (4 · a + 4 · b + 2 · c)

    right = last(in_3_1, in_3_2)
    mistakes = {
        "The other way round: Keras 3.1 counts every batch alike, Keras 3.2 by its rows.": (
            last(in_3_2, in_3_1)
        ),
        "3.4 isn't the mean of the two full batches: the short one is in it, for half.": (
            3 * in_3_1 - 2 * in_3_2
        ),
        "4.0 isn't the mean of the two full batches: it is the mean of all three.": (
            (10 * in_3_2 - 8 * in_3_1) / 2
        ),
        "That is what the two full batches add up to. The last one is the rest of 12.": 12 - right,
    }
    return Answers(right, mistakes)


@exercise(
    "atlas-4",
    cases=(
        (np.array([1.2, 0.6, 0.5]), np.array([3, 3, 1]), np.array([12, 4, 1]), 5, 0.25),
        (np.array([0.9, 1.5]), np.array([4, 2]), np.array([6, 5]), 3, 0.5),
    ),
)
def atlas_4(before, rows, kept, steps, penalty):
    """The loss of an epoch that divides by kept steps, from batches that divided by all steps."""
    data, factor = before - penalty, rows * steps / kept
    at_once = np.sum(rows) * steps / np.sum(kept)

    def epoch(batches):
        return np.average(batches, weights=rows)

    right = epoch(data * factor + penalty)
    without_rows = epoch(data * steps / kept + penalty)
    unchanged = epoch(before)
    mistakes = {
        "That is the report: one factor for all. Each batch has its own, without penalty.": (
            epoch(before) * at_once
        ),
        "The penalty is right. But the data are divided by all kept steps at once.": (
            epoch(data) * at_once + penalty
        ),
        "You multiplied the penalty, too. It is added after the division, in both.": (
            epoch(before * factor)
        ),
        "That is the loss of the data. The new number has the penalty in it, as the old.": (
            right - penalty
        ),
        "The batches are right. The epoch counts them by their rows.": (
            np.mean(data * factor + penalty)
        ),
        "The wrong way round: fewer steps in the denominator make the loss larger.": (
            epoch(data / factor + penalty)
        ),
        "The rows are missing: a batch has rows · steps values, of which it keeps some.": (
            without_rows
        ),
        "That is the old loss. Keras 3 divides by the kept steps of each batch.": unchanged,
    }
    return Answers(right, mistakes)
