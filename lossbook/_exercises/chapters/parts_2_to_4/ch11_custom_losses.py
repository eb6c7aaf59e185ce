"""The exercises of the chapter "Custom losses"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_LABELS = np.array([[[0, 0, 1], [0, 2, 2]], [[0, 0, 0], [0, 1, 0]]])
_TRUE = np.eye(3)[_LABELS]
_PRED = 0.5 + 0.4 * np.sin(1.7 * np.arange(_TRUE.size)).reshape(_TRUE.shape)
_CLASS_WEIGHTS = [1.0, 2.0, 5.0]

_ROWS, _COLUMN = np.array([1.0, 2.0, 4.0, 3.0]), np.array([[1.5], [2.0], [3.0], [6.0]])
_STEPS = np.arange(9.0).reshape(3, 3), np.square(np.arange(9.0)).reshape(3, 3, 1) / 7


@exercise("custom-losses-1")
def custom_losses_1():
    """The shape of (4, 4, 4) times weights that have kept an axis of length 1."""
    mistakes = {
        "That is what was meant. Aligned at the right, the kept axis of 1 meets W.": (4, 4, 4),
        "The kept axis of length 1 is stretched to the last axis of bce.": (4, 4, 4, 1),
        "The classes are gone: the sum has left an axis of length 1 in their place.": (4, 4, 4, 5),
        "The classes are summed over. An axis of 1 is left, which meets W from the right.": (
            (4, 4, 5)
        ),
        "Nothing is averaged here: a product of two arrays is an array.": (),
    }
    return Answers((4, 4, 4, 4), mistakes)


@exercise("custom-losses-2", see="the chapter Weights")
def custom_losses_2():
    """The mean of (crossentropy - (1 + Dice)) · weight over 16 pixels."""
    bce, dice, weight = np.array([0.5] + [0.1] * 15), 0.8, np.array([1000.0] + [1.0] * 15)
    values, key = bce - (1 + dice), np.where(weight > 1, 4.0, 1.0)
    right = np.mean(values * weight)
    added = np.mean((bce + (1 + dice)) * weight)
    dice_unweighted = np.mean(bce * weight) - (1 + dice)
    averaged = np.mean((bce.mean() - (1 + dice)) * weight)
    by_weight = np.average(values, weights=weight)
    mistakes = {
        "Mind the sign: (1 + Dice) is subtracted. A good prediction makes it negative.": added,
        "That is the sum. Keras divides by the number of pixels, 16.": right * 16,
        "Keras divides by the number of pixels, 16, not by the sum of the weights.": by_weight,
        "You averaged the crossentropy first. Each pixel has its own, and its own weight.": (
            averaged
        ),
        "You weighted the crossentropy alone. As posted, (1 + Dice) is weighted too.": (
            dice_unweighted
        ),
        "4 is the key in the dict. Here the weight is given: 1000.": np.mean(values * key),
        "Without weights it would be so. The pixel of class 4 counts 1000 times.": values.mean(),
    }
    return Answers(right, mistakes, {"values": values, "sample_weight": weight})


@exercise(
    "custom-losses-3",
    cases=((_TRUE, _PRED, _CLASS_WEIGHTS), (_TRUE[:, 0], _PRED[:, 0], _CLASS_WEIGHTS)),
)
def custom_losses_3(y_true, y_pred, class_weights):
    """The weighted crossentropy of every position."""
    elementwise = -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
    weight = np.sum(y_true * class_weights, axis=-1)
    values = elementwise.mean(axis=-1)
    right = values * weight
    of_samples = right.reshape(len(right), -1).mean(axis=-1)
    by_element = (elementwise * class_weights).mean(axis=-1)
    only_label_1 = -np.mean(y_true * np.log(y_pred), axis=-1)
    of_predicted = np.asarray(class_weights)[y_pred.argmax(axis=-1)]
    mistakes = {
        "One number can't be weighted or masked. Leave the last mean to Keras.": right.mean(),
        "One value per sample takes no mask of positions. Average over the classes only.": (
            of_samples
        ),
        "You weighted every element by its class. Look up the weight of the true class.": (
            by_element
        ),
        "You summed over the classes; binary crossentropy averages them.": (
            elementwise.sum(axis=-1) * weight
        ),
        "That is the crossentropy. Now multiply each position by its weight.": values,
        "Half is missing: the classes that are not there count too, by log(1 - p).": (
            only_label_1 * weight
        ),
        "You looked the weight up for the predicted class. The true class has it.": (
            values * of_predicted
        ),
    }
    return Answers(right, mistakes)


@exercise("custom-losses-4", cases=((_ROWS, _COLUMN), (_ROWS[:, None], _COLUMN), _STEPS))
def custom_losses_4(y_true, y_pred):
    """The squared error of every position, of targets that may lack the last axis."""
    elementwise = np.square(y_pred - np.reshape(y_true, y_pred.shape))
    right = elementwise[..., 0]
    every_pair = np.mean(np.square(y_pred - y_true), axis=-1)
    of_samples = elementwise.reshape(len(y_pred), -1).mean(axis=-1)
    mistakes = {
        "That is as posted: without the last axis, targets of all samples meet each other.": (
            every_pair
        ),
        "The pairs are right. But one number can't be weighted: one per position.": right.mean(),
        "The last axis of length 1 is still there, and broadcasts weights. Take its mean.": (
            elementwise
        ),
        "One number per sample loses the positions, and no mask fits. Keep them.": of_samples,
        "You flattened the positions into one axis. Weights (batch, 1) don't fit it.": (
            right.ravel()
        ),
        "That is the absolute error; the posted loss squares it.": np.sqrt(right),
    }
    return Answers(right, mistakes)
