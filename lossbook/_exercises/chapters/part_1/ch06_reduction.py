"""The exercises of the chapter "Reduction"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise
from lossbook.elementwise import mean_squared_error
from lossbook.reduction import reduce_weighted_values

_WEIGHT = np.array([[2, 0, 1], [0.5, 3, 4]])
_MASK = np.array([[1, 1, 0], [1, 1, 0]], dtype=bool)


def _images(*shape):
    """Return targets and predictions."""
    rng = np.random.default_rng(shape[0])
    return tuple(rng.uniform(0, 3, shape).astype("float32") for _ in range(2))


@exercise("reduction-1")
def reduction_1():
    """The default reduction of six values, mean_with_sample_weight, and sum."""
    values, weight = np.array([[4.0, 2.0, 3.0], [1.0, 6.0, 5.0]]), np.array([[4.0], [1.0]])
    total = np.sum(weight * values)
    default, weighted_mean = total / 6, total / 15
    unweighted = values.mean(), values.mean(), values.sum()
    mistakes = {
        "The first is divided by the batch size 2. sum_over_batch_size divides by all 6 values.": (
            total / 2,
            weighted_mean,
            total,
        ),
        "The first is the weighted mean. The default divides by 6 values, whatever they weigh.": (
            weighted_mean,
            weighted_mean,
            total,
        ),
        "The second divides by the number of values. mean_with_sample_weight divides by "
        "the sum of the weights.": (default, default, total),
        "The second is divided by the batch size 2. mean_with_sample_weight divides by "
        "the sum of the weights.": (default, total / 2, total),
        "Those are the reductions without weights. Multiply each value by its weight.": unweighted,
    }
    weights = np.broadcast_to(weight, values.shape)
    identify_with = {"values": values, "sample_weight": weights}, None, None
    return Answers((default, weighted_mean, total), mistakes, identify_with)


@exercise("reduction-2", cases=((_WEIGHT, _MASK),))
def reduction_2(sample_weight, mask):
    """The coefficients of values with a mask and weights."""
    w = mask * sample_weight
    right = reduce_weighted_values(np.ones(mask.shape), sample_weight, mask).coefficients
    mistakes = {
        "You divide by all values. A mask lowers the denominator to the values it keeps.": (
            w / mask.size
        ),
        "You divide by the sum of the weights: that is mean_with_sample_weight.": w / w.sum(),
        "You divide by the number of weights that are not 0. A kept value of weight 0 "
        "still counts.": w / np.count_nonzero(w),
        "The denominator is right, but the values that the mask drops must weigh 0.": (
            sample_weight / mask.sum()
        ),
        "That is the mask alone. Where are the sample weights?": mask / mask.sum(),
    }
    return Answers(right, mistakes)


@exercise("reduction-3")
def reduction_3():
    """The learning rate for reduction="sum" that does what 0.1 did with the default."""
    shape = (16, 128, 128)
    values = math.prod(shape)
    with_classes = 0.1 / (3 * values)
    mistakes = {
        "You count the classes. The loss function has averaged them before the reduction.": (
            with_classes
        ),
        "That divides by the batch size. The default divides by all values, pixels too.": (
            0.1 / shape[0]
        ),
        "Those are the pixels of one image. The batch has 16.": 0.1 / math.prod(shape[1:]),
        "The right factor, but the wrong way: sum makes the gradients longer.": 0.1 * values,
        "With the old rate every step is 262,144 times as long. (For Adam it would do.)": 0.1,
    }
    return Answers(0.1 / values, mistakes)


@exercise("reduction-4", cases=(_images(3, 2, 4, 2), _images(2, 3, 3, 3)))
def reduction_4(y_true, y_pred):
    """One number per sample: the sum of its squared errors over the positions."""
    values = mean_squared_error(y_true, y_pred).mean(axis=-1)
    positions = tuple(range(1, values.ndim))
    right = values.sum(axis=positions)
    mistakes = {
        "Those are the means of the samples: Keras's mean of them is the number of the "
        "report. Add the positions of a sample up.": values.mean(axis=positions),
        "Those are the values, one per position. Keras would average the positions too: "
        "add them up first.": values,
        "That is the number that was expected. As a loss return one value per sample: "
        "Keras takes the mean, and can weigh the samples.": right.mean(),
        "Keras divides by the batch size itself: its mean over the values, now one per "
        "sample.": right / len(y_true),
        "You add the last axis up as well. A mean squared error averages it.": (
            right * y_true.shape[-1]
        ),
        'That is reduction="sum": it adds the samples up too.': right.sum(),
        "You add the samples up, the first axis. Keep it, and add up what comes after it.": (
            values.sum(axis=0)
        ),
    }
    return Answers(right, mistakes)
