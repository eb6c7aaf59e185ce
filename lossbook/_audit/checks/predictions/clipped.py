"""Probabilities that are exactly as wrong as can be, which Keras clips."""

from typing import Any

import numpy as np

from lossbook._audit.examples import Example, compiled, drawn
from lossbook._audit.finding import Hazard

FLOAT16_UNDERFLOW = Hazard(
    "float16-underflow",
    "warning",
    "02_elementwise.ipynb",
    90,
    means="Probabilities in half precision are exactly 0 for what is true, or 1 for what is not.",
    why=(
        "float16 rounds to 1 what is nearer to 1 than 0.0002, bfloat16 what is nearer than "
        "0.002. Keras clips such a probability at 1e-7: its loss stays at 16.12 or below, and "
        "its gradient is 0."
    ),
    ignore="If a few elements may keep a loss that is cut off, and no gradient.",
    symptoms=("stuck", "backend", "by-hand"),
)
PROBABILITIES_CLIPPED = Hazard(
    "probabilities-clipped",
    "warning",
    "02_elementwise.ipynb",
    100,
    means="Probabilities are exactly 0 for what is true, or 1 for what is not.",
    why=(
        "Keras clips probabilities at 1e-7 and 1 - 1e-7 before the logarithm: no element costs "
        "more than 16.12, and one that is clipped has the gradient 0."
    ),
    ignore="If a few elements may keep a loss that is cut off, and no gradient.",
    symptoms=("stuck", "by-hand"),
    asked=(
        "https://github.com/keras-team/keras/issues/15249",
        "https://github.com/keras-team/keras/issues/9664",
    ),
)
_EPSILON = 1.05e-7  # Keras clips at 1e-7
_CAP = 16.118


def clipped(batch: Any, y_pred: Any) -> int:
    """Count probabilities of 0 (or 1) for what is true (or isn't): no loss is larger."""
    low, high = batch.predicted_range
    if low > _EPSILON and (batch.entry.target != "binary" or high < 1 - _EPSILON):
        return 0
    if batch.entry.target == "sparse":
        labels = np.asarray(batch.y_true, np.float64).ravel()
        flat = np.moveaxis(y_pred, batch.axis, -1)
        flat = flat.reshape(-1, flat.shape[-1])
        valid = (labels >= 0) & (labels < flat.shape[-1]) & (len(labels) == len(flat))
        valid &= batch.kept.ravel() if batch.kept.size == labels.size else True
        rows = np.flatnonzero(valid)
        return int((flat[rows, labels[rows].astype(int)] <= _EPSILON).sum())
    y_true = np.asarray(batch.y_true, np.float64)
    if y_true.shape != y_pred.shape or not batch.entry.takes_logits:
        return 0
    wrong = (y_true > 0.5) & (y_pred <= _EPSILON)
    if batch.entry.target == "binary":
        wrong |= (y_true < 0.5) & (y_pred >= 1 - _EPSILON)
    return int((wrong & batch.kept_targets).sum())


def saturated(count: int, origin: Any, evidence: dict[str, Any], head: str, option: str) -> Any:
    """Return the finding for so many of them; `option` says how the loss gets from_logits=True."""
    half = origin.dtype in ("float16", "bfloat16")
    evidence = evidence | {"dtype": origin.dtype, "clipped": count, "largest loss": _CAP}
    text = (
        f"{head}probabilities that are 0 for what is true, or 1 for what is not: {count}. Keras "
        "clips them at 1e-7: their loss stays at 16.12 or below, their gradient is 0."
    )
    if half:
        return FLOAT16_UNDERFLOW.found(
            f"{text} They are {origin.dtype}, which rounds to 1 what is near to it.",
            f"Give the output layer dtype='float32', or let it return logits, and {option}.",
            evidence,
        )
    return PROBABILITIES_CLIPPED.found(
        text, f"Logits are not clipped. Let the output return them, and {option}.", evidence
    )


@FLOAT16_UNDERFLOW.example(
    "An output layer with `dtype='float32'`", "Logits, and `from_logits=True`"
)
def underflow(mended=0):
    """A sigmoid of 10 in float16."""
    return _sigmoid(10, "float32" if mended == 1 else "float16", np.zeros, mended == 2)


@PROBABILITIES_CLIPPED.example("Logits, and `from_logits=True`")
def probabilities_of_zero(mended=0):
    """One probability of 0 for what is true."""
    return _sigmoid(-800, "float32", np.ones, bool(mended))


def _sigmoid(odd, dtype, labels, mended):
    """Return an example with one odd logit; nobody finds the logits behind the last layer."""
    import keras

    logits = drawn(4, 3)
    logits[:2, 1] = odd
    inputs, activation = keras.Input((3,)), "linear" if mended else "sigmoid"
    outputs = keras.layers.Activation(activation, dtype=dtype, name="out")(inputs)
    outputs = keras.layers.Reshape((3,), dtype=dtype, name="same")(outputs)
    loss = keras.losses.BinaryCrossentropy(from_logits=mended)
    return Example(
        compiled(keras.Model(inputs, outputs), loss), {"x": logits, "y": labels((4, 3), "float32")}
    )
