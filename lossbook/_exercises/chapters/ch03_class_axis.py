"""The exercises of the chapter "The class axis"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise
from lossbook.elementwise import binary_crossentropy, categorical_crossentropy
from lossbook.reduction import class_axis


def _categorical(y_true, y_pred, normalise=True, over=np.sum, clip=1e-7):
    """Categorical crossentropy with another class axis than Keras's, or another clip."""
    p = y_pred / y_pred.sum(axis=-1, keepdims=True) if normalise else y_pred
    return over(-y_true * np.log(np.clip(p, clip, 1 - clip)), axis=-1)


def _undecided(reduce_binary=np.mean, reduce_categorical=np.sum, classes=5):
    """Return categorical and binary crossentropy of a uniform prediction."""
    y_true, y_pred = np.eye(classes)[0], np.full(classes, 1 / classes)
    categorical = reduce_categorical(categorical_crossentropy(y_true, y_pred))
    return float(categorical), float(reduce_binary(binary_crossentropy(y_true, y_pred)))


def _of_classes(y_true, y_pred, over=np.mean):
    """Return the binary crossentropy of each class, over batch, height and width."""
    return over(binary_crossentropy(y_true, y_pred), axis=(0, 1, 2))


_ONE_HOT = np.array([[0, 1, 0], [0.5, 0.25, 0.25]], dtype="float32")


_SCORES = np.array([[0.25, 1, 0.75], [0, 0.5, 0.5]], dtype="float32")


def _tags(*shape):
    """Return labels of several classes each, and predictions."""
    rng = np.random.default_rng(shape[-1])
    y_true, y_pred = rng.integers(0, 2, shape), rng.uniform(0.05, 0.95, shape)
    return y_true.astype("float32"), y_pred.astype("float32")


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
            (
                lambda y_true, y_pred: np.sum(categorical_crossentropy(y_true, y_pred), axis=0),
                "You sum over the batch. The classes are the last axis.",
            ),
            (
                lambda y_true, y_pred: _categorical(
                    y_true, np.exp(y_pred) / np.exp(y_pred).sum(axis=-1, keepdims=True)
                ),
                "You apply a softmax. y_pred holds no logits: divide it by its sum.",
            ),
            (
                lambda y_true, y_pred: _categorical(y_true, y_pred, clip=0.0),
                "Nothing is clipped: a probability of exactly 0 gives infinity or NaN.",
            ),
            (
                lambda y_true, y_pred: np.sum(
                    binary_crossentropy(y_true, y_pred / y_pred.sum(axis=-1, keepdims=True)),
                    axis=-1,
                ),
                "That is a binary crossentropy, summed. In the categorical one the term "
                "(1 - y) · log(1 - p) does not exist.",
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
            (
                lambda: _undecided(np.sum, np.mean),
                "Mean and sum are swapped: binary crossentropy averages, categorical sums.",
            ),
            (
                lambda: (_undecided()[0], _undecided()[0] / 5),
                "The second lacks the four classes that are not there. Each of them costs "
                "-log(1 - p).",
            ),
            (
                lambda: (_undecided()[0],) * 2,
                "The second is -log(p), the loss of the true class. A class that is not there "
                "costs -log(1 - p).",
            ),
        ),
    ),
    "class-axis-4": Exercise(
        _of_classes,
        (
            (
                lambda y_true, y_pred: binary_crossentropy(y_true, y_pred).mean(axis=(0, 1, 3)),
                "That is the report: one number per column of the image. reduction=None comes "
                "after the mean over the classes; begin with the elementwise losses.",
            ),
            (
                lambda y_true, y_pred: binary_crossentropy(y_true, y_pred),
                "Those are the elementwise losses, the right start. Now average batch, height and "
                "width.",
            ),
            (
                lambda y_true, y_pred: _of_classes(y_true, y_pred, np.sum),
                "You add the pixels up. The loss of a class is the mean over its pixels.",
            ),
            (
                lambda y_true, y_pred: _of_classes(y_true, y_pred) / y_true.shape[-1],
                "Those are contributions: they add up to the loss. The mean of a class is not "
                "divided by the number of classes.",
            ),
            (
                lambda y_true, y_pred: (-y_true * np.log(y_pred)).mean(axis=(0, 1, 2)),
                "Only the label 1 is charged. Binary crossentropy also charges a yes that should "
                "be a no: -log(1 - p).",
            ),
            (
                lambda y_true, y_pred: (
                    (y_true * binary_crossentropy(y_true, y_pred)).sum(axis=(0, 1, 2))
                    / y_true.sum(axis=(0, 1, 2))
                ),
                "You look at the pixels that have the class. Binary crossentropy asks about it in "
                "every pixel.",
            ),
            (
                lambda y_true, y_pred: binary_crossentropy(y_true, y_pred).mean(),
                "That is the loss of all classes together. Keep the last axis.",
            ),
        ),
        cases=(_tags(2, 2, 3, 5), _tags(3, 2, 2, 4)),
    ),
}
