"""What a user's own loss takes, probabilities or logits: it is asked, and so is what it calls."""

from types import SimpleNamespace

import numpy as np

from lossbook._audit.checks.by_loss.cosine import Directions
from lossbook._audit.checks.by_loss.ctc import CTC_PROBABILITIES, Ctc
from lossbook._audit.checks.by_loss.percentage import Percentages
from lossbook._audit.checks.labels import Labels
from lossbook._audit.checks.predictions import Predictions
from lossbook._audit.checks.predictions.logits import (
    LOGITS_AS_PROBABILITIES,
    PROBABILITIES_AS_LOGITS,
    enough,
    outside,
)
from lossbook._audit.checks.predictions.twice import SOFTMAX_TWICE
from lossbook._audit.finding import keras_words
from lossbook._audit.mask_path import Origin
from lossbook._audit.observation import Check, OutputBatch
from lossbook._core import four_digits, to_numpy
from lossbook._losses import keras_objects
from lossbook._model import Call, Output

_BATCHES = 4  # so many are looked at
_FAR = 20.0  # a logit that is as good as certain


class OwnLosses(Check):
    """Logits for probabilities, or the other way round, in a loss of the user's.

    The losses of Keras that it calls are checked as if they were the output's; beside them the loss
    itself is asked for other predictions.
    """

    def __init__(self, output):
        super().__init__(output)
        self.called, self.asked, self.batches = {}, [], 0

    def see(self, batch):
        """Ask the loss, on the first batches."""
        skipped = batch.output.keras_loss is not None or batch.call.given_y_true is None
        if skipped or self.batches >= _BATCHES or not batch.rows:
            return
        self.batches += 1
        try:
            if self._is_itself(batch):
                self._see_called(batch.few)
                self.asked = self.asked or list(self._ask(batch.few))
        except Exception as error:
            self.unseen.append(f"what {self.output.source} takes: {keras_words(error)}")
            self.batches = _BATCHES

    def _is_itself(self, batch):
        """Say whether the loss gives the same number again, outside of the step.

        It does not if it is random, or if Keras found the logits behind the predictions.
        """
        values = np.mean(batch.values, dtype=np.float64)
        found = batch.loss_of() if batch.weight is None and batch.call.mask is None else values
        return bool(np.isclose(found, values, rtol=1e-3)) or self.output.loss.reduction == "sum"

    def _see_called(self, batch):
        """Hand what Keras's losses get inside to the checks for such losses."""
        for i, mark in enumerate(batch.marks):
            if mark.keras_loss is None or not {"y_true", "y_pred"} <= set(mark.tensors):
                continue
            inner = _inner(batch, mark)
            checks = self.called.setdefault((i, mark.keras_loss[0]), [])
            checks += [] if checks else [kind(inner.output) for kind in _KINDS]
            for check in checks:
                check.within = self.output.source
                check.head = f"{self.head}its loss calls {inner.output.loss_name}. There "
                check.see(inner.repaired if check.repaired else inner)

    def _ask(self, batch):
        """Yield what the numbers of the loss say for predictions that are known."""
        y_true, y_pred = batch.given
        is_out = outside(y_pred)
        if not is_out.any():
            yield from self._twice(batch, y_pred)
        if y_true.size != y_pred.size or not np.isin(y_true, (0, 1)).all() or np.ptp(y_true) == 0:
            return
        labels = y_true.reshape(y_pred.shape).astype(np.float64)
        best = batch.loss_of(y_pred=labels)
        far, farther = (batch.loss_of(y_pred=by * (2 * labels - 1)) for by in (_FAR, 2 * _FAR))
        saturates = abs(far - farther) <= 1e-4 * max(abs(far), 1e-3)
        evidence = {"with y_pred = y_true": best, "with logits of 20": far}
        if is_out.any():
            clipped, turned = (
                batch.loss_of(y_pred=p) for p in (np.clip(y_pred, 0, 1), y_pred[..., ::-1] * 0.7)
            )
            given = batch.loss_of()
            both = (y_pred < 0).any() and (y_pred > 1).any()
            clips = both and abs(clipped - given) <= 1e-6 * abs(given) < abs(turned - given)
            if clips or (not saturates and _overshoots(batch, labels, best)):
                how = "cuts them off at 0 and 1" if clips else "leaves its range with them"
                yield LOGITS_AS_PROBABILITIES.found(
                    f"{self.head}{self.output.source} takes probabilities. Predictions outside of "
                    f"0 to 1: {int(is_out.sum())} of {y_pred.size}. They look like logits, and the "
                    f"loss {how}.",
                    "End the output in a softmax where one class is true, else in a sigmoid"
                    f"{batch.call.origin.ending('sigmoid')}.",
                    {"lowest": y_pred.min(), "highest": y_pred.max(), "loss": given, **evidence},
                )
        elif saturates and best - far > 1e-2 * max(abs(best), 1.0):
            activation = batch.call.origin.activation
            if activation in ("sigmoid", "softmax") or enough(y_pred.size, y_pred.max()):
                yield PROBABILITIES_AS_LOGITS.found(
                    f"{self.head}{self.output.source} takes logits, but all {y_pred.size} "
                    f"predictions lie between 0 and 1. With the best that is there, 1 for what is "
                    f"true and 0 for what is not, it is {four_digits(best)}; with logits of 20 and "
                    f"-20 {four_digits(far)}.",
                    f"Leave from_logits=True or the sigmoid out of the loss, or the activation "
                    f"{activation or 'of the output'} out of the model"
                    f"{batch.call.origin.ending('linear')}.",
                    {"lowest": y_pred.min(), "highest": y_pred.max(), **evidence},
                )

    def _twice(self, batch, y_pred):
        """Add 1 to all probabilities: a loss that does not move takes a softmax of its own."""
        if y_pred.ndim < 2 or y_pred.shape[-1] < 2:
            return
        if np.abs(y_pred.sum(-1) - 1).max() > 1e-3:
            return
        given, shifted, *moved = (
            batch.loss_of(y_pred=p)
            for p in (y_pred, y_pred + 1, np.roll(y_pred, 1, -1), 0.5 * y_pred)
        )
        if abs(given - shifted) > 1e-5 * abs(given):
            return
        if any(abs(given - other) <= 1e-4 * abs(given) for other in moved):
            return  # of an argmax, say
        yield SOFTMAX_TWICE.found(
            f"{self.head}predictions are probabilities already, rows that add up to 1, and "
            f"{self.output.source} takes a softmax of them: 1 more for all of them changes "
            "nothing.",
            "Leave from_logits=True out of the loss, or the softmax out of the model"
            f"{batch.call.origin.ending('linear')}.",
            {"y_pred.shape": y_pred.shape, "loss": given, "with y_pred + 1": shifted},
        )

    def findings(self):
        """Yield what was found: at what it calls first, which says more."""
        called = [
            f for checks in self.called.values() for check in checks for f in check.findings()
        ]
        codes = {finding.code for finding in called}
        asked = [] if CTC_PROBABILITIES.code in codes else self.asked
        if SOFTMAX_TWICE.code in {finding.code for finding in asked}:
            codes |= {PROBABILITIES_AS_LOGITS.code}
            called = [f for f in called if f.code != PROBABILITIES_AS_LOGITS.code]
        yield from called
        yield from (finding for finding in asked if finding.code not in codes - {"softmax-twice"})


