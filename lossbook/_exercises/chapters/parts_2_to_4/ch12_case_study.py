"""The exercises of the chapter "Case study: the class the loss forgot"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_VALUES = np.array([[0.1, 0.2, 0.1, 0.9], [0.3, 0.1, 2.5, 0.4]])
_LABELS = np.array([[0, 0, 0, 1], [0, 0, 2, 1]])
_IMAGES = (
    (np.array([[[0, 0], [1, 1]], [[0, 1], [0, 0]], [[0, 1], [1, 2]]]), 3),
    (np.array([[[0, 3], [1, 0]], [[2, 1], [0, 0]]]), 4),
)


@exercise("case-study-1")
def case_study_1():
    """What the loss can move because of a class with a share of 1 %: 2/C · f(1 + ln 1/f)."""
    f, classes = 0.01, 20
    right = 2 / classes * f * (1 + np.log(1 / f))
    natural = 2 / classes * f * (1 + np.log10(1 / f))
    mistakes = {
        "That is one column. The missed class is also taken for another: two columns pay.": (
            right / 2
        ),
        "The class axis is averaged: divide by the number of classes, 20.": right * classes,
        "The 1 is missing: f(1 + ln(1/f)).": 2 / classes * f * np.log(1 / f),
        "The logarithm is the natural one, as in the crossentropy.": natural,
        "1 % is the share 0.01.": 2 / classes,
    }
    return Answers(right, mistakes)


@exercise("case-study-2")
def case_study_2():
    """The weight with which a class with a share of 1 % has a fifth of the coefficients."""
    f, wanted = 0.01, 0.2
    mistakes = {
        "20 makes it 16.8 %: the weighted pixels are in the whole, too.": wanted / f,
        "Nearly: the other pixels are 99 % of the whole, not 100 %.": wanted / (f * (1 - wanted)),
        "One over the share would give it as much as all others together, 50.3 %.": 1 / f,
        "With that it has a fifth of what the others have. A fifth of the whole is more.": (
            wanted * (1 - f) / f
        ),
        "With 99 it has half of the coefficients. A fifth was asked for.": (1 - f) / f,
    }
    return Answers(wanted * (1 - f) / (f * (1 - wanted)), mistakes)


@exercise(
    "case-study-3",
    cases=((_VALUES, _LABELS, 3), (_VALUES, _LABELS, 4), (_VALUES[0], _LABELS[0], 3)),
)
def case_study_3(values, labels, classes):
    """The mean over the classes that occur of the mean value of each."""
    counts = np.bincount(labels.ravel(), minlength=classes)
    sums = np.bincount(labels.ravel(), values.ravel(), minlength=classes)
    means = sums / np.maximum(counts, 1)
    mistakes = {
        "That is the mean over the pixels: the class with most pixels decides.": values.mean(),
        "A class without pixels pulls your mean towards 0. Leave it out.": means.mean(),
        "You summed the classes. Take their mean, over those that occur.": means.sum(),
        "One number is asked for: now the mean over the classes that occur.": means,
        "Divide by the number of classes that occur, not by the number of pixels.": (
            means.sum() / values.size
        ),
    }
    return Answers(means[counts > 0].mean(), mistakes)


@exercise("case-study-4", cases=_IMAGES)
def case_study_4(labels, classes):
    """Weights with which every class weighs the same: pixels / (classes · pixels of its class)."""

    def balanced(labels):
        counts = np.bincount(labels.ravel(), minlength=classes)
        return (labels.size / (classes * np.maximum(counts, 1)))[labels]

    right, by_image = balanced(labels), np.stack([balanced(image) for image in labels])
    of_classes = labels.size / (classes * np.bincount(labels.ravel(), minlength=classes))
    mean_of_image = by_image.mean(axis=(1, 2), keepdims=True)
    one_over_pixels = right * classes / labels.size
    mistakes = {
        "That is as posted, image by image: a class that is in few images gets too little.": (
            by_image
        ),
        "The mean is 1 now, but each image still shares its weight among its own classes.": (
            by_image / by_image.mean()
        ),
        "Each image has the mean 1 now. Count the classes over all images instead.": (
            by_image / mean_of_image
        ),
        "The shares are right, but the mean is the number of classes. Divide by it.": (
            right * classes
        ),
        "One over the pixels of its class: the shares are right, the mean is not 1.": (
            one_over_pixels
        ),
        "The shares are right, and the common class weighs 1. So the mean is above 1.": (
            right / right.min()
        ),
        "Upside down: the rarer a class, the more its pixels have to weigh.": 1 / right,
        "Those are the weights of the classes. Look one up for each pixel.": of_classes,
    }
    return Answers(right, mistakes)
