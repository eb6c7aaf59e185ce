"""Predictions that are no distribution, or not the one that the loss takes them for."""

from typing import Any

import numpy as np

from lossbook._audit.checks.data.known import called, other_axis
from lossbook._audit.examples import drawn, one_hot, passing
from lossbook._audit.finding import Hazard

ACTIVATION_MISMATCH = Hazard(
    "activation-mismatch",
    "error",
    "02_elementwise.ipynb",
    60,
    means=(
        "A loss takes the logits behind the predictions for those of a sigmoid, but another "
        "activation made the predictions."
    ),
    why=(
        "On TensorFlow the sigmoid and the softmax of Keras leave their logits on the tensor "
        "(_keras_logits), and a crossentropy takes those, whichever of the two has made it. "
        "binary_crossentropy on a softmax is computed as if there were a sigmoid."
    ),
    ignore="Never: the loss is that of probabilities that the model does not return.",
    symptoms=("by-hand", "backend"),
    asked=("https://github.com/keras-team/keras/issues/17125",),
)
PROBABILITIES_SUM = Hazard(
    "probabilities-sum",
    "error",
    "02_elementwise.ipynb",
    70,
    means="A loss that takes one distribution per row gets predictions that do not add up to 1.",
    why=(
        "The categorical crossentropies divide y_pred by its sum over the classes; on TensorFlow "
        "they take the softmax of the logits behind a sigmoid instead. Either way the loss is "
        "that of other probabilities than the model returns."
    ),
    ignore="If dividing by the sum is meant.",
    symptoms=("by-hand", "backend"),
    asked=(
        "https://github.com/keras-team/keras/issues/2166",
        "https://github.com/keras-team/keras/issues/8910",
    ),
)
_SUM_SLACK = 1e-2
_SIGMOID_SLACK = 2e-3  # float16 rounds a probability by 5e-4


class Sums:
    """What every distribution adds up to."""

    far = rows = 0
    ends = np.inf, -np.inf
    other: int | None = None
    meant = False
    origin: Any = None

    def see(self, batch: Any, y_pred: Any) -> None:
        """Add up, and count what is far from 1."""
        axis, self.origin = batch.axis, batch.call.origin
        sums = y_pred.sum(axis, dtype=np.float64)
        sums = sums[np.isfinite(sums)]
        self.rows += sums.size
        self.far += int((np.abs(sums - 1) > _SUM_SLACK).sum())
        if self.far and self.other is None and np.isfinite(y_pred).all():
            self.other = other_axis(y_pred.astype(np.float64), axis)
            self.meant = _has_classes(batch, axis)
        if sums.size:
            self.ends = min(self.ends[0], sums.min()), max(self.ends[1], sums.max())

    def found(self, output: Any, recovered: bool, evidence: dict[str, Any], head: str) -> Any:
        """Return the finding; `recovered` says that Keras has found the logits behind."""
        done = (
            "Keras takes the softmax of the logits behind them instead"
            if recovered
            else "Keras divides them by their sum"
        )
        if not output.entry.takes_logits and not recovered:
            done = "Nothing divides them by their sum"
        fix = (
            "For several classes per row keep the sigmoid and take binary_crossentropy; for one "
            "class per row end the output in a softmax over the class axis"
            f"{self.origin.ending('softmax')}."
        )
        if self.other is not None:
            done = f"They do over axis {self.other}"
            code = called(output.keras_loss, axis=self.other)
            fix = f"If axis {self.other} has the classes, write `loss = {code}` and compile again."
            if self.meant:
                fix = "Take the softmax over the axis of the classes, as the targets have them."
        return PROBABILITIES_SUM.found(
            f"{head}{output.loss_name} takes one distribution per row. Rows of predictions that "
            f"don't add up to 1: {self.far} of {self.rows}. {done}.",
            fix,
            evidence | {"lowest sum": self.ends[0], "highest sum": self.ends[1]},
        )


def _has_classes(batch, axis):
    """Say whether the targets have their classes along an axis."""
    y_true, shape = batch.y_true, list(batch.y_pred.shape)
    if batch.entry.target == "sparse":
        del shape[axis]
        return tuple(shape) == y_true.shape
    return bool((np.abs(y_true.sum(axis) - 1) < 1e-3).all())


class Mismatch:
    """Predictions that are not the sigmoid of the logits behind them."""

    count, worst = 0, 0.0
    one_hot = True
    origin: Any = None

    def see(self, logits: Any, y_pred: Any, batch: Any) -> None:
        """Count them."""
        off = np.abs(1 / (1 + np.exp(-logits)) - y_pred)
        if off.max(initial=0.0) < _SIGMOID_SLACK / 2:
            return  # whatever the dtype
        expected = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -500, 500)))
        off = np.abs(expected - y_pred)
        off = off[np.isfinite(off)]
        self.count += int((off > _SIGMOID_SLACK).sum())
        self.worst, self.origin = max(self.worst, off.max(initial=0.0)), batch.call.origin
        self.one_hot &= bool((np.abs(batch.y_true.sum(-1) - 1) < 1e-3).all())

    def found(self, loss: str, evidence: dict[str, Any], head: str) -> Any:
        """Return the finding."""
        several = f"for several end the output in a sigmoid{self.origin.ending('sigmoid')}"
        fix = f"For one class per row take categorical_crossentropy; {several}."
        if self.one_hot:
            fix = (
                "One class is true in each row: write `loss = 'categorical_crossentropy'` and "
                "compile again; for several end the output in a sigmoid."
            )
        return ACTIVATION_MISMATCH.found(
            f"{head}{loss} takes the logits that Keras finds behind y_pred for those of a "
            f"sigmoid, but another activation made y_pred: the loss is that of other "
            "probabilities.",
            fix,
            evidence | {"elements that differ": self.count, "by up to": self.worst},
        )


@ACTIVATION_MISMATCH.example(
    "`categorical_crossentropy`, for one class per row", "A sigmoid, for several"
)
def binary_on_softmax(mended=0):
    """A softmax under binary crossentropy, which needs TensorFlow to be found."""
    loss = "categorical_crossentropy" if mended == 1 else "binary_crossentropy"
    return _activated(one_hot(8, 4), loss, "sigmoid" if mended == 2 else "softmax")


@PROBABILITIES_SUM.example("A softmax, for one class per row", "`binary_crossentropy`, for several")
def categorical_on_sigmoid(mended=0):
    """A sigmoid under categorical crossentropy."""
    loss = "binary_crossentropy" if mended == 2 else "categorical_crossentropy"
    return _activated(one_hot(8, 4), loss, "softmax" if mended == 1 else "sigmoid")


def _activated(y_true, loss, activation):
    return passing(drawn(8, 4, low=-3, high=3), y_true, loss, activation=activation)
