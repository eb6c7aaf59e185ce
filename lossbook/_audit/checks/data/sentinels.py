"""Targets that mean 'unknown', such as -1 or -999, and count as numbers all the same."""

import numpy as np

from lossbook._audit.checks.data.known import SENTINELS, by_elements, by_weights
from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check, or_none, values_of

TARGETS_SENTINEL = Hazard(
    "targets-sentinel",
    "warning",
    "04_masks.ipynb",
    85,
    means=(
        "One number, such as -1 or -999, is repeated among the targets, apart from all others: "
        "it looks like a mark for 'unknown', and the loss takes it for a target."
    ),
    why=(
        "Keras knows no mark for 'unknown', apart from ignore_class of "
        "sparse_categorical_crossentropy. mean_squared_error trains towards -999 as towards any "
        "number."
    ),
    ignore="If the number is a target like the others.",
    symptoms=("padding", "scale"),
    asked=(
        "https://github.com/keras-team/keras/issues/12850",
        "https://github.com/keras-team/keras/issues/7423",
        "https://github.com/keras-team/keras/issues/3893",
    ),
)
_MOST = 0.9  # of the targets
_TRIED = 64  # so many rows are tried


class Sentinel(Check):
    """One value that is repeated apart from all others, at positions that count."""

    by_batch = False

    def __init__(self, output):
        super().__init__(output)
        self.counts = dict.fromkeys(SENTINELS, 0)
        self.low = dict.fromkeys(SENTINELS, np.inf)
        self.high = dict.fromkeys(SENTINELS, -np.inf)
        self.targets, self.whole, self.weighed, self.shape = 0, True, False, None
        self.some: set[float] = set()
        self.skipped: dict[float, bool | None] = {}

    def see(self, batch):
        """Count what looks like a mark, and where the other targets lie."""
        if batch.output.whole or self.output.entry.target not in ("regression", "own"):
            return
        if batch.y_true is None or batch.y_true.dtype == bool or batch.y_pred is None:
            return
        y = batch.y_true[batch.kept_targets]
        if not y.size:
            return
        self.shape, self.targets = self.shape or batch.y_true.shape, self.targets + y.size
        self.weighed |= batch.weight is not None
        if len(self.some) < 64:
            self.some |= set(np.unique(y[:4096])[:64].tolist())
        low, high = float(np.nanmin(y)), float(np.nanmax(y))
        for value in SENTINELS:
            if not low <= value <= high or not (marks := y == value).any():
                self.low[value] = min(self.low[value], low)
                self.high[value] = max(self.high[value], high)
                continue
            self.counts[value] += int(marks.sum())
            others = y[~marks]
            if others.size:
                self.low[value] = min(self.low[value], float(np.nanmin(others)))
                self.high[value] = max(self.high[value], float(np.nanmax(others)))
            if value not in self.skipped:
                self.skipped[value] = _skips(batch, value)
            rows = (batch.y_true == value).reshape(len(batch.y_true), -1)
            self.whole &= bool((rows.any(1) == rows.all(1)).all())

    def _stands_apart(self, value):
        """Say whether a value lies where no other target does, and is repeated."""
        low, high = self.low[value], self.high[value]
        if not (2 <= self.counts[value] <= _MOST * self.targets and low < high):
            return False
        others = {one for one in self.some if one != value}
        if value == -1:
            return low >= 0 and (high >= 3 or any(one != round(one) for one in others))
        gap = low - value if value < low else value - high
        return gap > 0.5 * (high - low)

    def findings(self):
        """Yield a finding for the value that is repeated most."""
        found = [value for value in SENTINELS if self.counts[value] and self._stands_apart(value)]
        found = [value for value in found if self.skipped.get(value) is False]
        if not found:
            return
        value = max(found, key=self.counts.get)
        loss = self.output.loss_name or "the loss function"
        yield TARGETS_SENTINEL.found(
            f"{self.head}{self.counts[value]} of {self.targets} targets are {value}, apart from "
            f"all others. If that means 'unknown': {loss} takes it for a number, and trains "
            "towards it.",
            self._fix(value),
            {
                "y_true.shape": self.shape,
                f"targets of {value}": self.counts[value],
                "the others": [self.low[value], self.high[value]],
            },
        )

    def _fix(self, value):
        if not self.output.loss_name:
            return f"Let the loss return 0 where y_true is {value}, or pass weights of 0 there."
        if self.whole and not self.weighed:  # or these weights would be lost
            code = by_weights(self.output.keras_loss, f"y != {value}", self.shape)
            return f"Weigh them 0 and divide by the others: write {code} and compile again."
        code = by_elements(self.output.keras_loss, f"y_true != {value}")
        return f"Average over the known targets of each row: write {code} and compile again."


@or_none
def _skips(batch, value):
    """Say whether what is predicted there is all the same to the loss; None: it can't be tried."""
    y_true, y_pred = batch.y_true[:_TRIED], batch.y_pred[:_TRIED]
    marks = y_true == value
    if not marks.any():
        rows = (batch.y_true == value).reshape(len(batch.y_true), -1).any(1)
        y_true, y_pred = batch.y_true[rows][:_TRIED], batch.y_pred[rows][:_TRIED]
        marks = y_true == value
    if marks.ndim == y_pred.ndim - 1:
        marks = marks[..., None]
    other = np.where(marks, y_pred + 0.5, y_pred).astype(y_pred.dtype)
    found = [values_of(batch.output, y_true, p) for p in (y_pred, other)]
    return bool(np.allclose(*found, rtol=1e-6, atol=0, equal_nan=True))


@TARGETS_SENTINEL.example("A weight of 0, and `'mean_with_sample_weight'`", "These rows left out")
def unknown_is_minus_999(mended=0):
    """Two targets of -999 among eight."""
    from keras import losses

    p, y = drawn(8, 1), drawn(8, 1, seed=1)
    y[2:4] = -999
    known = (y != -999)[:, 0]
    if mended == 1:
        loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
        return passing(p, y, loss, sample_weight=known.astype("float32"))
    return passing(p[known], y[known], "mse") if mended else passing(p, y, "mse")
