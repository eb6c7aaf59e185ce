"""The class that the loss forgot: a rare class, how much of it is found, and what its weight does.

An image as in chapter 1: every pixel is named with certainty, and right, but for what is missed of
one class. Its pixels have a weight, all others 1.
"""

import numpy as np

import lossbook as lb
from tools.sphinx_extensions.islands import fill

RIGHT, WRONG = 0.9966, 0.95  # probability of the class that is named
CLASSES, PIXELS = 5, 100_000
START = {"share": 1.1, "found": 23, "weight": 1}  # percent, percent


def numbers(share, found, weight):
    """Return the loss, the IoU, the class's share of the coefficients and of the loss."""
    rare = round(share * PIXELS / 100)
    seen = round(rare * found / 100)
    # Pixels of the class that are found, that are missed, all others.
    counts = np.array([seen, rare - seen, PIXELS - rare])
    kinds = np.repeat(np.arange(3), counts)
    true = np.eye(CLASSES)[[4, 4, 0]]
    named = np.eye(CLASSES)[[4, 0, 0]]
    sure = np.array([RIGHT, WRONG, RIGHT])[:, None]
    guess = np.where(named, sure, 1 - sure)
    weights = np.array([weight, weight, 1.0])
    values = lb.elementwise.binary_crossentropy(true, guess).mean(-1)[kinds]
    a = lb.aggregate(values[None], weights[kinds][None])
    coefficients, contributions = a.coefficients[0], a.coefficients[0] * values
    of_class, missed = kinds < 2, kinds == 1
    return {
        "loss": float(a.total),
        "iou": seen / rare,
        "coefficients": float(coefficients[of_class].sum() / coefficients.sum()),
        "missed": float(contributions[missed].sum() / a.total),
    }


def html():
    states = {
        "all of it is found": (1.1, 100, 1),
        "23 % of it": (1.1, 23, 1),
        "nothing": (1.1, 0, 1),
        "nothing, weight 90": (1.1, 0, 90),
    }
    table = {name: numbers(*state) for name, state in states.items()}
    return fill("forgotten", start=START, now=numbers(**START), table=table)
