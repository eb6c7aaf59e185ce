"""A softmax over one unit, which is always 1."""

from typing import Any

import numpy as np

from lossbook._audit.examples import coins, drawn, passing
from lossbook._audit.finding import Hazard

ONE_CLASS = Hazard(
    "one-class",
    "error",
    "02_elementwise.ipynb",
    30,
    means="A loss that compares classes gets one class alone: a softmax over one unit is always 1.",
    why=(
        "A softmax divides each unit by their sum. Of a single unit that is the unit itself, so "
        "that the loss does not depend on the model and its gradient is 0."
    ),
    ignore="Never: nothing is trained.",
    symptoms=("stuck",),
)


class OneClass:
    """Predictions that are all 1, by a softmax over an axis of one unit; of whatever loss."""

    holds = several = False
    shape: Any = None
    origin: Any = None

    def see(self, batch: Any) -> None:
        """Look for a softmax over one unit."""
        if batch.y_pred is None:
            return
        self.several |= batch.y_pred.shape[-1:] != (1,)
        if self.several:
            self.holds = False
        else:
            softmax = getattr(batch.call.origin, "activation", None) == "softmax"
            self.holds = (self.holds or softmax) and bool((batch.y_pred == 1).all())
            self.shape, self.origin = self.shape or batch.y_pred.shape, batch.call.origin

    def found(self, head: str) -> Any:
        """Return the finding."""
        loss = "loss = 'binary_crossentropy'"
        return ONE_CLASS.found(
            f"{head}all predictions are 1: a softmax divides the one unit of an output of "
            f"shape {self.shape} by itself.",
            "For a number leave the softmax out; for two classes give the output two units, or "
            "end it in a sigmoid, with binary_crossentropy"
            f"{self.origin.ending('sigmoid', loss)}.",
            {"y_pred.shape": self.shape, "activation": "softmax"},
        )


@ONE_CLASS.example("Two units", "A sigmoid and `binary_crossentropy`")
def one_class(mended=0):
    """A softmax over one unit."""
    y = coins(8, 1)
    if mended == 2:
        y_pred = drawn(8, 1, low=-3, high=3)
        return passing(y_pred, y, "binary_crossentropy", activation="sigmoid")
    y = np.concatenate([1 - y, y], -1) if mended else y
    y_pred = drawn(*y.shape, low=-3, high=3)
    return passing(y_pred, y, "categorical_crossentropy", activation="softmax")
