"""The exercises of the chapters: for each its right answer, and what known wrong answers mean.

The questions themselves stand in the chapters. Here the answers are computed, never listed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook.elementwise import (
    binary_crossentropy,
    categorical_crossentropy,
    smooth_labels,
)
from lossbook.reduction import class_axis, mask_weight, reduce_weighted_values


@dataclass(frozen=True)
class Exercise:
    """One exercise: either a value is asked for, or a function.

    Attributes:
        expected: computes the right answer, from the arguments of a case.
        mistakes: pairs of a function that errs in a known way, and what to tell who errs so.
        cases: the arguments that a function is tried on, chosen so that the mistakes give something
            else than `expected`. An exercise that asks for a value has one case without arguments.
    """

    expected: Callable[..., Any]
    mistakes: tuple[tuple[Callable[..., Any], str], ...] = ()
    cases: tuple[tuple, ...] = ((),)

    @property
    def asks_for_function(self):
        """Whether the answer is a function."""
        return self.cases != ((),)


def _binary(y_true, y_pred, low=None, high=None, dtype=None):
    """Binary crossentropy with another clip than Keras's, or with none."""
    p = np.asarray(y_pred, dtype=dtype)
    if low is not None or high is not None:
        p = np.clip(p, low, high)
    return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))


def _categorical(y_true, y_pred, normalise=True, over=np.sum):
    """Categorical crossentropy with another class axis than Keras's."""
    p = y_pred / y_pred.sum(axis=-1, keepdims=True) if normalise else y_pred
    return over(-y_true * np.log(np.clip(p, 1e-7, 1 - 1e-7)), axis=-1)


def _spotted_image(elsewhere=0.02, spot=1.0, share=0.01, classes=5):
    """Return the mean of each class; in one of them `share` of the pixels cost `spot`."""
    return np.array([elsewhere] * (classes - 1) + [share * spot + (1 - share) * elsewhere])


def _from_logits(y_true, logits):
    """Binary crossentropy from logits; a plain function, for the names of its arguments."""
    return binary_crossentropy(y_true, logits, from_logits=True)


def _sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def _smoothed(smoothing=0.2, classes=4):
    """Return the smoothed target of one class among several."""
    return smooth_labels(np.eye(classes)[0], smoothing, classes)


def _undecided(reduce_binary=np.mean, reduce_categorical=np.sum, classes=5):
    """Return categorical and binary crossentropy of a uniform prediction."""
    y_true, y_pred = np.eye(classes)[0], np.full(classes, 1 / classes)
    categorical = reduce_categorical(categorical_crossentropy(y_true, y_pred))
    return float(categorical), float(reduce_binary(binary_crossentropy(y_true, y_pred)))


def _four_weighted(*denominators):
    """Return the weighted sum of four losses, divided by each of the denominators."""
    losses, weight = np.array([0.5, 1.0, 2.0, 4.0]), np.array([4.0, 1.0, 0.0, 0.0])
    return tuple(float(np.sum(weight * losses)) / d for d in denominators)


def _weight_map(labels, class_weights):
    """Look up the weight of the class of every position."""
    return np.asarray(class_weights, dtype="float64")[labels]


def _masked(values, mask, weight=1.0, by="valid", empty=0.0):
    """Return a weighted and masked loss, with a denominator of one's choice."""
    denominator = {"valid": mask.sum(), "all": mask.size, "weight": (mask * weight).sum()}[by]
    return float((values * mask * weight).sum() / denominator) if denominator else empty


def _masked_rows(values, mask, weight=1.0):
    """Return the mean of the masked means of the rows."""
    rows = np.broadcast_arrays(values, mask, weight)
    return float(np.mean([_masked(*row) for row in zip(*rows, strict=True)]))


def _three_reductions(default_by=4, weighted_by=8, weight=((3, 3), (1, 1))):
    """Return the default reduction, mean_with_sample_weight and sum of four values."""
    total = float(np.sum(np.array([[4, 2], [1, 6]]) * weight))
    return total / default_by, total / weighted_by, total


