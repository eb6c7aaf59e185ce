"""Classifiers and regressors whose step does more than the compiled loss."""

import keras
import numpy as np
from keras import losses, ops

from tests.real_keras.own_steps.step import (
    binary,
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
def semi_supervised():
    """Labels for some; for the others the model's own where it is sure, as a function of Keras."""
    x, unlabelled = draws(6, 4), draws(8, 4, seed=1, low=-2, high=2)
    model, loss = dense(4, 3), losses.SparseCategoricalCrossentropy(from_logits=True, name="labels")

    def step(mark):
        weak, strong = model(unlabelled), model(unlabelled + 0.1)
        sure = ops.cast(ops.max(ops.softmax(weak), axis=1) > 0.6, "float32")
        values = losses.sparse_categorical_crossentropy(
            ops.argmax(weak, axis=1), strong, from_logits=True
        )
        return loss(LABELS, model(x)) + 0.5 * ops.sum(values * sure) / ops.sum(sure)

    weak, strong = numpy(model(unlabelled)), numpy(model(unlabelled + 0.1))
    sure = softmax(weak).max(1) > 0.6
    return step, {
        "sparse_categorical_crossentropy": 0.5 * cross_entropy(weak.argmax(1), strong)[sure].mean(),
        "labels": cross_entropy(LABELS, numpy(model(x))).mean(),
    }


@own_step
def mixup():
    """Two targets for a mixed row, each with its share."""
    x, share, model = draws(6, 4), 0.3, dense(4, 3)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, name="crossentropy")
    mixed = np.float32(share * x + (1 - share) * x[::-1])

    def step(mark):
        logits = model(mixed)
        return share * loss(LABELS, logits) + (1 - share) * loss(LABELS[::-1].copy(), logits)

    logits = numpy(model(mixed))
    return step, {
        "crossentropy": share * cross_entropy(LABELS, logits).mean(),
        "crossentropy_2": (1 - share) * cross_entropy(LABELS[::-1], logits).mean(),
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
def center_loss():
    """Crossentropy, and the distance of each embedding to the centre of its class."""
    x, model, centres = draws(6, 4), dense(4, 3), draws(3, 4, seed=5)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, name="labels")

    def step(mark):
        apart = ops.sum(ops.square(tensor(x) - ops.take(centres, LABELS, axis=0)), axis=1)
        return loss(LABELS, model(x)) + 0.01 * ops.sum(mark("centres", apart)) / 2

    return step, {
        "labels": cross_entropy(LABELS, numpy(model(x))).mean(),
        "centres": 0.005 * square(x, centres[LABELS]).sum(),
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
def multi_label_with_positive_weights():
    """Binary crossentropy by element, weighed where the label is there."""
    x, model = draws(6, 4), dense(4, 3)
    y = (draws(6, 3, seed=1) > 0.6).astype("float32")

    def step(mark):
        logits = model(x)
        values = losses.binary_crossentropy(y[..., None], logits[..., None], from_logits=True)
        return ops.mean(ops.sum(values * tensor(1 + 4 * y), axis=1))

    value = (binary(y, numpy(model(x))) * (1 + 4 * y)).sum(1).mean()
    return step, {"binary_crossentropy": value}


@own_step
def hard_examples():
    """The half with the largest losses counts."""
    x, y, model = draws(6, 4), draws(6, 2, seed=1), dense(4, 2)
    loss = losses.MeanSquaredError(reduction=None, name="mse")

    def step(mark):
        return ops.mean(ops.top_k(loss(y, model(x)), 3)[0])

    return step, {"mse": np.sort(square(y, numpy(model(x))).mean(1))[-3:].mean()}


@own_step
def mixture_of_experts():
    """A router's balance: what it sends where, times how sure it is, summed over the experts."""
    x, y, model, router = draws(6, 4), draws(6, 2, seed=1), dense(4, 2), dense(4, 3, seed=3)
    mse = losses.MeanSquaredError(name="task")

    def step(mark):
        probabilities = ops.softmax(router(x))
        sent = ops.mean(ops.one_hot(ops.argmax(probabilities, axis=1), 3), axis=0)
        balance = mark("balance", 3 * sent * ops.mean(probabilities, axis=0))
        return mse(y, model(x)) + 0.01 * ops.sum(balance)

    probabilities = softmax(numpy(router(x)))
    sent = np.eye(3)[probabilities.argmax(1)].mean(0)
    return step, {
        "task": square(y, numpy(model(x))).mean(),
        "balance": 0.03 * (sent * probabilities.mean(0)).sum(),
    }


@own_step
def mixture_density():
    """The negative log likelihood of a mixture has no loss of Keras's: a mark for each row."""
    y, centre, width = draws(6, 1), draws(6, 3, seed=1), draws(6, 3, seed=2, low=0.5)
    weight = softmax(draws(6, 3, seed=3))

    def step(mark):
        z = tensor((y - centre) / width)
        share = tensor(np.float32(weight / width))
        density = ops.sum(share * ops.exp(-0.5 * ops.square(z)), axis=1)
        return ops.mean(mark("likelihood", -ops.log(density) + 0.5 * np.log(2 * np.pi)))

    z = (y - np.float64(centre)) / width
    density = (weight * np.exp(-0.5 * z**2) / width).sum(1) / np.sqrt(2 * np.pi)
    return step, {"likelihood": -np.log(density).mean()}
