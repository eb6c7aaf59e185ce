"""Ranges and counts of large arrays, in few passes and without copies of twice the width."""

from typing import Any

import numpy as np


def extremes(x: Any) -> tuple[float, float]:
    """Return the lowest and the highest number, NaN for both where there is NaN."""
    if not x.size:
        return np.inf, -np.inf
    return np.float64(x.min()), np.float64(x.max())


def highest(x: Any) -> Any:
    """Say which class has the highest number, the first of equal ones: flags `(classes, rows)`."""
    columns = np.ascontiguousarray(x.T)
    found = columns == columns.max(0)
    if np.count_nonzero(found) > len(x):
        found &= np.cumsum(found, 0) == 1
    return found


def numbers(labels: Any, classes: int) -> Any:
    """Return class numbers as integers, -1 for one that does not exist."""
    labels = labels.ravel()
    whole = labels.astype(np.intp)
    return np.where((whole == labels) & (whole >= 0) & (whole < classes), whole, -1)


def by_class(labels: Any, classes: int, weights: Any = None) -> Any:
    """Count class numbers, or add up weights; -1 counts nowhere."""
    return np.bincount(labels + 1, weights, classes + 1)[1:]


def unequal_means(batches: Any) -> tuple[float, float] | None:
    """Return two means of (rows, sum, denominator)s: of the batches by their rows, and of all.

    None where they are the same, as of a single batch.
    """
    if len(batches) < 2:
        return None
    rows, sums, denominators = map(np.array, zip(*batches, strict=True))
    if not denominators.sum():
        return None
    each = sums / np.where(denominators == 0, 1, denominators)
    epoch, whole = (rows * each).sum() / rows.sum(), sums.sum() / denominators.sum()
    differ = abs(epoch - whole) > 1e-3 * max(abs(epoch), abs(whole))
    return (float(epoch), float(whole)) if differ else None


def by_row(flags: Any) -> Any:
    """Count what is true in every row of `(classes, positions)`."""
    return np.array([np.count_nonzero(row) for row in flags])
