"""The exercises of the chapter "The mean of means"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_TRUE = np.array([[1.0, 1, 0], [1, 0, 0], [1, 0, 0]])
_PRED = np.array([[0.9, 0.8, 0.1], [0.6, 0.1, 0.2], [0.2, 0.1, 0.1]])


def _means(values, *sizes):
    """Return means of the values, in each of which they count by other sizes."""
    return tuple(np.average(values, weights=of) for of in sizes)


@exercise("mean-of-means-1")
def mean_of_means_1():
    """The loss of two replicas with 30 and 10 kept steps, and of one device."""
    alike, kept, means = (1, 1), (30, 10), (0.6, 1.8)
    right = _means(means, alike, kept)
    mistakes = {
        "The two are swapped: replicas count as one each, the steps of one device alike.": (
            right[::-1]
        ),
        "The second is right. A replica divides by its own steps, and then counts as one.": (
            _means(means, kept, kept)
        ),
        "The first is right. A single device divides once, by all 40 kept steps.": (
            _means(means, alike, alike)
        ),
        "The first is a sum. Keras divides what each replica computes by their number.": (
            (sum(means), right[1])
        ),
        "The second counts by the steps of the other replica.": _means(means, alike, kept[::-1]),
    }
    return Answers(right, mistakes)


@exercise(
    "mean-of-means-2",
    cases=((np.array([8.0, 7.0, 3.0, 2.0]),), (np.array([36.0, 9.0, 3.0]),)),
)
def mean_of_means_2(kept):
    """The factors with which accumulated micro-batches count by their tokens."""
    upside_down = np.mean(kept) / kept
    mistakes = {
        "Those are the shares. Keras has divided by the number of micro-batches already.": (
            kept / np.sum(kept)
        ),
        "Upside down: a micro-batch with more tokens has to count more.": upside_down,
        "Those turn means into sums of tokens. Divide by the tokens of one micro-batch, "
        "on the average.": kept,
        "In proportion, but too small: the factors should be 1 on the average.": kept / max(kept),
        "In proportion, but too large: the factors should be 1 on the average.": kept / min(kept),
        "That is what Keras does by itself: every micro-batch counts the same.": np.ones(len(kept)),
    }
    return Answers(kept / np.mean(kept), mistakes)


@exercise("mean-of-means-3")
def mean_of_means_3():
    """The Dice loss of three images: per image, and of all together."""
    alike, areas, losses = (1, 1, 1), (900, 90, 10), np.array([0.1, 0.8, 1.0])
    right = _means(losses, alike, areas)
    coefficients = _means(1 - losses, alike, areas)
    mistakes = {
        "The two are swapped: per image, every image counts the same.": right[::-1],
        "The first is right. Per batch the areas are added up first, so they count.": (
            _means(losses, alike, alike)
        ),
        "The second is right. Per image the areas are gone before the mean.": (
            _means(losses, areas, areas)
        ),
        "Those are the coefficients; the loss is 1 minus them.": coefficients,
        "The second counts an image by the area of another one.": (
            _means(losses, alike, areas[::-1])
        ),
    }
    return Answers(right, mistakes)


@exercise(
    "mean-of-means-4",
    cases=((_TRUE, _PRED, 2), (_TRUE[::-1], _PRED[::-1], 2), (_TRUE, _PRED, 1)),
)
def mean_of_means_4(y_true, y_pred, batch_size):
    """The Dice loss of all images, which come in batches."""
    n = len(y_true)
    overlap, true, predicted = (x.sum(axis=1) for x in (y_true * y_pred, y_true, y_pred))

    def dice(part=slice(None)):
        return 1 - 2 * overlap[part].sum() / (true[part] + predicted[part]).sum()

    parts = [slice(i, i + batch_size) for i in range(0, n, batch_size)]
    of_batches = [dice(part) for part in parts]
    by_rows = np.average(of_batches, weights=[len(true[part]) for part in parts])
    by_true_area = np.average(of_batches, weights=[true[part].sum() for part in parts])
    per_image = np.mean([dice(slice(i, i + 1)) for i in range(n)])
    full_batches = dice(slice(n // batch_size * batch_size))
    inside, areas = overlap.sum(), (true + predicted).sum()
    iou = inside / (areas - inside)
    mistakes = {
        "That is the loop of the report: a mean of ratios. Carry both sums, divide once.": (
            np.mean(of_batches)
        ),
        "You count batches by their rows, as evaluate does. It is a mean of ratios still.": by_rows,
        "You count a batch by its true area. S holds the predicted area as well.": by_true_area,
        "That is Dice per image. Asked for is the number of all images in one batch.": per_image,
        "That is the coefficient; the loss is 1 minus it.": 1 - dice(),
        "That is intersection over union. Dice is twice the overlap, over both areas.": 1 - iou,
        "The 2 is missing: Dice is twice the overlap over both areas.": 1 - inside / areas,
        "The short last batch is left out. Its sums belong to the others.": full_batches,
    }
    return Answers(dice(), mistakes)
