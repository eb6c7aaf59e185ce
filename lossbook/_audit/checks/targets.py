"""Targets of a shape that the predictions don't have."""

import numpy as np

from lossbook._audit.examples import passing, simplex
from lossbook._audit.finding import Hazard

TARGETS_REFUSED = Hazard(
    "targets-refused",
    "error",
    "03_class_axis.ipynb",
    110,
    means="A loss of Keras refuses targets of this shape.",
    why=(
        "Most losses take y_true in the shape of y_pred; the sparse crossentropies take class "
        "numbers, with the class axis left out. Keras aligns the ranks only where the axis that "
        "differs has the length 1."
    ),
    ignore="Never: Keras fails.",
    symptoms=("raises",),
)


def refused(refusal):
    """Return the finding for targets that a loss function refuses."""
    y_true, y_pred = refusal.y_true.shape, refusal.y_pred.shape
    return refusal.found(
        TARGETS_REFUSED,
        f"{refusal.name} refuses y_true of shape {y_true} with y_pred of shape {y_pred}: Keras "
        "fails.",
        _fix(refusal.output, y_true, y_pred),
    )


def _fix(output, y_true, y_pred):
    if output.entry.target == "sparse":
        if y_true == y_pred:
            return (
                f"These look like one-hot rows: take categorical_crossentropy, or pass class "
                f"numbers of shape {y_pred[:-1]}."
            )
        classes = y_pred[output.options.get("axis", -1)]
        return f"Pass class numbers of shape {y_pred[:-1]}, from 0 to {classes - 1}."
    short = y_true in (y_pred[:-1], (*y_pred[:-1], 1))
    if output.loss_name == "categorical_crossentropy" and short:
        option = "from_logits=True" if output.options.get("from_logits") else ""
        return (
            "For class numbers write `loss = keras.losses.SparseCategoricalCrossentropy("
            f"{option})` and compile again."
        )
    if output.loss_name == "ctc" and len(y_true) == 3:
        return "CTC takes label numbers, (batch, labels), not one-hot rows: `y = y.argmax(-1)`."
    if short and output.entry.target != "binary" and output.entry.target_range and y_pred[-1] > 1:
        return f"For class numbers write `y = keras.utils.to_categorical(y, {y_pred[-1]})`."
    if y_true == (*y_pred[:1], *y_pred[2:]) and len(y_pred) > 2:
        return (
            "The model returns one row for each step, the targets have one for all: let its last "
            "layer that has steps return the last, `return_sequences=False`; for one number per "
            "step end it in `keras.layers.Dense(1)`."
        )
    numbered = output.entry.target == "binary" and y_true in (y_pred[:1], (*y_pred[:1], 1))
    if numbered and y_pred[-1] > 1:
        return (
            "One class per row: end the output in a softmax and take "
            "sparse_categorical_crossentropy. Several per row: give y_true the shape "
            f"{y_pred}, of 0 and 1."
        )
    if y_true == y_pred:
        return "The shapes are equal: look at what Keras says, and at the dtypes."
    return f"Give y_true the shape {y_pred}."


@TARGETS_REFUSED.example("`sparse_categorical_crossentropy`, for class numbers", "One-hot rows")
def class_numbers_for_rows(mended=0):
    """Class numbers for a loss that takes one-hot rows."""
    loss = "sparse_categorical_crossentropy" if mended == 1 else "categorical_crossentropy"
    y = np.array([0, 1, 2, 1])
    return passing(simplex(4, 3), np.eye(3, dtype="float32")[y] if mended == 2 else y, loss)
