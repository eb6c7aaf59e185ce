"""What Keras divides by: weights of 0, fewer weights than values, sums batch by batch."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.counting import unequal_means
from lossbook._audit.examples import array, drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import MEANS, Check
from lossbook._core import squeeze_or_expand_to_same_rank

WEIGHTS_FEWER = Hazard(
    "weights-fewer",
    "error",
    "05_weights.ipynb",
    240,
    means="mean_with_sample_weight divides by the sum of fewer weights than there are values.",
    why=(
        "Keras broadcasts the weights to the values, but adds them up in their own shape: "
        "weights of (batch, 1) for values of (batch, 3) make three times the weighted mean."
    ),
    ignore="If a factor that is the same in all batches does not matter.",
    symptoms=("scale", "by-hand"),
    asked=("https://github.com/keras-team/keras/pull/20410",),
)
WEIGHTS_ZERO = Hazard(
    "weights-zero",
    "warning",
    "05_weights.ipynb",
    250,
    means="Weights of 0 leave the sum and stay in the denominator.",
    why=(
        "sum_over_batch_size and mean divide by the number of values, those of weight 0 "
        "included. Keras up to 2.2.4 left them out."
    ),
    ignore="If the mean over all values is meant, in which some are 0.",
    symptoms=("by-hand", "padding", "scale"),
    asked=(
        "https://github.com/keras-team/keras/issues/19740",
        "https://github.com/keras-team/keras/issues/7394",
        "https://github.com/keras-team/keras/issues/13329",
    ),
)
WEIGHTED_MEAN_BATCHES = Hazard(
    "weighted-mean-batches",
    "warning",
    "10_mean_of_means.ipynb",
    260,
    means=(
        "mean_with_sample_weight divides batch by batch, and the epoch counts batches by their "
        "rows."
    ),
    why=(
        "Each batch divides by its own sum of weights. The mean over batches is not the weighted "
        "mean of all rows, unless these sums are in proportion to the rows."
    ),
    ignore="If the batch size stays the same, and the number is compared with itself alone.",
    symptoms=("batch-size", "by-hand"),
    asked=("https://github.com/keras-team/keras/pull/20410",),
)


class ZeroWeights(Check):
    """Weights of 0, which leave the sum and stay in the denominator."""

    by_batch = False

    zeros = count = 0
    total = 0.0

    def see(self, batch):
        """Count zeros among the weights of values that the mask keeps."""
        if batch.weight is None or batch.weights is None or batch.reduction not in MEANS:
            return
        masked = batch.kept | (batch.weights == 0)  # by weights alone
        if batch.mask is not None:
            values, mask = squeeze_or_expand_to_same_rank(np, batch.values, batch.mask)
            if np.broadcast_shapes(values.shape, mask.shape) != values.shape:
                return
            masked = np.broadcast_to(mask, values.shape).reshape(batch.values.shape)
        self.zeros += int((masked & (batch.weights == 0)).sum())
        self.count += int(masked.sum())
        self.total += float(np.nansum(np.where(masked, batch.weighted, 0)))

    def findings(self):
        """Yield a finding if some weights are 0, and not all."""
        if 0 < self.zeros < self.count:
            yield WEIGHTS_ZERO.found(
                f"{self.head}weights of 0: {self.zeros} of {self.count}. They leave the sum "
                f"but stay in the denominator: the loss is that of the others, times "
                f"{(self.count - self.zeros) / self.count:.4g}.",
                "To leave values out use a mask, or a division by the sum of the weights"
                f"{self._by_the_sum()}.",
                {
                    "weights": self.count,
                    "zeros": self.zeros,
                    "sum / all": self.total / self.count,
                    "sum / nonzero": self.total / (self.count - self.zeros),
                },
            )

    def _by_the_sum(self):
        """Return the reduction that does so, as code where the loss is Keras's."""
        if self.output.keras_loss is None:
            return ", reduction='mean_with_sample_weight'"
        loss = called(self.output.keras_loss, reduction="mean_with_sample_weight")
        return f": write `loss = {loss}` and compile again"


