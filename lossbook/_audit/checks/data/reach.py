"""Targets that the activation of the output cannot give: 255 for a sigmoid, -1 for a relu."""

import numpy as np

from lossbook._audit.checks.data.ranges import RANGES, ends_of
from lossbook._audit.checks.labels import LABELS_RANGE
from lossbook._audit.observation import Check, or_none, values_of
from lossbook._core import four_digits

_SIGNS = ("hinge", "squared_hinge")
_SLACK = 1e-3
_FEW = 0.05  # of the targets: outliers
_ROWS = 64


class Reach(Check):
    """Targets out of the reach of the output, which the loss would have it give."""

    by_batch = False

    out = count = 0
    low, high = np.inf, -np.inf
    cost = origin = None

    def see(self, batch):
        """Count the targets beyond the range of the activation, and ask the loss once."""
        ends = RANGES.get(getattr(batch.call.origin, "activation", None))
        named = batch.output.loss_name == "cosine_similarity"  # directions, of any length
        signs = batch.output.loss_name in _SIGNS
        if ends is None or named or not (signs or batch.entry.target in ("regression", "own")):
            return
        if batch.y_true is None or batch.y_pred is None or batch.y_true.size != batch.y_pred.size:
            return
        y_true = batch.y_true[np.isfinite(batch.y_true)]
        y_true = 2 * y_true - 1 if signs and np.isin(y_true, (0, 1)).all() else y_true  # as Keras
        if not y_true.size or not batch.kept.all():
            return
        out = (y_true < ends[0] - _SLACK) | (y_true > ends[1] + _SLACK)
        self.count, self.out = self.count + y_true.size, self.out + int(out.sum())
        self.low, self.high = min(self.low, y_true.min()), max(self.high, y_true.max())
        self.origin = batch.call.origin
        if out.any() and self.cost is None:
            self.cost = _cost(batch, ends)

    def findings(self):
        """Yield a finding if the loss would be lower with predictions that cannot be."""
        if self.out <= _FEW * self.count or not self.cost or not self.cost[0] < self.cost[1]:
            return
        name, (reached, best) = self.origin.activation, self.cost
        yield LABELS_RANGE.found(
            f"{self.head}it ends in a {name}, which gives numbers {ends_of(name)}, but the targets "
            f"go from {self.low:.4g} to {self.high:.4g}. Out of its reach: {self.out} of "
            f"{self.count}. The loss stays at {four_digits(best)} or above, where it could be "
            f"{four_digits(reached)}.",
            self._fix(name),
            {"targets": self.count, "out of reach": self.out, "activation": name},
            None if np.isfinite(RANGES[name][1]) else "warning",
        )

    def _fix(self, name):
        if self.output.loss_name in _SIGNS:
            way = self.origin.ending("linear") or f": {self.output.loss_name} takes any score"
            return f"Leave the {name} out{way}."
        text = f"Leave the {name} out, or scale the targets into that range"
        pixels = RANGES[name] == (0, 1) and 8 < self.high <= 255 and self.low >= 0
        if pixels:
            return f"{text}: write `y = y / 255`."
        return f"Scale the targets into that range, or leave the {name} out" + (
            f"{self.origin.ending('linear')}."
        )


@or_none
def _cost(batch, ends):
    """Return the loss of predictions that are the targets, and of the nearest that can be."""
    y_true, y_pred = batch.y_true[:_ROWS], batch.y_pred[:_ROWS]
    if not np.isfinite(y_true).all():
        return None
    wanted = y_true.reshape(y_pred.shape).astype(y_pred.dtype)
    if batch.output.loss_name in _SIGNS and np.isin(y_true, (0, 1)).all():
        wanted = 2 * wanted - 1
    pair = wanted, np.clip(wanted, *ends)
    return [float(values_of(batch.output, y_true, p).mean()) for p in pair]
