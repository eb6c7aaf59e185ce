"""Means of means: eight sequences in two batches, as wide as their rows or their steps."""

import numpy as np

import lossbook as lb
from tools.sphinx_extensions.islands import fill

# Chapter 10's: the losses of the valid steps of eight sequences.
SEQUENCES = ([1, 2, 1, 2], [2, 1, 1, 2], [1, 3, 1, 1], [3, 1, 2], [5, 4], [9], [8], [10])
START = "AAAABBBB"  # the batch of each sequence


def numbers(batches):
    """Return for each batch its rows, steps, steps in a row, loss; both means, the covariance.

    Args:
        batches: a letter, A or B, for each of the sequences.
    """
    parts = [
        [steps for steps, name in zip(SEQUENCES, batches, strict=True) if name == letter]
        for letter in "AB"
    ]
    parts = [part for part in parts if part]
    padded = [np.array([[*row, *[0.0] * (4 - len(row))] for row in part]) for part in parts]
    masks = [np.array([[k < len(row) for k in range(4)] for row in part]) for part in parts]
    losses = [
        float(lb.aggregate(values, mask=mask).total)
        for values, mask in zip(padded, masks, strict=True)
    ]
    rows, steps = [len(part) for part in parts], [int(mask.sum()) for mask in masks]
    everything = np.concatenate(padded), np.concatenate(masks)
    share = np.array(rows) / sum(rows)
    held = np.array(steps) / rows
    mean_held, mean_loss = share @ held, share @ np.array(losses)
    covariance = share @ ((held - mean_held) * (losses - mean_loss))
    return {
        "held": held.tolist(),
        "mean_held": float(mean_held),
        "covariance": float(covariance),
        "rows": rows,
        "steps": steps,
        "losses": losses,
        "by_rows": lb.epoch_loss(losses, rows),
        "by_steps": float(lb.aggregate(everything[0], mask=everything[1]).total),
        "gap": float(-covariance / mean_held),
    }


def across(held):
    """Return the place of so many steps in a row, 1 to 4, in the picture of the covariance."""
    return 30 + 80 * (held - 1)


def down(loss):
    """Return the place of a loss, 0 to 10."""
    return 130 - 12 * loss


def html():
    now, sequences = numbers(START), [list(s) for s in SEQUENCES]
    points = [
        {"x": across(held), "y": down(loss), "name": name}
        for held, loss, name in zip(now["held"], now["losses"], "AB", strict=True)
    ]
    middle = {"x": across(now["mean_held"]), "y": down(now["by_rows"])}
    return fill("means", sequences=sequences, start=START, now=now, points=points, middle=middle)
