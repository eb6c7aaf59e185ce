"""The exercises of the chapter "Additional losses"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise
from lossbook.total import batch_loss, reported_loss

_KERNEL = np.array([[2.0, -1.0], [0.0, 3.0]])

_HALVED = "You halve the penalty. Keras's L2 is the strength times the sum of the squares."


@exercise("additional-losses-1")
def additional_losses_1():
    """What evaluate prints of a layer with an L2 and an L1 penalty."""

    def loss(of_output=0.8, loss_weight=0.5, l2=0.1, l1=0.05, times=1.0):
        penalties = l2 * np.sum(_KERNEL**2), l1 * np.sum(np.abs([1.0, -2.0]))
        return batch_loss(of_output, loss_weight, [times * p for p in penalties]).value

    all_weighted = 0.5 * loss(loss_weight=1.0)
    signed_bias = loss(l1=-0.05 / 3)  # 1 - 2 instead of 1 + 2
    mistakes = {
        "You halve the L2 penalty. Keras's L2(0.1) is 0.1 times the sum of the squares.": (
            loss(l2=0.1 / 2)
        ),
        "You multiply the penalties by the loss weight. It belongs to the output alone.": (
            all_weighted
        ),
        "The data term lacks its loss weight.": loss(loss_weight=1.0),
        "You count the penalties of both batches. The batches are averaged, not added.": (
            loss(times=2)
        ),
        "You divide the penalties by the 6 rows. Keras divides them by nothing.": loss(times=1 / 6),
        "That is the data term alone. Both penalties are in what evaluate prints.": loss(times=0),
        "The bias has a penalty too.": loss(l1=0),
        "You square the bias. L1 is the sum of the absolute values, 3.": loss(l1=0.05 * 5 / 3),
        "You add the absolute values of the kernel. L2 is the sum of the squares, 14.": (
            loss(l2=0.1 * 6 / 14)
        ),
        "1 and -2 add up to -1: L1 takes the absolute values first.": signed_bias,
    }
    return Answers(loss(), mistakes)


@exercise(
    "additional-losses-2",
    cases=((np.array([0.5, 2.0, 1.0]), np.array([2.0, 0.5, 3.0]), _KERNEL, 0.25),),
    see="the chapter Weights",
)
def additional_losses_2(values, sample_weight, kernel, strength):
    """A weighted loss and an L2 penalty."""
    weighted, penalty = sample_weight * values, strength * np.sum(kernel**2)
    data = weighted.mean()
    by_weights = np.average(values, weights=sample_weight)
    penalty_weighted = np.mean(sample_weight * (values + penalty))
    mistakes = {
        "That is the data term alone. Where is the penalty?": data,
        "You weigh the penalty too. Sample weights touch the data term only.": penalty_weighted,
        "The penalty is right. The default reduction divides by the number of values.": (
            by_weights + penalty
        ),
        _HALVED: data + penalty / 2,
        "You average the squares of the kernel. L2 adds them up.": data + penalty / kernel.size,
        "You divide the penalty by the batch size. It is added undivided.": (
            data + penalty / len(values)
        ),
    }
    identify_with = {"values": values, "sample_weight": sample_weight, "additional": penalty}
    return Answers(batch_loss(data, None, [penalty]).value, mistakes, identify_with)


@exercise(
    "additional-losses-3",
    cases=((np.array([1.0, 2.0, 4.0, 8.0, 3.0]), 2), (np.array([5.0, 1.0, 0.5, 2.0]), 3)),
)
def additional_losses_3(penalties, batch_size):
    """What evaluate reports of a vector that is passed to add_loss."""
    batches = [penalties[i : i + batch_size] for i in range(0, len(penalties), batch_size)]
    sums = [batch.sum() for batch in batches]
    mistakes = {
        "That is the mean over the rows. Within a batch a vector is summed.": penalties.mean(),
        "That is the sum over all rows. The batches are averaged.": penalties.sum(),
        "You count every batch alike. A batch counts with its number of rows.": np.mean(sums),
        "Right for full batches only. The last batch is short.": penalties.mean() * batch_size,
        "That is the first batch alone. evaluate averages all of them.": sums[0],
    }
    return Answers(reported_loss(sums, [len(batch) for batch in batches]).value, mistakes)


@exercise(
    "additional-losses-4",
    cases=(
        (2.0, np.stack([_KERNEL, _KERNEL / 2 + 1]), np.array([False, True]), 0.05),
        (9.0, np.stack([_KERNEL, _KERNEL - 2, 1.5 - _KERNEL]), np.array([1, 0, 1]) == 1, 0.25),
    ),
)
def additional_losses_4(loss, kernels, trainable, strength):
    """The data term of a loss, of a model with a frozen layer."""
    penalties = strength * np.array([np.sum(kernel**2) for kernel in kernels])
    penalty = penalties[trainable].sum()
    absolute = strength * np.abs(kernels[trainable]).sum()
    of_frozen = penalties[~trainable].sum()
    mistakes = {
        "That is the number of the report: you take away the penalty of the frozen layer, "
        "which is not in the loss.": loss - penalties.sum(),
        "It is the other way round: the frozen layer pays nothing, the trainable ones do.": (
            loss - of_frozen
        ),
        "That is the loss as it was. The penalty of the trainable layers is in it.": loss,
        _HALVED: loss - penalty / 2,
        "You average the squares of a kernel. L2 adds them up.": loss - penalty / kernels[0].size,
        "Those are absolute values: L1. L2 adds the squares up.": loss - absolute,
        "That is the penalty itself. Take it away from the loss.": penalty,
    }
    return Answers(loss - penalty, mistakes)
