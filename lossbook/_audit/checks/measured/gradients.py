"""Losses that no weight can lower: without a derivative at the predictions, or at the weights."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook._audit.examples import coins, drawn, passing
from lossbook._audit.finding import Finding, Hazard, keras_words
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
_NOTHING = 1e-6
_NO_DERIVATIVE = (
    "round, argmax, sign, a comparison such as y_pred > 0.5, a cast to integers, or NumPy"
)


def findings(few: Any, unseen: list[str]) -> Iterator[Finding]:
    """Yield a finding if the loss is flat; add to `unseen` what cannot run."""
    try:
        yield from _flat(few)
    except Exception as error:
        unseen.append(f"whether the loss has a derivative: {keras_words(error)}")


def _flat(few):
    """Yield a finding if no prediction, or no weight, moves the loss of a few rows."""
    loss, largest = few.at_predictions()
    if not np.isfinite([loss, largest]).all() or abs(loss) < _NOTHING:
        return
    evidence = {"rows": few.rows, "loss": loss, "largest derivative": largest}
    if largest == 0:
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
    if not few.model.trainable_variables or any(part is None for part in few.parts[:2]):
        return
    lengths = [few.gradients(rows) for rows in (None, 1)]
    if any(found is None or found[0] != 0 for found in lengths):
        return
    yield GRADIENT_ZERO.found(
        f"The loss is {four_digits(loss)} and moves with the predictions, but its derivative is 0 "
        f"at all {len(few.model.trainable_variables)} trainable weights of the model.",
        f"Between weights and outputs something has no derivative: {_NO_DERIVATIVE}, "
        "stop_gradient, or a relu whose inputs are all below 0: LeakyReLU has one there, and an "
        "output of numbers needs no relu.",
        evidence,
    )


@GRADIENT_ZERO.example("Probabilities that are not rounded")
def rounded(mended=0):
    """A loss that counts errors."""
    from keras import ops

    def loss(y_true, y_pred):
        return ops.mean(ops.abs(y_true - (y_pred if mended else ops.round(y_pred))), -1)

    return passing(drawn(8, 3), coins(8, 3), loss)