@WEIGHTS_ZERO.example("`reduction='mean_with_sample_weight'`", "These rows left out")
def zero_weights(mended=0):
    """Two weights of 0 among four."""
    weight, p, y = array(1, 0, 0, 1), drawn(4, 3), drawn(4, 3, seed=1)
    if mended == 1:
        return _weighted_mean((4, 3), weight)
    keep = weight != 0 if mended == 2 else weight >= 0
    return passing(p[keep], y[keep], "mse", sample_weight=weight[keep])


class WeightedMean(Check):
    """mean_with_sample_weight: fewer weights than values, and one division per batch."""

    def __init__(self, output):
        super().__init__(output)
        self.fewer = None
        self.batches = []

    def see(self, batch):
        """Keep sums of weights and of weighted values, batch by batch."""
        if batch.reduction != "mean_with_sample_weight" or not batch.values.ndim:
            return
        weight, weights = batch.weight, batch.weights
        if weights is None:
            return
        unmasked = weight is not None and batch.mask is None
        if unmasked and self.fewer is None and weight.size < batch.values.size:
            self.fewer = weight.shape, batch.values.shape
        weights = np.where(batch.kept, weights, 0)
        total = float(batch.weighted[batch.kept].sum())
        self.batches.append((batch.rows, total, float(weights.sum())))

    def findings(self):
        """Yield what the shapes say, and what the batches do."""
        head = f"{self.head}mean_with_sample_weight "
        if self.fewer is not None:
            shape, values = self.fewer
            times = int(np.prod(values) // max(np.prod(shape), 1))
            code = ""
            if len(shape) == len(values):
                full = self.weighing.shaped(f"sample_weight * np.ones({(1, *values[1:])})")
                code = f": write {full}"
            yield WEIGHTS_FEWER.found(
                f"{head}divides by the sum of the weights, shape {shape}, but adds up "
                f"{int(np.prod(values))} values: the result is {times} times the weighted mean.",
                f"Give the weights the full shape {values}{code}.",
                {"sample_weight.shape": shape, "values.shape": values, "times": times},
            )
        elif all(w for *_, w in self.batches) and (means := unequal_means(self.batches)):
            yield WEIGHTED_MEAN_BATCHES.found(
                f"{head}divides in every batch by that batch's sum of weights, and the epoch "
                "counts batches by rows: the result is not the weighted mean of all rows, and "
                "moves with the batch size.",
                f"Evaluate in one batch, `batch_size = {sum(n for n, *_ in self.batches)}`, or "
                "divide the weights by their mean over all rows and use 'sum_over_batch_size'.",
                {
                    "this output": means[0],
                    "weighted mean of all": means[1],
                    "sums of weights": [weight for *_, weight in self.batches[:6]],
                },
            )


@WEIGHTS_FEWER.example("The full shape of the values")
def fewer_weights(mended=0):
    """Four weights for twelve values."""
    weight = np.tile(array(1, 2, 3, 4)[:, None], (1, 3 if mended else 1))
    return _weighted_mean((4, 3, 2), weight)


@WEIGHTED_MEAN_BATCHES.example(
    "One batch", "Weights divided by their mean, and `'sum_over_batch_size'`"
)
def weighted_mean_in_batches(mended=0):
    """A batch with weights of 2 in all, and one with weights of 14."""
    weight = array(1, 1, 5, 9)
    if mended == 2:
        y, data = drawn(4, 3, seed=1), {"sample_weight": weight / weight.mean(), "batch_size": 2}
        return passing(drawn(4, 3), y, "mse", **data)
    return _weighted_mean((4, 3), weight, batch_size=4 if mended else 2)


def _weighted_mean(shape, weight, **data):
    from keras import losses

    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    return passing(drawn(*shape), drawn(*shape, seed=1), loss, sample_weight=weight, **data)
