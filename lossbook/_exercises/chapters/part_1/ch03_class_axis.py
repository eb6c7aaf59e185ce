"""The exercises of the chapter "The class axis"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise
from lossbook.elementwise import binary_crossentropy, categorical_crossentropy

_ONE_HOT = np.array([[0, 1, 0], [0.5, 0.25, 0.25]], dtype="float32")
_SCORES = np.array([[0.25, 1, 0.75], [0, 0.5, 0.5]], dtype="float32")


def _tags(*shape):
    """Return labels of several classes each, and predictions."""
    rng = np.random.default_rng(shape[-1])
    y_true, y_pred = rng.integers(0, 2, shape), rng.uniform(0.05, 0.95, shape)
    return y_true.astype("float32"), y_pred.astype("float32")


@exercise("class-axis-1")
def class_axis_1():
    """The shape of the values of (8, 32, 32, 5)."""
    mistakes = {
        "One value per sample? Only the last axis goes, the positions stay.": (8,),
        "That is the elementwise loss. Its last axis is averaged.": (8, 32, 32, 5),
        "The first axis is the batch. It is the last one that goes.": (32, 32, 5),
        "The scalar comes later, with the reduction.": (),
        "Right numbers, but Keras keeps no axis of length 1 here.": (8, 32, 32, 1),
    }
    return Answers((8, 32, 32), mistakes)


@exercise("class-axis-2", cases=((_ONE_HOT, _SCORES),))
def class_axis_2(y_true, y_pred):
    """Categorical crossentropy from scores that don't add up to 1."""
    elementwise = categorical_crossentropy(y_true, y_pred)
    p, e = y_pred / y_pred.sum(axis=-1, keepdims=True), np.exp(y_pred)
    softmax = e / e.sum(axis=-1, keepdims=True)

    def crossentropy(p, clip=1e-7):
        return (-y_true * np.log(np.clip(p, clip, 1 - clip))).sum(axis=-1)

    over_batch, unclipped = elementwise.sum(axis=0), crossentropy(p, clip=0.0)
    mistakes = {
        "You average the classes. Categorical crossentropy sums them.": elementwise.mean(axis=-1),
        "Keras first divides y_pred by its sum over the classes.": crossentropy(y_pred),
        "That is the elementwise loss. Sum it over the last axis.": elementwise,
        "You summed everything. Sum over the last axis alone.": elementwise.sum(),
        "You sum over the batch. The classes are the last axis.": over_batch,
        "You apply a softmax. y_pred holds no logits: divide it by its sum.": crossentropy(softmax),
        "Nothing is clipped: a probability of exactly 0 gives infinity or NaN.": unclipped,
        "That is a binary crossentropy, summed. In the categorical one the term "
        "(1 - y) · log(1 - p) does not exist.": binary_crossentropy(y_true, p).sum(axis=-1),
    }
    return Answers(elementwise.sum(axis=-1), mistakes)


@exercise("class-axis-3")
def class_axis_3():
    """Categorical and binary crossentropy of a uniform prediction of 5 classes."""
    y_true, y_pred = np.eye(5)[0], np.full(5, 0.2)
    binary, categorical = (
        loss(y_true, y_pred) for loss in (binary_crossentropy, categorical_crossentropy)
    )
    right = categorical.sum(), binary.mean()
    mean_first = categorical.mean(), binary.mean()
    means_swapped = categorical.mean(), binary.sum()
    mistakes = {
        "The second is a sum; binary crossentropy averages the 5 classes: divide by 5.": (
            (right[0], binary.sum())
        ),
        "The first is a mean; categorical crossentropy sums the 5 classes.": mean_first,
        "The two are swapped: first categorical, then binary crossentropy.": right[::-1],
        "Mean and sum are swapped: binary crossentropy averages, categorical sums.": means_swapped,
        "The second lacks the four classes that are not there. Each of them costs -log(1 - p).": (
            right[0],
            right[0] / 5,
        ),
        "The second is -log(p), the loss of the true class. A class that is not there "
        "costs -log(1 - p).": (right[0], right[0]),
    }
    return Answers(right, mistakes)


@exercise("class-axis-4", cases=(_tags(2, 2, 3, 5), _tags(3, 2, 2, 4)))
def class_axis_4(y_true, y_pred):
    """The binary crossentropy of each class."""
    elementwise, positions = binary_crossentropy(y_true, y_pred), (0, 1, 2)
    right = elementwise.mean(axis=positions)
    of_its_pixels = (y_true * elementwise).sum(axis=positions) / y_true.sum(axis=positions)
    mistakes = {
        "That is the report: one number per column of the image. reduction=None comes "
        "after the mean over the classes; begin with the elementwise losses.": (
            elementwise.mean(axis=(0, 1, 3))
        ),
        "Those are the elementwise losses, the right start. Now average batch, height and "
        "width.": elementwise,
        "You add the pixels up. The loss of a class is the mean over its pixels.": (
            elementwise.sum(axis=positions)
        ),
        "Those are contributions: they add up to the loss. The mean of a class is not "
        "divided by the number of classes.": right / y_true.shape[-1],
        "Only the label 1 is charged. Binary crossentropy also charges a yes that should "
        "be a no: -log(1 - p).": (-y_true * np.log(y_pred)).mean(axis=positions),
        "You look at the pixels that have the class. Binary crossentropy asks about it in "
        "every pixel.": of_its_pixels,
        "That is the loss of all classes together. Keep the last axis.": elementwise.mean(),
    }
    return Answers(right, mistakes)
