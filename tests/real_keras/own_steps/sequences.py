"""Text and speech: padding, captions, masked words, connectionist temporal classification."""

import itertools

import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    cross_entropy,
    draws,
    own_step,
    softmax,
    tensor,
)

WORDS = np.array([[1, 4, 2, 0, 0], [3, 3, 1, 2, 0], [2, 0, 0, 0, 0]])
LOGITS = draws(3, 5, 6, low=-2, high=2)
VALUES = cross_entropy(WORDS, LOGITS)
KEPT = WORDS != 0


@own_step
def captions_of_several_pictures():
    """Several captions for each picture: the loss of each added, divided by their number."""
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none", name="caption")

    def one(i):
        mask = ops.cast(tensor(WORDS[i]) != 0, "float32")
        return ops.sum(loss(WORDS[i], tensor(LOGITS[i])) * mask) / ops.sum(mask)

    def step(mark):
        return sum(one(i) for i in range(3)) / 3

    means = [VALUES[i][KEPT[i]].mean() / 3 for i in range(3)]
    return step, dict(zip(("caption", "caption_2", "caption_3"), means, strict=True))


@own_step
def padding_by_an_ignored_class():
    """The function masks a class itself, and the Loss object divides by what is left."""
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0, name="words")

    def step(mark):
        return loss(WORDS, tensor(LOGITS))

    return step, {"words": VALUES[KEPT].mean()}


@own_step
def masked_language_model():
    """Weights say which words were hidden; the mean divides by all of them."""
    hidden = (draws(3, 5, seed=4) > 0.5).astype("float32")
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, name="words")

    def step(mark):
        return loss(WORDS, tensor(LOGITS), sample_weight=hidden)

    return step, {"words": (VALUES * hidden).mean()}


@own_step
def translation_with_smoothed_labels():
    """One-hot words with smoothing, masked by the reader, per sentence first."""
    one_hot = np.eye(6, dtype="float32")[WORDS]

    def step(mark):
        values = losses.categorical_crossentropy(
            one_hot, tensor(LOGITS), from_logits=True, label_smoothing=0.1
        )
        mask = ops.cast(tensor(WORDS) != 0, "float32")
        return ops.mean(ops.sum(values * mask, axis=1) / ops.sum(mask, axis=1))

    smooth = one_hot * 0.9 + 0.1 / 6
    values = -(smooth * np.log(softmax(LOGITS))).sum(-1)
    means = (values * KEPT).sum(1) / KEPT.sum(1)
    return step, {"categorical_crossentropy": means.mean()}


@own_step
def ctc():
    """The function of Keras, one value for each recording; right by all paths."""
    labels, logits = np.array([[1, 2], [3, 1]]), draws(2, 3, 4, low=-1)

    def step(mark):
        return ops.mean(losses.ctc(labels, tensor(logits)))

    def collapsed(path):
        return [k for k, _ in itertools.groupby(path) if k]

    probabilities = softmax(logits)
    found = []
    for i in range(2):
        paths = itertools.product(range(4), repeat=3)
        right = [path for path in paths if collapsed(path) == list(labels[i])]
        found.append(sum(np.prod(probabilities[i, range(3), path]) for path in right))
    return step, {"ctc": -np.log(found).mean()}
