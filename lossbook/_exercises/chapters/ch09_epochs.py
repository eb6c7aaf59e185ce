"""The exercises of the chapter "Batches and epochs"."""

import numpy as np

from lossbook._exercises.checking.exercise import Exercise


def _by(losses, sizes):
    """Return the mean of some losses, each counted by its size."""
    return float(np.average(losses, weights=sizes))


def _running(losses, sizes):
    """Return the means after the first loss, the first two, and so on."""
    return [_by(losses[:n], sizes[:n]) for n in range(1, len(losses) + 1)]


def _sequences():
    """Return values and mask of ten sequences: 36, 9 and 3 kept steps in 4, 4 and 2 of them."""
    lengths = np.array([9, 9, 9, 9, 3, 2, 2, 2, 2, 1])
    values = np.repeat((0.2, 0.8, 1.4), (4, 4, 2))[:, None] * np.ones(9)
    return {"values": values, "mask": np.arange(9) < lengths[:, None]}


def _ends(returned):
    """Return the sums after each epoch over the rows of one, of two epochs, and so on."""
    return np.arange(1, len(returned) + 1) * returned[:, -1]


def _recovered(returned, counts):
    """Return what each batch has added to the running means, if batches count so."""
    sums = np.cumsum(np.tile(counts, len(returned))) * np.ravel(returned)
    return np.reshape(np.diff(sums, prepend=0), np.shape(returned)) / counts


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
        made_from=lambda: {"values": np.repeat(_THREE_LOSSES, (32, 32, 8)), "batch_size": 32},
    ),
    "epochs-2": Exercise(
        lambda running, batch_sizes: (
            np.diff(np.cumsum(batch_sizes) * running, prepend=0) / batch_sizes
        ),
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
            (
                lambda running, rows: np.diff(np.cumsum(rows) * running, prepend=0) / rows[0],
                "You divide every batch by the rows of the first. Each has its own number of rows.",
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
        made_from=lambda: (
            {**_sequences(), "batch_size": 4},
            {**_sequences(), "batch_size": 10},
        ),
    ),
    "epochs-4": Exercise(
        lambda returned, batch_sizes: np.diff(_ends(returned), prepend=0),
        (
            (
                lambda returned, rows: np.mean(returned, axis=1),
                "That is the log of the report: a mean of running means. Make sums of them first.",
            ),
            (
                lambda returned, rows: returned[:, -1],
                "The first epoch is right. Nobody reset the metric: later means hold its rows too.",
            ),
            (
                lambda returned, rows: np.average(returned, axis=1, weights=rows),
                "You count running means by rows. They are no batch losses: make sums first.",
            ),
            (
                lambda returned, rows: np.mean(_recovered(returned, rows), axis=1),
                "The batch losses are right. Now count each of them by its rows.",
            ),
            (
                lambda returned, rows: np.diff(returned[:, -1], prepend=0),
                "The differences of means say little. Multiply by the rows so far first.",
            ),
            (
                lambda returned, rows: np.diff(_ends(returned), prepend=0) * np.sum(rows),
                "Those are the sums over the rows of an epoch. Divide by these rows.",
            ),
            (
                lambda returned, rows: np.average(
                    _recovered(returned, np.ones(len(rows))), axis=1, weights=rows
                ),
                "You count every batch the same on the way back. Multiply by the rows so far.",
            ),
        ),
        cases=(
            (np.array([[1.5, 1.75, 3.1], [33 / 14, 37 / 18, 2.35]]), np.array([4, 4, 2])),
            (np.array([[3.0, 2.5], [32 / 14, 2.625], [45 / 22, 49 / 24]]), np.array([6, 2])),
        ),
    ),
}
