"""The exercises of the chapter "Masks"."""

import math

import numpy as np

from lossbook._core import keras
from lossbook._exercises.checking.exercise import Answers, AnyOf, exercise
from lossbook.reduction import mask_weight, reduce_weighted_values

_STEPS = np.array([[4.0, 1.0, 3.0], [2.0, 7.0, 7.0]])
_KEPT = np.array([[True, True, True], [True, False, False]])
_COLUMNS = np.array([[True, False], [True, False], [True, True]])

_THREE = np.array([[4.0, 1.0, 3.0, 2.0], [2.0, 7.0, 5.0, 9.0], [6.0, 8.0, 5.0, 3.0]])
_OF_THREE = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
_WEIGHT = np.array([[1.0, 2.0, 0.0, 1.5], [0.5, 1.0, 1.0, 3.0], [2.5, 1.0, 2.0, 0.5]])

_FRAMES = np.array([[5, 8, 10, 3], [10, 6, 0, 0]], dtype="float32")
_PREDICTED = np.array([[4, 6, 9, 8], [8, 0, 5, 2]], dtype="float32")

_PADDING_IN_SUM = "The mask is in the denominator, but the padding is still in the sum."


def _divided(total, denominator, empty=0.0):
    return float(total / denominator) if denominator else empty


def _mean_of_rows(total, mask):
    """Return the mean of the means of the rows, from what each value adds."""
    rows = zip(total.sum(axis=-1), mask.sum(axis=-1), strict=True)
    return float(np.mean([_divided(*row) for row in rows]))


@exercise("masks-1")
def masks_1():
    """The mean of six steps with a mask, with the same as weights, with neither."""
    masked, mean = _STEPS * _KEPT, _STEPS.mean()
    by_kept, by_all = masked.sum() / _KEPT.sum(), masked.mean()
    by_rows = _mean_of_rows(masked, _KEPT)
    mistakes = {
        "Weights of 0 leave the sum, but Keras still divides by all six steps.": (
            (by_kept, by_kept, mean)
        ),
        "With a mask Keras divides by the four steps that are kept.": (by_all, by_all, mean),
        "The first two are swapped: it is the mask that changes the denominator.": (
            (by_all, by_kept, mean)
        ),
        "The first averages each row by itself. Keras divides once, by all kept steps of "
        "the batch.": (by_rows, by_all, mean),
        "With neither, all six steps count: the padding's 7 and 7 too.": (by_kept, by_all, by_kept),
    }
    identify_with = (
        {"values": _STEPS, "mask": _KEPT},
        {"values": _STEPS, "sample_weight": _KEPT.astype("float64")},
        {"values": _STEPS},
    )
    return Answers((by_kept, by_all, mean), mistakes, identify_with)


@exercise(
    "masks-2",
    cases=((_THREE, _OF_THREE, _WEIGHT), (_THREE, np.zeros_like(_OF_THREE), _WEIGHT)),
)
def masks_2(values, mask, sample_weight):
    """The loss with mask and weights, of a batch that may be empty."""
    kept, weights = mask.sum(), (mask * sample_weight).sum()
    weighted = values * mask * sample_weight
    total = weighted.sum()
    not_0 = _divided(total, kept, empty=math.nan)
    by_weights = AnyOf(_divided(total, weights, empty) for empty in (0.0, math.nan))
    unmasked = _divided((values * sample_weight).sum(), kept)
    unweighted = _divided((values * mask).sum(), kept)
    mistakes = {
        "Right, but for a batch without a single step to keep: Keras gives 0.0 there.": not_0,
        "You divide by the sum of the weights. Keras divides by the number of kept steps.": (
            by_weights
        ),
        "You divide by all steps. With a mask Keras divides by the kept ones.": weighted.mean(),
        _PADDING_IN_SUM: unmasked,
        "The sample weights are missing: they multiply the values, as the mask does.": unweighted,
        "You average each row by itself. Keras divides once, by all kept steps of the "
        "batch.": _mean_of_rows(weighted, mask),
    }
    identify_with = {"values": values, "sample_weight": sample_weight, "mask": mask}
    return Answers(reduce_weighted_values(**identify_with).value, mistakes, identify_with)