_KINDS = (Predictions, Labels, Ctc, Directions, Percentages)


def _inner(batch, mark):
    """Return what a loss of Keras got within a user's own as a batch of an output."""
    name, options = mark.keras_loss
    function = keras_objects()[name]

    def call(y_true, y_pred):
        return function(y_true, y_pred, **options)

    loss = SimpleNamespace(call=call, name=name, reduction="sum_over_batch_size")
    output = Output(batch.output.name, loss, None, mark.keras_loss, False)
    y_true, y_pred = mark.tensors["y_true"], mark.tensors["y_pred"]
    same = np.array_equal(to_numpy(y_pred), batch.given[1])
    counts = to_numpy(mark.coefficients) != 0 if mark.coefficients is not None else None
    mask = None if counts is None or counts.all() else counts  # what the loss leaves out itself
    origin = batch.call.origin if same else Origin(dtype=batch.call.origin.dtype)
    given = {"given_y_true": y_true, "given_y_pred": y_pred, "origin": origin, "mask": mask}
    call = Call(output, 0, y_true, y_pred, values=mark.values, **given)
    return OutputBatch(call, batch.rows, 0)


def _overshoots(batch, labels, best):
    """Say whether 3 for what is true is better than 1, in a loss that is no sum of products."""
    over = batch.loss_of(y_pred=3 * labels)
    scale = max(abs(best), abs(over), 1e-3)
    if over > best - 1e-2 * scale:
        return False
    parts = [batch.loss_of(y_pred=p) for p in (labels, 1 - labels, 0 * labels, 0 * labels + 1)]
    return abs(parts[0] + parts[1] - parts[2] - parts[3]) > 1e-2 * scale
