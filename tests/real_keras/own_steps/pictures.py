"""Pictures: regions, boxes and classes."""

import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    draws,
    huber,
    own_step,
    sigmoid,
    tensor,
)

MASK = (draws(3, 4, 4, 1, seed=7) > 0.6).astype("float32")
SCORE = draws(3, 4, 4, 1, low=-2, high=2)
P = sigmoid(SCORE)


def _focal(y, p, alpha=0.25, gamma=2.0):
    there = np.where(y == 1, p, 1 - p)
    return np.where(y == 1, alpha, 1 - alpha) * (1 - there) ** gamma * -np.log(there)


@own_step
def dice_and_focal():
    """A loss of regions for each picture and one of pixels, added up."""
    dice = losses.Dice(axis=(1, 2, 3), name="dice")
    focal = losses.BinaryFocalCrossentropy(apply_class_balancing=True, name="focal")

    def step(mark):
        p = ops.sigmoid(tensor(SCORE))
        return dice(MASK, p) + 2 * focal(MASK, p)

    both = (MASK * P).sum((1, 2, 3))
    region = 1 - 2 * both / (MASK.sum((1, 2, 3)) + P.sum((1, 2, 3)))
    return step, {"dice": region.mean(), "focal": 2 * _focal(MASK, P).mean()}


@own_step
def dice_and_crossentropy_in_one_loss():
    """A Loss of one's own: a function of Keras's, and a region by hand."""

    class Both(losses.Loss):
        def call(self, y_true, y_pred):
            pixels = ops.mean(losses.binary_crossentropy(y_true, y_pred), axis=(1, 2))
            both = ops.sum(y_true * y_pred, axis=(1, 2, 3))
            size = ops.sum(y_true + y_pred, axis=(1, 2, 3))
            return pixels + 1 - 2 * both / size

    loss = Both(name="region")

    def step(mark):
        return loss(MASK, ops.sigmoid(tensor(SCORE)))

    region = 1 - 2 * (MASK * P).sum((1, 2, 3)) / (MASK + P).sum((1, 2, 3))
    pixels = -(MASK * np.log(P) + (1 - MASK) * np.log(1 - P)).mean()
    return step, {"binary_crossentropy": pixels, "region": region.mean()}


@own_step
def detector():
    """Boxes and classes by anchors, both over the number of anchors that found something."""
    anchors = np.array([[1, 0, 2, -1], [0, 0, 1, -1]])  # -1: near enough to be left out
    boxes, found = draws(2, 4, 4), draws(2, 4, 4, seed=1, low=-2, high=2)
    scores = sigmoid(draws(2, 4, 3, seed=2, low=-2, high=2))
    hot = np.eye(4, dtype="float32")[np.maximum(anchors, 0)][..., 1:]
    positive, used = (anchors > 0).astype("float32"), (anchors >= 0).astype("float32")
    box = losses.Huber(reduction="none", name="box")

    def step(mark):
        p, number = tensor(np.float32(scores)), positive.sum()
        alpha = tensor(np.where(hot == 1, 0.25, 0.75).astype("float32"))
        there = ops.where(hot == 1, p, 1 - p)
        focal = mark("class", -alpha * ops.square(1 - there) * ops.log(there))
        classes = ops.sum(ops.sum(focal, axis=2) * tensor(used)) / number
        return classes + ops.sum(box(boxes, tensor(found)) * tensor(positive)) / number

    focal = _focal(hot, scores).sum(2)
    return step, {
        "class": (focal * used).sum() / 3,
        "box": (huber(boxes - np.float64(found)).mean(2) * positive).sum() / 3,
    }
