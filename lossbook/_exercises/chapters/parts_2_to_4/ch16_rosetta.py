"""The exercises of the chapter "Rosetta"."""

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_BATCHES = np.array([[0, 2, 0], [1, -100, -100], [-100, -100, -100]])
_OF_TOKENS = np.array([[0.5, 1.5, 2.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


@exercise("rosetta-1")
def rosetta_1():
    """PyTorch's mean with class weights, Keras's loss, PyTorch's mean without the last sample."""
    values, w = np.array([0.2, 0.4, 1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0, 4.0, 3.0])
    pytorch, keras = np.sum(w * values) / np.sum(w), np.mean(w * values)
    left = np.sum(w[:4] * values[:4])
    ignoring = left / np.sum(w[:4])
    mistakes = {
        "The first two are swapped: PyTorch divides by the sum of the weights, Keras by 5.": (
            (keras, pytorch, ignoring)
        ),
        "An ignored sample leaves the denominator too: its weight goes from both sums.": (
            (pytorch, keras, left / np.sum(w))
        ),
        "The third divides by the four samples that are left. Divide by their weights.": (
            (pytorch, keras, left / 4)
        ),
        "You divide by 5 both times. PyTorch's class weights are divided by their sum.": (
            (keras, keras, ignoring)
        ),
        "PyTorch adds the weights of the samples, not those of the three classes.": (
            (np.sum(w * values) / (1 + 3 + 4), keras, ignoring)
        ),
    }
    identify_with = None, {"values": values, "sample_weight": w}, None
    return Answers((pytorch, keras, ignoring), mistakes, identify_with)


@exercise(
    "rosetta-2",
    cases=(
        (np.array([0, 2, 1, 0]), np.array([1.0, 2.0, 5.0])),
        (np.array([[1, 1, 0], [0, 2, 2]]), np.array([0.5, 4.0, 3.0])),
    ),
)
def rosetta_2(labels, class_weight):
    """Weights with which Keras gives the mean that PyTorch takes with class weights."""
    w = class_weight[labels]
    mistakes = {
        "Those give Keras's own number. Divide them by something of this batch.": w,
        "You gave the class weights the mean 1. Look up first: classes differ in size.": (
            w / class_weight.mean()
        ),
        "Your weights add up to 1, and Keras divides by n once more. Give them the mean 1.": (
            w / w.sum()
        ),
        "Divide by the mean of the weights, don't multiply.": w * w.mean(),
    }
    return Answers(w / w.mean(), mistakes)


@exercise("rosetta-3")
def rosetta_3():
    """The loss of two micro-batches: of the plain loop, and with num_items_in_batch."""
    losses, tokens = np.array([2.0, 5.0]), np.array([6, 2])
    mean, total = losses.mean(), np.sum(losses * tokens)
    by_tokens = total / tokens.sum()
    mistakes = {
        "The two are swapped: the plain loop lets each micro-batch count once.": (by_tokens, mean),
        "The second is the sum over all tokens. Divide it by their number.": (mean, total),
        "The plain loop divides each loss by the number of micro-batches.": (
            (losses.sum(), by_tokens)
        ),
        "With num_items_in_batch a micro-batch counts by its tokens.": (mean, mean),
        "Divide the sum over all tokens by the tokens, not by the micro-batches.": (
            (mean, total / 2)
        ),
    }
    return Answers((mean, by_tokens), mistakes)


@exercise(
    "rosetta-4",
    cases=(
        (_OF_TOKENS, _BATCHES, np.array([1.0, 2.0, 5.0])),
        (_OF_TOKENS, _BATCHES, np.array([0.5, 4.0, 1.5])),
    ),
)
def rosetta_4(losses, labels, class_weight):
    """The weighted mean over the tokens of batches, one of which has no token that counts."""
    kept = labels != -100
    w = np.where(kept, class_weight[np.where(kept, labels, 0)], 0.0)
    means, counts = np.sum(w * losses, axis=1) / np.sum(w, axis=1), kept.sum(axis=1)
    total, weights = np.sum(w * losses), np.sum(w)
    by_kept = np.nansum(means * counts) / np.sum(counts)
    of_class_0 = np.sum(~kept) * class_weight[0]
    mistakes = {
        "NaN is in the mean still: a batch without labels divides 0 by 0. Divide once.": (
            np.mean(means)
        ),
        "That is nanmean: a batch of one token counts as much as a batch of three.": (
            np.nanmean(means)
        ),
        "Your empty batch is a 0 and counts, as in Keras. It has no token that counts.": (
            np.mean(np.nan_to_num(means))
        ),
        "You count each batch by its kept tokens. With class weights it has their sum.": by_kept,
        "You divide by the number of kept tokens, as Keras. PyTorch takes their weights.": (
            total / np.sum(kept)
        ),
        "You divide by the number of batches. Divide by the weights of the kept tokens.": (
            total / len(losses)
        ),
        "The class weights are missing, in the sum and in the denominator.": losses[kept].mean(),
        "Ignored tokens are in the denominator with the weight of class 0. Give them 0.": (
            total / (weights + of_class_0)
        ),
    }
    return Answers(total / weights, mistakes)
