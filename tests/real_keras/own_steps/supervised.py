"""Classifiers and regressors whose step does more than the compiled loss."""

import keras
import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    cross_entropy,
    dense,
    draws,
    gradient,
    huber,
    numpy,
    own_step,
    softmax,
    square,
    tensor,
)

LABELS = np.array([0, 2, 1, 2, 0, 1])


@own_step
def distiller():
    """Labels and a teacher's softened probabilities, weighed against each other."""
    x, alpha, temperature = draws(6, 4), 0.1, 3.0
    teacher, student = dense(4, 3), dense(4, 3, seed=2)
    hard = losses.SparseCategoricalCrossentropy(from_logits=True, name="student")
    soft = losses.KLDivergence(name="distillation")

    def step(mark):
        taught, logits = teacher(x), student(x)
        near = soft(ops.softmax(taught / temperature), ops.softmax(logits / temperature))
        return alpha * hard(LABELS, logits) + (1 - alpha) * near * temperature**2

    p, q = (softmax(numpy(layer(x)) / temperature) for layer in (teacher, student))
    return step, {
        "distillation": 0.9 * 9 * (p * np.log(p / q)).sum(1).mean(),
        "student": 0.1 * cross_entropy(LABELS, numpy(student(x))).mean(),
    }


@own_step
def adversarial_regularization():
    """The same loss once more where the inputs are moved against it."""
    x, y, model = draws(6, 4), draws(6, 2, seed=1), dense(4, 2)
    plain = losses.MeanSquaredError(name="plain")

    def step(mark):
        slope = gradient(lambda x: ops.square(model(x) - tensor(y)), tensor(x))
        moved = tensor(x) + 0.1 * ops.sign(ops.stop_gradient(slope))
        values = mark("adversarial", ops.mean(ops.square(tensor(y) - model(moved)), axis=-1))
        return plain(y, model(x)) + 0.2 * ops.mean(values)

    slope = (numpy(model(x)) - y) @ numpy(model.kernel).T
    moved = np.float32(x + 0.1 * np.sign(slope))
    return step, {
        "plain": square(y, numpy(model(x))).mean(),
        "adversarial": 0.2 * square(y, numpy(model(moved))).mean(),
    }


@own_step
def uncertainty_weights():
    """Two tasks, each with a learned variance: exp(-s) · loss + s."""
    x, y, model, head = draws(6, 4), draws(6, 1, seed=1), dense(4, 1), dense(4, 3, seed=3)
    s, t = keras.Variable(0.3), keras.Variable(-0.2)
    mse = losses.MeanSquaredError(name="depth")
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, name="labels")

    def step(mark):
        depth = ops.exp(-s) * mse(y, model(x)) + mark("s", s + 0.0)
        return depth + ops.exp(-t) * loss(LABELS, head(x)) + mark("t", t + 0.0)

    return step, {
        "depth": np.exp(-0.3) * square(y, numpy(model(x))).mean(),
        "s": 0.3,
        "labels": np.exp(0.2) * cross_entropy(LABELS, numpy(head(x))).mean(),
        "t": -0.2,
    }


@own_step
def accumulation():
    """The gradients of three small batches in one: each loss is divided by their number."""
    x, y, model = draws(6, 4), draws(6, 2, seed=1), dense(4, 2)
    loss = losses.Huber(delta=0.5, name="huber")

    def step(mark):
        return sum(loss(y[i : i + 2], model(x[i : i + 2])) / 3 for i in (0, 2, 4))

    values = huber(y - numpy(model(x)), 0.5).mean(1)
    names = ("huber", "huber_2", "huber_3")
    return step, dict(zip(names, values.reshape(3, 2).mean(1) / 3, strict=True))


@own_step
def compiled_loss_with_regularizers():
    """compute_loss of a compiled model, with weights: an output and two penalties."""
    x, y, weight = draws(6, 4), draws(6, 2, seed=1), draws(6, seed=2)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, kernel_regularizer="l2", name="hidden")
    out = keras.layers.Dense(2, kernel_regularizer="l1", name="out")
    model = keras.Model(inputs, out(hidden(inputs)), name="net")
    model.compile("sgd", losses.MeanSquaredError(name="mse"))

    def step(mark):
        y_pred = model(tensor(x), training=True)
        return model.compute_loss(tensor(x), tensor(y), y_pred, tensor(weight))

    return step, {
        "mse": (square(y, numpy(model(x))).mean(1) * weight).mean(),
        f"(additional) {hidden.kernel.path}": 0.01 * (numpy(hidden.kernel) ** 2).sum(),
        f"(additional) {out.kernel.path}": 0.01 * abs(numpy(out.kernel)).sum(),
    }


@own_step
def hard_examples():
    """The half with the largest losses counts."""
    x, y, model = draws(6, 4), draws(6, 2, seed=1), dense(4, 2)
    loss = losses.MeanSquaredError(reduction=None, name="mse")

    def step(mark):
        return ops.mean(ops.top_k(loss(y, model(x)), 3)[0])

    return step, {"mse": np.sort(square(y, numpy(model(x))).mean(1))[-3:].mean()}
