"""The exercises of the chapter "Batches and epochs"."""

import numpy as np

from lossbook._core import keras
from lossbook._exercises.checking.exercise import Answers, AnyOf, exercise

_RUNNING = (
    (np.array([1.5, 1.75, 3.1]), np.array([4, 4, 2])),
    (np.array([2.0, 3.0, 2.5, 2.25]), np.array([8, 2, 6, 1])),
)
_NEVER_RESET = (
    (np.array([[1.5, 1.75, 3.1], [33 / 14, 37 / 18, 2.35]]), np.array([4, 4, 2])),
    (np.array([[3.0, 2.5], [32 / 14, 2.625], [45 / 22, 49 / 24]]), np.array([6, 2])),
)


@exercise("epochs-1")
def epochs_1():
    """The loss of an epoch of three batches, the last of which is short."""
    losses, rows = np.array([0.5, 0.7, 2.0]), np.array([32, 32, 8])
    total = np.sum(rows * losses)
    running = np.cumsum(rows * losses) / np.cumsum(rows)
    mean_running = running.mean()
    mistakes = {
        "That is the plain mean. The last batch has 8 rows, and counts by them.": losses.mean(),
        "That is the sum over all rows. Divide it by the 72 rows.": total,
        "The last batch is not full: divide by the 72 rows of the epoch, not by 3 · 32.": (
            total / 96
        ),
        "You averaged the running means. The last of them is the answer by itself.": mean_running,
        "That is the last batch alone. The epoch counts every row of all three.": losses[-1],
    }
    return Answers(total / 72, mistakes, {"values": np.repeat(losses, rows), "batch_size": 32})


@exercise("epochs-2", cases=_RUNNING)
def epochs_2(running, batch_sizes):
    """The losses of the batches, from the running means of an epoch."""
    sums = np.diff(np.cumsum(batch_sizes) * running, prepend=0)
    by_batches = np.diff(np.arange(1, len(running) + 1) * running, prepend=0)
    by_own_rows = np.diff(batch_sizes * running, prepend=0) / batch_sizes
    mistakes = {
        "You count every batch the same. Multiply by the rows so far, not by the batches.": (
            by_batches
        ),
        "Those are the sums of the batches. Divide each by its rows.": sums,
        "The differences of means say little. Make sums of them first.": (
            np.diff(running, prepend=0)
        ),
        "Those are still the running means.": running,
        "A running mean holds all rows so far: multiply by np.cumsum(batch_sizes).": by_own_rows,
        "You divide every batch by the rows of the first. Each has its own number of rows.": (
            sums / batch_sizes[0]
        ),
    }
    return Answers(sums / batch_sizes, mistakes)


@exercise("epochs-3")
def epochs_3():
    """The loss of ten masked sequences: in batches of 4, 4 and 2, and in one batch."""
    losses, rows, kept = np.array([0.2, 0.8, 1.4]), (4, 4, 2), (36, 9, 3)

    def two(first, second):
        return tuple(np.average(losses, weights=sizes) for sizes in (first, second))

    plain_first, plain_second = two((1, 1, 1), kept), two(rows, (1, 1, 1))
    mistakes = {
        "The two are swapped: batches count by rows, the steps of one batch by themselves.": (
            two(kept, rows)
        ),
        "The first is right. In one batch Keras divides by the kept steps, not by rows.": (
            two(rows, rows)
        ),
        "The second is right. Keras counts a batch by its rows, whatever its mask keeps.": (
            two(kept, kept)
        ),
        "The first is the plain mean. The last batch has half the rows of the others.": plain_first,
        "The second is the plain mean. In one batch each kept step counts the same.": plain_second,
        "Rows times steps? The kept steps of a batch are counted over all its rows.": (
            two(rows, np.multiply(rows, kept))
        ),
    }
    lengths = np.array([9, 9, 9, 9, 3, 2, 2, 2, 2, 1])  # 36, 9 and 3 kept steps
    values = np.repeat(losses, rows)[:, None] * np.ones(9)
    sequences = {"values": values, "mask": np.arange(9) < lengths[:, None]}
    identify_with = tuple({**sequences, "batch_size": size} for size in (4, 10))
    return Answers(two(rows, kept), mistakes, identify_with)


