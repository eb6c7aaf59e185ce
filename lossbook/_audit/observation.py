"""What one output's loss got and gave for one batch, on the host."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._core.arrays import asarray, dtype_name, to_numpy
from lossbook._explain.parts import part_of
from lossbook._losses.call import elementwise_losses
from lossbook._losses.catalogue import LOSSES

BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
SPARSE = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence")
REGIONS = ("dice", "tversky")
MEANS = ("sum_over_batch_size", "mean")


@dataclass(frozen=True)
class Given:
    """How predictions came: dtype, maker, activation, and where their mask was lost."""

    dtype: str | None = None
    maker: str | None = None
    activation: str | None = None
    where: str | None = None
    settable: bool = False  # supports_masking = True on that layer would have kept it


@dataclass(frozen=True)
class Look:
    """One output in one batch; arrays are NumPy's. `received` is what came before alignment."""

    call: Any
    index: int
    rows: int
    batch: int
    given: Given
    received: dict

    @property
    def output(self):
        return self.call.output

    @property
    def name(self):
        """The name of a loss of `keras.losses`, None for a user's own."""
        return self.output.known[0] if self.output.known else None

    @property
    def options(self):
        return self.output.known[1] if self.output.known else {}

    @property
    def reduction(self):
        """The reduction; None where the loss has a `__call__` of its own."""
        if self.output.whole:
            return None
        return keras3.standardize_reduction(self.output.loss.reduction)

    @cached_property
    def y_true(self):
        """Targets as they reached the loss function."""
        return None if self.call.y_true is None else to_numpy(self.call.y_true)

    @cached_property
    def y_pred(self):
        """Predictions as they reached the loss function, whether or not Keras uses them."""
        if self.call.y_pred is not None:
            return to_numpy(self.call.y_pred)
        return self.received.get("y_pred")

    @cached_property
    def logits(self):
        """The logits that Keras finds behind the predictions, or None."""
        return None if self.call.logits is None else to_numpy(self.call.logits)

    @cached_property
    def weight(self):
        """Sample weights as they came, or None."""
        return None if self.call.sample_weight is None else to_numpy(self.call.sample_weight)

    @cached_property
    def _function(self):
        """Values, and the mask of the loss function itself."""
        call, own = self.call, self.call.own_mask
        if self.name not in LOSSES:
            return to_numpy(call.values), None if own is None else to_numpy(own)
        from keras import ops

        y_pred = call.logits if call.y_pred is None else call.y_pred
        elementwise, valid = elementwise_losses(
            ops, self.name, call.y_true, y_pred, call.logits, dict(self.options)
        )
        wide = asarray(ops, elementwise, "float64" if _double(elementwise) else "float32")
        axis = self.options.get("axis", -1)
        values = keras3.class_axis(wide, LOSSES[self.name].class_axis, axis).value
        return to_numpy(values), None if valid is None else to_numpy(valid)

    @property
    def values(self):
        """What the loss function returns."""
        return self._function[0]

    @cached_property
    def mask(self):
        """Which positions both masks keep, or None."""
        masks = [None if self.call.mask is None else to_numpy(self.call.mask), self._function[1]]
        masks = [mask.astype(bool) for mask in masks if mask is not None]
        return masks[0] if len(masks) == 1 else (masks[0] & masks[1] if masks else None)

    @cached_property
    def kept(self):
        """Which values count: kept by the mask, and of a weight that is not 0."""
        kept = np.ones(self.values.shape, bool)
        for factor in (self.mask, None if self.weight is None else self.weight != 0):
            if factor is not None:
                values, factor = same_rank(kept, factor)
                if np.broadcast_shapes(values.shape, factor.shape) == values.shape:
                    kept = (values & factor).reshape(kept.shape)
        return kept

    @cached_property
    def weights(self):
        """The sample weights of all values, 1 without; None if they make another shape."""
        if self.weight is None:
            return np.ones(self.values.shape)
        values, weight = same_rank(self.values, self.weight)
        if np.broadcast_shapes(values.shape, weight.shape) != values.shape:
            return None
        return np.broadcast_to(weight, values.shape).reshape(self.values.shape)

    @cached_property
    def part(self):
        """The contributions of this output to the batch's loss."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return part_of(self.call, self.rows)

    @cached_property
    def contributions(self):
        """Contributions `(samples, classes, positions)`, in float64."""
        return to_numpy(self.part.contributions).astype(np.float64)

    @cached_property
    def mended(self):
        """This look with 0 for class numbers that do not exist, which no backend computes."""
        if self.name not in SPARSE or self.y_pred is None:
            return self
        from keras import ops

        y_true, ignored = np.asarray(self.y_true, np.float64), self.options.get("ignore_class")
        wrong = ~((y_true >= 0) & (y_true < self.y_pred.shape[self.options.get("axis", -1)]))
        wrong &= y_true != ignored if ignored is not None else True
        if not wrong.any():
            return self
        labels = ops.convert_to_tensor(np.where(wrong, 0, self.y_true))
        return replace(self, call=replace(self.call, y_true=labels))

    @property
    def has_rows(self):
        """Whether the values have one entry per row."""
        return self.values.ndim > 0 and self.values.shape[0] == self.rows

    def __str__(self):
        return f"Output {self.output.name!r}"


def same_rank(a, b):
    """Squeeze or expand a last axis of length 1, as Keras does with values and weights."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def _double(x):
    return dtype_name(x) == "float64"


class Check:
    """Looks at one output, batch by batch, and says in the end what it found."""

    def __init__(self, output):
        self.output = output

    def see(self, look):
        """Take in one batch."""

    def findings(self):
        """Yield what was found."""
        return ()


def first_index(where):
    """Return the index of the first True as a tuple of ints."""
    return tuple(int(i) for i in np.argwhere(where)[0])
