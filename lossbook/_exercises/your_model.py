"""The exercises of the chapter "Your own model: explain, audit, identify"."""

import numpy as np

from lossbook._exercises.exercise import Exercise

_PARTS, _COUNTS = np.array([0.42, 0.12, 0.09]), np.array([70, 24, 6])


def _factor(data=0.5, penalty=1.25, factor=0.05, share=0.1):
    """Return the factor with which the penalty is this share of the loss of the data."""
    return factor * share * data / penalty


def _by_sample(values, weights, mask):
    return np.sum(values * weights * mask, axis=-1) / np.sum(mask)


_VALUES = np.array([[0.5, 2.0, 1.0], [3.0, 0.25, 4.0]])
_WEIGHTS = np.array([[1.0], [3.0]])
_MASKS = np.array([[[1, 1, 0], [1, 0, 0]], [[1, 1, 1], [1, 1, 0]]]).astype(bool)


EXERCISES = {
    "your-model-1": Exercise(
        lambda: _PARTS * _COUNTS.sum() / _COUNTS,
        (
            (
                lambda: _PARTS / _PARTS.sum(),
                "Those are shares of the loss. A class's own loss is its part / its coefficients.",
            ),
            (
                lambda: _PARTS / _COUNTS,
                "A coefficient is 1/100: the coefficients of a class add up to its count / 100.",
            ),
            (
                lambda: _PARTS * _COUNTS / _COUNTS.sum(),
                "The wrong way round: divide a part by the share of its coefficients.",
            ),
            (
                lambda: _PARTS * 3,
                "That would be right if every class had a third of the pixels.",
            ),
            (
                lambda: _PARTS,
                "Those are the parts themselves: what each class adds to this number.",
            ),
        ),
    ),
    "your-model-2": Exercise(
        _factor,
        (
            (
                lambda: _factor(share=1.0),
                "With that the penalty is as large as the loss of the data. A tenth is asked for.",
            ),
            (
                lambda: 0.05 * 0.1,
                "A tenth of the factor makes a tenth of the penalty: 0.125, a quarter of the data.",
            ),
            (
                lambda: _factor(data=1.75),
                "The loss of the data is 0.5: the 1.75 has the penalty in it.",
            ),
            (
                lambda: _factor(data=1.25, penalty=0.5),
                "The penalty is the 1.25. It is two and a half times the loss of the data.",
            ),
        ),
    ),
    "your-model-3": Exercise(
        _by_sample,
        (
            (
                lambda values, weights, mask: np.sum(values * weights * mask, axis=-1) / mask.size,
                "That divides by all positions; a mask leaves those that it keeps.",
            ),
            (
                lambda values, weights, mask: (
                    np.sum(values * weights * mask, axis=-1) / np.sum(mask, axis=-1)
                ),
                "Those are the samples alone. In the loss they share the denominator of the batch.",
            ),
            (
                lambda values, weights, mask: (
                    np.sum(values * weights * mask, axis=-1) / np.sum(weights * mask)
                ),
                "Keras divides by the number of kept positions, not by their weight.",
            ),
            (
                lambda values, weights, mask: np.sum(values * mask, axis=-1) / np.sum(mask),
                "The weights are missing.",
            ),
            (
                lambda values, weights, mask: np.sum(values * weights, axis=-1) / np.sum(mask),
                "Padding is still in the sums.",
            ),
        ),
        cases=tuple((_VALUES, _WEIGHTS, mask) for mask in _MASKS),
    ),
}
