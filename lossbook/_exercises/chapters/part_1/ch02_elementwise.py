"""The exercises of the chapter "Elementwise crossentropy"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise
from lossbook.elementwise import binary_crossentropy, categorical_crossentropy, smooth_labels
from lossbook.reduction import class_axis

_LABELS = np.array([[1, 0, 1, 0, 0.25]], dtype="float32")
_PROBABILITIES = np.array([[0, 1, 2e-7, 0.125, 0.5]], dtype="float32")
_LOGITS = np.array([[-40, 100, 200, -200, 0.5]], dtype="float32")
_ROWS = np.array([1, 0, 0, 1, 0], dtype="float32")
_COLUMN = np.array([[0.9], [0.2], [0.4], [0.3], [0.05]], dtype="float32")

_BASE_2 = "Your logarithm has base 2. Keras's is the natural one."
_MINUS = "The sign is wrong: a loss is minus the logarithm."
_ONLY_LABEL_1 = "A label of 0 costs nothing here: the term (1 - y) · log(1 - p) is missing."


def _without_clip(y_true, p):
    return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))


@exercise("elementwise-1", cases=((_LABELS, _PROBABILITIES),))
def elementwise_1(y_true, y_pred):
    """Binary crossentropy from probabilities."""
    right = binary_crossentropy(y_true, y_pred)
    in_float64 = np.clip(y_pred.astype("float64"), 1e-7, 1 - 1e-7)
    averaged = class_axis(right).value
    unclipped = _without_clip(y_true, y_pred)
    added = -(y_true * np.log(y_pred + 1e-7) + (1 - y_true) * np.log(1 - y_pred + 1e-7))
    mistakes = {
        "Nothing is clipped: a probability of exactly 0 or 1 gives infinity or NaN.": unclipped,
        "You clip in float64. Keras clips in float32, which has no number nearer to "
        "1 - 1e-7 than 0.99999988.": _without_clip(y_true, in_float64),
        "You add 1e-7 inside the logarithm. Keras clips the probability instead.": added,
        _MINUS: -right,
        "You averaged the classes. Here every element keeps its own loss.": averaged,
        _BASE_2: right / math.log(2),
        "You take the logarithm of the labels: swap the two.": binary_crossentropy(y_pred, y_true),
        _ONLY_LABEL_1: -y_true * np.log(np.clip(y_pred, 1e-7, 1)),
    }
    return Answers(right, mistakes)


@exercise("elementwise-2", cases=((_LABELS, _LOGITS),))
def elementwise_2(y_true, logits):
    """Binary crossentropy from logits."""
    right = binary_crossentropy(y_true, logits, from_logits=True)
    p = 1 / (1 + np.exp(-logits))
    overflowing = np.log(1 + np.exp(logits)) - y_true * logits
    mistakes = {
        "You go through the probability and clip it. Stay with the logit.": (
            binary_crossentropy(y_true, p)
        ),
        "The sigmoid rounds to exactly 0 or 1, whose logarithms are useless. Stay with the "
        "logit.": _without_clip(y_true, p),
        "Right on paper, but exp(100) is infinity in float32. Only exp(-|z|) is safe.": overflowing,
        "You treat the logits as probabilities.": binary_crossentropy(y_true, logits),
        "The sign is wrong: a crossentropy is never negative.": -right,
        "That is the loss of the opposite labels. It is the label 1 that takes z away.": (
            binary_crossentropy(1 - y_true, logits, from_logits=True)
        ),
    }
    return Answers(right, mistakes)


@exercise("elementwise-3")
def elementwise_3():
    """The least loss with labels smoothed by 0.2 over 4 classes."""
    label = np.eye(4)[0]
    smoothed = smooth_labels(label, 0.2, 4)
    losses = -(smoothed * np.log(smoothed))
    mistakes = {
        "That is a prediction that is certain and right. Predicting the smoothed label "
        "itself costs less.": categorical_crossentropy(smoothed, label).sum(),
        "No prediction costs 0 here: a smoothed label is no longer 0 or 1, and its own entropy "
        "is left over.": 0.0,
        "That is the true class alone. The three others have a label above 0 as well.": (
            -np.log(smoothed[0])
        ),
        "Categorical crossentropy sums the classes, it does not average them: times 4.": (
            losses.mean()
        ),
        "You gave all of 0.2 to the three others. The true class keeps its quarter of it.": (
            -(0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 3))
        ),
        "That is the smoothing of binary crossentropy, which always counts 2 classes.": (
            -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
        ),
    }
    return Answers(losses.sum(), mistakes)


@exercise("elementwise-4", cases=((_ROWS, _COLUMN), (_ROWS[1:4], _COLUMN[:3])))
def elementwise_4(labels, predicted):
    """The loss of labels (batch,) and predictions (batch, 1)."""
    of_rows = binary_crossentropy(labels, predicted[:, 0])
    right = of_rows.mean()
    opposite = binary_crossentropy(labels, 1 - predicted[:, 0]).mean()
    mistakes = {
        "That is the number of the report: each prediction meets each label. Compare it "
        "with its own label alone.": (
            binary_crossentropy(*np.broadcast_arrays(labels, predicted)).mean()
        ),
        "Those are the losses of the rows, each with its own label. Keras prints their "
        "mean.": of_rows,
        "That is the loss of the opposite labels: log(p) belongs to the label 1.": opposite,
        _ONLY_LABEL_1: -(labels * np.log(predicted[:, 0])).mean(),
        _MINUS: -right,
        _BASE_2: right / math.log(2),
    }
    return Answers(right, mistakes, {"values": of_rows})
