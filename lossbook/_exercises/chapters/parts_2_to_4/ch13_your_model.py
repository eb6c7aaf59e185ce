"""The exercises of the chapter "Your own model: explain, audit, identify"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_VALUES = np.array([[0.5, 2.0, 1.0], [3.0, 0.25, 4.0]])
_WEIGHTS = np.array([[1.0], [3.0]])
_MASKS = np.array([[[1, 1, 0], [1, 0, 0]], [[1, 1, 1], [1, 1, 0]]]).astype(bool)


@exercise("your-model-1")
def your_model_1():
    """The losses of the classes themselves, from what each adds to the loss."""
    parts, counts = np.array([0.42, 0.12, 0.09]), np.array([70, 24, 6])
    mistakes = {
        "Those are shares of the loss. A class's own loss is its part / its coefficients.": (
            parts / parts.sum()
        ),
        "A coefficient is 1/100: the coefficients of a class add up to its count / 100.": (
            parts / counts
        ),
        "The wrong way round: divide a part by the share of its coefficients.": (
            parts * counts / 100
        ),
        "That would be right if every class had a third of the pixels.": parts * 3,
        "Those are the parts themselves: what each class adds to this number.": parts,
    }
    return Answers(parts * 100 / counts, mistakes)


@exercise("your-model-2")
def your_model_2():
    """The factor with which a penalty is a tenth of the loss of the data."""
    data, penalty, factor = 0.5, 1.25, 0.05
    with_penalty = factor / 10 * (data + penalty) / penalty
    inverted = factor / 10 * penalty / data
    mistakes = {
        "With that the penalty is as large as the loss of the data. A tenth is asked for.": (
            factor * data / penalty
        ),
        "A tenth of the factor makes a tenth of the penalty: 0.125, a quarter of the data.": (
            factor / 10
        ),
        "The loss of the data is 0.5: the 1.75 has the penalty in it.": with_penalty,
        "The penalty is the 1.25. It is two and a half times the loss of the data.": inverted,
    }
    return Answers(factor / 10 * data / penalty, mistakes)


@exercise(
    "your-model-3",
    cases=tuple((_VALUES, _WEIGHTS, mask) for mask in _MASKS),
    see="the chapter Masks",
)
def your_model_3(values, weights, mask):
    """What each sample adds to a loss with weights and a mask."""
    kept, sums = np.sum(mask), np.sum(values * weights * mask, axis=-1)
    unmasked = np.sum(values * weights, axis=-1) / kept
    mistakes = {
        "That divides by all positions; a mask leaves those that it keeps.": sums / mask.size,
        "Those are the samples alone. In the loss they share the denominator of the batch.": (
            sums / np.sum(mask, axis=-1)
        ),
        "Keras divides by the number of kept positions, not by their weight.": (
            sums / np.sum(weights * mask)
        ),
        "The weights are missing.": np.sum(values * mask, axis=-1) / kept,
        "Padding is still in the sums.": unmasked,
    }
    rows = np.eye(len(values))[..., None]  # for the number of a sample the others have no value
    identify_with = tuple(
        {"values": values * row, "sample_weight": weights, "mask": mask} for row in rows
    )
    return Answers(sums / kept, mistakes, identify_with)


@exercise("your-model-4", see="the chapter Masks")
def your_model_4():
    """The loss of a model whose mask and weights are mended."""
    x = np.array([[1, 2, 1, 2], [3, 1, 0, 0], [4, 0, 0, 0], [2, 3, 4, 0]])
    values, mask, of_steps = np.abs(2 * x - 0.5), x > 0, np.array([1.0, 1.0, 2.0, 4.0])
    weights = np.broadcast_to(of_steps[:, None], x.shape)
    total = np.sum(values * weights * mask)
    mask_alone = np.sum(values * of_steps * mask) / 10
    weights_alone = np.mean(values * weights)
    unweighted = np.sum(values * mask) / 10
    mistakes = {
        "That is what was printed: padding counts, and the weights act on the steps.": (
            np.mean(values * of_steps)
        ),
        "The mask is mended. The weights (4,) still act on the steps. See Weights.": mask_alone,
        "The weights are mended. Padding still counts: `* 2.0` drops the mask. See Masks.": (
            weights_alone
        ),
        "Padding has left the sum, but not the denominator: 10 of 16 steps are kept.": total / 16,
        "You divide by the sum of the weights, 20. Keras divides by the kept steps, 10.": (
            total / np.sum(weights * mask)
        ),
        "The weights are missing: the steps of the last sequence count four times.": unweighted,
    }
    return Answers(total / 10, mistakes, {"values": values, "sample_weight": weights, "mask": mask})
