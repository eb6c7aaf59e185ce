"""Pictures: regions, boxes, patches, style."""

import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    draws,
    huber,
    own_step,
    sigmoid,
    square,
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


@own_step
def masked_autoencoder():
    """Only the patches that were hidden count."""
    patches, decoded = draws(3, 6, 4), draws(3, 6, 4, seed=1)
    order = np.argsort(draws(3, 6, seed=2), axis=1)[:, :4]
    mse = losses.MeanSquaredError(name="patches")

    def step(mark):
        indices = order[..., None]
        hidden = ops.take_along_axis(tensor(patches), indices, axis=1)
        return mse(hidden, ops.take_along_axis(tensor(decoded), indices, axis=1))

    hidden = np.take_along_axis(square(patches, decoded), order[..., None], axis=1)
    return step, {"patches": hidden.mean()}


@own_step
def style_transfer():
    """Content, style by Gram matrices, and total variation: three marks."""
    picture, content, style = draws(4, 4, 3), draws(4, 4, 3, seed=1), draws(4, 4, 3, seed=2)

    def gram(x):
        flat = ops.reshape(x, (16, 3))
        return ops.transpose(flat) @ flat

    def step(mark):
        x = tensor(picture)
        near = 2.5 * ops.sum(mark("content", ops.square(x - tensor(content))))
        same = mark("style", ops.square(gram(x) - gram(tensor(style))))
        down = ops.square(x[:-1, :-1] - x[1:, :-1])
        right = ops.square(x[:-1, :-1] - x[:-1, 1:])
        return near + ops.sum(same) / (4 * 9 * 256) + 0.1 * ops.sum(mark("rough", down + right))

    flat, other = (np.float64(x).reshape(16, 3) for x in (picture, style))
    rough = square(picture[:-1, :-1], picture[1:, :-1]) + square(
        picture[:-1, :-1], picture[:-1, 1:]
    )
    return step, {
        "content": 2.5 * square(picture, content).sum(),
        "style": square(flat.T @ flat, other.T @ other).sum() / (4 * 9 * 256),
        "rough": 0.1 * rough.sum(),
    }


@own_step
def depth():
    """Three terms with factors: point by point, edges, structure."""
    y, p = draws(2, 5, 5), draws(2, 5, 5, seed=1)
    mae = losses.MeanAbsoluteError(name="points")

    def edges(x):
        return x[:, 1:] - x[:, :-1]

    def step(mark):
        edge = mark("edges", ops.abs(edges(tensor(p)) - edges(tensor(y))))
        return 0.1 * mae(y, tensor(p)) + 0.9 * ops.mean(edge)

    return step, {
        "points": 0.1 * abs(np.float64(y) - p).mean(),
        "edges": 0.9 * abs(edges(np.float64(p)) - edges(y)).mean(),
    }


@own_step
def super_resolution():
    """A masked mean, sum(l · m) / sum(m), of pixels that were seen."""
    y, p = draws(3, 4, 4, 3), draws(3, 4, 4, 3, seed=1)
    seen = MASK[..., 0]

    def step(mark):
        values = losses.mean_absolute_error(y, tensor(p))
        return ops.sum(values * tensor(seen)) / seen.sum()

    values = abs(np.float64(y) - p).mean(-1)
    return step, {"mean_absolute_error": values[seen == 1].mean()}
