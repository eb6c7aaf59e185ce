"""Losses that no weight can lower: without a derivative at the predictions, or at the weights."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook._audit.examples import coins, drawn, passing
from lossbook._audit.finding import Finding, Hazard
from lossbook._core import four_digits

GRADIENT_ZERO = Hazard(
    "gradient-zero",
    "error",
    "11_custom_losses.ipynb",
    118,
    means="The loss is not 0, and its derivative is: nothing can be trained.",
    why=(
        "fit follows the derivative of the loss. round, argmax, a comparison, a cast to integers "
        "and what leaves Keras for NumPy have none, or 0; so has a relu whose inputs are all below "
        "0."
    ),
    ignore="If what is trained is in a term that add_loss brings.",
    symptoms=("stuck", "raises"),
    asked=(
        "https://github.com/keras-team/keras/issues/4175",
        "https://github.com/keras-team/keras/issues/10321",
    ),
)
GRADIENT_NAN = Hazard(
    "gradient-nan",
    "error",
    "11_custom_losses.ipynb",
    119,
    means="The loss is a finite number, and its derivative is NaN or infinite.",
    why=(
        "where takes one of two values, and the derivative of both: 0 times infinity is NaN. sqrt, "
        "a norm and a power below 1 have an infinite derivative at 0, log and a division none "
        "there. Keras's CosineSimilarity has none at a row of zeros on JAX and PyTorch."
    ),
    ignore="Never: the first step of fit makes weights of NaN.",
    symptoms=("nan",),
    asked=("https://github.com/tensorflow/tensorflow/issues/2540",),
)
_NOTHING = 1e-6
_NO_DERIVATIVE = (
    "round, argmax, sign, a comparison such as y_pred > 0.5, a cast to integers, or NumPy"
)


def findings(few: Any) -> Iterator[Finding]:
    """Yield a finding if no prediction, or no weight, moves the loss of a few rows."""
    known = few.model.trainable_variables and all(part is not None for part in few.parts[:2])
    lengths = few.gradients() if known else None
    if lengths is not None and np.isfinite(lengths).all() and lengths[0] > 0:
        return
    loss, largest = few.at_predictions()
    if not np.isfinite(loss):
        return
    if not np.isfinite(largest):
        yield _not_finite("at the predictions", few, loss)
        return
    evidence = {"rows": few.rows, "loss": loss, "largest derivative": largest}
    if largest == 0:
        if abs(loss) < _NOTHING:
            return
        whole = {one.dtype.name for one in few.run(0, few.rows)[0] if one.dtype.kind in "iub"}
        if whole:
            yield GRADIENT_ZERO.found(
                f"The predictions are whole numbers, {', '.join(sorted(whole))}, so that the loss "
                f"of {four_digits(loss)} has no derivative.",
                "Let the model return what argmax, round or the cast is taken of, and take it "
                "after predict().",
                evidence,
            )
            return
        other = few.at_predictions(lambda y_pred: 0.5 * y_pred + 0.25)
        if other[1] == 0:
            yield GRADIENT_ZERO.found(
                f"The loss is {four_digits(loss)}, and its derivative is 0 at every prediction, as "
                "at others: it depends on them not at all, or in steps.",
                f"Take out of the loss what has no derivative: {_NO_DERIVATIVE}. A count such as "
                "accuracy or F1 is a metric; as a loss compute it of probabilities, and do not "
                "round them.",
                evidence,
            )
        return
    if lengths is None:
        return
    if not np.isfinite(lengths).all():
        yield _not_finite("at the weights of the model", few, loss)
        return
    if abs(loss) < _NOTHING or few.gradients(1)[0] != 0:
        return
    yield GRADIENT_ZERO.found(
        f"The loss is {four_digits(loss)} and moves with the predictions, but its derivative is 0 "
        f"at all {len(few.model.trainable_variables)} trainable weights of the model.",
        f"Between weights and outputs something has no derivative: {_NO_DERIVATIVE}, "
        "stop_gradient, or a relu whose inputs are all below 0: LeakyReLU has one there, and an "
        "output of numbers needs no relu.",
        evidence,
    )


def _not_finite(where, few, loss):
    return GRADIENT_NAN.found(
        f"The loss of the first {few.rows} rows is {four_digits(loss)}, but its derivative "
        f"{where} is NaN or infinite: the first step makes weights of NaN.",
        "Keep sqrt, a norm, log and a division away from 0 before where chooses: "
        "keras.ops.where(ok, y_true, 1.0) as the divisor, keras.ops.sqrt(x + 1e-12).",
        {"rows": few.rows, "loss": loss},
    )


@GRADIENT_NAN.example("A divisor that is never 0")
def chosen_too_late(mended=0):
    """A division by 0 that where leaves out."""
    from keras import ops

    def loss(y_true, y_pred):
        ok = y_true > 0
        divisor = ops.where(ok, y_true, 1.0) if mended else y_true
        return ops.mean(ops.where(ok, ops.square(y_true - y_pred) / divisor, 0.0), -1)

    return passing(drawn(8, 3), coins(8, 3), loss)


@GRADIENT_ZERO.example("Probabilities that are not rounded")
def rounded(mended=0):
    """A loss that counts errors."""
    from keras import ops

    def loss(y_true, y_pred):
        return ops.mean(ops.abs(y_true - (y_pred if mended else ops.round(y_pred))), -1)

    return passing(drawn(8, 3), coins(8, 3), loss)