_BATCH = (4, 256, 256, 5)
_LABELS = np.array([[1, 0, 1, 0, 0.25]], dtype="float32")
_PROBABILITIES = np.array([[0, 1, 2e-7, 0.125, 0.5]], dtype="float32")
_LOGIT_LABELS = np.array([[1, 0, 1, 0, 0.25]], dtype="float32")
_LOGITS = np.array([[-40, 100, 200, -200, 0.5]], dtype="float32")
_ONE_HOT = np.array([[0, 1, 0], [0.5, 0.25, 0.25]], dtype="float32")
_SCORES = np.array([[0.25, 1, 0.75], [0, 0.5, 0.5]], dtype="float32")
_MAP_LABELS = np.array([[[0, 0, 1], [0, 2, 2]], [[0, 0, 0], [0, 1, 0]]])
_CLASS_WEIGHTS = np.array([1.0, 2.0, 5.0])
_STEPS = np.array([[4.0, 1.0, 3.0], [2.0, 7.0, 7.0]])
_KEPT = np.array([[True, True, True], [True, False, False]])
_STEP_WEIGHT = np.array([[1.0, 2.0, 0.0], [0.5, 1.0, 4.0]])
_SEGMENTED = (16, 128, 128, 3)

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
    "elementwise-1": Exercise(
        binary_crossentropy,
        (
            (
                lambda y_true, y_pred: _binary(y_true, y_pred),
                "Nothing is clipped: a probability of exactly 0 or 1 gives infinity or NaN.",
            ),
            (
                lambda y_true, y_pred: _binary(y_true, y_pred, 1e-7, 1 - 1e-7, dtype="float64"),
                "You clip in float64. Keras clips in float32, which has no number nearer to "
                "1 - 1e-7 than 0.99999988.",
            ),
            (
                lambda y_true, y_pred: (
                    -(y_true * np.log(y_pred + 1e-7) + (1 - y_true) * np.log(1 - y_pred + 1e-7))
                ),
                "You add 1e-7 inside the logarithm. Keras clips the probability instead.",
            ),
            (
                lambda y_true, y_pred: -binary_crossentropy(y_true, y_pred),
                "The sign is wrong: a loss is minus the logarithm.",
            ),
            (
                lambda y_true, y_pred: class_axis(binary_crossentropy(y_true, y_pred)).value,
                "You averaged the classes. Here every element keeps its own loss.",
            ),
            (
                lambda y_true, y_pred: binary_crossentropy(y_true, y_pred) / math.log(2),
                "Your logarithm has base 2. Keras's is the natural one.",
            ),
        ),
        cases=((_LABELS, _PROBABILITIES),),
    ),
    "elementwise-2": Exercise(
        _from_logits,
        (
            (
                lambda y_true, logits: binary_crossentropy(y_true, _sigmoid(logits)),
                "You go through the probability and clip it. Stay with the logit.",
            ),
            (
                lambda y_true, logits: _binary(y_true, _sigmoid(logits)),
                "The sigmoid rounds to exactly 0 or 1, whose logarithms are useless. Stay with the "
                "logit.",
            ),
            (
                lambda y_true, logits: np.log(1 + np.exp(logits)) - y_true * logits,
                "Right on paper, but exp(100) is infinity in float32. Only exp(-|z|) is safe.",
            ),
            (
                lambda y_true, logits: binary_crossentropy(y_true, logits),
                "You treat the logits as probabilities.",
            ),
            (
                lambda y_true, logits: -_from_logits(y_true, logits),
                "The sign is wrong: a crossentropy is never negative.",
            ),
        ),
        cases=((_LOGIT_LABELS, _LOGITS),),
    ),
    "elementwise-3": Exercise(
        lambda: float(-(_smoothed() * np.log(_smoothed())).sum()),
        (
            (
                lambda: float(categorical_crossentropy(_smoothed(), np.eye(4)[0]).sum()),
                "That is a prediction that is certain and right. Predicting the smoothed label "
                "itself costs less.",
            ),
            (
                lambda: float(-np.log(_smoothed()[0])),
                "That is the true class alone. The three others have a label above 0 as well.",
            ),
            (
                lambda: float(-(_smoothed() * np.log(_smoothed())).mean()),
                "Categorical crossentropy sums the classes, it does not average them: times 4.",
            ),
            (
                lambda: float(-(0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 3))),
                "You gave all of 0.2 to the three others. The true class keeps its quarter of it.",
            ),
            (
                lambda: float(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1))),
                "That is the smoothing of binary crossentropy, which always counts 2 classes.",
            ),
        ),
    ),
    "class-axis-1": Exercise(
        lambda: (8, 32, 32, 5)[:-1],
        (
            (lambda: (8,), "One value per sample? Only the last axis goes, the positions stay."),
            (lambda: (8, 32, 32, 5), "That is the elementwise loss. Its last axis is averaged."),
            (lambda: (32, 32, 5), "The first axis is the batch. It is the last one that goes."),
            (lambda: (), "The scalar comes later, with the reduction."),
            (lambda: (8, 32, 32, 1), "Right numbers, but Keras keeps no axis of length 1 here."),
        ),
    ),
    "class-axis-2": Exercise(
        lambda y_true, y_pred: class_axis(categorical_crossentropy(y_true, y_pred), "sum").value,
        (
            (
                lambda y_true, y_pred: _categorical(y_true, y_pred, over=np.mean),
                "You average the classes. Categorical crossentropy sums them.",
            ),
            (
                lambda y_true, y_pred: _categorical(y_true, y_pred, normalise=False),
                "Keras first divides y_pred by its sum over the classes.",
            ),
            (
                lambda y_true, y_pred: categorical_crossentropy(y_true, y_pred),
                "That is the elementwise loss. Sum it over the last axis.",
            ),
            (
                lambda y_true, y_pred: categorical_crossentropy(y_true, y_pred).sum(),
                "You summed everything. Sum over the last axis alone.",
            ),
        ),
        cases=((_ONE_HOT, _SCORES),),
    ),
    "class-axis-3": Exercise(
        _undecided,
        (
            (
                lambda: _undecided(reduce_binary=np.sum),
                "The second is a sum; binary crossentropy averages the 5 classes: divide by 5.",
            ),
            (
                lambda: _undecided(reduce_categorical=np.mean),
                "The first is a mean; categorical crossentropy sums the 5 classes.",
            ),
            (
                lambda: _undecided()[::-1],
                "The two are swapped: first categorical, then binary crossentropy.",
            ),
        ),
    ),
    "weights-1": Exercise(
        lambda: _four_weighted(4, 5, 2),
        (
            (
                lambda: _four_weighted(5, 5, 2),
                "The loss does not divide by the sum of the weights. It divides by the values, 4.",
            ),
            (
                lambda: _four_weighted(2, 5, 2),
                "Weights of 0 stay in the denominator of the loss. Only a mask takes them out.",
            ),
            (
                lambda: _four_weighted(5, 4, 2),
                "The first two are swapped: the loss divides by 4 values, the metric by the "
                "weights.",
            ),
            (
                lambda: _four_weighted(4, 4, 2),
                "The metric divides by the sum of the weights, not by the number of values.",
            ),
            (
                lambda: _four_weighted(4, 5, 5),
                "The mask divides by the number of values that it keeps, not by their weights.",
            ),
            (
                lambda: _four_weighted(4, 5, 4),
                "Under a mask the loss divides by the values that are kept: 2, not 4.",
            ),
        ),
    ),
    "weights-2": Exercise(
        lambda: (16, 1, 1),
        (
            (
                lambda: (16,),
                "Keras matches shapes from the last axis: 16 weights would meet 64 columns.",
            ),
            (
                lambda: (16, 1),
                "That meets the rows. The values have three axes, (16, 64, 64): one more 1.",
            ),
            (
                lambda: (16, 1, 1, 1),
                "y_pred has four axes, but the values that are weighted have lost the classes.",
            ),
            (
                lambda: (1, 1, 16),
                "The weights of the images belong to the first axis, not to the last.",
            ),
            (
                lambda: (16, 64, 64),
                "That is one weight per pixel. 16 numbers fit a shape with two lengths of 1.",
            ),
        ),
    ),
    "weights-3": Exercise(
        lambda labels, class_weights: (
            _weight_map(labels, class_weights) / _weight_map(labels, class_weights).mean()
        ),
        (
            (
                _weight_map,
                "The look-up is right. Their mean is not 1 yet: divide by the mean of the map.",
            ),
            (
                lambda labels, class_weights: _weight_map(
                    labels, class_weights / class_weights.mean()
                ),
                "You gave the class weights the mean 1. Look up first: classes differ in size.",
            ),
            (
                lambda labels, class_weights: (
                    _weight_map(labels, class_weights) / _weight_map(labels, class_weights).sum()
                ),
                "Your weights add up to 1. Keras divides by n once more; give them the mean 1.",
            ),
            (
                lambda labels, class_weights: (
                    _weight_map(labels, class_weights)
                    / _weight_map(labels, class_weights).mean(axis=-1, keepdims=True)
                ),
                "You normalise along the last axis. Take one mean over all positions.",
            ),
        ),
        cases=((_MAP_LABELS, _CLASS_WEIGHTS), (_MAP_LABELS[0], _CLASS_WEIGHTS)),
    ),
    "masks-1": Exercise(
        lambda: (_masked(_STEPS, _KEPT), _masked(_STEPS, _KEPT, by="all"), float(_STEPS.mean())),
        (
            (
                lambda: (_masked(_STEPS, _KEPT),) * 2 + (float(_STEPS.mean()),),
                "Weights of 0 leave the sum, but Keras still divides by all six steps.",
            ),
            (
                lambda: (_masked(_STEPS, _KEPT, by="all"),) * 2 + (float(_STEPS.mean()),),
                "With a mask Keras divides by the four steps that are kept.",
            ),
            (
                lambda: (
                    _masked(_STEPS, _KEPT, by="all"),
                    _masked(_STEPS, _KEPT),
                    float(_STEPS.mean()),
                ),
                "The first two are swapped: it is the mask that changes the denominator.",
            ),
            (
                lambda: (
                    _masked_rows(_STEPS, _KEPT),
                    _masked(_STEPS, _KEPT, by="all"),
                    float(_STEPS.mean()),
                ),
                "The first averages each row by itself. Keras divides once, by all kept steps of "
                "the batch.",
            ),
        ),
    ),
    "masks-2": Exercise(
        lambda values, mask, sample_weight: (
            reduce_weighted_values(values, sample_weight, mask).value
        ),
        (
            (
                lambda values, mask, weight: _masked(values, mask, weight, empty=math.nan),
                "Right, but for a batch without a single step to keep: Keras gives 0.0 there.",
            ),
            (
                lambda values, mask, weight: _masked(values, mask, weight, "weight"),
                "You divide by the sum of the weights. Keras divides by the number of kept steps.",
            ),
            (
                lambda values, mask, weight: _masked(values, mask, weight, "weight", math.nan),
                "You divide by the sum of the weights. Keras divides by the number of kept steps.",
            ),
            (
                lambda values, mask, weight: _masked(values, mask, weight, "all"),
                "You divide by all steps. With a mask Keras divides by the kept ones.",
            ),
            (
                lambda values, mask, weight: _masked(values, mask),
                "The sample weights are missing: they multiply the values, as the mask does.",
            ),
            (
                lambda values, mask, weight: _masked_rows(values, mask, weight),
                "You average each row by itself. Keras divides once, by all kept steps of the "
                "batch.",
            ),
        ),
        cases=((_STEPS, _KEPT, _STEP_WEIGHT), (_STEPS, np.zeros_like(_KEPT), _STEP_WEIGHT)),
    ),
    "masks-3": Exercise(
        lambda mask: mask_weight(mask).value,
        (
            (
                lambda mask: mask.astype("float64"),
                "Those drop the padding, but Keras still divides by all steps: multiply by "
                "total / valid.",
            ),
            (
                lambda mask: mask / mask.sum(),
                "Those are the coefficients. Keras divides by all steps by itself: multiply by "
                "the total.",
            ),
            (
                lambda mask: mask * mask.sum() / mask.size,
                "Upside down: a kept step weighs total / valid, more than 1.",
            ),
            (
                lambda mask: mask.size / mask.sum() * np.ones(mask.shape),
                "The padding has the same weight as the rest. It weighs 0.",
            ),
            (
                lambda mask: mask / mask.mean(axis=-1, keepdims=True),
                "You count each row by itself. Keras divides once, by all kept steps of the batch.",
            ),
        ),
        cases=((_KEPT,), (np.array([[True, False], [True, False], [True, True]]),)),
    ),
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
