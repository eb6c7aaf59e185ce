"""The exercises of the chapter "The mean of means"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise


def _by(means, sizes):
    """Return the mean of some means, each counted by its size."""
    return float(np.average(means, weights=sizes))


def _replicas(together, alone):
    """Return the two means of two replicas, by what each of them counts by."""
    return _by((0.6, 1.8), together), _by((0.6, 1.8), alone)


def _dice(per_image, per_batch):
    """Return the two means of three images, by what each of them counts by."""
    return _by((0.1, 0.8, 1.0), per_image), _by((0.1, 0.8, 1.0), per_batch)


def _batches(y_true, y_pred, batch_size):
    """Return the Dice loss, the rows, the true area and both areas of every batch."""
    parts = [slice(i, i + batch_size) for i in range(0, len(y_true), batch_size)]
    overlap = np.array([np.sum(y_true[part] * y_pred[part]) for part in parts])
    true, predicted = (np.array([np.sum(y[part]) for part in parts]) for y in (y_true, y_pred))
    rows = [len(y_true[part]) for part in parts]
    return 1 - 2 * overlap / (true + predicted), rows, true, true + predicted


def _whole(y_true, y_pred, batch_size, twice=2.0, without=0.0):
    """Return 1 - twice * I / (S - without * I) of all images together."""
    overlap, areas = np.sum(y_true * y_pred), np.sum(y_true) + np.sum(y_pred)
    return float(1 - twice * overlap / (areas - without * overlap))


def _full_batches(y_true, y_pred, batch_size):
    """Return the Dice loss of all full batches together."""
    rows = len(y_true) // batch_size * batch_size
    return _whole(y_true[:rows], y_pred[:rows], batch_size)


def _by_area(y_true, y_pred, batch_size, which=3):
    """Return the mean of the losses of the batches, counted by rows, true area or both areas."""
    batches = _batches(y_true, y_pred, batch_size)
    return _by(batches[0], batches[which])


_TRUE = np.array([[1.0, 1, 0], [1, 0, 0], [1, 0, 0]])
_PRED = np.array([[0.9, 0.8, 0.1], [0.6, 0.1, 0.2], [0.2, 0.1, 0.1]])


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
                lambda kept: kept / np.min(kept),
                "In proportion, but too large: the factors should be 1 on the average.",
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
    "mean-of-means-4": Exercise(
        _whole,
        (
            (
                lambda *args: float(np.mean(_batches(*args)[0])),
                "That is the loop of the report: a mean of ratios. Carry both sums, divide once.",
            ),
            (
                lambda *args: _by_area(*args, which=1),
                "You count batches by their rows, as evaluate does. It is a mean of ratios still.",
            ),
            (
                lambda *args: _by_area(*args, which=2),
                "You count a batch by its true area. S holds the predicted area as well.",
            ),
            (
                lambda y_true, y_pred, batch_size: _by_area(y_true, y_pred, 1, which=1),
                "That is Dice per image. Asked for is the number of all images in one batch.",
            ),
            (
                lambda *args: 1 - _whole(*args),
                "That is the coefficient; the loss is 1 minus it.",
            ),
            (
                lambda *args: _whole(*args, twice=1.0, without=1.0),
                "That is intersection over union. Dice is twice the overlap, over both areas.",
            ),
            (
                lambda *args: _whole(*args, twice=1.0),
                "The 2 is missing: Dice is twice the overlap over both areas.",
            ),
            (
                _full_batches,
                "The short last batch is left out. Its sums belong to the others.",
            ),
        ),
        cases=((_TRUE, _PRED, 2), (_TRUE[::-1], _PRED[::-1], 2), (_TRUE, _PRED, 1)),
    ),
}
