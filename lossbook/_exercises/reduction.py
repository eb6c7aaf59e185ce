"""The exercises of the chapter "Reduction"."""

import math

import numpy as np

from lossbook._exercises.exercise import Exercise
from lossbook.reduction import reduce_weighted_values


def _three_reductions(default_by=4, weighted_by=8, weight=((3, 3), (1, 1))):
    """Return the default reduction, mean_with_sample_weight and sum of four values."""
    total = float(np.sum(np.array([[4, 2], [1, 6]]) * weight))
    return total / default_by, total / weighted_by, total


_SEGMENTED = (16, 128, 128, 3)


EXERCISES = {
    "reduction-1": Exercise(
        lambda: _three_reductions(),
        (
            (
                lambda: _three_reductions(default_by=2),
                "The first is divided by the batch size 2. sum_over_batch_size divides by all 4 "
                "values.",
            ),
            (
                lambda: _three_reductions(default_by=8),
                "The first is the weighted mean. The default divides by 4 values, whatever they "
                "weigh.",
            ),
            (
                lambda: _three_reductions(weighted_by=4),
                "The second divides by the number of values. mean_with_sample_weight divides by "
                "the sum of the weights.",
            ),
            (
                lambda: _three_reductions(weight=np.ones((2, 2)), weighted_by=4),
                "Those are the reductions without weights. Multiply each value by its weight.",
            ),
        ),
    ),
    "reduction-2": Exercise(
        lambda weight, mask: reduce_weighted_values(np.ones(mask.shape), weight, mask).coefficients,
        (
            (
                lambda weight, mask: mask * weight / mask.size,
                "You divide by all values. A mask lowers the denominator to the values it keeps.",
            ),
            (
                lambda weight, mask: mask * weight / (mask * weight).sum(),
                "You divide by the sum of the weights: that is mean_with_sample_weight.",
            ),
            (
                lambda weight, mask: mask * weight / (mask * weight != 0).sum(),
                "You divide by the number of weights that are not 0. A kept value of weight 0 "
                "still counts.",
            ),
            (
                lambda weight, mask: weight / mask.sum(),
                "The denominator is right, but the values that the mask drops must weigh 0.",
            ),
            (
                lambda weight, mask: mask / mask.sum(),
                "That is the mask alone. Where are the sample weights?",
            ),
        ),
        cases=((np.array([[2, 0, 1], [0.5, 3, 4]]), np.array([[1, 1, 0], [1, 1, 0]], dtype=bool)),),
    ),
    "reduction-3": Exercise(
        lambda: 0.1 / math.prod(_SEGMENTED[:-1]),
        (
            (
                lambda: 0.1 / math.prod(_SEGMENTED),
                "You count the classes. The loss function has averaged them before the reduction.",
            ),
            (
                lambda: 0.1 / _SEGMENTED[0],
                "That divides by the batch size. The default divides by all values, pixels too.",
            ),
            (
                lambda: 0.1 / math.prod(_SEGMENTED[1:-1]),
                "Those are the pixels of one image. The batch has 16.",
            ),
            (
                lambda: 0.1 * math.prod(_SEGMENTED[:-1]),
                "The right factor, but the wrong way: sum makes the gradients longer.",
            ),
            (
                lambda: 0.1,
                "With the old rate every step is 262,144 times as long. (For Adam it would do.)",
            ),
        ),
    ),
}
