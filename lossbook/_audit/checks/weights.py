"""Sample weights: which axis they meet, and what their zeros and their sum do."""

import numpy as np

from lossbook._audit.examples import array, drawn, passing
from lossbook._audit.finding import Hazard, keras_words
from lossbook._audit.observation import MEANS, Check
from lossbook._core import collected_warnings, squeeze_or_expand_to_same_rank
from lossbook.rules import aggregate

WEIGHTS_AXIS = Hazard(
    "weights-axis",
    "error",
    "05_weights.ipynb",
    220,
    means="sample_weight acts on another axis of the values than the one that it is meant for.",
    why=(
        "Keras multiplies the values by the weights, and shapes broadcast from the last axis: "
        "(batch,) on values of (batch, steps) acts on the steps wherever both have one length."
    ),
    ignore="If the weights are meant for that axis. Give them the full shape then.",
    symptoms=("no-effect", "by-hand"),
    asked=(
        "https://github.com/tensorflow/tensorflow/issues/46234",
        "https://github.com/keras-team/keras/issues/9323",
        "https://github.com/keras-team/keras/issues/389",
    ),
)
WEIGHTS_REFUSED = Hazard(
    "weights-refused",
    "error",
    "05_weights.ipynb",
    230,
    means="sample_weight does not fit the values of the loss.",
    why=(
        "Keras multiplies the values by the weights, and shapes broadcast from the last axis: "
        "(batch,) does not fit values of (batch, steps), (batch, 1) does."
    ),
    ignore="Never: Keras fails.",
    symptoms=("raises",),
)
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


class WeightsAxis(Check):
    """Weights that meet another axis than the one they are meant for."""

    def __init__(self, output):
        super().__init__(output)
        self.finding = None

    def see(self, batch):
        """Compare shapes; the first batch with a finding is taken."""
        weight = batch.weight
        skipped = self.finding is not None or batch.output.whole or not batch.has_rows
        if skipped or weight is None or weight.size <= 1 or np.ptp(weight) == 0:
            return
        if batch.mask is None:
            self.finding = self._meets(batch, weight, batch.values, "values")
        else:
            self.finding = self._meets(batch, weight, batch.mask, "mask")

    def _meets(self, batch, weight, other, what):
        """Return a finding if a weight fits from the right and is meant from the left."""
        aligned, low = squeeze_or_expand_to_same_rank(np, other, weight)
        product = np.broadcast_shapes(aligned.shape, low.shape)
        outer = what == "values" and int(np.prod(product)) > batch.values.size
        left = all(n in (1, m) for n, m in zip(low.shape, aligned.shape, strict=False))
        shorter = low.ndim < aligned.ndim and low.size > 1 and left
        if not (outer or shorter):
            return None
        column = weight.shape + (1,) * (batch.values.ndim - weight.ndim)
        if outer:
            how = f"they multiply to {product}, every value with every weight"
            column = weight.shape if weight.ndim >= batch.values.ndim else column
        else:
            axes = [i - low.ndim for i, n in enumerate(low.shape) if n > 1]
            how = (
                f"Keras matches shapes from the last axis, so they act on axis {axes[0]}, "
                "not on the samples"
            )
        evidence = {"sample_weight.shape": weight.shape, f"{what}.shape": other.shape}
        elements = _ByElement(batch, weight.shape) if outer else None
        if elements and elements.weights:
            evidence |= {**_numbers(batch, None), **elements.number(weight)}
            fix = elements.fix
        else:
            evidence |= _numbers(batch, column)
            fix = _per_sample(weight.shape, batch.values.shape, column)
        return WEIGHTS_AXIS.found(
            f"{self.head}sample_weight of shape {weight.shape} meets {what} of shape "
            f"{other.shape}: {how}.",
            fix,
            evidence,
        )

    def findings(self):
        """Yield the finding of the first batch that had one."""
        if self.finding is not None:
            yield self.finding


def _per_sample(weight, values, column):
    """Return the way to one weight per sample, as code, and to one per value."""
    per_value = f"{values} for one per value."
    if column == weight:
        return f"Give it the shape {column} for one weight per sample, {per_value}"
    index = ", ".join(["...", *["None"] * (len(column) - len(weight))])
    code = f"`sample_weight = sample_weight[{index}]`"
    return f"For one weight per sample give it the shape {column}: write {code}; {per_value}"


