"""The exercises of the chapter "Many outputs"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Exercise

_MASK = (8, 64, 64, 1)


def _weigh(price, kind, weight, loss_weights, of_price=False, of_kind=True):
    """Return the loss of two outputs with sample weights for one of them, both or none."""
    means = [np.mean(price * weight if of_price else price)]
    means.append(np.mean(kind * weight if of_kind else kind))
    return float(np.dot(loss_weights, means))


_HOUSES = (
    np.array([1.0, 0.0, 4.0, 9.0]),
    np.array([0.7, 0.2, 0.9, 2.3]),
    np.array([1.0, 1.0, 5.0, 1.0]),
    np.array([0.5, 2.0]),
)


EXERCISES = {
    "outputs-1": Exercise(
        lambda: 4 / math.prod(_MASK),
        (
            (
                lambda: 1 / math.prod(_MASK),
                "That is the coefficient in the output loss. The total multiplies it by the loss "
                "weight, 4.",
            ),
            (
                lambda: 4 / 4.5 / math.prod(_MASK),
                "Loss weights are factors: Keras does not divide them by their sum, 4.5.",
            ),
            (
                lambda: 4 / 2 / math.prod(_MASK),
                "You average the two outputs. Keras adds them.",
            ),
            (
                lambda: 4 / _MASK[0],
                "You divide by the batch size alone. The mean is over all pixels too.",
            ),
            (
                lambda: 4 / math.prod(_MASK[1:]),
                "You divide by the pixels of one image. The batch has 8.",
            ),
        ),
    ),
    "outputs-2": Exercise(
        lambda: 3.1 - 1.5,
        (
            (
                lambda: 3.1 - 3.6,
                "You take away the lines as they are printed: they are before the loss weights.",
            ),
            (
                lambda: 3.1 - 1.5 / 1.75,
                "You divide by the sum of the loss weights. They are factors, not shares.",
            ),
            (
                lambda: 3.1 - 1.5 / 3,
                "You average over the three outputs. Keras adds them.",
            ),
            (
                lambda: 1.5,
                "That is the part of the outputs. What is left of the loss?",
            ),
            (
                lambda: 3.1 - (0.4 / 1.0 + 1.2 / 0.5 + 2.0 / 0.25),
                "You divide the lines by their loss weights. Keras prints them unweighted: "
                "multiply.",
            ),
        ),
    ),
    "outputs-3": Exercise(
        lambda lines, shares: shares / lines,
        (
            (
                lambda lines, shares: shares,
                "Those are the shares. A loss weight multiplies the line: divide by it.",
            ),
            (
                lambda lines, shares: 1 / lines,
                "With those every output contributes 1. Where are the shares?",
            ),
            (
                lambda lines, shares: shares * lines,
                "Upside down: an output with a large line needs a small weight.",
            ),
            (
                lambda lines, shares: shares / lines / (shares / lines).sum(),
                "The balance is right, but the total is not 1: weights needn't add up to 1.",
            ),
            (
                lambda lines, shares: shares / lines * lines.sum(),
                "The balance is right, but the total stays what the lines add up to. It should "
                "be 1.",
            ),
        ),
        cases=((np.array([0.5, 8.0, 2.0]), np.array([0.5, 0.25, 0.25])),),
    ),
    "outputs-4": Exercise(
        lambda price, kind, weight, loss_weights: _weigh(price, kind, weight, loss_weights),
        (
            (
                lambda *data: _weigh(*data, of_price=True),
                "That is the report: one array of sample weights goes to every output. Leave the "
                "price as it is.",
            ),
            (
                lambda *data: _weigh(*data, of_price=True, of_kind=False),
                "You weigh the price. The weights belong to the kind.",
            ),
            (
                lambda *data: _weigh(*data, of_kind=False),
                "Nothing is weighted any more. The kind keeps its sample weights.",
            ),
            (
                lambda price, kind, weight, loss_weights: _weigh(
                    price, kind, weight / weight.mean(), loss_weights
                ),
                "You divide the kind by the sum of its weights. Keras divides by the number of "
                "values. See the chapter Weights.",
            ),
            (
                lambda price, kind, weight, loss_weights: _weigh(price, kind, weight, np.ones(2)),
                "The loss weights are missing: each multiplies the loss of its output.",
            ),
            (
                lambda *data: _weigh(*data) / np.sum(data[-1]),
                "You divide by the sum of the loss weights. They are factors, not shares.",
            ),
            (
                lambda *data: _weigh(*data) / 2,
                "You average the two outputs. Keras adds them.",
            ),
            (
                lambda price, kind, weight, loss_weights: _weigh(
                    price, kind, weight, loss_weights[::-1]
                ),
                "The loss weights are swapped: the first is that of the price.",
            ),
        ),
        cases=(_HOUSES, (*(x[1:] for x in _HOUSES[:3]), np.array([3.0, 0.25]))),
    ),
}
