"""The exercises of the chapter "Masks"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Exercise
from lossbook.reduction import mask_weight, reduce_weighted_values


def _masked(values, mask, weight=1.0, by="valid", empty=0.0):
    """Return a weighted and masked loss, with a denominator of one's choice."""
    denominator = {"valid": mask.sum(), "all": mask.size, "weight": (mask * weight).sum()}[by]
    return float((values * mask * weight).sum() / denominator) if denominator else empty


def _masked_rows(values, mask, weight=1.0):
    """Return the mean of the masked means of the rows."""
    rows = np.broadcast_arrays(values, mask, weight)
    return float(np.mean([_masked(*row) for row in zip(*rows, strict=True)]))


def _padded(y_true, y_pred):
    """Return the absolute errors, and the mask that the targets tell: 0 is padding."""
    return np.abs(y_true - y_pred), y_true != 0


_STEPS = np.array([[4.0, 1.0, 3.0], [2.0, 7.0, 7.0]])


_KEPT = np.array([[True, True, True], [True, False, False]])


_THREE = np.array([[4.0, 1.0, 3.0, 2.0], [2.0, 7.0, 5.0, 9.0], [6.0, 8.0, 5.0, 3.0]])


_OF_THREE = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)


_WEIGHT = np.array([[1.0, 2.0, 0.0, 1.5], [0.5, 1.0, 1.0, 3.0], [2.5, 1.0, 2.0, 0.5]])


_FRAMES = np.array([[5, 8, 10, 3], [10, 6, 0, 0]], dtype="float32")


_PREDICTED = np.array([[4, 6, 9, 8], [8, 0, 5, 2]], dtype="float32")


EXERCISES = {
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
            (
                lambda: (
                    _masked(_STEPS, _KEPT),
                    _masked(_STEPS, _KEPT, by="all"),
                    _masked(_STEPS, _KEPT),
                ),
                "With neither, all six steps count: the padding's 7 and 7 too.",
            ),
        ),
        made_from=lambda: (
            {"values": _STEPS, "mask": _KEPT},
            {"values": _STEPS, "sample_weight": _KEPT.astype("float64")},
            {"values": _STEPS},
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
                lambda values, mask, weight: (
                    float((values * weight).sum() / mask.sum()) if mask.any() else 0.0
                ),
                "The mask is in the denominator, but the padding is still in the sum.",
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
        cases=((_THREE, _OF_THREE, _WEIGHT), (_THREE, np.zeros_like(_OF_THREE), _WEIGHT)),
        made_from=lambda values, mask, sample_weight: {
            "values": values,
            "sample_weight": sample_weight,
            "mask": mask,
        },
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
    "masks-4": Exercise(
        lambda y_true, y_pred: _masked(*_padded(y_true, y_pred)),
        (
            (
                lambda y_true, y_pred: _masked(*_padded(y_true, y_pred), by="all"),
                "That is the number of the report: the padding costs nothing, but its steps are "
                "still in the denominator.",
            ),
            (
                lambda y_true, y_pred: float(np.abs(y_true - y_pred).mean()),
                "Nothing is masked: the padding counts in full.",
            ),
            (
                lambda y_true, y_pred: float(np.abs(y_true - y_pred).sum() / (y_true != 0).sum()),
                "The mask is in the denominator, but the padding is still in the sum.",
            ),
            (
                lambda y_true, y_pred: _masked_rows(*_padded(y_true, y_pred)),
                "You average each sequence by itself. Keras divides once, by all kept steps of "
                "the batch.",
            ),
            (
                lambda y_true, y_pred: _masked(np.abs(y_true - y_pred), y_pred != 0),
                "You take the mask from the predictions. Padding is where the target is 0.",
            ),
            (
                lambda y_true, y_pred: _masked(np.abs(y_true - y_pred), y_true == 0),
                "That is the loss of the padding: the mask is upside down. True means keep.",
            ),
            (
                lambda y_true, y_pred: np.abs(y_true - y_pred) * (y_true != 0),
                "Those are the losses of the steps, with 0 under the padding. Keras would take "
                "the mean over all steps of them. Divide by the kept ones yourself.",
            ),
        ),
        cases=((_FRAMES, _PREDICTED), (_FRAMES[:, 1:], _PREDICTED[::-1, 1:])),
        made_from=lambda y_true, y_pred: dict(
            zip(("values", "mask"), _padded(y_true, y_pred), strict=True)
        ),
    ),
}
