"""The data of the cases: by formula, so that every Python and NumPy makes the same."""

import numpy as np

B, T, C = 4, 5, 3  # samples, steps, classes: all different, so that no shape fits by accident
H, W = 2, 5
SHAPES = {1: (B,), 2: (B, C), 3: (B, T, C), 4: (B, H, W, C)}


def wave(shape, phase=0.0, low=-1.0, high=1.0):
    """Return multiples of 1/64 between low and high: exact in float32, in float16 too."""
    steps = np.arange(int(np.prod(shape)), dtype="float64")
    values = low + (high - low) * (0.5 + 0.5 * np.sin(1.7 * steps + phase))
    return (np.round(values * 64) / 64).reshape(shape).astype("float32")


def bits(shape, phase=0):
    """Return zeros and ones."""
    steps = np.arange(int(np.prod(shape)))
    return ((steps * 7 + phase) % 5 < 2).astype("float32").reshape(shape)


def labels(shape, classes=C):
    """Return class labels."""
    steps = np.arange(int(np.prod(shape)))
    return ((steps * steps + steps // 2) % classes).astype("int32").reshape(shape)


def one_hot(label, classes=C):
    """Return one-hot rows."""
    return np.eye(classes, dtype="float32")[label]


def distribution(shape, phase=0):
    """Return probabilities whose last axis adds up to 1."""
    steps = np.arange(int(np.prod(shape)))
    parts = (1.0 + (steps * 5 + phase) % 7).reshape(shape)
    return (parts / parts.sum(axis=-1, keepdims=True)).astype("float32")


def array(*rows):
    """Return a float32 array."""
    return np.array(rows, dtype="float32")


def real(rank, batch=B):
    """Return targets and predictions for a regression."""
    shape = (batch, *SHAPES[rank][1:])
    return wave(shape, 0.3), wave(shape, 2.0)


def positive(rank):
    """Return positive targets and predictions."""
    return wave(SHAPES[rank], 0.3, 0.25, 2.0), wave(SHAPES[rank], 2.0, 0.25, 2.0)


def signs(rank):
    """Return targets -1 and 1, and predictions."""
    return 2 * bits(SHAPES[rank]) - 1, wave(SHAPES[rank], 2.0, -1.5, 1.5)


def binary(rank, batch=B):
    """Return targets 0 and 1, and probabilities."""
    shape = (batch, *SHAPES[rank][1:])
    return bits(shape), wave(shape, 1.0, 0.05, 0.95)


def categorical(rank, batch=B):
    """Return one-hot targets and probabilities."""
    shape = (batch, *SHAPES[rank][1:])
    return one_hot(labels(shape[:-1])), distribution(shape)


def sparse(rank):
    """Return labels with a last axis of 1, and probabilities."""
    shape = SHAPES[rank]
    return labels(shape[:-1])[..., None], distribution(shape)


MSE, MAE, BCE = "mean_squared_error", "mean_absolute_error", "binary_crossentropy"
CCE, SCCE = "categorical_crossentropy", "sparse_categorical_crossentropy"
DATA = {
    MSE: real,
    MAE: real,
    "mean_absolute_percentage_error": positive,
    "mean_squared_logarithmic_error": positive,
    "poisson": positive,
    "log_cosh": real,
    "huber": real,
    "cosine_similarity": real,
    "hinge": signs,
    "squared_hinge": signs,
    "categorical_hinge": categorical,
    "kl_divergence": lambda rank: (distribution(SHAPES[rank], 3), distribution(SHAPES[rank])),
    BCE: binary,
    CCE: categorical,
    SCCE: sparse,
}
SHORT = {MSE: "mse", MAE: "mae", BCE: "bce", CCE: "cce", SCCE: "scce"}

# Weights, with and without zeros; one for each step; for classes; a mask; weights of 7 samples.
WB = array(0.5, 2.0, 1.0, 0.25)
ZB = array(0.0, 2.0, 0.0, 0.5)
WT = wave((B, T), 0.7, 0.25, 2.0)
ZT = WT * bits((B, T), 1)
TEMPORAL = {"sample_weight_mode": "temporal"}
CW = {0: 0.5, 1: 2.0, 2: 1.5}
MT = array([1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0])
W7 = array(1.0, 2.0, 0.5, 0.0, 0.0, 4.0, 3.0)
BATCHES = {"batch_size": 3, "generator": True}
