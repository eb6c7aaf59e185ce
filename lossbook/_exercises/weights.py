"""The exercises of the chapter "Weights"."""

import numpy as np

from lossbook._exercises.exercise import Exercise


def _four_weighted(*denominators):
    """Return the weighted sum of four losses, divided by each of the denominators."""
    losses, weight = np.array([0.5, 1.0, 2.0, 4.0]), np.array([4.0, 1.0, 0.0, 0.0])
    return tuple(float(np.sum(weight * losses)) / d for d in denominators)


def _weight_map(labels, class_weights):
    """Look up the weight of the class of every position."""
    return np.asarray(class_weights, dtype="float64")[labels]


_MAP_LABELS = np.array([[[0, 0, 1], [0, 2, 2]], [[0, 0, 0], [0, 1, 0]]])


_CLASS_WEIGHTS = np.array([1.0, 2.0, 5.0])


EXERCISES = {
    "weights-1": Exercise(
        lambda: _four_weighted(4, 5, 2),
        (
            (
                lambda: _four_weighted(5, 5, 2),
                "The loss does not divide by the sum of the weights. It divides by the values, 4.",
            ),
            (
                lambda: _four_weighted(2, 5, 2),
                "Weights of 0 stay in the denominator of the loss. Only a mask takes them out.",
            ),
            (
                lambda: _four_weighted(5, 4, 2),
                "The first two are swapped: the loss divides by 4 values, the metric by the "
                "weights.",
            ),
            (
                lambda: _four_weighted(4, 4, 2),
                "The metric divides by the sum of the weights, not by the number of values.",
            ),
            (
                lambda: _four_weighted(4, 5, 5),
                "The mask divides by the number of values that it keeps, not by their weights.",
            ),
            (
                lambda: _four_weighted(4, 5, 4),
                "Under a mask the loss divides by the values that are kept: 2, not 4.",
            ),
        ),
    ),
    "weights-2": Exercise(
        lambda: (16, 1, 1),
        (
            (
                lambda: (16,),
                "Keras matches shapes from the last axis: 16 weights would meet 64 columns.",
            ),
            (
                lambda: (16, 1),
                "That meets the rows. The values have three axes, (16, 64, 64): one more 1.",
            ),
            (
                lambda: (16, 1, 1, 1),
                "y_pred has four axes, but the values that are weighted have lost the classes.",
            ),
            (
                lambda: (1, 1, 16),
                "The weights of the images belong to the first axis, not to the last.",
            ),
            (
                lambda: (16, 64, 64),
                "That is one weight per pixel. 16 numbers fit a shape with two lengths of 1.",
            ),
        ),
    ),
    "weights-3": Exercise(
        lambda labels, class_weights: (
            _weight_map(labels, class_weights) / _weight_map(labels, class_weights).mean()
        ),
        (
            (
                _weight_map,
                "The look-up is right. Their mean is not 1 yet: divide by the mean of the map.",
            ),
            (
                lambda labels, class_weights: _weight_map(
                    labels, class_weights / class_weights.mean()
                ),
                "You gave the class weights the mean 1. Look up first: classes differ in size.",
            ),
            (
                lambda labels, class_weights: (
                    _weight_map(labels, class_weights) / _weight_map(labels, class_weights).sum()
                ),
                "Your weights add up to 1. Keras divides by n once more; give them the mean 1.",
            ),
            (
                lambda labels, class_weights: (
                    _weight_map(labels, class_weights)
                    / _weight_map(labels, class_weights).mean(axis=-1, keepdims=True)
                ),
                "You normalise along the last axis. Take one mean over all positions.",
            ),
        ),
        cases=((_MAP_LABELS, _CLASS_WEIGHTS), (_MAP_LABELS[0], _CLASS_WEIGHTS)),
    ),
}