class _ByElement:
    """Weights for every element, of which the loss function averages the last axis.

    `weights` is the code that gives them the shape of the targets, None where they are none.
    """

    def __init__(self, call, weight):
        self.call = call
        self.target = None if call.y_true is None else np.shape(call.y_true)
        self.values = np.shape(call.values)
        self.weights = None
        if call.output.entry.class_axis != "mean" or self.target is None:
            return
        if self.target[:-1] == self.values and self.target[-1] > 1:
            self.weights = {
                (*self.target, 1): "sample_weight[..., 0]",
                self.target[::-1]: "np.stack(sample_weight, axis=-1)",  # a list, one for each task
                self.target: "sample_weight",
            }.get(weight)

    @property
    def fix(self):
        """The two meanings, each with its shape."""
        return (
            "The loss averages the last axis before weights come. For a weight by element end the "
            f"model in `keras.layers.Reshape({(*self.target[1:], 1)})`, and pass `y[..., None]` "
            f"and `{self.weights}`, of shape {self.target}. For one weight per value give it the "
            f"shape {self.values}."
        )

    def number(self, weight):
        """Return what Keras makes of weights by element."""
        weight = weight.T if weight.shape == self.target[::-1] != self.target else weight
        weight = weight.reshape(self.target)
        pair = (np.asarray(y)[..., None] for y in (self.call.y_true, self.call.y_pred))
        try:
            return {"with a weight by element": float(self.call.output.loss(*pair, weight))}
        except Exception:  # a loss that takes no other rank
            return {}


def _numbers(batch, column):
    """Return the loss of this batch as Keras computes it, and with weights of another shape."""
    evidence = {}
    others = [] if column is None else [(f"with weights {column}", None)]
    for name, weight in [("this batch", batch.weight), *others]:
        try:
            weight = batch.weight.reshape(column) if weight is None else weight
            with collected_warnings():
                result = aggregate(
                    batch.values, weight, batch.mask, reduction=batch.reduction or "mean"
                )
            if np.ndim(result.total) == 0:
                evidence[name] = float(result.total)
        except ValueError:
            pass
    return evidence


@WEIGHTS_AXIS.example("`sample_weight[:, None]`, one weight per sample", "One weight per value")
def weights_along_time(mended=0):
    """Four weights for four rows of four steps."""
    weight = array(1, 2, 3, 4)
    weight = {0: weight, 1: weight[:, None], 2: np.tile(weight, (4, 1))}[mended]
    return passing(drawn(4, 4, 1), drawn(4, 4, 1, seed=1), "mse", sample_weight=weight)


def refused(refusal):
    """Return the finding for weights that don't fit the values, None where there are none."""
    if refusal.weight is None:
        return None
    weight, values = refusal.weight.shape, refusal.values.shape
    column = (*weight, *[1] * (len(values) - len(weight)))
    elements = _ByElement(refusal, weight)
    fix, numbers = f"Give it the shape {values}.", {}
    if len(weight) < len(values):
        fix = _per_sample(weight, values, column)
    elif elements.weights:
        fix, numbers = elements.fix, elements.number(refusal.weight)
    return WEIGHTS_REFUSED.found(
        f"{refusal.head}sample_weight of shape {weight} does not fit values of shape {values}: "
        "Keras matches shapes from the last axis, and fails.",
        fix,
        refusal.evidence
        | numbers
        | {"sample_weight.shape": weight, "Keras": keras_words(refusal.failure.error)},
    )


@WEIGHTS_REFUSED.example("`sample_weight[:, None]`, one weight per sample", "One weight per value")
def weights_refused(mended=0):
    """Four weights for four rows of three steps."""
    weight = array(1, 2, 3, 4)
    weight = {0: weight, 1: weight[:, None], 2: np.tile(array(1, 2, 3), (4, 1))}[mended]
    return passing(drawn(4, 3, 1), drawn(4, 3, 1, seed=1), "mse", sample_weight=weight)


class ZeroWeights(Check):
    """Weights of 0, which leave the sum and stay in the denominator."""

    by_batch = False

    def __init__(self, output):
        super().__init__(output)
        self.zeros = self.count = 0
        self.total = 0.0

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
        self.total += float(np.nansum(np.where(masked, batch.weights * batch.values, 0)))

    def findings(self):
        """Yield a finding if some weights are 0, and not all."""
        if 0 < self.zeros < self.count:
            yield WEIGHTS_ZERO.found(
                f"{self.head}weights of 0: {self.zeros} of {self.count}. They leave the sum "
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
        total = float((weights * batch.values)[batch.kept].sum())
        self.batches.append((batch.rows, total, float(weights.sum())))

    def findings(self):
        """Yield what the shapes say, and what the batches do."""
        head = f"{self.head}mean_with_sample_weight "
        if self.fewer is not None:
            shape, values = self.fewer
            times = int(np.prod(values) // max(np.prod(shape), 1))
            code = ""
            if len(shape) == len(values):
                code = f": write `sample_weight = sample_weight * np.ones({(1, *values[1:])})`"
            yield WEIGHTS_FEWER.found(
                f"{head}divides by the sum of the weights, shape {shape}, but adds up "
                f"{int(np.prod(values))} values: the result is {times} times the weighted mean.",
                f"Give the weights the full shape {values}{code}.",
                {"sample_weight.shape": shape, "values.shape": values, "times": times},
            )
        elif len(self.batches) > 1 and all(w for _, _, w in self.batches):
            rows, sums, weights = map(np.array, zip(*self.batches, strict=True))
            epoch = float((rows * sums / weights).sum() / rows.sum())
            whole = float(sums.sum() / weights.sum())
            if abs(epoch - whole) > 1e-3 * max(abs(epoch), abs(whole)):
                yield WEIGHTED_MEAN_BATCHES.found(
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
