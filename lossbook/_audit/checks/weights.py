"""Sample weights: which axis they meet, and what their zeros and their sum do."""

import warnings

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import MEANS, Check, same_rank
from lossbook.rules import aggregate


class WeightsAxis(Check):
    """Weights or masks that meet another axis than the one they are meant for."""

    def __init__(self, output):
        super().__init__(output)
        self.finding = None

    def see(self, look):
        """Compare shapes; the first batch with something to say is taken."""
        if self.finding is not None or look.output.whole or not look.has_rows:
            return
        weight, mask, values = look.weight, look.mask, look.values
        if weight is not None and weight.size > 1 and np.ptp(weight) > 0:
            other, what = (values, "values") if mask is None else (mask, "mask")
            self.finding = self._meets(look, weight, other, what)
        elif mask is not None and weight is None and not mask.all():
            self.finding = self._mask_meets(look, mask, values)

    def _meets(self, look, weight, other, what):
        """Return a finding if a weight fits from the right and is meant from the left."""
        aligned, low = same_rank(other, weight)
        product = np.broadcast_shapes(aligned.shape, low.shape)
        outer = what == "values" and int(np.prod(product)) > look.values.size
        left = all(n in (1, m) for n, m in zip(low.shape, aligned.shape, strict=False))
        shorter = low.ndim < aligned.ndim and low.size > 1 and left
        if not (outer or shorter):
            return None
        column = weight.shape + (1,) * (look.values.ndim - weight.ndim)
        if outer:
            how = f"they multiply to {product}, every value with every weight"
            column = weight.shape if weight.ndim >= look.values.ndim else column
        else:
            axes = [i - low.ndim for i, n in enumerate(low.shape) if n > 1]
            how = (
                f"Keras matches shapes from the last axis, so they act on axis {axes[0]}, "
                "not on the samples"
            )
        evidence = {"sample_weight.shape": weight.shape, f"{what}.shape": other.shape}
        evidence |= _numbers(look, column)
        return found(
            "weights-axis",
            f"{look}: sample_weight of shape {weight.shape} meets {what} of shape {other.shape}: "
            f"{how}.",
            f"Give it the shape {column} for one weight per sample, {look.values.shape} for one "
            "per value.",
            evidence,
        )

    def _mask_meets(self, look, mask, values):
        """Return a finding if a mask makes an outer product with the values."""
        aligned, low = same_rank(values, mask)
        try:
            product = np.broadcast_shapes(aligned.shape, low.shape)
        except ValueError:
            return None
        if product == aligned.shape:
            return None
        return found(
            "mask-axis",
            f"{look}: a mask of shape {mask.shape} meets values of shape {values.shape}: they "
            f"multiply to {product}, every value with every position of the mask.",
            "Let the loss return one value per position of the mask. If y_pred ends in an axis of "
            "length 1, give y_true that axis too.",
            {"mask.shape": mask.shape, "values.shape": values.shape, "masked": (~mask).sum()},
        )

    def findings(self):
        """Yield the finding of the first batch that had one."""
        if self.finding is not None:
            yield self.finding


def _numbers(look, column):
    """Return the loss of this batch as Keras computes it, and with weights of another shape."""
    evidence = {}
    for name, weight in (("this batch", look.weight), (f"with weights {column}", None)):
        try:
            weight = look.weight.reshape(column) if weight is None else weight
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = aggregate(
                    look.values, weight, look.mask, reduction=look.reduction or "mean"
                )
            if np.ndim(result.total) == 0:
                evidence[name] = float(result.total)
        except ValueError:
            pass
    return evidence


class ZeroWeights(Check):
    """Weights of 0, which leave the sum and stay in the denominator."""

    def __init__(self, output):
        super().__init__(output)
        self.zeros = self.count = 0
        self.total = 0.0

    def see(self, look):
        """Count zeros among the weights of values that the mask keeps."""
        if look.weight is None or look.weights is None or look.reduction not in MEANS:
            return
        masked = look.kept | (look.weights == 0)  # by weights alone
        if look.mask is not None:
            values, mask = same_rank(look.values, look.mask)
            if np.broadcast_shapes(values.shape, mask.shape) != values.shape:
                return
            masked = np.broadcast_to(mask, values.shape).reshape(look.values.shape)
        self.zeros += int((masked & (look.weights == 0)).sum())
        self.count += int(masked.sum())
        self.total += float(np.nansum(np.where(masked, look.weights * look.values, 0)))

    def findings(self):
        """Yield a finding if some weights are 0, and not all."""
        if 0 < self.zeros < self.count:
            name = self.output.name
            yield found(
                "weights-zero",
                f"Output {name!r}: weights of 0: {self.zeros} of {self.count}. They leave the sum "
                f"but stay in the denominator: the loss is that of the others, times "
                f"{(self.count - self.zeros) / self.count:.4g}.",
                "To leave values out use a mask, or reduction='mean_with_sample_weight', which "
                "divides by the sum of the weights.",
                {
                    "weights": self.count,
                    "zeros": self.zeros,
                    "sum / all": self.total / self.count,
                    "sum / nonzero": self.total / (self.count - self.zeros),
                },
            )


class WeightedMean(Check):
    """mean_with_sample_weight: fewer weights than values, and one division per batch."""

    def __init__(self, output):
        super().__init__(output)
        self.fewer = None
        self.batches = []

    def see(self, look):
        """Keep sums of weights and of weighted values, batch by batch."""
        if look.reduction != "mean_with_sample_weight" or not look.values.ndim:
            return
        weight, weights = look.weight, look.weights
        if weights is None:
            return
        unmasked = weight is not None and look.mask is None
        if unmasked and self.fewer is None and weight.size < look.values.size:
            self.fewer = weight.shape, look.values.shape
        weights = np.where(look.kept, weights, 0)
        total = float((weights * look.values)[look.kept].sum())
        self.batches.append((look.rows, total, float(weights.sum())))

    def findings(self):
        """Yield what the shapes say, and what the batches do."""
        head = f"Output {self.output.name!r}: mean_with_sample_weight "
        if self.fewer is not None:
            shape, values = self.fewer
            times = int(np.prod(values) // max(np.prod(shape), 1))
            yield found(
                "weights-fewer",
                f"{head}divides by the sum of the weights, shape {shape}, but adds up "
                f"{int(np.prod(values))} values: the result is {times} times the weighted mean.",
                f"Give the weights the full shape {values}.",
                {"sample_weight.shape": shape, "values.shape": values, "times": times},
            )
        elif len(self.batches) > 1 and all(w for _, _, w in self.batches):
            rows, sums, weights = map(np.array, zip(*self.batches, strict=True))
            epoch = float((rows * sums / weights).sum() / rows.sum())
            whole = float(sums.sum() / weights.sum())
            if abs(epoch - whole) > 1e-3 * max(abs(epoch), abs(whole)):
                yield found(
                    "weighted-mean-batches",
                    f"{head}divides in every batch by that batch's sum of weights, and the epoch "
                    "counts batches by rows: the result is not the weighted mean of all rows, and "
                    "moves with the batch size.",
                    "Evaluate in one batch, or divide the weights by their mean over all rows and "
                    "use 'sum_over_batch_size'.",
                    {
                        "this output": epoch,
                        "weighted mean of all": whole,
                        "sums of weights": weights[:6].tolist(),
                    },
                )
