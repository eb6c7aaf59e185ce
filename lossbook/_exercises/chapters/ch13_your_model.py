"""The exercises of the chapter "Your own model: explain, audit, identify"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise

_PARTS, _COUNTS = np.array([0.42, 0.12, 0.09]), np.array([70, 24, 6])


def _factor(data=0.5, penalty=1.25, factor=0.05, share=0.1):
    """Return the factor with which the penalty is this share of the loss of the data."""
    return factor * share * data / penalty


def _by_sample(values, weights, mask):
    return np.sum(values * weights * mask, axis=-1) / np.sum(mask)


def _one_by_one(values, weights, mask):
    """Return, for the number of each sample, the values without those of the others."""
    rows = np.eye(len(values))[..., None]
    return tuple({"values": values * row, "sample_weight": weights, "mask": mask} for row in rows)


_STEPS = np.array([[1, 2, 1, 2], [3, 1, 0, 0], [4, 0, 0, 0], [2, 3, 4, 0]])
_LOSSES = np.abs(2 * _STEPS - 0.5)
_REAL = _STEPS > 0
_TRUST = np.array([1.0, 1.0, 2.0, 4.0])


def _mended(weights=_TRUST[:, None], mask=_REAL, divisor=None):
    """Return the weighted sum of what the mask keeps, divided by its number of steps."""
    return float(np.sum(_LOSSES * weights * mask)) / (divisor or np.sum(mask))


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
        made_from=_one_by_one,
        see="the chapter Masks",
    ),
    "your-model-4": Exercise(
        _mended,
        (
            (
                lambda: _mended(_TRUST, np.ones((4, 4))),
                "That is what was printed: padding counts, and the weights act on the steps.",
            ),
            (
                lambda: _mended(_TRUST),
                "The mask is mended. The weights (4,) still act on the steps. See Weights.",
            ),
            (
                lambda: _mended(mask=np.ones((4, 4))),
                "The weights are mended. Padding still counts: `* 2.0` drops the mask. See Masks.",
            ),
            (
                lambda: _mended(divisor=_REAL.size),
                "Padding has left the sum, but not the denominator: 10 of 16 steps are kept.",
            ),
            (
                lambda: _mended(divisor=np.sum(_TRUST[:, None] * _REAL)),
                "You divide by the sum of the weights, 20. Keras divides by the kept steps, 10.",
            ),
            (
                lambda: _mended(np.ones((4, 1))),
                "The weights are missing: the steps of the last sequence count four times.",
            ),
        ),
        made_from=lambda: {
            "values": _LOSSES,
            "sample_weight": np.broadcast_to(_TRUST[:, None], (4, 4)),
            "mask": _REAL,
        },
        see="the chapter Masks",
    ),
}
