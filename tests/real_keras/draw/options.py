"""The options of a random call: those of Keras's classes, and which of them this Keras has."""

import inspect
from functools import cache

import keras
import numpy as np

from lossbook._losses.catalogue import ALIASES
from tests.real_keras.draw.arrays import CLASS_NUMBERS

CLASSES = {
    ALIASES[name]: value
    for name, value in vars(keras.losses).items()
    if inspect.isclass(value) and name in ALIASES
}
SMOOTHED = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
)
CROSSENTROPIES = (*SMOOTHED, CLASS_NUMBERS[0])
OWN_MASK = ("circle", CLASS_NUMBERS[0])  # these bring a mask of their own


@cache
def options_of(loss):
    """Return the names of the options that the installed Keras knows for that loss."""
    return frozenset(inspect.signature(CLASSES[loss].__init__).parameters)


def known(case):
    """Say whether the installed Keras has this loss, its options, and its dtype."""
    if case.dtype == "float64" and keras.backend.backend() == "jax":
        return False  # JAX has it only if told so before it starts
    largest = max(np.abs(case.y_true).max(), np.abs(case.y_pred).max())
    if case.dtype == "float64" and keras.backend.backend() == "torch" and largest > 1e15:
        return False  # Keras takes means and maxima of it in float32, where the square is infinite
    return case.loss in CLASSES and set(case.options) <= options_of(case.loss)


def draw_options(rng, loss, rank, wild):
    """Draw options: in orderly calls those that a user means, in wild ones any axis."""
    chosen = {}
    if loss in CROSSENTROPIES and rng.random() < (0.3 if wild else 0.5):
        chosen["from_logits"] = True
    if loss in SMOOTHED and rng.random() < 0.5:
        chosen["label_smoothing"] = float(rng.choice([0.2, 1] if wild else [0.1, 0.5]))
    if "focal" in loss and rng.random() < 0.7:
        chosen["gamma"] = float(rng.choice([0.0, 1.0, 2.5]))
        chosen["alpha"] = float(rng.choice([0.25, 0.6]))
        if loss.startswith("binary"):
            chosen["apply_class_balancing"] = bool(rng.random() < 0.5)
    if loss == CLASS_NUMBERS[0] and rng.random() < 0.3:
        chosen["ignore_class"] = int(rng.choice([0, -1, 255]))
    if loss == CLASS_NUMBERS[1] and rng.random() < 0.8:
        chosen["q"] = float(rng.choice([0.3, 0.7, 0.9]))
    if loss == "huber" and rng.random() < 0.7:
        chosen["delta"] = float(rng.choice([0.4, 1.0, 3.0]))
    if loss == "tversky" and rng.random() < 0.7:
        chosen |= {"alpha": float(rng.choice([0.3, 0.7])), "beta": float(rng.choice([0.2, 0.8]))}
    if loss == "circle" and rng.random() < 0.7:
        chosen |= {"gamma": float(rng.choice([2, 80])), "margin": float(rng.choice([0.1, 0.4]))}
        chosen["remove_diagonal"] = bool(rng.random() < 0.5)
    axis = _axis(rng, loss, rank, wild)
    return chosen if axis is None else {**chosen, "axis": axis}


def _axis(rng, loss, rank, wild):
    if loss in ("dice", "tversky"):
        if rng.random() < 0.4:
            return None
        if wild and rng.random() < 0.3:
            return int(rng.integers(-rank - 1, rank + 1))
        first = 1 if rank > 1 and rng.random() < 0.7 else 0
        return tuple(range(first, rank))
    if not wild or rng.random() < 0.7:
        return None
    if loss == CLASS_NUMBERS[0] and rng.random() < 0.8:
        return int(rng.choice([-1, rank - 1]))
    if loss in (*CROSSENTROPIES, "cosine_similarity"):
        return int(rng.integers(-rank - 1, rank + 1))
    return None
