"""Percentage errors: targets of 0, or next to 0, which the error is divided by."""

import numpy as np

from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook.elementwise import mean_absolute_percentage_error

TARGETS_ZERO = Hazard(
    "targets-zero",
    "warning",
    "02_elementwise.ipynb",
    77,
    means="mean_absolute_percentage_error divides by targets of 0, or by some around 0.",
    why=(
        "The loss is 100 * |y_true - y_pred| / |y_true|, and Keras divides by 1e-7 at least: an "
        "error of 1 at a target of 0 costs 1,000,000,000. One such target makes nearly all of the "
        "loss."
    ),
    ignore="If errors at small targets are meant to count by their percentage all the same.",
    symptoms=("scale", "by-hand"),
)
_NEAR, _MOST = 1e-3, 0.5  # of the middle target; of the loss


class Percentages(Check):
    """Targets next to 0 that make most of a percentage error."""

    near = zeros = count = below = above = 0
    cost = whole = tenth = 0.0

    def see(self, batch):
        """Count targets next to 0 that count, and what they cost."""
        if batch.output.loss_name != "mean_absolute_percentage_error":
            return
        y_true, y_pred = batch.y_true, batch.y_pred
        if y_true.shape != y_pred.shape:
            return
        kept, sizes = batch.kept_targets, np.abs(y_true)
        errors = mean_absolute_percentage_error(y_true.astype(y_pred.dtype), y_pred)
        errors = np.where(kept & np.isfinite(errors), errors, 0).astype(np.float64)
        middle = np.median(sizes[sizes > 0]) if (sizes > 0).any() else 0.0
        self.below, self.above = self.below + (y_true < 0).sum(), self.above + (y_true > 0).sum()
        self.tenth += errors[sizes <= np.quantile(sizes, 0.1)].sum()
        near = kept & (sizes <= _NEAR * middle)
        self.near += int(near.sum())
        self.zeros += int((near & (sizes == 0)).sum())
        self.count += int(kept.sum())
        self.cost, self.whole = self.cost + errors[near].sum(), self.whole + errors.sum()

    def findings(self):
        """Yield a finding if such targets make most of the loss."""
        if self.near and self.cost > _MOST * self.whole:
            yield TARGETS_ZERO.found(
                f"{self.head}mean_absolute_percentage_error divides by the target. Targets of 0 or "
                f"next to 0: {self.near} of {self.count}. They make "
                f"{100 * self.cost / self.whole:.4g} % of the loss.",
                "Take a loss that does not divide, `loss = 'mean_absolute_error'` say, and compile "
                "again, or give such rows the weight 0."
                if self.within is None
                else f"Let {self.within} call a loss that does not divide, mean_absolute_error "
                "say, or give such rows the weight 0.",
                {"targets": self.count, "next to 0": self.near, "exactly 0": self.zeros},
            )
        elif min(self.below, self.above) > 0.1 * self.count and self.tenth > _MOST * self.whole:
            yield TARGETS_ZERO.found(
                f"{self.head}mean_absolute_percentage_error divides by the target, and the targets "
                f"lie around 0: {self.below} of {self.count} below. The tenth nearest to 0 makes "
                f"{100 * self.tenth / self.whole:.4g} % of the loss.",
                "Leave the targets as they were before they were standardised, or take a loss that "
                "does not divide, mean_absolute_error say.",
                {"targets": self.count, "below 0": self.below, "above 0": self.above},
            )


@TARGETS_ZERO.example("`'mean_absolute_error'`", "Such rows left out")
def one_target_of_zero(mended=0):
    """One target of 0 among four."""
    p, y = drawn(4, 1), drawn(4, 1, seed=1)
    y[2] = 0
    keep = [0, 1, 3] if mended == 2 else [0, 1, 2, 3]
    loss = "mean_absolute_error" if mended == 1 else "mean_absolute_percentage_error"
    return passing(p[keep], y[keep], loss)