@exercise("masks-3", cases=((_KEPT,), (_COLUMNS,)))
def masks_3(mask):
    """The weights that do what a mask does."""
    by_row = mask / mask.mean(axis=-1, keepdims=True)
    mistakes = {
        "Those drop the padding, but Keras still divides by all steps: multiply by "
        "total / valid.": mask.astype("float64"),
        "Those are the coefficients. Keras divides by all steps by itself: multiply by "
        "the total.": mask / mask.sum(),
        "Upside down: a kept step weighs total / valid, more than 1.": mask * mask.mean(),
        "The padding has the same weight as the rest. It weighs 0.": (
            np.full(mask.shape, mask.size / mask.sum())
        ),
        "You count each row by itself. Keras divides once, by all kept steps of the batch.": by_row,
    }
    return Answers(mask_weight(mask).value, mistakes)


@exercise("masks-4", cases=((_FRAMES, _PREDICTED), (_FRAMES[:, 1:], _PREDICTED[::-1, 1:])))
def masks_4(y_true, y_pred):
    """The mean absolute error of sequences that are padded with 0."""
    errors, mask = np.abs(y_true - y_pred), y_true != 0
    masked = errors * mask
    upside_down = errors[~mask].mean() if not mask.all() else 0.0
    mistakes = {
        "That is the number of the report: the padding costs nothing, but its steps are "
        "still in the denominator.": masked.mean(),
        "Nothing is masked: the padding counts in full.": errors.mean(),
        _PADDING_IN_SUM: errors.sum() / mask.sum(),
        "You average each sequence by itself. Keras divides once, by all kept steps of "
        "the batch.": _mean_of_rows(masked, mask),
        "You take the mask from the predictions. Padding is where the target is 0.": (
            errors[y_pred != 0].mean()
        ),
        "That is the loss of the padding: the mask is upside down. True means keep.": upside_down,
        "Those are the losses of the steps, with 0 under the padding. Keras would take "
        "the mean over all steps of them. Divide by the kept ones yourself.": masked,
    }
    return Answers(masked.sum() / mask.sum(), mistakes, {"values": errors, "mask": mask})


def _with_layer(layer):
    """Return the loss of the mended model, and the same with other targets under the padding."""
    sounds = np.array([[3, 1, 2, 4], [2, 3, 0, 0]])
    table = np.array([[2.5], [3.0], [4.5], [2.0], [4.0]])
    inputs = keras.Input((4,))
    embedded = keras.layers.Embedding(5, 1, weights=[table], mask_zero=True)(inputs)
    model = keras.Model(inputs, layer(embedded))
    model.compile(loss="mae", run_eagerly=True)
    under = [np.where(sounds == 0, target, _FRAMES)[..., None] for target in (0.0, 9.0)]
    return tuple(model.evaluate(sounds, frames, verbose=0) for frames in under)


@exercise("masks-5", measure=_with_layer)
def masks_5():
    """Two losses of a model that doubles its embedding and keeps the mask."""
    kept = _FRAMES != 0
    predicted = np.array([[4, 6, 9, 8], [9, 4, 5, 5]])

    def losses(factor=1.0, padding=1.0, count=None):
        """Return both losses of scaled predictions; the mask is lost unless `count` has one."""
        scaled = predicted * np.where(kept, factor, factor * padding)
        both = (np.abs(np.where(kept, _FRAMES, target) - scaled) for target in (0.0, 9.0))
        return tuple(float(np.mean(error if count is None else error[count])) for error in both)

    mistakes = {
        "The numbers are doubled, but the mask is lost: with other targets under the padding "
        "the loss is another one.": losses(),
        "The mask is kept, but nothing is doubled.": losses(0.5, count=kept),
        "The mask is lost, and nothing is doubled.": losses(0.5),
        "The mask is kept, but the numbers are halved. They should be doubled.": (
            losses(0.25, count=kept)
        ),
        "The mask is kept, but the numbers are doubled twice.": losses(2.0, count=kept),
        "The mask is upside down: only the padding counts.": losses(count=~kept),
        "You set the padding to 0 yourself. The mask is lost all the same: the padded steps are "
        "still in the denominator.": losses(padding=0.0),
    }
    return Answers(losses(count=kept), mistakes)
