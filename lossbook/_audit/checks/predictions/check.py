"""Whether predictions are what the loss takes them for: of several answers the first."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.checks.data.ranges import RANGES, ends_of
from lossbook._audit.checks.predictions.clipped import clipped, saturated
from lossbook._audit.checks.predictions.distributions import Mismatch, Sums
from lossbook._audit.checks.predictions.logits import (
    LOGITS_AS_PROBABILITIES,
    LOGITS_LIMITED,
    PROBABILITIES_AS_LOGITS,
    enough,
    outside,
)
from lossbook._audit.checks.predictions.one_class import ONE_CLASS, OneClass
from lossbook._audit.checks.predictions.twice import SOFTMAX_TWICE
from lossbook._audit.counting import extremes
from lossbook._audit.observation import Check

_PROBABILITIES = ("sigmoid", "softmax")
_ROUNDED = 1e-6


def _are_logarithms(y_pred, options):
    """Say whether the exponentials of every row add up to 1."""
    sums = np.exp(y_pred.astype(np.float64)).sum(options.get("axis", -1))
    return bool((np.abs(sums - 1) < 1e-3).all())


class Predictions(Check):
    """from_logits in the wrong way, wrong activations, sums other than 1, probabilities of 0."""

    by_batch = False

    def __init__(self, output):
        super().__init__(output)
        self.low, self.high, self.outside, self.count = np.inf, -np.inf, 0, 0
        self.shape = self.origin = None
        self.recovered, self.classes, self.clipped = True, 0, 0
        self.logs = output.entry.activation == "softmax"
        self.sums, self.mismatch, self.one_class = Sums(), Mismatch(), OneClass()

    def see(self, batch):
        """Take the ranges and sums of the predictions of a batch."""
        y_pred = batch.y_pred
        self.one_class.see(batch)
        if batch.entry.activation is None:
            return
        y_pred = y_pred.astype(np.float64) if y_pred.dtype == np.float16 else y_pred
        low, high = batch.predicted_range
        finite = y_pred
        if not (np.isfinite(low) and np.isfinite(high)):
            finite = y_pred[np.isfinite(y_pred)]
            low, high = extremes(finite)
        if not finite.size:
            return
        self.shape, self.origin = self.shape or y_pred.shape, batch.call.origin
        self.count += finite.size
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.recovered &= batch.logits is not None
        if batch.entry.activation == "softmax" and y_pred.ndim:
            self.classes = max(self.classes, y_pred.shape[batch.axis])
        as_logits = batch.options.get("from_logits")
        if outside(np.array([low, high])).any() and not (as_logits and self.outside):
            self.outside += int(outside(finite).sum())
            self.logs = self.logs and high <= _ROUNDED and _are_logarithms(y_pred, batch.options)
        if not self.outside:  # which explains the rest
            self._see_probabilities(batch, y_pred)

    def _see_probabilities(self, batch, y_pred):
        """Take their sums, what the logits behind them say, and how many are clipped."""
        if batch.entry.activation == "softmax" and y_pred.ndim:
            self.sums.see(batch, y_pred)
        if batch.logits is not None and batch.entry.target == "binary":
            few = not batch.number & (batch.number - 1)  # 0, 1, 2, 4, 8, ...: all are made alike
            if few and batch.logits.shape == y_pred.shape:
                self.mismatch.see(batch.logits, y_pred, batch)
        elif batch.logits is None and not batch.options.get("from_logits"):
            self.clipped += clipped(batch, y_pred)

    def findings(self):
        """Yield what the ranges, sums and activations say."""
        if self.one_class.holds:
            yield self.one_class.found(self.head)
            return
        if not self.count:
            return
        loss, entry = self.output.loss_name, self.output.entry
        evidence = {
            "y_pred.shape": self.shape,
            "lowest": self.low,
            "highest": self.high,
            "activation": self.origin.activation or "unknown",
        }
        if entry.activation == "softmax" and self.classes == 1:
            yield ONE_CLASS.found(
                f"{self.head}{loss} compares classes, but y_pred of shape {self.shape} has one: a "
                "distribution over one class is always 1, and the loss says nothing.",
                "For two classes give the output two units, or one with a sigmoid and "
                "binary_crossentropy.",
                evidence,
            )
        elif self.output.options.get("from_logits"):
            yield from self._as_logits(evidence)
        elif self.origin.behind in _PROBABILITIES and self.origin.activation in _PROBABILITIES:
            yield SOFTMAX_TWICE.found(
                f"{self.head}the model takes a {self.origin.activation} of a {self.origin.behind}: "
                f"of numbers from 0 to 1, so that its predictions lie from {self.low:.4g} to "
                f"{self.high:.4g}, and can't be more certain.",
                f"Leave one of them out, the last say{self.origin.ending('linear')}.",
                evidence,
            )
        elif self.outside:
            option = f", or {self._flagged(code=True)}" if entry.takes_logits else ""
            ends = self.origin.activation
            if ends in RANGES:
                option = f", in place of the {ends}"
            cut = "" if entry.target == "region" else ", and Keras clips them"
            if self.logs and entry.activation == "softmax":
                cut, option = ", and Keras clips them", ": leave the logarithm out"
            option = option or self.origin.ending(entry.activation)
            yield LOGITS_AS_PROBABILITIES.found(
                f"{self.head}{loss} takes probabilities. Predictions outside of 0 to 1: "
                f"{self.outside} of {self.count}, from {self.low:.4g} to {self.high:.4g}. They "
                f"look like {'logarithms of probabilities' if self.logs else 'logits'}{cut}.",
                f"End the output in a {entry.activation}{option}.",
                evidence,
            )
        elif self.sums.far:
            yield self.sums.found(self.output, self.recovered, evidence, self.head)
        elif self.mismatch.count:
            yield self.mismatch.found(loss, evidence, self.head)
        elif self.clipped:
            yield saturated(self.clipped, self.origin, evidence, self.head, self._as_logits_code())

    def _as_logits(self, evidence):
        """Yield a finding for probabilities under from_logits=True, or for logits cut off."""
        activation, expected = self.origin.activation, self.output.entry.activation
        guess = activation is None and (
            (expected == "softmax" and self.sums.rows and not self.sums.far)
            or (expected == "sigmoid" and enough(self.count, self.high))
        )
        if self.recovered:
            yield PROBABILITIES_AS_LOGITS.found(
                f"{self.head}from_logits=True, but the output ends in a {activation or expected}. "
                "Keras on TensorFlow finds the logits behind it and uses those; on another "
                "backend, in mixed precision or after a reshape the loss is another.",
                self._without_flag(activation or expected),
                evidence,
                "warning",
            )
        elif not self.outside and (activation in _PROBABILITIES or guess):
            yield PROBABILITIES_AS_LOGITS.found(
                f"{self.head}from_logits=True, but all {self.count} predictions are probabilities, "
                f"from {self.low:.4g} to {self.high:.4g}: Keras puts them through another "
                f"{expected}.",
                self._without_flag(f"activation {activation or 'of the output'}"),
                evidence,
            )
        elif activation in RANGES:
            yield LOGITS_LIMITED.found(
                f"{self.head}from_logits=True takes any number, but the output ends in a "
                f"{activation}, which gives numbers {ends_of(activation)}: no logit says that a "
                "class is unlikely as plainly as one far below 0.",
                f"Leave the {activation} out of the output{self.origin.ending('linear')}.",
                evidence,
            )

    def _flagged(self, code=False):
        """Return how the loss gets from_logits=True."""
        if self.within is not None:
            return f"pass from_logits=True to {self.output.loss_name} in {self.within}"
        written = f": write `loss = {called(self.output.keras_loss, from_logits=True)}`"
        return f"compile with from_logits=True{f'{written} and compile again' if code else ''}"

    def _as_logits_code(self):
        """Return how the output becomes logits, and the loss takes them."""
        if self.within is None:
            code = f"loss = {called(self.output.keras_loss, from_logits=True)}"
            if way := self.origin.ending("linear", code):
                return f"compile with from_logits=True{way}"
        return self._flagged()

    def _without_flag(self, activation):
        head = f"Leave the {activation} out, or from_logits=True"
        if self.within is not None:
            return f"{head} in {self.within}."
        code = called(self.output.keras_loss, from_logits=False)
        return f"{head}: write `loss = {code}` and compile again."
