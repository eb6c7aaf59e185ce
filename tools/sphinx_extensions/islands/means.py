"""Means of means: eight sequences in two batches, as wide as their rows or their steps."""

import numpy as np

import lossbook as lb
from tools.sphinx_extensions.islands import fill

# Chapter 10's: the losses of the valid steps of eight sequences.
SEQUENCES = ([1, 2, 1, 2], [2, 1, 1, 2], [1, 3, 1, 1], [3, 1, 2], [5, 4], [9], [8], [10])
START = "AAAABBBB"  # the batch of each sequence


def numbers(batches):
    """Return for each batch its rows, steps and loss; the mean by rows, by steps, the covariance.

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
    covariance = share @ ((held - share @ held) * (losses - share @ np.array(losses)))
    return {
        "rows": rows,
        "steps": steps,
        "losses": losses,
        "by_rows": lb.epoch_loss(losses, rows),
        "by_steps": float(lb.aggregate(everything[0], mask=everything[1]).total),
        "gap": float(-covariance / (share @ held)),
    }


def html():
    return fill("means", sequences=[list(s) for s in SEQUENCES], start=START, now=numbers(START))
