"""What depends on the size of a batch: sums, no reduction, half precision, a short last batch."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import MEANS, Check

_HALF = {"float16": 65504.0, "bfloat16": np.inf}
_TINY = 2.0**-24  # the smallest float16 above 0
_UNEQUAL = 0.01
NOT_NONE = "Use 'sum_over_batch_size' for compile(); no reduction is for loops of your own."


class Batches(Check):
    """Reductions that make the step depend on the batch."""

    def __init__(self, output):
        super().__init__(output)
        self.rows, self.losses, self.factors = [], [], []
        self.reduction = self.why = None
        self.shape = ()
        self.small = self.largest = self.sum = 0.0
        self.bad = 0

    def see(self, look):
        """Keep size, loss, and the factor of one value in the epoch."""
        if look.output.whole:
            return
        self.reduction, self.shape = look.reduction, self.shape or look.values.shape
        self.rows.append(look.rows)
        values = np.asarray(look.values, np.float64)
        self.bad += int((~np.isfinite(values)).sum())
        weighted = values * (1.0 if look.weights is None else look.weights)
        self.losses.append(float(np.where(look.kept, weighted, 0).sum()))
        self.sum = max(self.sum, abs(float(values.sum())))
        if values.size:
            smallest = np.abs(values[values != 0]).min(initial=np.inf) / values.size
            self.small = min(self.small or np.inf, smallest)
            self.largest = max(self.largest, values.size)
        self.factors.append(self._factor(look))

    def _factor(self, look):
        """Return rows / what this batch divides by, where that is more than the size's affair."""
        if not look.values.ndim:
            self.why = "reduces each batch by itself"
            return None
        if look.reduction == "sum":
            self.why = "adds up each batch"
            return float(look.rows)
        if look.reduction in MEANS and look.mask is not None and look.mask.any():
            self.why = "divides each batch by the values that its mask keeps"
            return look.rows / float(look.mask.sum())
        if look.reduction == "mean_with_sample_weight" and look.weights is not None:
            total = float((look.weights * look.kept).sum())
            self.why = "divides each batch by its sum of weights"
            return look.rows / total if total else None
        return None

    def findings(self):
        """Yield findings for the reduction, the dtype, the last batch."""
        head = f"Output {self.output.name!r}: "
        if self.rows and self.reduction == "sum":
            yield found(
                "reduction-sum",
                f"{head}reduction='sum' adds up all values of a batch, shape {self.shape}: loss "
                "and step size grow with the batch size and with every axis.",
                "Use 'sum_over_batch_size', or keep the batch size fixed and choose the learning "
                "rate for it.",
                {"values.shape": self.shape, "sums per batch": self.losses[:6]},
            )
        if self.rows and self.reduction == "none":
            yield found(
                "reduction-none",
                f"{head}no reduction: Keras averages values of shape {self.shape} to report them, "
                "but fit takes the gradient of their sum.",
                NOT_NONE,
                {"values.shape": self.shape},
            )
        if self.rows:
            yield from self._half(head)
        yield from self._last(head)

    def _half(self, head):
        dtype = getattr(self.output.loss, "dtype", None)
        if dtype not in _HALF:
            return
        why = "it has 3 digits, and clips probabilities at another number than float32"
        if self.bad:
            why = f"NaN or infinity in {self.bad} of its values"
        elif self.largest > _HALF[dtype]:
            why = f"its largest number is 65504, and the loss divides by {int(self.largest)}"
        elif self.sum > _HALF[dtype]:
            why = f"its largest number is 65504, and the values add up to {self.sum:.4g}"
        elif dtype == "float16" and self.small < _TINY:
            why = f"a value / {int(self.largest)} can be {self.small:.2g}, which rounds to 0"
        yield found(
            "float16-loss",
            f"{head}the loss is computed in {dtype}: {why}.",
            "Leave dtype out of the loss, or set dtype='float32'; the layers may stay in half "
            "precision.",
            {"loss dtype": dtype, "values in a batch": int(self.largest), "sum": self.sum},
            "error" if self.bad else None,
        )

    def _last(self, head):
        """Yield a finding if the short last batch counts otherwise than the rest."""
        if len(self.rows) < 2 or self.rows[-1] >= max(self.rows) or self.why is None:
            return
        evidence = {"rows per batch": self.rows[:6], "batches": len(self.rows)}
        factors = self.factors
        if None in factors:
            counts, severity = (
                "it counts by its rows, though a smaller batch gives another loss",
                None,
            )
        else:
            ratio = factors[-1] / np.mean(factors[:-1])
            if abs(ratio - 1) < _UNEQUAL:
                return
            counts = f"a value of the last one counts {ratio:.4g} times as much as of the others"
            severity = None if self.reduction == "sum" else "note"
            evidence["times"] = ratio
        yield found(
            "short-batch",
            f"{head}the loss {self.why}. Rows of the last one: {self.rows[-1]} instead of "
            f"{max(self.rows)}, and {counts}.",
            "Take a batch size that divides the number of rows, or drop the remainder.",
            evidence,
            severity,
        )
