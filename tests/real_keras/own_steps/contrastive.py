"""Representations: pairs, and two views of the same thing."""

import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    cross_entropy,
    draws,
    own_step,
    square,
    tensor,
    unit,
)


def _views(rows=5, width=4):
    return draws(rows, width, low=-1), draws(rows, width, seed=1, low=-1)


@own_step
def nt_xent():
    """Each row is to find its other view among all: crossentropy both ways, as functions."""
    one, other = _views()
    labels = np.arange(5)

    def step(mark):
        similarity = ops.normalize(one, axis=1) @ ops.transpose(ops.normalize(other, axis=1)) / 0.1
        there = losses.sparse_categorical_crossentropy(labels, similarity, from_logits=True)
        back = losses.sparse_categorical_crossentropy(
            labels, ops.transpose(similarity), from_logits=True
        )
        return ops.mean(there + back) / 2

    similarity = unit(one) @ unit(other).T / 0.1
    name = "sparse_categorical_crossentropy"
    return step, {
        name: cross_entropy(labels, similarity).mean() / 2,
        f"{name}_2": cross_entropy(labels, similarity.T).mean() / 2,
    }


@own_step
def siamese_contrastive():
    """A Loss of one's own: near pairs are drawn together, far ones pushed to a margin."""
    labels, distance = np.array([1, 0, 1, 0, 0], "float32")[:, None], draws(5, 1)

    class Contrastive(losses.Loss):
        def call(self, y_true, y_pred):
            apart = ops.square(ops.maximum(1 - y_pred, 0))
            return ops.mean((1 - y_true) * ops.square(y_pred) + y_true * apart, axis=-1)

    loss = Contrastive(name="contrastive")

    def step(mark):
        return loss(labels, tensor(distance))

    value = (1 - labels) * distance**2 + labels * np.maximum(1 - distance, 0) ** 2
    return step, {"contrastive": value.mean()}


@own_step
def barlow_twins():
    """The correlation of two views is to be the identity: by pair of features."""
    one, other = _views(8, 3)

    def normal(x):
        return (x - x.mean(0)) / x.std(0)

    def step(mark):
        correlation = ops.transpose(normal(one)) @ tensor(normal(other)) / 8
        same = ops.eye(3)
        invariance = mark("invariance", ops.square(1 - ops.diagonal(correlation)))
        redundancy = mark("redundancy", ops.square(correlation) * (1 - same))
        return ops.sum(invariance) + 0.005 * ops.sum(redundancy)

    correlation = np.float64(normal(one)).T @ normal(other) / 8
    off = correlation**2 * (1 - np.eye(3))
    return step, {
        "invariance": square(1, np.diag(correlation)).sum(),
        "redundancy": 0.005 * off.sum(),
    }
