"""Tensor to number: twelve losses on their way through the eight stages, until one is left."""

import json

import numpy as np

import lossbook as lb
from lossbook import total
from tools.sphinx_extensions.islands import fill

# (sample, position, class); the targets are 0, so the absolute error is the number itself.
Y_PRED = np.array([[[1, 3], [2, 0], [4, 2]], [[0, 2], [1, 1], [5, 7]]], "float64")
MASK = np.array([[1, 1, 1], [1, 1, 0]], bool)
WEIGHT = np.array([[2.0], [1.0]])  # one for each sample
LOSS_WEIGHT, OTHER_OUTPUT, PENALTY = 0.5, 0.6, 0.1
OTHER_BATCH, ROWS = 0.6, (2, 1)  # the second batch is short


def numbers():
    """Return what is left after each stage, by its name: an array or a number."""
    t = lb.trace(
        "mean_absolute_error", 0 * Y_PRED, Y_PRED, sample_weight=WEIGHT, mask=MASK, dtype="float64"
    )
    by_name = {stage.name: np.asarray(stage.value) for stage in t.stages}
    outputs = total.weighted_losses([t.total, OTHER_OUTPUT], [LOSS_WEIGHT, 1.0]).value
    batch = outputs + PENALTY
    return {
        "elementwise": by_name["elementwise"],
        "class axis": by_name["values"],
        "mask": by_name["values"] * MASK * MASK.size / MASK.sum(),
        "weights": by_name["weighted_values"],
        "reduction": t.total,
        "outputs": outputs,
        "additional losses": batch,
        "epochs": lb.epoch_loss([batch, OTHER_BATCH], ROWS),
    }


def coefficients():
    """Return the factor of the first loss after each stage, as text."""
    return ["1", "1/2", "3/5", "6/5", "1/5", "1/10", "1/10", "1/15"]


# What happens, and what it divides by.
SAID = {
    "elementwise": ("one loss for each of the 12 elements", "nothing"),
    "class axis": ("the mean of the 2 classes", "2"),
    "mask": ("one value leaves, the other five grow by 6/5", "5/6"),
    "weights": ("sample 0 counts twice; the denominator stays", "nothing"),
    "reduction": ("the sum, 16.8, divided by all 6 values", "6"),
    "outputs": ("times its loss_weight, 0.5, plus the other output, 0.6", "nothing"),
    "additional losses": ("plus a penalty of 0.1, undivided", "nothing"),
    "epochs": ("2 rows of 2.1 and a batch of 1 row of 0.6: 4.8 / 3", "3 rows"),
}


def text(x):
    return f"{x:.4g}"


def frames():
    """Return for each stage the boxes [left, top, width, height, text, class], in percent.

    They are the same in all stages: twelve losses, another output, a penalty, another batch, and
    what comes out.
    """
    left = numbers()
    found = []
    for name, value in left.items():
        boxes = []
        for sample, position, class_ in np.ndindex(Y_PRED.shape):
            place, kind = _cell(name, sample, position, class_), ""
            if np.ndim(value) > 0 or name == "elementwise":
                index = (sample, position, class_)[: np.ndim(value)]
                shown = text(value[index])
                if name in ("mask", "weights") and not MASK[sample, position]:
                    kind, shown = "gone", ""
                elif name == "weights" and sample == 0:
                    kind = "heavy"
            else:
                shown, kind = text(_first_part(name, left)), "one"
            boxes.append([*place, shown, kind])
        boxes += _others(name, value)
        found.append(boxes)
    return found


def _cell(name, sample, position, class_):
    """Return the place of a loss: its own, that of its value, or that of the one number."""
    top = 4 + 50 * sample
    if name == "elementwise":
        return [33.4 * position + 16 * class_, top, 15.2, 42]
    if name in ("class axis", "mask", "weights"):
        return [33.4 * position, top, 31.2, 42]
    start, width = {"reduction": (30, 40), "outputs": (2, 30), "epochs": (2, 40)}.get(name, (2, 26))
    return [start, 25, width, 50]


def _first_part(name, left):
    """Return what the twelve losses have become, before what joins them."""
    if name == "reduction":
        return left["reduction"]
    if name == "epochs":
        return left["additional losses"]
    return LOSS_WEIGHT * left["reduction"]


def _others(name, value):
    """Return the boxes that are no losses of this output, those out of sight where they will be."""

    def box(left, width, text, *stages, kind="other"):
        return [left, 25, width, 50, text, kind if name in stages else "away"]

    last = ("outputs", "additional losses", "epochs")
    return [
        box(34 if name == "outputs" else 30, 20, f"+ {OTHER_OUTPUT}", *last[:2]),
        box(52, 19, f"+ {PENALTY}", last[1]),
        box(44, 20, f"{OTHER_BATCH}", last[2]),
        box(72, 24, f"= {text(value)}" if name in last else "", *last, kind="result"),
    ]


def html():
    left = numbers()
    rows = [
        {
            "name": name,
            "shape": np.shape(value),
            "said": SAID[name][0],
            "by": SAID[name][1],
            "result": text(value) if np.ndim(value) == 0 else "",
            "coefficient": coefficient,
        }
        for (name, value), coefficient in zip(left.items(), coefficients(), strict=True)
    ]
    return fill("stages", rows=rows, frames=json.dumps(frames()), first=frames()[0])
