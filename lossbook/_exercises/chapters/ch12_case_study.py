"""The exercises of the chapter "Case study: the class the loss forgot"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise


def _price(share=0.01, classes=20, columns=2, log=np.log, one=1.0):
    """Return what the loss can move because of one class: columns/C · f(1 + ln 1/f)."""
    return columns / classes * share * (one + float(log(1 / share)))


def _weight(share=0.01, wanted=0.2):
    """Return the weight w for which wf/(1 - f + wf) is the wanted share."""
    return wanted * (1 - share) / (share * (1 - wanted))


def _by_class(values, labels, classes):
    """Return the mean of the values of each class, and its number of values."""
    counts = np.array([np.sum(labels == c) for c in range(classes)])
    sums = np.array([np.sum(np.where(labels == c, values, 0.0)) for c in range(classes)])
    return sums / np.maximum(counts, 1), counts


def _macro(values, labels, classes):
    """Return the mean over the classes that occur of the mean value of each."""
    means, counts = _by_class(values, labels, classes)
    return float(means[counts > 0].mean())


def _balanced(labels, classes):
    """Return one weight per pixel: all pixels / (classes · pixels of its class)."""
    counts = np.bincount(np.ravel(labels), minlength=classes)
    return (labels.size / (classes * np.maximum(counts, 1)))[labels]


def _by_image(labels, classes):
    """Return the same, with the pixels counted in each image."""
    return np.stack([_balanced(image, classes) for image in labels])


_VALUES = np.array([[0.1, 0.2, 0.1, 0.9], [0.3, 0.1, 2.5, 0.4]])
_LABELS = np.array([[0, 0, 0, 1], [0, 0, 2, 1]])

EXERCISES = {
    "case-study-1": Exercise(
        _price,
        (
            (
                lambda: _price(columns=1),
                "That is one column. The missed class is also taken for another: two columns pay.",
            ),
            (
                lambda: _price(classes=1),
                "The class axis is averaged: divide by the number of classes, 20.",
            ),
            (
                lambda: _price(one=0.0),
                "The 1 is missing: f(1 + ln(1/f)).",
            ),
            (
                lambda: _price(log=np.log10),
                "The logarithm is the natural one, as in the crossentropy.",
            ),
            (
                lambda: _price(share=1.0),
                "1 % is the share 0.01.",
            ),
        ),
    ),
    "case-study-2": Exercise(
        _weight,
        (
            (
                lambda: 0.2 / 0.01,
                "20 makes it 16.8 %: the weighted pixels are in the whole, too.",
            ),
            (
                lambda: 0.2 / (0.01 * 0.8),
                "Nearly: the other pixels are 99 % of the whole, not 100 %.",
            ),
            (
                lambda: 1 / 0.01,
                "One over the share would give it as much as all others together, 50.3 %.",
            ),
            (
                lambda: 0.2 * 0.99 / 0.01,
                "With that it has a fifth of what the others have. A fifth of the whole is more.",
            ),
            (
                lambda: (1 - 0.01) / 0.01,
                "With 99 it has half of the coefficients. A fifth was asked for.",
            ),
        ),
    ),
    "case-study-3": Exercise(
        _macro,
        (
            (
                lambda values, labels, classes: float(np.mean(values)),
                "That is the mean over the pixels: the class with most pixels decides.",
            ),
            (
                lambda *args: float(_by_class(*args)[0].mean()),
                "A class without pixels pulls your mean towards 0. Leave it out.",
            ),
            (
                lambda *args: float(_by_class(*args)[0].sum()),
                "You summed the classes. Take their mean, over those that occur.",
            ),
            (
                lambda *args: _by_class(*args)[0],
                "One number is asked for: now the mean over the classes that occur.",
            ),
            (
                lambda values, labels, classes: float(
                    np.sum(_by_class(values, labels, classes)[0]) / values.size
                ),
                "Divide by the number of classes that occur, not by the number of pixels.",
            ),
        ),
        cases=((_VALUES, _LABELS, 3), (_VALUES, _LABELS, 4), (_VALUES[0], _LABELS[0], 3)),
    ),
    "case-study-4": Exercise(
        _balanced,
        (
            (
                _by_image,
                "That is as posted, image by image: a class that is in few images gets too little.",
            ),
            (
                lambda *args: _by_image(*args) / _by_image(*args).mean(),
                "The mean is 1 now, but each image still shares its weight among its own classes.",
            ),
            (
                lambda *args: _by_image(*args) / _by_image(*args).mean(axis=(1, 2), keepdims=True),
                "Each image has the mean 1 now. Count the classes over all images instead.",
            ),
            (
                lambda labels, classes: _balanced(labels, classes) * classes,
                "The shares are right, but the mean is the number of classes. Divide by it.",
            ),
            (
                lambda labels, classes: _balanced(labels, classes) * classes / labels.size,
                "One over the pixels of its class: the shares are right, the mean is not 1.",
            ),
            (
                lambda labels, classes: (
                    _balanced(labels, classes) / _balanced(labels, classes).min()
                ),
                "The shares are right, and the common class weighs 1. So the mean is above 1.",
            ),
            (
                lambda labels, classes: 1 / _balanced(labels, classes),
                "Upside down: the rarer a class, the more its pixels have to weigh.",
            ),
            (
                lambda labels, classes: (
                    labels.size / (classes * np.bincount(labels.ravel(), minlength=classes))
                ),
                "Those are the weights of the classes. Look one up for each pixel.",
            ),
        ),
        cases=(
            (np.array([[[0, 0], [1, 1]], [[0, 1], [0, 0]], [[0, 1], [1, 2]]]), 3),
            (np.array([[[0, 3], [1, 0]], [[2, 1], [0, 0]]]), 4),
        ),
    ),
}
