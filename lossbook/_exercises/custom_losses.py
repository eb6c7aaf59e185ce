"""The exercises of the chapter "Custom losses"."""

import numpy as np

from lossbook._exercises.exercise import Exercise


def _seed(sign=-1.0, heavy=1000.0, each=True):
    """Return the mean of (crossentropy - (1 + Dice)) · weight over 16 pixels."""
    bce = np.array([0.5] + [0.1] * 15)
    weights = np.array([heavy] + [1.0] * 15)
    return float(np.mean(((bce if each else bce.mean()) + sign * (1 + 0.8)) * weights))


def _crossentropy(y_true, y_pred):
    """Return the binary crossentropy of every element."""
    return -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))


def _weight(y_true, class_weights):
    """Look up the weight of the true class of every position."""
    return np.sum(y_true * np.asarray(class_weights), axis=-1)


def _weighted(y_true, y_pred, class_weights):
    """Return the values, (batch, *positions)."""
    return _crossentropy(y_true, y_pred).mean(axis=-1) * _weight(y_true, class_weights)


_LABELS = np.array([[[0, 0, 1], [0, 2, 2]], [[0, 0, 0], [0, 1, 0]]])
_TRUE = np.eye(3)[_LABELS]
_PRED = 0.5 + 0.4 * np.sin(1.7 * np.arange(_TRUE.size)).reshape(_TRUE.shape)
_CLASS_WEIGHTS = [1.0, 2.0, 5.0]


EXERCISES = {
    "custom-losses-1": Exercise(
        lambda: (4, 4, 4, 4),
        (
            (
                lambda: (4, 4, 4),
                "That is what was meant. Aligned at the right, the kept axis of 1 meets W.",
            ),
            (
                lambda: (4, 4, 4, 1),
                "The kept axis of length 1 is stretched to the last axis of bce.",
            ),
            (
                lambda: (4, 4, 4, 5),
                "The classes are gone: the sum has left an axis of length 1 in their place.",
            ),
            (
                lambda: (),
                "Nothing is averaged here: a product of two arrays is an array.",
            ),
        ),
    ),
    "custom-losses-2": Exercise(
        _seed,
        (
            (
                lambda: _seed(sign=1.0),
                "Mind the sign: (1 + Dice) is subtracted. A good prediction makes it negative.",
            ),
            (
                lambda: _seed() * 16,
                "That is the sum. Keras divides by the number of pixels, 16.",
            ),
            (
                lambda: _seed() * 16 / 1015,
                "Keras divides by the number of pixels, 16, not by the sum of the weights.",
            ),
            (
                lambda: _seed(each=False),
                "You averaged the crossentropy first. Each pixel has its own, and its own weight.",
            ),
            (
                lambda: _seed(heavy=4.0),
                "4 is the key in the dict. Here the weight is given: 1000.",
            ),
            (
                lambda: _seed(heavy=1.0),
                "Without weights it would be so. The pixel of class 4 counts 1000 times.",
            ),
        ),
    ),
    "custom-losses-3": Exercise(
        _weighted,
        (
            (
                lambda *args: _weighted(*args).mean(),
                "One number can't be weighted or masked. Leave the last mean to Keras.",
            ),
            (
                lambda *args: _weighted(*args).mean(axis=tuple(range(1, args[0].ndim - 1))),
                "One value per sample takes no mask of positions. Average over the classes only.",
            ),
            (
                lambda t, p, w: np.mean(_crossentropy(t, p) * np.asarray(w), axis=-1),
                "You weighted every element by its class. Look up the weight of the true class.",
            ),
            (
                lambda t, p, w: _crossentropy(t, p).sum(axis=-1) * _weight(t, w),
                "You summed over the classes; binary crossentropy averages them.",
            ),
            (
                lambda t, p, w: _crossentropy(t, p).mean(axis=-1),
                "That is the crossentropy. Now multiply each position by its weight.",
            ),
            (
                lambda t, p, w: -np.mean(t * np.log(p), axis=-1) * _weight(t, w),
                "Half is missing: the classes that are not there count too, by log(1 - p).",
            ),
        ),
        cases=((_TRUE, _PRED, _CLASS_WEIGHTS), (_TRUE[:, 0], _PRED[:, 0], _CLASS_WEIGHTS)),
    ),
}
