"""Representations: pairs, triplets, two views of the same thing."""

import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    cross_entropy,
    dense,
    draws,
    numpy,
    own_step,
    square,
    tensor,
    unit,
)


def _views(rows=5, width=4):
    return draws(rows, width, low=-1), draws(rows, width, seed=1, low=-1)


@own_step
def simsiam():
    """Negative cosine similarity in both directions, with a stopped gradient."""
    one, other = _views()
    head, similarity = dense(4, 4), losses.CosineSimilarity(axis=1, name="cosine")

    def step(mark):
        p, q = head(one), head(other)
        first = similarity(ops.stop_gradient(tensor(other)), p)
        return first / 2 + similarity(ops.stop_gradient(tensor(one)), q) / 2

    p, q = numpy(head(one)), numpy(head(other))
    return step, {
        "cosine": -(unit(other) * unit(p)).sum(1).mean() / 2,
        "cosine_2": -(unit(one) * unit(q)).sum(1).mean() / 2,
    }


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
def clip():
    """Captions and pictures, with soft targets from both: categorical crossentropy both ways."""
    one, other = _views()
    loss = losses.CategoricalCrossentropy(from_logits=True, reduction="none", name="caption")
    from_pictures = losses.CategoricalCrossentropy(from_logits=True, reduction="none", name="pixel")

    def step(mark):
        logits = tensor(one) @ tensor(other.T) / 0.5
        targets = ops.softmax(tensor(one @ one.T + other @ other.T) / 2)
        by_caption = loss(targets, logits)
        by_picture = from_pictures(ops.transpose(targets), ops.transpose(logits))
        return ops.mean((by_caption + by_picture) / 2)

    logits = np.float64(one) @ other.T / 0.5
    power = np.exp((np.float64(one) @ one.T + np.float64(other) @ other.T) / 2)
    targets = power / power.sum(1, keepdims=True)

    def soft(y, z):
        return -(y * (z - np.log(np.exp(z).sum(1, keepdims=True)))).sum(1)

    return step, {
        "caption": soft(targets, logits).mean() / 2,
        "pixel": soft(targets.T, logits.T).mean() / 2,
    }


@own_step
def triplet():
    """Distances under a margin: what is left of them is marked."""
    anchor, positive = _views()
    negative = draws(5, 4, seed=2, low=-1)

    def step(mark):
        near = ops.sum(ops.square(tensor(anchor - positive)), axis=1)
        far = ops.sum(ops.square(tensor(anchor - negative)), axis=1)
        return ops.mean(mark("triplet", ops.maximum(near - far + 0.5, 0.0)))

    near, far = square(anchor, positive).sum(1), square(anchor, negative).sum(1)
    return step, {"triplet": np.maximum(near - far + 0.5, 0).mean()}


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
def supervised_contrastive():
    """All of a class are positives: a Loss of one's own, one value for each anchor."""
    x, labels = draws(6, 4, low=-1), np.array([0, 0, 1, 1, 2, 2])
    positives = (labels[:, None] == labels) / 2

    class Supervised(losses.Loss):
        def call(self, y_true, y_pred):
            y_pred = ops.normalize(y_pred, axis=1)
            logits = y_pred @ ops.transpose(y_pred) / 0.5
            return -ops.sum(y_true * ops.log_softmax(logits, axis=1), axis=1)

    loss = Supervised(name="supervised")

    def step(mark):
        return loss(positives, tensor(x))

    logits = unit(x) @ unit(x).T / 0.5
    log = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return step, {"supervised": -(positives * log).sum(1).mean()}


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
