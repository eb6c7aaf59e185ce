"""The exercises of the chapter "One number"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Exercise


def _spotted_image(elsewhere=0.02, spot=1.0, share=0.01, classes=5):
    """Return the mean of each class; in one of them `share` of the pixels cost `spot`."""
    return np.array([elsewhere] * (classes - 1) + [share * spot + (1 - share) * elsewhere])


def _pixels(elsewhere=0.02, spot=1.0, classes=5):
    """Return the values of an image of 10 × 10 pixels, one of which is hit in one class."""
    values = np.full((1, 10, 10), elsewhere)
    values[0, 0, 0] = ((classes - 1) * elsewhere + spot) / classes
    return values


def _rare(truth):
    """Say which pixels are of the last class."""
    return np.asarray(truth)[..., -1] == 1


def _weights(truth, weight, elsewhere=1.0):
    """Return a weight for the pixels of the last class, and one for all others."""
    return np.where(_rare(truth), weight, elsewhere)


def _odds(truth):
    """Return how many pixels there are of the other classes for one of the last."""
    rare = _rare(truth)
    return (~rare).sum() / rare.sum()


def _odds_of_images(truth):
    return np.stack([_weights(image, _odds(image)) for image in truth])


_BATCH = (4, 256, 256, 5)


_LOSSES = tuple(
    np.random.default_rng(1).uniform(0.1, 2.0, shape) for shape in ((2, 2, 3, 4), (1, 3, 2, 5))
)


_CLASSES = (
    np.array([[[0, 1, 2], [4, 3, 4]], [[4, 0, 3], [2, 1, 0]]]),
    np.array([[[4, 1], [0, 2], [4, 4]], [[3, 3], [4, 0], [1, 2]]]),
)


EXERCISES = {
    "one-number-1": Exercise(
        lambda: (math.prod(_BATCH), 1 / math.prod(_BATCH)),
        (
            (
                lambda: (math.prod(_BATCH[:3]), 1 / math.prod(_BATCH[:3])),
                "Those are the pixels. Each has five classes, and each of them is an element.",
            ),
            (
                lambda: (math.prod(_BATCH[1:]), 1 / math.prod(_BATCH[1:])),
                "Those are the elements of one image. The batch has four.",
            ),
            (
                lambda: (math.prod(_BATCH), 1 / math.prod(_BATCH[1:])),
                "The count is right. The coefficient is that of a batch of one: divide by 4.",
            ),
            (
                lambda: (math.prod(_BATCH), 1 / _BATCH[0]),
                "The count is right. sum_over_batch_size divides by all values, not by the batch.",
            ),
            (
                lambda: (math.prod(_BATCH), 1 / math.prod(_BATCH[:3])),
                "The count is right. The coefficient is that of a pixel; the mean over its five "
                "classes divides by 5 once more.",
            ),
            (
                lambda: (1 / math.prod(_BATCH), math.prod(_BATCH)),
                "The two are swapped: first the count, then the coefficient.",
            ),
        ),
    ),
    "one-number-2": Exercise(
        lambda: float(_spotted_image().mean()),
        (
            (
                lambda: float(_spotted_image().sum()),
                "That is the sum over the classes; Keras averages the 5 classes: divide by 5.",
            ),
            (
                lambda: float(_spotted_image()[-1]),
                "That is right if every class is like class 4. In the other four no pixel is bad.",
            ),
            (
                lambda: float(_spotted_image(spot=1.02).mean()),
                "Close. In those pixels the 1.0 replaces the 0.02, it is not added. Give four "
                "digits.",
            ),
            (
                lambda: float(_spotted_image(share=1.0).mean()),
                "That is 1.0 in every pixel of the class. Only 1 % of them cost that much.",
            ),
            (
                lambda: float(_spotted_image(elsewhere=0.0).mean()),
                "That is what the bad elements add. All others cost 0.02 each.",
            ),
        ),
        made_from=lambda: {"values": _pixels()},
    ),
    "one-number-3": Exercise(
        lambda elementwise: elementwise.sum(axis=(0, 1, 2)) / elementwise.size,
        (
            (
                lambda elementwise: elementwise.mean(axis=(0, 1, 2)),
                "Those are the means of the classes. Each is over the elements of its class; the "
                "coefficient is one divided by all elements.",
            ),
            (
                lambda elementwise: elementwise.sum(axis=(0, 1, 2)),
                "Those are the sums of the losses. A contribution is coefficient times loss.",
            ),
            (
                lambda elementwise: elementwise.sum(axis=(0, 1, 2)) / len(elementwise),
                "You divide by the batch size. The coefficient is one divided by all elements.",
            ),
            (
                lambda elementwise: (
                    elementwise.sum(axis=(0, 1, 2)) / math.prod(elementwise.shape[1:])
                ),
                "You divide by the elements of one image. The coefficient is one divided by all "
                "elements of the batch.",
            ),
            (
                lambda elementwise: elementwise.sum(axis=(0, 1, 2)) / elementwise.sum(),
                "Those are shares: they add up to 1. Contributions add up to the number.",
            ),
            (
                lambda elementwise: elementwise.sum(axis=(1, 2, 3)) / elementwise.size,
                "Those are the contributions of the images. Keep the last axis, not the first.",
            ),
        ),
        cases=tuple((losses,) for losses in _LOSSES),
    ),
    "one-number-4": Exercise(
        lambda truth: _weights(truth, _odds(truth)),
        (
            (
                lambda truth: _weights(truth, _odds(truth) + 1),
                "You divide all pixels by those of class 4. Count the others alone: it shall weigh "
                "as much as the rest.",
            ),
            (
                lambda truth: _weights(truth, 1000.0),
                "The shape is right. 1000 is a guess: how many other pixels are there for one of "
                "class 4?",
            ),
            (
                lambda truth: _weights(truth, _odds(truth) / 4),
                "Now class 4 makes a fifth of the weight. Asked is as much as all the rest.",
            ),
            (
                lambda truth: _weights(truth, 1 / _odds(truth)),
                "Upside down: the pixels of a rare class need a weight above 1.",
            ),
            (
                lambda truth: _weights(truth, 1.0, elsewhere=_odds(truth)),
                "You raise the other pixels. It is those of class 4 that need the weight.",
            ),
            (
                _odds_of_images,
                "You count in each image by itself. The coefficients are those of the batch.",
            ),
            (
                lambda truth: (
                    np.where(np.arange(truth.shape[-1]) == truth.shape[-1] - 1, _odds(truth), 1.0)
                    * np.ones(truth.shape)
                ),
                "You weigh the elements of class 4, in every pixel. Weights meet the values: one "
                "per pixel, in the shape (batch, height, width).",
            ),
            (
                lambda truth: np.where(truth[..., -1:] * truth == 1, _odds(truth), 1.0),
                "The weights have a class axis. They meet the values, which have lost it: (batch, "
                "height, width).",
            ),
        ),
        cases=tuple((np.eye(5, dtype="float32")[classes],) for classes in _CLASSES),
    ),
}
