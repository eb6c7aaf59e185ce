"""Dice and Tversky: regions without a true element, and a single pixel taken for a region."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.examples import coins, drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

REGION_EMPTY = Hazard(
    "region-empty",
    "warning",
    "11_custom_losses.ipynb",
    312,
    means=(
        "Dice or Tversky compares regions without a true element: their loss is nearly 1 though "
        "nothing is wrong."
    ),
    why=(
        "Dice is 1 - 2 * overlap / (sum of both). Without a true element the overlap is 0, "
        "whatever is predicted: the loss is 1 and its gradient 0."
    ),
    ignore="If a constant in the loss does not matter: such a region trains nothing.",
    symptoms=("scale", "stuck"),
    asked=("https://github.com/open-mmlab/mmocr/pull/408",),
)
_LOST, _RIGHT = 0.5, 0.5


class Regions(Check):
    """Regions that are empty in the targets: their loss is near 1 though nothing is wrong."""

    regions = empty = lost = 0
    loss = 0.0

    def see(self, batch):
        """Count the regions that an output rightly leaves empty, and their loss."""
        if batch.entry.target != "region":
            return
        y_true, y_pred = (np.asarray(x, np.float64) for x in (batch.y_true, batch.y_pred))
        axis = batch.options.get("axis")
        axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
        if y_true.shape != y_pred.shape:
            return
        empty = (y_true.sum(axis) == 0) & (y_pred.max(axis) < _RIGHT)
        lost = empty & (batch.values > _LOST)
        self.regions += empty.size
        self.empty += int(empty.sum())
        self.lost += int(lost.sum())
        self.loss += float(batch.values[lost].sum())

    def findings(self):
        """Yield a finding if empty regions cost as much as wrong ones."""
        if self.lost:
            name, whole = self.output.loss_name, called(self.output.keras_loss, axis=None)
            yield REGION_EMPTY.found(
                f"{self.head}{name} compares overlaps, and {self.lost} of {self.regions} regions "
                "have no true element: there is no overlap to win. Their loss is "
                f"{self.loss / self.lost:.4g} in the mean, though no prediction in them is above "
                "0.5.",
                "Leave empty images out, or take an axis whose regions hold true elements, the "
                f"whole batch say: write `loss = {whole}` and compile again.",
                {
                    "regions": self.regions,
                    "without a true element": self.empty,
                    "axis": str(self.output.options.get("axis")),
                },
            )


@REGION_EMPTY.example("The whole batch as one region, `Dice()`", "Empty images left out")
def an_empty_image(mended=0):
    """One image of three without a true pixel."""
    from keras import losses

    y = coins(3, 4, 4, 1)
    y[1] = 0
    p = drawn(3, 4, 4, 1, high=0.2)
    loss = losses.Dice() if mended == 1 else losses.Dice(axis=(1, 2, 3))
    keep = [0, 2] if mended == 2 else [0, 1, 2]
    return passing(p[keep], y[keep], loss)
