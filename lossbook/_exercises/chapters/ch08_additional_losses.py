"""The exercises of the chapter "Additional losses"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise
from lossbook.total import batch_loss, reported_loss


def _with_penalties(loss_weight=0.5, l2=0.1, l1=0.05, times=1):
    """Return a loss of 0.8 with its loss weight, and an L2 and an L1 penalty."""
    penalties = [l2 * np.sum(_KERNEL**2), l1 * np.sum(np.abs([1.0, -2.0]))]
    return batch_loss(0.8, loss_weight, [times * penalty for penalty in penalties]).value


def _batches(x, batch_size):
    """Cut rows into batches; the last one may be short."""
    return [x[i : i + batch_size] for i in range(0, len(x), batch_size)]


def _data_term(loss, kernels, trainable, strength):
    """Return the loss without the penalties of the trainable kernels."""
    paid = [np.sum(kernel**2) for kernel, pays in zip(kernels, trainable, strict=True) if pays]
    return float(loss - strength * np.sum(paid))


_KERNEL = np.array([[2.0, -1.0], [0.0, 3.0]])


EXERCISES = {
    "additional-losses-1": Exercise(
        lambda: _with_penalties(),
        (
            (
                lambda: _with_penalties(l2=0.1 / 2),
                "You halve the L2 penalty. Keras's L2(0.1) is 0.1 times the sum of the squares.",
            ),
            (
                lambda: 0.5 * _with_penalties(loss_weight=1.0),
                "You multiply the penalties by the loss weight. It belongs to the output alone.",
            ),
            (
                lambda: _with_penalties(loss_weight=1.0),
                "The data term lacks its loss weight.",
            ),
            (
                lambda: _with_penalties(times=2),
                "You count the penalties of both batches. The batches are averaged, not added.",
            ),
            (
                lambda: _with_penalties(times=1 / 6),
                "You divide the penalties by the 6 rows. Keras divides them by nothing.",
            ),
            (
                lambda: _with_penalties(times=0),
                "That is the data term alone. Both penalties are in what evaluate prints.",
            ),
            (
                lambda: _with_penalties(l1=0),
                "The bias has a penalty too.",
            ),
            (
                lambda: _with_penalties(l1=0.05 * 5 / 3),
                "You square the bias. L1 is the sum of the absolute values, 3.",
            ),
            (
                lambda: _with_penalties(l2=0.1 * 6 / 14),
                "You add the absolute values of the kernel. L2 is the sum of the squares, 14.",
            ),
            (
                lambda: _with_penalties(l1=-0.05 / 3),
                "1 and -2 add up to -1: L1 takes the absolute values first.",
            ),
        ),
    ),
    "additional-losses-2": Exercise(
        lambda values, sample_weight, kernel, strength: (
            batch_loss(np.mean(sample_weight * values), None, [strength * np.sum(kernel**2)]).value
        ),
        (
            (
                lambda values, weight, kernel, strength: np.mean(weight * values),
                "That is the data term alone. Where is the penalty?",
            ),
            (
                lambda values, weight, kernel, strength: np.mean(
                    weight * (values + strength * np.sum(kernel**2))
                ),
                "You weigh the penalty too. Sample weights touch the data term only.",
            ),
            (
                lambda values, weight, kernel, strength: (
                    np.sum(weight * values) / weight.sum() + strength * np.sum(kernel**2)
                ),
                "The penalty is right. The default reduction divides by the number of values.",
            ),
            (
                lambda values, weight, kernel, strength: (
                    np.mean(weight * values) + strength * np.sum(kernel**2) / 2
                ),
                "You halve the penalty. Keras's L2 is the strength times the sum of the squares.",
            ),
            (
                lambda values, weight, kernel, strength: (
                    np.mean(weight * values) + strength * np.mean(kernel**2)
                ),
                "You average the squares of the kernel. L2 adds them up.",
            ),
            (
                lambda values, weight, kernel, strength: (
                    (np.sum(weight * values) + strength * np.sum(kernel**2)) / len(values)
                ),
                "You divide the penalty by the batch size. It is added undivided.",
            ),
        ),
        cases=((np.array([0.5, 2.0, 1.0]), np.array([2.0, 0.5, 3.0]), _KERNEL, 0.25),),
        made_from=lambda values, sample_weight, kernel, strength: {
            "values": values,
            "sample_weight": sample_weight,
            "additional": strength * np.sum(kernel**2),
        },
        see="the chapter Weights",
    ),
    "additional-losses-3": Exercise(
        lambda penalties, batch_size: (
            reported_loss(
                [batch.sum() for batch in _batches(penalties, batch_size)],
                [len(batch) for batch in _batches(penalties, batch_size)],
            ).value
        ),
        (
            (
                lambda penalties, batch_size: float(penalties.mean()),
                "That is the mean over the rows. Within a batch a vector is summed.",
            ),
            (
                lambda penalties, batch_size: float(penalties.sum()),
                "That is the sum over all rows. The batches are averaged.",
            ),
            (
                lambda penalties, batch_size: float(
                    np.mean([batch.sum() for batch in _batches(penalties, batch_size)])
                ),
                "You count every batch alike. A batch counts with its number of rows.",
            ),
            (
                lambda penalties, batch_size: float(penalties.mean() * batch_size),
                "Right for full batches only. The last batch is short.",
            ),
            (
                lambda penalties, batch_size: float(penalties[:batch_size].sum()),
                "That is the first batch alone. evaluate averages all of them.",
            ),
        ),
        cases=((np.array([1.0, 2.0, 4.0, 8.0, 3.0]), 2), (np.array([5.0, 1.0, 0.5, 2.0]), 3)),
    ),
    "additional-losses-4": Exercise(
        _data_term,
        (
            (
                lambda loss, kernels, trainable, strength: _data_term(
                    loss, kernels, np.ones(len(kernels)), strength
                ),
                "That is the number of the report: you take away the penalty of the frozen layer, "
                "which is not in the loss.",
            ),
            (
                lambda loss, kernels, trainable, strength: _data_term(
                    loss, kernels, [not pays for pays in trainable], strength
                ),
                "It is the other way round: the frozen layer pays nothing, the trainable ones do.",
            ),
            (
                lambda loss, kernels, trainable, strength: float(loss),
                "That is the loss as it was. The penalty of the trainable layers is in it.",
            ),
            (
                lambda loss, kernels, trainable, strength: _data_term(
                    loss, kernels, trainable, strength / 2
                ),
                "You halve the penalty. Keras's L2 is the strength times the sum of the squares.",
            ),
            (
                lambda loss, kernels, trainable, strength: _data_term(
                    loss, [kernel / np.sqrt(kernel.size) for kernel in kernels], trainable, strength
                ),
                "You average the squares of a kernel. L2 adds them up.",
            ),
            (
                lambda loss, kernels, trainable, strength: _data_term(
                    loss, [np.sqrt(np.abs(kernel)) for kernel in kernels], trainable, strength
                ),
                "Those are absolute values: L1. L2 adds the squares up.",
            ),
            (
                lambda loss, kernels, trainable, strength: float(
                    loss - _data_term(loss, kernels, trainable, strength)
                ),
                "That is the penalty itself. Take it away from the loss.",
            ),
        ),
        cases=(
            (2.0, np.stack([_KERNEL, _KERNEL / 2 + 1]), np.array([False, True]), 0.05),
            (9.0, np.stack([_KERNEL, _KERNEL - 2, 1.5 - _KERNEL]), np.array([1, 0, 1]) == 1, 0.25),
        ),
    ),
}
