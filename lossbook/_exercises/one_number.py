"""The exercises of the chapter "One number"."""

import math

import numpy as np

from lossbook._exercises.exercise import Exercise


def _spotted_image(elsewhere=0.02, spot=1.0, share=0.01, classes=5):
    """Return the mean of each class; in one of them `share` of the pixels cost `spot`."""
    return np.array([elsewhere] * (classes - 1) + [share * spot + (1 - share) * elsewhere])


_BATCH = (4, 256, 256, 5)


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
                "That is the mean of the one class. The other four count as much as this one.",
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
        ),
    ),
}
