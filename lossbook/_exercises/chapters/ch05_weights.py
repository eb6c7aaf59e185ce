"""The exercises of the chapter "Weights"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise


def _four_weighted(*denominators):
    """Return the weighted sum of four losses, divided by each of the denominators."""
    return tuple(float(np.sum(_LOSS_WEIGHT * _LOSSES)) / d for d in denominators)


def _weight_map(labels, class_weights):
    """Look up the weight of the class of every position."""
    return np.asarray(class_weights, dtype="float64")[labels]


def _of_samples(labels, class_weights):
    """Return the map with the mean 1 in every sample."""
    weights = _weight_map(labels, class_weights)
    return weights / weights.mean(axis=tuple(range(1, weights.ndim)), keepdims=True)


def _weighted(values, weight, divide_by=None):
    """Return the sum of weight · value, divided by the number of values or something else."""
    return float(np.sum(weight * values) / (divide_by or values.size))


def _over_time(labels, class_weights):
    """Return what class_weight makes of labels (batch, steps): a weight for every row."""
    return _weight_map(labels.argmax(axis=-1), class_weights)


_LOSSES, _LOSS_WEIGHT = np.array([0.5, 1.0, 2.0, 4.0]), np.array([5.0, 1.0, 0.0, 0.0])


_MAP_LABELS = np.array([[[0, 0, 1], [0, 2, 2]], [[0, 0, 0], [0, 1, 0]]])


_CLASS_WEIGHTS = np.array([1.0, 2.0, 5.0])


_TAGGED = (
    (
        np.array([[0.2, 0.1, 1.7], [2.3, 0.4, 0.6], [0.1, 0.7, 0.9]]),
        np.array([[0, 0, 2], [2, 0, 1], [0, 1, 1]]),
        _CLASS_WEIGHTS,
    ),
    (
        np.array([[1.3, 0.3, 0.8], [0.9, 2.1, 0.2], [0.4, 0.7, 1.9]]),
        np.array([[1, 2, 0], [0, 2, 1], [2, 1, 1]]),
        np.array([0.5, 4.0, 1.5]),
    ),
)


EXERCISES = {
    "weights-1": Exercise(
        lambda: _four_weighted(4, 6, 2),
        (
            (
                lambda: _four_weighted(6, 6, 2),
                "The loss does not divide by the sum of the weights. It divides by the values, 4.",
            ),
            (
                lambda: _four_weighted(2, 6, 2),
                "Weights of 0 stay in the denominator of the loss. Only a mask takes them out.",
            ),
            (
                lambda: _four_weighted(6, 4, 2),
                "The first two are swapped: the loss divides by 4 values, the metric by the "
                "weights.",
            ),
            (
                lambda: _four_weighted(4, 4, 2),
                "The metric divides by the sum of the weights, not by the number of values.",
            ),
            (
                lambda: _four_weighted(4, 6, 6),
                "The mask divides by the number of values that it keeps, not by their weights.",
            ),
            (
                lambda: _four_weighted(4, 6, 4),
                "Under a mask the loss divides by the values that are kept: 2, not 4.",
            ),
        ),
        made_from=lambda: (
            {"values": _LOSSES, "sample_weight": _LOSS_WEIGHT},
            None,
            {"values": _LOSSES, "sample_weight": _LOSS_WEIGHT, "mask": _LOSS_WEIGHT > 0},
        ),
        see="the chapter Reduction",
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
            (
                _of_samples,
                "You normalise each sample by itself. Take one mean over all positions.",
            ),
            (
                lambda labels, class_weights: np.asarray(class_weights) / np.mean(class_weights),
                "Those are the weights of the classes. A map has one weight per position.",
            ),
        ),
        cases=((_MAP_LABELS, _CLASS_WEIGHTS), (_MAP_LABELS[0], _CLASS_WEIGHTS)),
    ),
    "weights-4": Exercise(
        lambda values, labels, class_weights: _weighted(values, _weight_map(labels, class_weights)),
        (
            (
                lambda values, labels, class_weights: _weighted(
                    values, _over_time(labels, class_weights)
                ),
                "That is what class_weight makes of it: the arg max over time, and those weights "
                "meet the steps. Look the class of each step up.",
            ),
            (
                lambda values, labels, class_weights: _weighted(
                    values, _over_time(labels, class_weights)[:, None]
                ),
                "You weigh whole sequences, by the arg max over time. Look the class of each "
                "step up.",
            ),
            (
                lambda values, labels, class_weights: _weighted(
                    values,
                    _weight_map(labels, class_weights),
                    _weight_map(labels, class_weights).sum(),
                ),
                "You divide by the sum of the weights, as the weighted metric does. The loss "
                "divides by the number of values.",
            ),
            (
                lambda values, labels, class_weights: float(values.mean()),
                "Nothing is weighted. The weight of a step is class_weights[its class].",
            ),
            (
                lambda values, labels, class_weights: _weighted(values, labels),
                "You multiply by the labels themselves. Look up what each class weighs.",
            ),
            (
                lambda values, labels, class_weights: values * _weight_map(labels, class_weights),
                "Those are the weighted values, as they should be. Now the reduction: one number.",
            ),
        ),
        cases=_TAGGED,
        made_from=lambda values, labels, class_weights: {
            "values": values,
            "sample_weight": _weight_map(labels, class_weights),
        },
        see="the chapter Reduction",
    ),
}
