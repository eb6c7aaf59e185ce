"""What depends on the size of a batch: sums, no reduction, a short last batch."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import MEANS, Check

REDUCTION_SUM = Hazard(
    "reduction-sum",
    "warning",
    "06_reduction.ipynb",
    270,
    means="reduction='sum' adds up all values of a batch.",
    why=(
        "Nothing is divided: loss and steps grow with the batch size and with every axis of the "
        "values."
    ),
    ignore=(
        "If the batch size is fixed and the learning rate was chosen for it, or a loop of your "
        "own divides."
    ),
    symptoms=("batch-size", "scale"),
    asked=("https://github.com/tensorflow/recommenders/issues/213",),
)
REDUCTION_NONE = Hazard(
    "reduction-none",
    "warning",
    "06_reduction.ipynb",
    280,
    means="compile() has a loss without a reduction: a mean is shown, a sum is minimised.",
    why=(
        "Keras hands the array on. The metric averages it, and the gradient of an array is that "
        "of its sum; several outputs may not add up at all."
    ),
    ignore="If a loop of your own reduces it.",
    symptoms=("batch-size", "shown", "raises"),
)
SHORT_BATCH = Hazard(
    "short-batch",
    "warning",
    "09_epochs.ipynb",
    360,
    means="The last batch is shorter, and its values count otherwise than those of the others.",
    why=(
        "evaluate averages batches by their rows: the mean over all rows, if each batch is a "
        "mean over its values. A sum, a mask or a loss that mixes rows makes it something else."
    ),
    ignore="If one batch among many does not matter.",
    symptoms=("batch-size", "by-hand"),
    asked=(
        "https://github.com/tensorflow/recommenders/issues/177",
        "https://github.com/keras-team/keras/issues/19363",
    ),
)
_UNEQUAL = 0.01
_SHOWN = 6  # batches
_REDUCE = "Use 'sum_over_batch_size' for compile(); no reduction is for loops of your own."


class Batches(Check):
    """Reductions that make the step depend on the batch."""

    def __init__(self, output):
        super().__init__(output)
        self.rows, self.losses, self.factors = [], [], []
        self.reduction = self.why = self.growth = None
        self.shape = ()

    def see(self, batch):
        """Keep size, sum, and the factor of one value in the epoch."""
        if batch.output.whole:
            return
        self.reduction, self.shape = batch.reduction, self.shape or batch.values.shape
        self.rows.append(batch.rows)
        if self.reduction == "sum" and len(self.losses) < _SHOWN:
            self.losses.append(float(np.where(batch.kept, batch.weighted, 0).sum(dtype=np.float64)))
        self.factors.append(self._factor(batch))

    def _factor(self, batch):
        """Return rows / what this batch divides by, None where that is the size alone."""
        self.growth = self.growth or batch.growth
        if not batch.values.ndim:
            kind = self.growth and self.growth.kind
            self.why = {"mean": None, "sum": "adds up each batch"}.get(
                kind, "reduces each batch by itself"
            )
            return float(batch.rows) if kind == "sum" else None
        if batch.reduction == "sum":
            self.why = "adds up each batch"
            return float(batch.rows)
        elif batch.reduction in MEANS and batch.mask is not None and batch.mask.any():
            self.why = "divides each batch by the values that its mask keeps"
            return batch.rows / float(batch.mask.sum())
        elif batch.reduction == "mean_with_sample_weight" and batch.weights is not None:
            total = float((batch.weights * batch.kept).sum())
            self.why = "divides each batch by its sum of weights"
            return batch.rows / total if total else None
        return None

    def findings(self):
        """Yield findings for the reduction and for the last batch."""
        if self.reduction == "sum":
            yield REDUCTION_SUM.found(
                f"{self.head}reduction='sum' adds up all values of a batch, shape {self.shape}: "
                "loss and step size grow with the batch size and with every axis.",
                f"{self._mean()}, or keep the batch size fixed and choose the learning rate for "
                "it.",
                {"values.shape": self.shape, "sums per batch": self.losses},
            )
        if self.reduction == "none":
            yield REDUCTION_NONE.found(
                f"{self.head}no reduction: Keras averages values of shape {self.shape} to report "
                "them, but fit takes the gradient of their sum.",
                f"{self._mean()}; no reduction is for loops of your own.",
                {"values.shape": self.shape},
            )
        if len(self.rows) > 1 and self.rows[-1] < max(self.rows) and self.why is not None:
            yield from self._short_batch()

    def _mean(self):
        """Return the way to a mean, as code where the loss is Keras's."""
        if self.output.keras_loss is None:
            return "Use 'sum_over_batch_size'"
        return f"Take the mean: write `loss = {called(self.output.keras_loss)}` and compile again"

    def _divisor(self):
        """Return the nearest batch size that divides the rows, as code; "" if none is near."""
        rows, size = sum(self.rows), max(self.rows)
        sizes = [n for n in range(2, rows + 1) if rows % n == 0 and size / 2 <= n <= 4 * size]
        nearest = min(sizes, key=lambda n: abs(n - size), default=None)
        return "" if nearest is None else f"`batch_size = {nearest}` say, "

    def _short_batch(self):
        evidence = {"rows per batch": self.rows[:_SHOWN], "batches": len(self.rows)}
        counts, severity = "it counts by its rows, though a smaller batch gives another loss", None
        if None not in self.factors:
            ratio = self.factors[-1] / np.mean(self.factors[:-1])
            if abs(ratio - 1) < _UNEQUAL:
                return
            counts = f"a value of the last one counts {ratio:.4g} times as much as of the others"
            severity = None if "adds up" in self.why else "note"
            evidence["times"] = ratio
        yield SHORT_BATCH.found(
            f"{self.head}the loss {self.why}. Rows of the last one: {self.rows[-1]} instead of "
            f"{max(self.rows)}, and {counts}.",
            f"Take a batch size that divides the number of rows, {self._divisor()}or drop the "
            "remainder.",
            evidence,
            severity,
        )


def array_refused(output, outputs, error):
    """Return the finding for an array that Keras cannot add to the other losses of a model."""
    return REDUCTION_NONE.found(
        f"Output {output.name!r}: no reduction, so its loss is an array, which Keras cannot "
        "add to the other losses of the model: Keras fails.",
        _REDUCE,
        {"outputs": outputs},
        "error",
        error,
    )


@REDUCTION_SUM.example("`reduction='sum_over_batch_size'`")
def summed(mended=0):
    """A loss that adds up its batch."""
    return _squared("sum_over_batch_size" if mended else "sum")


@REDUCTION_NONE.example("`reduction='sum_over_batch_size'`")
def unreduced(mended=0):
    """A loss without a reduction."""
    return _squared("sum_over_batch_size" if mended else "none")


@SHORT_BATCH.example("A batch size that divides the number of rows", "The remainder dropped")
def sum_in_batches(mended=0):
    """Sums over batches of 2, 2 and 1."""
    rows, size = {0: (5, 2), 1: (5, 5), 2: (4, 2)}[mended]
    return _squared("sum", rows=rows, batch_size=size)


def _squared(reduction, rows=4, **data):
    from keras import losses

    loss = losses.MeanSquaredError(reduction=reduction)
    return passing(drawn(rows, 3), drawn(rows, 3, seed=1), loss, **data)
