"""The numbers of a random call: predictions, labels, weights and masks, edge values among them.

All numbers are finite: on NaN in its input TensorFlow's own kernels don't agree with one another.
"""

import numpy as np

CLASS_NUMBERS = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
ONE_HOT = ("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge")
BINARY = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "hinge",
    "squared_hinge",
    "dice",
    "tversky",
)
# predictions that are probabilities, over a class axis or one by one
ROWS = (*CLASS_NUMBERS, *ONE_HOT[:2], "kl_divergence")
PROBABILITIES = (*ROWS, *BINARY[:2], *BINARY[4:])
SCORES = ("hinge", "squared_hinge", "categorical_hinge")
HUGE = 1e20  # its square exceeds float32


def predictions(rng, loss, shape, options):
    """Return predictions that the loss is made for; some sit on an edge."""
    kind = np.float64 if rng.random() < 0.3 else np.float32
    if options.get("from_logits"):
        p = rng.normal(size=shape) * rng.choice([1, 30, 1000], p=[0.6, 0.3, 0.1])
    elif loss in PROBABILITIES:
        p = _probabilities(rng, loss, shape)
    elif loss == "poisson":
        p = rng.uniform(0, 5, shape) * (rng.random(shape) < rng.choice([1, 0.7], p=[0.7, 0.3]))
        if rng.random() < 0.05:
            p = -p  # their logarithm is NaN
    elif loss == "circle":  # rows of length 1
        p = rng.normal(size=shape)
        p = p / (np.sqrt(np.sum(p**2, axis=-1, keepdims=True)) + 1e-6)
    else:
        p = _real(rng, loss, shape)
    return np.asarray(p, kind)


def _probabilities(rng, loss, shape):
    p = rng.uniform(0.01, 0.99, shape)
    if loss in ROWS and shape:
        p = p / p.sum(-1, keepdims=True)
    kind = rng.choice(["plain", "exact", "zeros", "beyond"], p=[0.55, 0.35, 0.05, 0.05])
    if kind == "exact":  # exactly 0 and 1: the clip decides
        exact = rng.random((*shape[:-1], 1) if loss in ROWS else shape) < 0.5
        p = np.where(exact, labels(rng, ONE_HOT[0] if loss in ROWS else BINARY[0], shape), p)
    elif kind == "zeros":  # rows of zeros, as behind padding
        p = p * (rng.random((*shape[:-1], 1)) < 0.7)
    elif kind == "beyond" and loss in PROBABILITIES[-6:]:  # no activation: some are none
        p = rng.normal(size=shape)
    return p


def _real(rng, loss, shape):
    kind = rng.choice(
        ["plain", "zeros", "some zeros", "tiny", "large", "huge"],
        p=[0.7, 0.06, 0.08, 0.06, 0.06, 0.04],
    )
    p = 3 * rng.normal(size=shape)
    if loss == "ctc" or kind == "plain":
        return p
    if kind == "some zeros":
        return p * (rng.random(shape) < 0.6)
    return p * {"zeros": 0, "tiny": 1e-6, "large": 1e3, "huge": HUGE}[kind]


def labels(rng, loss, shape, edges=False):
    """Return labels or targets that suit the loss, for predictions of that shape."""
    edge = edges and rng.random() < 0.2
    if loss in CLASS_NUMBERS:
        y = rng.integers(0, shape[-1], shape[:-1])
        return y + rng.choice([0, 0.4]) if edge else y  # fractions are cut off
    if loss == "circle":
        return rng.integers(0, 3, shape[:1])
    if loss == "ctc":
        y = rng.integers(1, max(2, shape[-1]), (*shape[:1], 3))
        return y * (np.arange(3) < rng.integers(1, 4))  # 0 pads
    if loss in ONE_HOT:
        y = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        if edge:  # a row without a class, or soft labels
            rows = (*shape[:-1], 1)
            y = y * (rng.random(rows) < 0.7) if rng.random() < 0.5 else 0.8 * y + 0.1
        return y
    if loss in BINARY:
        y = rng.integers(0, 2, shape)
        if loss in SCORES and rng.random() < 0.5:
            y = 2 * y - 1
        return y * 0.8 + 0.1 if edge else y
    if loss == "kl_divergence":
        y = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        return y if edge else 0.5 * y + 0.5 * rng.uniform(0, 1, shape) / shape[-1]
    if loss == "poisson":
        return rng.poisson(2, shape)
    return _real(rng, loss, shape) if edge else 3 * rng.normal(size=shape)


def weights(rng, shape):
    """Return sample weights: positive, zero, negative, or whole numbers."""
    w = np.asarray(rng.uniform(0, 3, shape))
    kind = rng.choice(
        ["plain", "zeros", "negative", "none", "integer", "cancel"],
        p=[0.45, 0.2, 0.1, 0.1, 0.1, 0.05],
    )
    if kind == "zeros":
        w = w * (rng.random(shape) < 0.5)
    elif kind == "negative":
        w = w - 1.5
    elif kind == "none":
        w = w * 0
    elif kind == "cancel":  # a sum of exactly 0, if there is an even number of them
        w = np.where(np.arange(w.size) % 2, -1.0, 1.0).reshape(shape)
    elif kind == "integer":
        return np.asarray(rng.integers(0, 3, shape))
    return w.astype(rng.choice([np.float32, np.float64]))


def mask(rng, shape, bools=True):
    """Return a mask of bool; where that is not asked for, now and then one of other numbers."""
    share = rng.choice([0.6, 0.3, 0.0, 1.0], p=[0.6, 0.2, 0.1, 0.1])
    valid = np.asarray(rng.random(shape) < share)
    kind = 1 if bools else rng.random()
    if kind < 0.1:
        return valid.astype(rng.choice([np.int32, np.float32]))
    if kind < 0.15:  # numbers that are none of a mask
        return np.asarray(valid * rng.choice([0.5, 1, 2], size=shape), np.float32)
    return valid
