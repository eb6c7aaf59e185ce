"""Predictions that the loss takes for something else: logits, probabilities, one class."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import BINARY, CATEGORICAL, REGIONS, SPARSE, Check

_SUMMED = (*CATEGORICAL, *SPARSE)
_PROBABILITIES = (*BINARY, *_SUMMED, *REGIONS)
_SLACK, _SUM_SLACK = 2e-3, 1e-2  # float16 rounds a probability by 5e-4
_EPSILON = 1.05e-7  # Keras clips at 1e-7
_ENOUGH = 20  # numbers from 0 to 1 that are no accident
_CAP = 16.118


class Predictions(Check):
    """from_logits in the wrong way, wrong activations, sums other than 1, probabilities of 0."""

    def __init__(self, output):
        super().__init__(output)
        self.low, self.high, self.outside, self.count = np.inf, -np.inf, 0, 0
        self.far = self.rows = self.clipped = self.mismatched = 0
        self.sums = [np.inf, -np.inf]
        self.shape = self.given = None
        self.recovered, self.classes, self.worst = True, 2, 0.0

    def see(self, look):
        """Take the ranges and sums of the predictions of a batch."""
        if look.name not in _PROBABILITIES or look.y_pred is None:
            return
        y_pred = np.asarray(look.y_pred, np.float64)
        finite = y_pred[np.isfinite(y_pred)]
        if not finite.size:
            return
        self.shape, self.given = self.shape or y_pred.shape, look.given
        self.count += finite.size
        self.low, self.high = min(self.low, finite.min()), max(self.high, finite.max())
        self.outside += int(((finite < -_SLACK) | (finite > 1 + _SLACK)).sum())
        self.recovered &= look.logits is not None
        axis = look.options.get("axis", -1)
        if look.name in _SUMMED and y_pred.ndim:
            self.classes = y_pred.shape[axis]
            sums = y_pred.sum(axis)
            sums = sums[np.isfinite(sums)]
            self.rows += sums.size
            self.far += int((np.abs(sums - 1) > _SUM_SLACK).sum())
            if sums.size:
                self.sums = [min(self.sums[0], sums.min()), max(self.sums[1], sums.max())]
        if look.logits is not None and look.name in BINARY:
            expected = 1 / (1 + np.exp(-np.clip(look.logits.astype(np.float64), -500, 500)))
            if expected.shape == y_pred.shape:
                off = np.abs(expected - y_pred)
                off = off[np.isfinite(off)]
                self.mismatched += int((off > _SLACK).sum())
                self.worst = max(self.worst, off.max(initial=0.0))
        elif look.logits is None and not look.options.get("from_logits"):
            self.clipped += self._clipped(look, y_pred)

    def _clipped(self, look, y_pred):
        """Count probabilities of 0 (or 1) for what is true (or isn't): no loss is larger."""
        if look.name in SPARSE:
            labels = np.asarray(look.y_true, np.float64).ravel()
            flat = np.moveaxis(y_pred, look.options.get("axis", -1), -1)
            flat = flat.reshape(-1, flat.shape[-1])
            valid = (labels >= 0) & (labels < flat.shape[-1]) & (len(labels) == len(flat))
            valid &= look.kept.ravel() if look.kept.size == labels.size else True
            rows = np.flatnonzero(valid)
            return int((flat[rows, labels[rows].astype(int)] <= _EPSILON).sum())
        y_true = np.asarray(look.y_true, np.float64)
        if y_true.shape != y_pred.shape or look.name in (*REGIONS, "kl_divergence"):
            return 0
        wrong = (y_true > 0.5) & (y_pred <= _EPSILON)
        if look.name in BINARY:
            wrong |= (y_true < 0.5) & (y_pred >= 1 - _EPSILON)
        kept = look.kept
        return int((wrong & (kept[..., None] if kept.ndim < wrong.ndim else kept)).sum())

    def findings(self):
        """Yield what the ranges, sums and activations say."""
        if not self.count:
            return
        loss, options = self.output.known
        from_logits = bool(options.get("from_logits"))
        head = f"Output {self.output.name!r}: "
        evidence = {
            "y_pred.shape": self.shape,
            "lowest": self.low,
            "highest": self.high,
            "activation": self.given.activation or "unknown",
        }
        if loss in _SUMMED and self.classes == 1:
            yield found(
                "one-class",
                f"{head}{loss} compares classes, but y_pred of shape {self.shape} has one: a "
                "distribution over one class is always 1, and the loss says nothing.",
                "For two classes give the output two units, or one with a sigmoid and "
                "binary_crossentropy.",
                evidence,
            )
        elif from_logits:
            yield from self._as_logits(loss, head, evidence)
        elif self.outside:
            option = (
                ""
                if loss in (*REGIONS, "kl_divergence", SPARSE[1])
                else (", or compile with from_logits=True")
            )
            kind = "softmax" if loss in _SUMMED else "sigmoid"
            clipped = "" if loss in REGIONS else ", and Keras clips them"
            yield found(
                "logits-as-probabilities",
                f"{head}{loss} takes probabilities. Predictions outside of 0 to 1: {self.outside} "
                f"of {self.count}, from {self.low:.4g} to {self.high:.4g}. They look like logits"
                f"{clipped}.",
                f"End the output in a {kind}{option}.",
                evidence,
            )
        elif self.far:
            done = (
                "Keras takes the softmax of the logits behind them instead"
                if self.recovered
                else "Keras divides them by their sum"
            )
            if loss in ("kl_divergence", SPARSE[1]) and not self.recovered:
                done = "Nothing divides them by their sum"
            yield found(
                "probabilities-sum",
                f"{head}{loss} takes one distribution per row. Rows of predictions that don't add "
                f"up to 1: {self.far} of {self.rows}. {done}.",
                "For one class per row end the output in a softmax over the class axis; for "
                "several classes per row keep the sigmoid and take binary_crossentropy.",
                evidence | {"lowest sum": self.sums[0], "highest sum": self.sums[1]},
            )
        elif self.mismatched:
            yield found(
                "activation-mismatch",
                f"{head}{loss} takes the logits that Keras finds behind y_pred for those of a "
                f"sigmoid, but another activation made y_pred: the loss is that of other "
                "probabilities.",
                "For one class per row take categorical_crossentropy; for several end the output "
                "in a sigmoid.",
                evidence | {"elements that differ": self.mismatched, "by up to": self.worst},
            )
        elif self.clipped:
            yield self._saturated(loss, head, evidence)

    def _as_logits(self, loss, head, evidence):
        """Yield a finding if predictions under from_logits=True are probabilities."""
        made = self.given.activation
        kind = "softmax" if loss in _SUMMED else "sigmoid"
        bounded = self.outside == 0
        guess = made is None and (
            (loss in _SUMMED and self.rows and not self.far)
            or (loss in BINARY and self.count >= _ENOUGH and self.high > 0.5)
        )
        if not (self.recovered or (bounded and (made in ("sigmoid", "softmax") or guess))):
            return
        if self.recovered:
            yield found(
                "probabilities-as-logits",
                f"{head}from_logits=True, but the output ends in a {made or kind}. Keras on "
                "TensorFlow finds the logits behind it and uses those; on another backend, in "
                "mixed precision or after a reshape the loss is another.",
                f"Leave from_logits=True out, or the {made or kind}.",
                evidence,
                "warning",
            )
            return
        yield found(
            "probabilities-as-logits",
            f"{head}from_logits=True, but all {self.count} predictions are probabilities, from "
            f"{self.low:.4g} to {self.high:.4g}: Keras puts them through another {kind}.",
            f"Leave from_logits=True out, or the activation {made or 'of the output'}.",
            evidence,
        )

    def _saturated(self, loss, head, evidence):
        """Return a finding for probabilities that are exactly as wrong as can be."""
        half = self.given.dtype in ("float16", "bfloat16")
        evidence |= {"dtype": self.given.dtype, "clipped": self.clipped, "largest loss": _CAP}
        text = (
            f"{head}probabilities that are 0 for what is true, or 1 for what is not: "
            f"{self.clipped}. Keras clips them at 1e-7: their loss stays at 16.12 or below, their "
            "gradient is 0."
        )
        if half:
            return found(
                "float16-underflow",
                f"{text} They are {self.given.dtype}, which rounds to 1 what is near to it.",
                "Give the output layer dtype='float32', or let it return logits and compile with "
                "from_logits=True.",
                evidence,
            )
        return found(
            "probabilities-clipped",
            text,
            "Let the output return logits and compile with from_logits=True: they are not clipped.",
            evidence,
        )
