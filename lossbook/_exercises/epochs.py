"""The exercises of the chapter "Batches and epochs"."""

import numpy as np

from lossbook._exercises.exercise import Exercise


def _by(losses, sizes):
    """Return the mean of some losses, each counted by its size."""
    return float(np.average(losses, weights=sizes))


def _running(losses, sizes):
    """Return the means after the first loss, the first two, and so on."""
    return [_by(losses[:n], sizes[:n]) for n in range(1, len(losses) + 1)]


def _two_epochs(first, second, losses=(0.2, 0.8, 1.4)):
    """Return the mean of three losses by two kinds of size."""
    return _by(losses, first), _by(losses, second)


_THREE_LOSSES = (0.5, 0.7, 2.0)


EXERCISES = {
    "epochs-1": Exercise(
        lambda: _by(_THREE_LOSSES, (32, 32, 8)),
        (
            (
                lambda: _by(_THREE_LOSSES, (1, 1, 1)),
                "That is the plain mean. The last batch has 8 rows, and counts by them.",
            ),
            (
                lambda: _by(_THREE_LOSSES, (32, 32, 8)) * 72,
                "That is the sum over all rows. Divide it by the 72 rows.",
            ),
            (
                lambda: _by(_THREE_LOSSES, (32, 32, 8)) * 72 / 96,
                "The last batch is not full: divide by the 72 rows of the epoch, not by 3 · 32.",
            ),
            (
                lambda: float(np.mean(_running(_THREE_LOSSES, (32, 32, 8)))),
                "You averaged the running means. The last of them is the answer by itself.",
            ),
            (
                lambda: _THREE_LOSSES[-1],
                "That is the last batch alone. The epoch counts every row of all three.",
            ),
        ),
    ),
    "epochs-2": Exercise(
        lambda running, rows: np.diff(np.cumsum(rows) * running, prepend=0) / rows,
        (
            (
                lambda running, rows: np.diff(np.arange(1, len(rows) + 1) * running, prepend=0),
                "You count every batch the same. Multiply by the rows so far, not by the batches.",
            ),
            (
                lambda running, rows: np.diff(np.cumsum(rows) * running, prepend=0),
                "Those are the sums of the batches. Divide each by its rows.",
            ),
            (
                lambda running, rows: np.diff(running, prepend=0),
                "The differences of means say little. Make sums of them first.",
            ),
            (
                lambda running, rows: np.asarray(running),
                "Those are still the running means.",
            ),
            (
                lambda running, rows: np.diff(rows * running, prepend=0) / rows,
                "A running mean holds all rows so far: multiply by np.cumsum(batch_sizes).",
            ),
        ),
        cases=(
            (np.array([1.5, 1.75, 3.1]), np.array([4, 4, 2])),
            (np.array([2.0, 3.0, 2.5, 2.25]), np.array([8, 2, 6, 1])),
        ),
    ),
    "epochs-3": Exercise(
        lambda: _two_epochs((4, 4, 2), (36, 9, 3)),
        (
            (
                lambda: _two_epochs((36, 9, 3), (4, 4, 2)),
                "The two are swapped: batches count by rows, the steps of one batch by themselves.",
            ),
            (
                lambda: _two_epochs((4, 4, 2), (4, 4, 2)),
                "The first is right. In one batch Keras divides by the kept steps, not by rows.",
            ),
            (
                lambda: _two_epochs((36, 9, 3), (36, 9, 3)),
                "The second is right. Keras counts a batch by its rows, whatever its mask keeps.",
            ),
            (
                lambda: _two_epochs((1, 1, 1), (36, 9, 3)),
                "The first is the plain mean. The last batch has half the rows of the others.",
            ),
            (
                lambda: _two_epochs((4, 4, 2), (1, 1, 1)),
                "The second is the plain mean. In one batch each kept step counts the same.",
            ),
            (
                lambda: _two_epochs((4, 4, 2), (144, 36, 6)),
                "Rows times steps? The kept steps of a batch are counted over all its rows.",
            ),
        ),
    ),
}
