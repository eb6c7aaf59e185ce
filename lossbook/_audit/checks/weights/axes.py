"""Sample weights: which axis of the values they meet, and where they fit none."""

import numpy as np

from lossbook._audit.by_class import by_element
from lossbook._audit.examples import array, drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
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


class WeightsAxis(Check):
    """Weights that meet another axis than the one they are meant for."""

    def see(self, batch):
        """Compare shapes; the first batch with a finding is taken."""
        weight = batch.weight
        skipped = self.found or batch.output.whole or not batch.has_rows
        if skipped or weight is None or weight.size <= 1 or np.ptp(weight) == 0:
            return
        meets = (batch.values, "values") if batch.mask is None else (batch.mask, "mask")
        self.found += self._meets(batch, weight, *meets)

    def _meets(self, batch, weight, other, what):
        """Yield a finding if a weight fits from the right and is meant from the left."""
        aligned, low = squeeze_or_expand_to_same_rank(np, other, weight)
        product = np.broadcast_shapes(aligned.shape, low.shape)
        outer = what == "values" and int(np.prod(product)) > batch.values.size
        left = all(n in (1, m) for n, m in zip(low.shape, aligned.shape, strict=False))
        shorter = low.ndim < aligned.ndim and low.size > 1 and left
        if not (outer or shorter):
            return
        column = weight.shape + (1,) * (batch.values.ndim - weight.ndim)
        if outer:
            how = f"they multiply to {product}, every value with every weight"
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
            fix = _per_sample(weight.shape, batch.values.shape, column, self.weighing)
        yield WEIGHTS_AXIS.found(
            f"{self.head}sample_weight of shape {weight.shape} meets {what} of shape "
            f"{other.shape}: {how}.",
            fix,
            evidence,
        )


def _per_sample(weight, values, column, weighing):
    """Return the way to one weight per sample, as code, and to one per value."""
    per_value = f"{values} for one per value."
    if column == weight:
        rows = (values[0], *[1] * (len(values) - 1))
        return f"Give it the shape {rows} for one weight per sample, {per_value}"
    index = ", ".join(["...", *["None"] * (len(column) - len(weight))])
    code = weighing.shaped(f"sample_weight[{index}]")
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
            "The loss averages the last axis before weights come. For a weight by element, of "
            f"shape {self.target}, write `{by_element(self.target[1:], self.weights)}` and compile "
            f"again. For one weight per value give it the shape {self.values}."
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
        fix = _per_sample(weight, values, column, refusal.weighing)
    elif elements.weights:
        fix, numbers = elements.fix, elements.number(refusal.weight)
    return refusal.found(
        WEIGHTS_REFUSED,
        f"sample_weight of shape {weight} does not fit values of shape {values}: Keras matches "
        "shapes from the last axis, and fails.",
        fix,
        **numbers,
        **{"sample_weight.shape": weight},
    )


@WEIGHTS_REFUSED.example("`sample_weight[:, None]`, one weight per sample", "One weight per value")
def weights_refused(mended=0):
    """Four weights for four rows of three steps."""
    weight = array(1, 2, 3, 4)
    weight = {0: weight, 1: weight[:, None], 2: np.tile(array(1, 2, 3), (4, 1))}[mended]
    return passing(drawn(4, 3, 1), drawn(4, 3, 1, seed=1), "mse", sample_weight=weight)
