"""The exercises of the chapter "Rosetta"."""

import numpy as np

from lossbook._exercises.exercise import Exercise

_LOSSES = np.array([0.2, 0.4, 1.0, 2.0, 3.0])
_WEIGHTS = np.array([1.0, 1.0, 1.0, 4.0, 3.0])  # classes 0, 0, 0, 2, 1 with weights 1, 3, 4
_KEPT = np.array([True, True, True, True, False])
_MICRO, _ITEMS = (2.0, 5.0), (6, 2)


def _weights(labels, class_weight):
    return np.asarray(class_weight)[labels]


def _three(pytorch=None, keras=None, ignoring=None):
    """Return PyTorch's mean, Keras's loss, and PyTorch's mean without the last sample."""
    weighted = _WEIGHTS * _LOSSES
    return (
        weighted.sum() / _WEIGHTS.sum() if pytorch is None else pytorch,
        weighted.mean() if keras is None else keras,
        weighted[_KEPT].sum() / _WEIGHTS[_KEPT].sum() if ignoring is None else ignoring,
    )


EXERCISES = {
    "rosetta-1": Exercise(
        _three,
        (
            (
                lambda: _three(_three()[1], _three()[0]),
                "The first two are swapped: PyTorch divides by the sum of the weights, Keras by 5.",
            ),
            (
                lambda: _three(ignoring=(_WEIGHTS * _LOSSES)[_KEPT].sum() / _WEIGHTS.sum()),
                "An ignored sample leaves the denominator too: its weight goes from both sums.",
            ),
            (
                lambda: _three(ignoring=(_WEIGHTS * _LOSSES)[_KEPT].mean()),
                "The third divides by the four samples that are left. Divide by their weights.",
            ),
            (
                lambda: _three(*[_three()[1]] * 2),
                "You divide by 5 both times. PyTorch's class weights are divided by their sum.",
            ),
            (
                lambda: _three(pytorch=(_WEIGHTS * _LOSSES).sum() / 8),
                "PyTorch adds the weights of the samples, not those of the three classes.",
            ),
        ),
    ),
    "rosetta-2": Exercise(
        lambda labels, class_weight: (
            _weights(labels, class_weight) / _weights(labels, class_weight).mean()
        ),
        (
            (
                _weights,
                "Those give Keras's own number. Divide them by something of this batch.",
            ),
            (
                lambda labels, class_weight: _weights(
                    labels, np.asarray(class_weight) / np.mean(class_weight)
                ),
                "You gave the class weights the mean 1. Look up first: classes differ in size.",
            ),
            (
                lambda labels, class_weight: (
                    _weights(labels, class_weight) / _weights(labels, class_weight).sum()
                ),
                "Your weights add up to 1, and Keras divides by n once more. Give them the mean 1.",
            ),
            (
                lambda labels, class_weight: (
                    _weights(labels, class_weight) * _weights(labels, class_weight).mean()
                ),
                "Divide by the mean of the weights, don't multiply.",
            ),
        ),
        cases=(
            (np.array([0, 2, 1, 0]), np.array([1.0, 2.0, 5.0])),
            (np.array([[1, 1, 0], [0, 2, 2]]), np.array([0.5, 4.0, 3.0])),
        ),
    ),
    "rosetta-3": Exercise(
        lambda: (float(np.mean(_MICRO)), float(np.average(_MICRO, weights=_ITEMS))),
        (
            (
                lambda: (float(np.average(_MICRO, weights=_ITEMS)), float(np.mean(_MICRO))),
                "The two are swapped: the plain loop lets each micro-batch count once.",
            ),
            (
                lambda: (float(np.mean(_MICRO)), float(np.dot(_MICRO, _ITEMS))),
                "The second is the sum over all tokens. Divide it by their number.",
            ),
            (
                lambda: (float(np.sum(_MICRO)), float(np.average(_MICRO, weights=_ITEMS))),
                "The plain loop divides each loss by the number of micro-batches.",
            ),
            (
                lambda: (float(np.mean(_MICRO)), float(np.mean(_MICRO))),
                "With num_items_in_batch a micro-batch counts by its tokens.",
            ),
            (
                lambda: (float(np.mean(_MICRO)), float(np.dot(_MICRO, _ITEMS)) / 2),
                "Divide the sum over all tokens by the tokens, not by the micro-batches.",
            ),
        ),
    ),
}
