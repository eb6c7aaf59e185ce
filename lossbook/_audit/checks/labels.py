"""Targets that the loss cannot mean: out of range, not one-hot."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import BINARY, CATEGORICAL, REGIONS, SPARSE, Check

RANGES = {
    **dict.fromkeys((*BINARY, *REGIONS), (0, 1, "probabilities from 0 to 1")),
    **dict.fromkeys(CATEGORICAL, (0, 1, "probabilities from 0 to 1")),
    **dict.fromkeys(("hinge", "squared_hinge"), (-1, 1, "labels -1 and 1, or 0 and 1")),
    "poisson": (0, np.inf, "counts, from 0 on"),
    "mean_squared_logarithmic_error": (0, np.inf, "targets from 0 on"),
}
_TOLERANCE = 1e-3
NUMBERED = (
    "Number the classes from 0, and give the output one unit per class; labels that are to be left "
    "out need ignore_class, or a weight of 0 and a number that exists."
)
IN_RANGE = "Bring the targets into that range, or take a loss for such targets."


def outside(loss, y_true):
    """Say which targets lie outside of the range of a loss; None of a loss without one."""
    if loss not in RANGES:
        return None
    low, high, _ = RANGES[loss]
    return (y_true < low - _TOLERANCE) | (y_true > high + _TOLERANCE)


class Labels(Check):
    """Targets out of the range of their loss, and rows that are no distribution."""

    def __init__(self, output):
        super().__init__(output)
        self.bad, self.low, self.high, self.count = 0, np.inf, -np.inf, 0
        self.odd, self.empty, self.rows, self.sums = 0, 0, 0, set()
        self.shape = self.classes = None

    def see(self, look):
        """Count what is out of range at positions that count."""
        if look.name in SPARSE:
            self._see_numbers(look)
        elif look.name in RANGES and look.y_true is not None:
            y_true = np.asarray(look.y_true, np.float64)
            wrong = self._kept(look, y_true) & outside(look.name, y_true)
            self._add(y_true, wrong)
            if look.name in CATEGORICAL and y_true.shape[look.options.get("axis", -1)] > 1:
                self._see_rows(look, y_true, wrong)

    def _see_numbers(self, look):
        axis = look.options.get("axis", -1)
        self.classes = look.y_pred.shape[axis]
        y_true = np.asarray(look.y_true, np.float64)
        kept = look.mended.kept
        kept = kept.reshape(y_true.shape) if kept.size == y_true.size else True
        wrong = (y_true < 0) | (y_true >= self.classes) | (np.round(y_true) != y_true)
        wrong &= kept & np.isfinite(y_true)
        if look.options.get("ignore_class") is not None:
            wrong &= y_true != look.options["ignore_class"]
        self._add(y_true, wrong)

    def _see_rows(self, look, y_true, wrong):
        """Count rows of targets that don't add up to 1; a smoothed or soft row does."""
        axis = look.options.get("axis", -1)
        sums = y_true.sum(axis)
        kept = look.kept if look.kept.shape == sums.shape else np.ones(sums.shape, bool)
        kept = kept & np.isfinite(sums) & ~wrong.any(axis)
        odd = kept & (np.abs(sums - 1) > _TOLERANCE) & (sums != 0)
        self.odd += int(odd.sum())
        self.empty += int((kept & (sums == 0)).sum())
        self.rows += int(kept.sum())
        self.sums |= set(np.unique(sums[odd])[:3].tolist()) if len(self.sums) < 3 else set()

    def _kept(self, look, y_true):
        kept = look.kept
        while kept.ndim < y_true.ndim:
            kept = kept[..., None]
        try:
            return np.broadcast_to(kept, y_true.shape) & np.isfinite(y_true)
        except ValueError:
            return np.isfinite(y_true)

    def _add(self, y_true, wrong):
        self.shape, self.count = self.shape or y_true.shape, self.count + y_true.size
        self.bad += int(wrong.sum())
        if wrong.any():
            self.low = min(self.low, y_true[wrong].min())
            self.high = max(self.high, y_true[wrong].max())

    def findings(self):
        """Yield a finding for the range, and one for the rows."""
        name, loss = self.output.name, (self.output.known or (None,))[0]
        evidence = {"y_true.shape": self.shape, "targets": self.count, "out of range": self.bad}
        if self.bad:
            evidence |= {"lowest of them": self.low, "highest of them": self.high}
            if loss in SPARSE:
                text = f"class numbers from 0 to {self.classes - 1}"
                fix = NUMBERED
            else:
                text = RANGES[loss][2]
                fix = IN_RANGE
            yield found(
                "labels-range",
                f"Output {name!r}: {loss} takes {text}. Targets outside of that: {self.bad} of "
                f"{self.count}. Keras computes with them or fails, by loss and backend.",
                fix,
                evidence,
            )
        evidence = {"y_true.shape": self.shape, "rows": self.rows}
        if self.odd:
            evidence |= {"rows of another sum": self.odd, "such as": sorted(self.sums)[:3]}
            yield found(
                "labels-not-one-hot",
                f"Output {name!r}: {loss} takes one distribution per row. Rows of targets that "
                f"don't add up to 1: {self.odd} of {self.rows}. A row counts by its sum.",
                "For one class per row pass one-hot rows; for several classes per row take a "
                "sigmoid and binary_crossentropy.",
                evidence,
            )
        elif self.empty:
            evidence |= {"rows of zeros": self.empty}
            yield found(
                "labels-not-one-hot",
                f"Output {name!r}: rows of targets that are all 0: {self.empty} of {self.rows}. "
                "Their loss is 0, and they stay in the denominator.",
                "If these rows have no label, mask them; if they belong to one more class, give "
                "it a column.",
                evidence,
                "warning",
            )
