"""The exercises of the chapter "The class axis"."""

import numpy as np

from lossbook._exercises.exercise import Exercise
from lossbook.elementwise import binary_crossentropy, categorical_crossentropy
from lossbook.reduction import class_axis


def _categorical(y_true, y_pred, normalise=True, over=np.sum):
    """Categorical crossentropy with another class axis than Keras's."""
    p = y_pred / y_pred.sum(axis=-1, keepdims=True) if normalise else y_pred
    return over(-y_true * np.log(np.clip(p, 1e-7, 1 - 1e-7)), axis=-1)


def _undecided(reduce_binary=np.mean, reduce_categorical=np.sum, classes=5):
    """Return categorical and binary crossentropy of a uniform prediction."""
    y_true, y_pred = np.eye(classes)[0], np.full(classes, 1 / classes)
    categorical = reduce_categorical(categorical_crossentropy(y_true, y_pred))
    return float(categorical), float(reduce_binary(binary_crossentropy(y_true, y_pred)))


_ONE_HOT = np.array([[0, 1, 0], [0.5, 0.25, 0.25]], dtype="float32")


_SCORES = np.array([[0.25, 1, 0.75], [0, 0.5, 0.5]], dtype="float32")


EXERCISES = {
    "class-axis-1": Exercise(
        lambda: (8, 32, 32, 5)[:-1],
        (
            (lambda: (8,), "One value per sample? Only the last axis goes, the positions stay."),
            (lambda: (8, 32, 32, 5), "That is the elementwise loss. Its last axis is averaged."),
            (lambda: (32, 32, 5), "The first axis is the batch. It is the last one that goes."),
            (lambda: (), "The scalar comes later, with the reduction."),
            (lambda: (8, 32, 32, 1), "Right numbers, but Keras keeps no axis of length 1 here."),
        ),
    ),
    "class-axis-2": Exercise(
        lambda y_true, y_pred: class_axis(categorical_crossentropy(y_true, y_pred), "sum").value,
        (
            (
                lambda y_true, y_pred: _categorical(y_true, y_pred, over=np.mean),
                "You average the classes. Categorical crossentropy sums them.",
            ),
            (
                lambda y_true, y_pred: _categorical(y_true, y_pred, normalise=False),
                "Keras first divides y_pred by its sum over the classes.",
            ),
            (
                lambda y_true, y_pred: categorical_crossentropy(y_true, y_pred),
                "That is the elementwise loss. Sum it over the last axis.",
            ),
            (
                lambda y_true, y_pred: categorical_crossentropy(y_true, y_pred).sum(),
                "You summed everything. Sum over the last axis alone.",
            ),
        ),
        cases=((_ONE_HOT, _SCORES),),
    ),
    "class-axis-3": Exercise(
        _undecided,
        (
            (
                lambda: _undecided(reduce_binary=np.sum),
                "The second is a sum; binary crossentropy averages the 5 classes: divide by 5.",
            ),
            (
                lambda: _undecided(reduce_categorical=np.mean),
                "The first is a mean; categorical crossentropy sums the 5 classes.",
            ),
            (
                lambda: _undecided()[::-1],
                "The two are swapped: first categorical, then binary crossentropy.",
            ),
        ),
    ),
}
