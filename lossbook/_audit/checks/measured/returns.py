"""A loss of the user's own that returns no tensor: a tuple, a list, a dict."""

import numpy as np

from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook._core import four_digits, to_numpy

LOSS_RETURNS = Hazard(
    "loss-returns",
    "error",
    "11_custom_losses.ipynb",
    116,
    means="The loss function returns a tuple, list or dict instead of one tensor.",
    why=(
        "Keras converts what a loss returns into a tensor. Parts of equal shapes are stacked along "
        "a new first axis and averaged with the rest, so that each counts by its share; parts of "
        "unequal shapes, a dict or text fail."
    ),
    ignore="Never: return the sum of the parts, weighted as you mean it.",
    symptoms=("by-hand", "scale", "raises"),
)
_KINDS = (tuple, list, dict, str)


class Returns(Check):
    """What a loss of the user's returns, of the first batch."""

    parts = numbers = None

    def see(self, batch):
        """Keep the parts, and what Keras makes of them."""
        if self.parts is None and batch.parts:
            self.parts = batch.parts
            self.numbers = [float(np.mean(to_numpy(part))) for part in batch.parts]

    def findings(self):
        """Yield a finding for a tuple or list that Keras stacks."""
        if not self.parts:
            return
        count, mean, total = len(self.parts), np.mean(self.numbers), np.sum(self.numbers)
        kind = f"{type(self.parts).__name__} of {count}"
        if count == 1:
            fix = "Take it out: write `parts = loss; loss = lambda y_true, y_pred: parts(y_true, "
            said = "puts another axis before its rows, which weights and masks do not know"
            fix += "y_pred)[0]` and compile again."
        else:
            said = (
                f"stacks the parts and takes the mean of all: {four_digits(mean)} of the first "
                f"batch, where their sum is {four_digits(total)}"
            )
            fix = (
                "Add them up: write `parts = loss; loss = lambda y_true, y_pred: sum(parts(y_true, "
                "y_pred))` and compile again; for numbers beside the loss take metrics."
            )
        yield LOSS_RETURNS.found(
            f"{self.head}its loss returns a {kind}, and not one tensor. Keras {said}.",
            fix,
            {"parts": self.numbers[:4], "shapes": [tuple(part.shape) for part in self.parts][:4]},
            "warning" if count == 1 else None,
        )


def refused(refusal):
    """Return the finding for what a loss returns and Keras cannot convert, else None."""
    returned = refusal.returned
    if type(returned).__name__ == "KerasTensor":
        return LOSS_RETURNS.found(
            f"{refusal.head}{refusal.name} returns a KerasTensor: it computes with an Input, or "
            "with the output of a layer, which has no numbers but in the model. Keras fails.",
            "Give the loss what it needs in y_true, or let the model return it as one more output; "
            "a term of inner tensors belongs in a layer, `self.add_loss(...)`.",
            {},
            error=refusal.failure.error,
        )
    if refusal.output.loss_name is not None or not isinstance(returned, _KINDS):
        return None
    fix = "Return one tensor, the sum of the parts: the others can be metrics."
    if isinstance(returned, dict):
        fix = (
            "Add the parts up: write `parts = loss; loss = lambda y_true, y_pred: "
            "sum(parts(y_true, y_pred).values())` and compile again; for numbers beside the loss "
            "take metrics."
        )
    elif not isinstance(returned, str):
        fix = (
            "Add up the mean of each: write `parts = loss; loss = lambda y_true, y_pred: "
            "sum(keras.ops.mean(part) for part in parts(y_true, y_pred))` and compile again."
        )
    return LOSS_RETURNS.found(
        f"{refusal.head}{refusal.name} returns a {type(returned).__name__}, which is no tensor of "
        "values: Keras fails.",
        fix,
        {"returned": _shown(returned)},
        error=refusal.failure.error,
    )


def _shown(returned):
    if isinstance(returned, dict):
        return list(returned)
    return returned if isinstance(returned, str) else [tuple(np.shape(part)) for part in returned]


@LOSS_RETURNS.example("The sum of the parts")
def two_parts(mended=0):
    """A loss that returns its two terms."""
    from keras import ops

    def loss(y_true, y_pred):
        near = ops.mean(ops.square(y_true - y_pred), -1)
        far = ops.mean(ops.abs(y_true - y_pred), -1)
        return near + far if mended else (near, far)

    return passing(drawn(8, 3), drawn(8, 3, seed=1), loss)
