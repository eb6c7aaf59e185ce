"""The exercises of the chapter "Elementwise crossentropy"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Exercise
from lossbook.elementwise import binary_crossentropy, categorical_crossentropy, smooth_labels
from lossbook.reduction import class_axis


def _binary(y_true, y_pred, low=None, high=None, dtype=None):
    """Binary crossentropy with another clip than Keras's, or with none."""
    p = np.asarray(y_pred, dtype=dtype)
    if low is not None or high is not None:
        p = np.clip(p, low, high)
    return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))


def _from_logits(y_true, logits):
    """Binary crossentropy from logits; a plain function, for the names of its arguments."""
    return binary_crossentropy(y_true, logits, from_logits=True)


def _sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def _smoothed(smoothing=0.2, classes=4):
    """Return the smoothed target of one class among several."""
    return smooth_labels(np.eye(classes)[0], smoothing, classes)


def _of_rows(labels, predicted):
    """Return the loss of each row, for labels (N,) and predictions (N, 1)."""
    return binary_crossentropy(labels, predicted[:, 0])


def _every_pair(labels, predicted):
    """Return the mean over every prediction with every label."""
    return binary_crossentropy(*np.broadcast_arrays(labels, predicted)).mean()


_LABELS = np.array([[1, 0, 1, 0, 0.25]], dtype="float32")


_PROBABILITIES = np.array([[0, 1, 2e-7, 0.125, 0.5]], dtype="float32")


_LOGIT_LABELS = np.array([[1, 0, 1, 0, 0.25]], dtype="float32")


_LOGITS = np.array([[-40, 100, 200, -200, 0.5]], dtype="float32")


_ROWS = np.array([1, 0, 0, 1, 0], dtype="float32")


_COLUMN = np.array([[0.9], [0.2], [0.4], [0.3], [0.05]], dtype="float32")


EXERCISES = {
    "elementwise-1": Exercise(
        binary_crossentropy,
        (
            (
                lambda y_true, y_pred: _binary(y_true, y_pred),
                "Nothing is clipped: a probability of exactly 0 or 1 gives infinity or NaN.",
            ),
            (
                lambda y_true, y_pred: _binary(y_true, y_pred, 1e-7, 1 - 1e-7, dtype="float64"),
                "You clip in float64. Keras clips in float32, which has no number nearer to "
                "1 - 1e-7 than 0.99999988.",
            ),
            (
                lambda y_true, y_pred: (
                    -(y_true * np.log(y_pred + 1e-7) + (1 - y_true) * np.log(1 - y_pred + 1e-7))
                ),
                "You add 1e-7 inside the logarithm. Keras clips the probability instead.",
            ),
            (
                lambda y_true, y_pred: -binary_crossentropy(y_true, y_pred),
                "The sign is wrong: a loss is minus the logarithm.",
            ),
            (
                lambda y_true, y_pred: class_axis(binary_crossentropy(y_true, y_pred)).value,
                "You averaged the classes. Here every element keeps its own loss.",
            ),
            (
                lambda y_true, y_pred: binary_crossentropy(y_true, y_pred) / math.log(2),
                "Your logarithm has base 2. Keras's is the natural one.",
            ),
            (
                lambda y_true, y_pred: binary_crossentropy(y_pred, y_true),
                "You take the logarithm of the labels: swap the two.",
            ),
            (
                lambda y_true, y_pred: -y_true * np.log(np.clip(y_pred, 1e-7, 1)),
                "A label of 0 costs nothing here: the term (1 - y) · log(1 - p) is missing.",
            ),
        ),
        cases=((_LABELS, _PROBABILITIES),),
    ),
    "elementwise-2": Exercise(
        _from_logits,
        (
            (
                lambda y_true, logits: binary_crossentropy(y_true, _sigmoid(logits)),
                "You go through the probability and clip it. Stay with the logit.",
            ),
            (
                lambda y_true, logits: _binary(y_true, _sigmoid(logits)),
                "The sigmoid rounds to exactly 0 or 1, whose logarithms are useless. Stay with the "
                "logit.",
            ),
            (
                lambda y_true, logits: np.log(1 + np.exp(logits)) - y_true * logits,
                "Right on paper, but exp(100) is infinity in float32. Only exp(-|z|) is safe.",
            ),
            (
                lambda y_true, logits: binary_crossentropy(y_true, logits),
                "You treat the logits as probabilities.",
            ),
            (
                lambda y_true, logits: -_from_logits(y_true, logits),
                "The sign is wrong: a crossentropy is never negative.",
            ),
            (
                lambda y_true, logits: _from_logits(1 - y_true, logits),
                "That is the loss of the opposite labels. It is the label 1 that takes z away.",
            ),
        ),
        cases=((_LOGIT_LABELS, _LOGITS),),
    ),
    "elementwise-3": Exercise(
        lambda: float(-(_smoothed() * np.log(_smoothed())).sum()),
        (
            (
                lambda: float(categorical_crossentropy(_smoothed(), np.eye(4)[0]).sum()),
                "That is a prediction that is certain and right. Predicting the smoothed label "
                "itself costs less.",
            ),
            (
                lambda: float(-np.log(_smoothed()[0])),
                "That is the true class alone. The three others have a label above 0 as well.",
            ),
            (
                lambda: float(-(_smoothed() * np.log(_smoothed())).mean()),
                "Categorical crossentropy sums the classes, it does not average them: times 4.",
            ),
            (
                lambda: float(-(0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 3))),
                "You gave all of 0.2 to the three others. The true class keeps its quarter of it.",
            ),
            (
                lambda: float(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1))),
                "That is the smoothing of binary crossentropy, which always counts 2 classes.",
            ),
        ),
    ),
    "elementwise-4": Exercise(
        lambda labels, predicted: _of_rows(labels, predicted).mean(),
        (
            (
                _every_pair,
                "That is the number of the report: each prediction meets each label. Compare it "
                "with its own label alone.",
            ),
            (
                _of_rows,
                "Those are the losses of the rows, each with its own label. Keras prints their "
                "mean.",
            ),
            (
                lambda labels, predicted: _of_rows(labels, 1 - predicted).mean(),
                "That is the loss of the opposite labels: log(p) belongs to the label 1.",
            ),
            (
                lambda labels, predicted: -(labels * np.log(predicted[:, 0])).mean(),
                "A label of 0 costs nothing here: the term (1 - y) · log(1 - p) is missing.",
            ),
            (
                lambda labels, predicted: -_of_rows(labels, predicted).mean(),
                "The sign is wrong: a loss is minus the logarithm.",
            ),
            (
                lambda labels, predicted: _of_rows(labels, predicted).mean() / math.log(2),
                "Your logarithm has base 2. Keras's is the natural one.",
            ),
        ),
        cases=((_ROWS, _COLUMN), (_ROWS[1:4], _COLUMN[:3])),
        made_from=lambda labels, predicted: {"values": _of_rows(labels, predicted)},
    ),
}
