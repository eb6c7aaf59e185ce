"""The exercises of the chapter "Rosetta"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise

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


def _token_weights(labels, class_weight, ignored=0.0):
    """Look up the weight of every label; those of -100 get the given one."""
    kept = labels != -100
    return np.where(kept, np.asarray(class_weight)[np.where(kept, labels, 0)], ignored)


def _divided(losses, weights, divisor=None):
    """Return the weighted sum of all tokens, divided by the weights or by something else."""
    return float(np.sum(weights * losses) / (np.sum(weights) if divisor is None else divisor))


def _means(losses, labels, class_weight):
    """Return the weighted mean of every batch, NaN where nothing is left, and what it keeps."""
    weights = _token_weights(labels, class_weight)
    return np.sum(weights * losses, axis=1) / np.sum(weights, axis=1), labels != -100


_BATCHES = np.array([[0, 2, 0], [1, -100, -100], [-100, -100, -100]])
_OF_TOKENS = np.array([[0.5, 1.5, 2.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


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
        made_from=lambda: (None, {"values": _LOSSES, "sample_weight": _WEIGHTS}, None),
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
    "rosetta-4": Exercise(
        lambda losses, labels, class_weight: _divided(losses, _token_weights(labels, class_weight)),
        (
            (
                lambda *args: float(np.mean(_means(*args)[0])),
                "NaN is in the mean still: a batch without labels divides 0 by 0. Divide once.",
            ),
            (
                lambda *args: float(np.nanmean(_means(*args)[0])),
                "That is nanmean: a batch of one token counts as much as a batch of three.",
            ),
            (
                lambda *args: float(np.mean(np.nan_to_num(_means(*args)[0]))),
                "Your empty batch is a 0 and counts, as in Keras. It has no token that counts.",
            ),
            (
                lambda *args: float(
                    np.nansum(_means(*args)[0] * _means(*args)[1].sum(axis=1))
                    / np.sum(_means(*args)[1])
                ),
                "You count each batch by its kept tokens. With class weights it has their sum.",
            ),
            (
                lambda losses, labels, class_weight: _divided(
                    losses, _token_weights(labels, class_weight), np.sum(labels != -100)
                ),
                "You divide by the number of kept tokens, as Keras. PyTorch takes their weights.",
            ),
            (
                lambda losses, labels, class_weight: _divided(
                    losses, _token_weights(labels, class_weight), len(losses)
                ),
                "You divide by the number of batches. Divide by the weights of the kept tokens.",
            ),
            (
                lambda losses, labels, class_weight: _divided(losses, labels != -100),
                "The class weights are missing, in the sum and in the denominator.",
            ),
            (
                lambda losses, labels, class_weight: _divided(
                    losses, _token_weights(labels, class_weight, class_weight[0])
                ),
                "Ignored tokens are in the denominator with the weight of class 0. Give them 0.",
            ),
        ),
        cases=(
            (_OF_TOKENS, _BATCHES, np.array([1.0, 2.0, 5.0])),
            (_OF_TOKENS, _BATCHES, np.array([0.5, 4.0, 1.5])),
        ),
    ),
}
