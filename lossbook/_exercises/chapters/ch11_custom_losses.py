"""The exercises of the chapter "Custom losses"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise

_BCE = np.array([0.5] + [0.1] * 15)
_DICE = 0.8


def _pixel_weights(heavy=1000.0):
    """Return the weights of 16 pixels, of which the first is of class 4."""
    return np.array([heavy] + [1.0] * 15)


def _seed(sign=-1.0, heavy=1000.0, bce=_BCE):
    """Return the mean of (crossentropy - (1 + Dice)) · weight over 16 pixels."""
    return float(np.mean((bce + sign * (1 + _DICE)) * _pixel_weights(heavy)))


def _crossentropy(y_true, y_pred):
    """Return the binary crossentropy of every element."""
    return -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))


def _weight(y_true, class_weights):
    """Look up the weight of the true class of every position."""
    return np.sum(y_true * np.asarray(class_weights), axis=-1)


def _weighted(y_true, y_pred, class_weights):
    """Return the values, (batch, *positions)."""
    return _crossentropy(y_true, y_pred).mean(axis=-1) * _weight(y_true, class_weights)


def _squared(y_true, y_pred):
    """Return the squared errors of targets that may lack the last axis, in the shape of y_pred."""
    return np.square(y_pred - np.reshape(y_true, np.shape(y_pred)))


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
                lambda: (4, 4, 5),
                "The classes are summed over. An axis of 1 is left, which meets W from the right.",
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
                lambda: _seed(bce=_BCE.mean()),
                "You averaged the crossentropy first. Each pixel has its own, and its own weight.",
            ),
            (
                lambda: float(np.mean(_BCE * _pixel_weights()) - (1 + _DICE)),
                "You weighted the crossentropy alone. As posted, (1 + Dice) is weighted too.",
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
        made_from=lambda: {"values": _BCE - (1 + _DICE), "sample_weight": _pixel_weights()},
        see="the chapter Weights",
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
            (
                lambda t, p, w: (
                    _crossentropy(t, p).mean(axis=-1) * np.asarray(w)[p.argmax(axis=-1)]
                ),
                "You looked the weight up for the predicted class. The true class has it.",
            ),
        ),
        cases=((_TRUE, _PRED, _CLASS_WEIGHTS), (_TRUE[:, 0], _PRED[:, 0], _CLASS_WEIGHTS)),
    ),
    "custom-losses-4": Exercise(
        lambda y_true, y_pred: _squared(y_true, y_pred)[..., 0],
        (
            (
                lambda y_true, y_pred: np.mean(np.square(y_pred - y_true), axis=-1),
                "That is as posted: without the last axis, targets of all samples meet each other.",
            ),
            (
                lambda *args: _squared(*args).mean(),
                "The pairs are right. But one number can't be weighted: one per position.",
            ),
            (
                _squared,
                "The last axis of length 1 is still there, and broadcasts weights. Take its mean.",
            ),
            (
                lambda *args: _squared(*args).reshape(len(args[1]), -1).mean(axis=-1),
                "One number per sample loses the positions, and no mask fits. Keep them.",
            ),
            (
                lambda *args: _squared(*args).ravel(),
                "You flattened the positions into one axis. Weights (batch, 1) don't fit it.",
            ),
            (
                lambda *args: np.sqrt(_squared(*args))[..., 0],
                "That is the absolute error; the posted loss squares it.",
            ),
        ),
        cases=(
            (np.array([1.0, 2.0, 4.0, 3.0]), np.array([[1.5], [2.0], [3.0], [6.0]])),
            (np.array([[1.0], [2.0], [4.0], [3.0]]), np.array([[1.5], [2.0], [3.0], [6.0]])),
            (np.arange(9.0).reshape(3, 3), np.square(np.arange(9.0)).reshape(3, 3, 1) / 7),
        ),
    ),
}
