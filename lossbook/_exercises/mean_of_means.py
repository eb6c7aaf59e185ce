"""The exercises of the chapter "The mean of means"."""

import numpy as np

from lossbook._exercises.exercise import Exercise


def _by(means, sizes):
    """Return the mean of some means, each counted by its size."""
    return float(np.average(means, weights=sizes))


def _replicas(together, alone):
    """Return the two means of two replicas, by what each of them counts by."""
    return _by((0.6, 1.8), together), _by((0.6, 1.8), alone)


def _dice(per_image, per_batch):
    """Return the two means of three images, by what each of them counts by."""
    return _by((0.1, 0.8, 1.0), per_image), _by((0.1, 0.8, 1.0), per_batch)


EXERCISES = {
    "mean-of-means-1": Exercise(
        lambda: _replicas((1, 1), (30, 10)),
        (
            (
                lambda: _replicas((30, 10), (1, 1)),
                "The two are swapped: replicas count as one each, the steps of one device alike.",
            ),
            (
                lambda: _replicas((30, 10), (30, 10)),
                "The second is right. A replica divides by its own steps, and then counts as one.",
            ),
            (
                lambda: _replicas((1, 1), (1, 1)),
                "The first is right. A single device divides once, by all 40 kept steps.",
            ),
            (
                lambda: (2 * _by((0.6, 1.8), (1, 1)), _by((0.6, 1.8), (30, 10))),
                "The first is a sum. Keras divides what each replica computes by their number.",
            ),
            (
                lambda: _replicas((1, 1), (10, 30)),
                "The second counts by the steps of the other replica.",
            ),
        ),
    ),
    "mean-of-means-2": Exercise(
        lambda kept: kept / np.mean(kept),
        (
            (
                lambda kept: kept / np.sum(kept),
                "Those are the shares. Keras has divided by the number of micro-batches already.",
            ),
            (
                lambda kept: np.mean(kept) / kept,
                "Upside down: a micro-batch with more tokens has to count more.",
            ),
            (
                lambda kept: np.asarray(kept, float),
                "Those turn means into sums of tokens. Divide by the tokens of one micro-batch, "
                "on the average.",
            ),
            (
                lambda kept: kept / np.max(kept),
                "In proportion, but too small: the factors should be 1 on the average.",
            ),
            (
                lambda kept: np.ones(len(kept)),
                "That is what Keras does by itself: every micro-batch counts the same.",
            ),
        ),
        cases=((np.array([8.0, 7.0, 3.0, 2.0]),), (np.array([36.0, 9.0, 3.0]),)),
    ),
    "mean-of-means-3": Exercise(
        lambda: _dice((1, 1, 1), (900, 90, 10)),
        (
            (
                lambda: _dice((900, 90, 10), (1, 1, 1)),
                "The two are swapped: per image, every image counts the same.",
            ),
            (
                lambda: _dice((1, 1, 1), (1, 1, 1)),
                "The first is right. Per batch the areas are added up first, so they count.",
            ),
            (
                lambda: _dice((900, 90, 10), (900, 90, 10)),
                "The second is right. Per image the areas are gone before the mean.",
            ),
            (
                lambda: (1 - _dice((1, 1, 1), (1, 1, 1))[0], 1 - _dice((1,) * 3, (900, 90, 10))[1]),
                "Those are the coefficients; the loss is 1 minus them.",
            ),
            (
                lambda: _dice((1, 1, 1), (10, 90, 900)),
                "The second counts an image by the area of another one.",
            ),
        ),
    ),
}