@exercise("epochs-4", cases=_NEVER_RESET)
def epochs_4(returned, batch_sizes):
    """The losses of epochs, from what train_on_batch returned of a metric that is never reset."""
    last, epochs, rows = returned[:, -1], np.arange(1, len(returned) + 1), np.sum(batch_sizes)
    right = np.diff(epochs * last, prepend=0)

    def recovered(counts):
        """Return what each batch has added to the running means, if batches count so."""
        sums = np.cumsum(np.tile(counts, len(returned))) * np.ravel(returned)
        return np.reshape(np.diff(sums, prepend=0), returned.shape) / counts

    counted_alike = recovered(np.ones(len(batch_sizes)))
    mistakes = {
        "That is the log of the report: a mean of running means. Make sums of them first.": (
            np.mean(returned, axis=1)
        ),
        "The first epoch is right. Nobody reset the metric: later means hold its rows too.": last,
        "You count running means by rows. They are no batch losses: make sums first.": (
            np.average(returned, axis=1, weights=batch_sizes)
        ),
        "The batch losses are right. Now count each of them by its rows.": (
            np.mean(recovered(batch_sizes), axis=1)
        ),
        "The differences of means say little. Multiply by the rows so far first.": (
            np.diff(last, prepend=0)
        ),
        "Those are the sums over the rows of an epoch. Divide by these rows.": right * rows,
        "You count every batch the same on the way back. Multiply by the rows so far.": (
            np.average(counted_alike, axis=1, weights=batch_sizes)
        ),
    }
    return Answers(right, mistakes)


_ROWS = np.array([[0.9], [0.2], [0.8], [0.4], [0.1]])  # the probability of class 1
_CLASS = np.array([1, 0, 1, 0, 1])


def _fitted(arguments):
    """Return loss and val_loss of fit with these arguments, of a model that stands still."""
    same = keras.layers.PReLU()  # positive numbers stay what they are
    model = keras.Sequential([keras.Input((1,)), same])
    model.compile(keras.optimizers.SGD(0.0), "binary_crossentropy", run_eagerly=True)
    given = {"class_weight": {0: 1.0, 1: 4.0}, "batch_size": 2}
    options = {"shuffle": False, "verbose": 0}
    log = model.fit(_ROWS, _CLASS[:, None], **{**given, **arguments, **options}).history
    return log["loss"][-1], log["val_loss"][-1]


@exercise("epochs-5", measure=_fitted)
def epochs_5():
    """Two losses that agree: of training with class weights, of the same rows in validation."""
    of_truth = np.where(_CLASS == 1, _ROWS[:, 0], 1 - _ROWS[:, 0])
    losses, weights = -np.log(of_truth), np.where(_CLASS == 1, 4.0, 1.0)
    trained = float(np.mean(weights * losses))

    def validated(w, chosen=slice(None)):
        return trained, float(np.mean((w * losses)[chosen]))

    mistakes = {
        "That is the report: class_weight stays with the training rows. Validation needs "
        "weights of its own.": validated(np.ones(5)),
        "With weights of mean 1 val_loss is the weighted mean. The loss of training is none: "
        "its weights are the class weights as they are.": validated(weights / weights.mean()),
        "The weights are those of the other class.": validated(5 - weights),
        "You validate on class 1 alone. Take all rows.": AnyOf(
            (validated(np.ones(5), _CLASS == 1), validated(weights, _CLASS == 1))
        ),
        "The two agree, but the class weights are gone from training too.": AnyOf(
            ((np.mean(losses),) * 2, (np.mean(losses), trained))
        ),
        "You multiply by the labels. A row of class 0 weighs 1, not 0.": AnyOf(
            (validated(_CLASS), validated(4 * _CLASS))
        ),
        "You divide the weights by their sum. Validation divides by the rows as it is.": (
            validated(weights / weights.sum())
        ),
        "validation_split takes rows away from training, and gives validation no class "
        "weights.": AnyOf(
            (float(np.mean((weights * losses)[:n])), float(np.mean(losses[n:])))
            for n in range(1, 5)
        ),
    }
    return Answers(validated(weights), mistakes)
