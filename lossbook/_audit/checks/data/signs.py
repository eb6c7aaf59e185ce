"""Weights below 0, and weights whose sum is nothing."""

import numpy as np

from lossbook._audit.examples import array, drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import MEANS, Check

WEIGHTS_NEGATIVE = Hazard(
    "weights-negative",
    "warning",
    "05_weights.ipynb",
    246,
    means="Weights below 0 train away from the targets of their rows.",
    why=(
        "Keras multiplies by any weight. Below 0 the gradient of the row has the other sign, and "
        "the loss falls as its prediction gets worse."
    ),
    ignore="If that is meant, as for negative rewards.",
    symptoms=("falls", "by-hand"),
)
WEIGHTS_SUM = Hazard(
    "weights-sum",
    "warning",
    "05_weights.ipynb",
    247,
    means="The weights cancel, add up to 1, or are next to nothing.",
    why=(
        "Keras divides by the number of values, whatever the weights are: weights that add up to "
        "1 over all rows make a tiny loss, and tiny steps. mean_with_sample_weight divides by "
        "their sum, which may be nearly 0."
    ),
    ignore="If the learning rate was chosen for it.",
    symptoms=("scale", "stuck"),
)
_CANCELLED = 0.05  # what is left of the sum of the absolute weights
_TINY = 1e-3


class Signs(Check):
    """Weights of both signs, of one sign below 0, and weights that add up to nothing."""

    def __init__(self, output):
        super().__init__(output)
        self.count = self.negative = self.positive = 0
        self.sums, self.sizes = [], []
        self.lowest, self.shape, self.reduction = np.inf, None, None

    def see(self, batch):
        """Count signs, and add up."""
        weight = batch.weight
        if weight is None or not weight.size:
            return
        self.shape, self.reduction = self.shape or weight.shape, batch.reduction
        self.count += weight.size
        self.negative += int((weight < 0).sum())
        self.positive += int((weight > 0).sum())
        self.lowest = min(self.lowest, float(weight.min()))
        self.sums.append(float(weight.sum(dtype=np.float64)))
        self.sizes.append(float(np.abs(weight).sum(dtype=np.float64)))

    def findings(self):
        """Yield a finding for the signs, and one for the sums."""
        evidence = {"weights": self.count, "below 0": self.negative, "lowest": self.lowest}
        if self.negative:
            every = not self.positive
            much = "all weights that count are" if every else f"{self.negative} of {self.count} are"
            yield WEIGHTS_NEGATIVE.found(
                f"{self.head}weights below 0: {much}. Training makes the predictions of such rows "
                "worse, without an end where the loss has none.",
                f"Weights say how much a row counts: {self.weighing.each('np.maximum({w}, 0)')} "
                f"leaves these rows out, {self.weighing.each('np.abs({w})')} takes them in.",
                evidence,
                "error" if every else None,
            )
        pairs = list(zip(self.sums, self.sizes, strict=True))
        cancelled = [s for s, size in pairs if size and abs(s) <= _CANCELLED * size]
        by_sum = self.reduction == "mean_with_sample_weight"
        if self.negative and self.positive and cancelled:
            what = "the loss is a sum of differences"
            if by_sum:
                what = "the loss is divided by nearly 0, or is 0 where it is exactly that"
            yield WEIGHTS_SUM.found(
                f"{self.head}weights of both signs cancel: in {len(cancelled)} of {len(pairs)} "
                f"batches next to nothing is left of their sum; {what}.",
                f"Use weights of one sign: {self.weighing.each('np.abs({w})')}, or "
                f"{self.weighing.each('np.maximum({w}, 0)')}.",
                {"sums of weights": self.sums[:6], "of absolute weights": self.sizes[:6]},
                "error" if by_sum else None,
            )
        elif self.reduction in MEANS and sum(self.sizes):
            yield from self._small(sum(self.sizes), sum(self.sizes) / self.count)

    def _small(self, total, mean):
        """Yield a finding for weights that are next to nothing, or divided by their sum."""
        tiny = mean < _TINY
        by_sum = 1 < self.count == self.positive and abs(total - 1) <= _TINY
        if not (tiny or by_sum):
            return
        what = "are next to nothing," if tiny else "add up to 1. They are"
        yield WEIGHTS_SUM.found(
            f"{self.head}the weights {what} {mean:.2g} in the mean. Keras divides by the number of "
            "values and not by the sum of the weights, so that the loss is as small, and with it "
            "the step.",
            f"Divide them by their mean: write {self.weighing.each('{w} / np.mean({every})')}.",
            {"weights": self.count, "mean": mean, "sum": sum(self.sums)},
            None if tiny else "note",
        )


@WEIGHTS_NEGATIVE.example(
    "`np.maximum(sample_weight, 0)`: these rows left out",
    "`np.abs(sample_weight)`: these rows taken in",
)
def one_weight_below_zero(mended=0):
    """A weight of -1 among four."""
    weight = array(1, 2, {0: -1, 1: 0, 2: 1}[mended], 3)
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)


@WEIGHTS_SUM.example("Weights divided by their mean")
def weights_that_add_up_to_one(mended=0):
    """Weights divided by the sum over 2,000 rows."""
    weight = np.full(2000, 1.0 if mended else 1 / 2000, "float32")
    y = drawn(2000, 1, seed=1)
    return passing(drawn(2000, 1), y, "mse", sample_weight=weight, batch_size=1000)
