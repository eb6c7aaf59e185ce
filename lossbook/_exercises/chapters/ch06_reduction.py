"""The exercises of the chapter "Reduction"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Exercise
from lossbook.elementwise import mean_squared_error
from lossbook.reduction import reduce_weighted_values


def _three_reductions(default_by=6, weighted_by=15, weight=((4,), (1,))):
    """Return the default reduction, mean_with_sample_weight and sum of six values."""
    total = float(np.sum(_SIX * weight))
    return total / default_by, total / weighted_by, total


def _of_samples(y_true, y_pred, over=np.sum):
    """Return one number per sample, made of the mean squared errors of its positions."""
    values = mean_squared_error(y_true, y_pred).mean(axis=-1)
    return over(values.reshape(len(values), -1), axis=-1)


def _images(*shape):
    """Return targets and predictions."""
    rng = np.random.default_rng(shape[0])
    return tuple(rng.uniform(0, 3, shape).astype("float32") for _ in range(2))


_SIX = np.array([[4.0, 2.0, 3.0], [1.0, 6.0, 5.0]])


_SIX_WEIGHTS = np.array([[4.0, 4.0, 4.0], [1.0, 1.0, 1.0]])


_SEGMENTED = (16, 128, 128, 3)


EXERCISES = {
    "reduction-1": Exercise(
        lambda: _three_reductions(),
        (
            (
                lambda: _three_reductions(default_by=2),
                "The first is divided by the batch size 2. sum_over_batch_size divides by all 6 "
                "values.",
            ),
            (
                lambda: _three_reductions(default_by=15),
                "The first is the weighted mean. The default divides by 6 values, whatever they "
                "weigh.",
            ),
            (
                lambda: _three_reductions(weighted_by=6),
                "The second divides by the number of values. mean_with_sample_weight divides by "
                "the sum of the weights.",
            ),
            (
                lambda: _three_reductions(weighted_by=2),
                "The second is divided by the batch size 2. mean_with_sample_weight divides by "
                "the sum of the weights.",
            ),
            (
                lambda: _three_reductions(weight=1, weighted_by=6),
                "Those are the reductions without weights. Multiply each value by its weight.",
            ),
        ),
        made_from=lambda: ({"values": _SIX, "sample_weight": _SIX_WEIGHTS}, None, None),
    ),
    "reduction-2": Exercise(
        lambda sample_weight, mask: (
            reduce_weighted_values(np.ones(mask.shape), sample_weight, mask).coefficients
        ),
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
    "reduction-4": Exercise(
        _of_samples,
        (
            (
                lambda y_true, y_pred: _of_samples(y_true, y_pred, np.mean),
                "Those are the means of the samples: Keras's mean of them is the number of the "
                "report. Add the positions of a sample up.",
            ),
            (
                lambda y_true, y_pred: mean_squared_error(y_true, y_pred).mean(axis=-1),
                "Those are the values, one per position. Keras would average the positions too: "
                "add them up first.",
            ),
            (
                lambda y_true, y_pred: _of_samples(y_true, y_pred).mean(),
                "That is the number that was expected. As a loss return one value per sample: "
                "Keras takes the mean, and can weigh the samples.",
            ),
            (
                lambda y_true, y_pred: _of_samples(y_true, y_pred) / len(y_true),
                "Keras divides by the batch size itself: its mean over the values, now one per "
                "sample.",
            ),
            (
                lambda y_true, y_pred: _of_samples(y_true, y_pred) * y_true.shape[-1],
                "You add the last axis up as well. A mean squared error averages it.",
            ),
            (
                lambda y_true, y_pred: _of_samples(y_true, y_pred).sum(),
                'That is reduction="sum": it adds the samples up too.',
            ),
            (
                lambda y_true, y_pred: mean_squared_error(y_true, y_pred).mean(axis=-1).sum(axis=0),
                "You add the samples up, the first axis. Keep it, and add up what comes after it.",
            ),
        ),
        cases=(_images(3, 2, 4, 2), _images(2, 3, 3, 3)),
    ),
}
